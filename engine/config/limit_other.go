//go:build !linux

package config

import "runtime/debug"

// limitMemory makes this process collect garbage before it takes more. Systems other than Linux have no bound that Go programs
// survive; the child is killed for its time.
func limitMemory(most uint64) { debug.SetMemoryLimit(int64(most / 2)) }
