package repo

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// byteReader reads lengths and the bytes they announce.
type byteReader struct{ *bufio.Reader }

func newByteReader(r io.Reader) *byteReader { return &byteReader{bufio.NewReader(r)} }

// take reads exactly n bytes. Memory grows with what is there, not with n.
func (r *byteReader) take(n int64) ([]byte, error) {
	var b bytes.Buffer
	got, err := io.Copy(&b, io.LimitReader(r, n))
	if err == nil && got < n {
		err = io.ErrUnexpectedEOF
	}
	return b.Bytes(), err
}

// checkPath judges every element of a path.
func checkPath(path string) error {
	for name := range strings.SplitSeq(path, "/") {
		if message, _ := checkName(name); message != "" {
			return errFormat
		}
	}
	return nil
}
