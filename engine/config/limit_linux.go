package config

import (
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// limitMemory bounds the data of this process. The address space is not bounded: Go reserves more of it than it uses.
func limitMemory(most uint64) {
	debug.SetMemoryLimit(int64(most / 2))
	// Without the bound the child is still killed for its time: a failure is no reason to stop.
	_ = unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: most, Max: most})
}
