package files

import (
	"io/fs"
	"syscall"
)

// changed returns when a file last changed or came to where it is, in nanoseconds since 1970.
func changed(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ctim.Nano()
	}
	return info.ModTime().UnixNano()
}
