//go:build !linux

package files

import "io/fs"

// changed returns when a file last changed, in nanoseconds since 1970.
func changed(info fs.FileInfo) int64 { return info.ModTime().UnixNano() }
