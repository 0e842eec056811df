package config

import (
	"bytes"
	"strings"
)

// inside is a place in the text of a scalar.
type inside struct {
	node           *node
	offset, length int // bytes of what the text means
}

// locate returns the line and column of an offset inside a scalar's text: exactly for plain, single-quoted and literal scalars and
// for double-quoted ones without escapes, else where the scalar starts.
func (n *node) locate(src []byte, offset int) (line, col int32) {
	if src == nil || n.kind != stringNode || offset < 0 || offset > len(n.text) {
		return n.line, n.col
	}
	starts := lineStarts(src)
	first := lineOf(src, starts, int(n.line))
	if int(n.col) < 1 || int(n.col)-1 > len(first) {
		return n.line, n.col
	}
	rest := first[n.col-1:]
	switch n.style {
	case plainStyle:
		if bytes.HasPrefix(rest, []byte(n.text)) {
			return n.line, n.col + int32(offset)
		}
	case singleStyle:
		if bytes.HasPrefix(rest, []byte("'"+strings.ReplaceAll(n.text, "'", "''")+"'")) {
			return n.line, n.col + 1 + int32(offset+strings.Count(n.text[:offset], "'"))
		}
	case doubleStyle:
		if bytes.HasPrefix(rest, []byte(`"`+n.text+`"`)) {
			return n.line, n.col + 1 + int32(offset)
		}
	case literalStyle:
		return n.locateLiteral(src, starts, offset)
	}
	return n.line, n.col
}

// locateLiteral finds the offset in a block that begins on the line below its indicator.
func (n *node) locateLiteral(src []byte, starts []int, offset int) (line, col int32) {
	row := strings.Count(n.text[:offset], "\n")
	inRow := offset - (strings.LastIndexByte(n.text[:offset], '\n') + 1)
	text := strings.SplitN(n.text, "\n", row+2)[row]
	source := lineOf(src, starts, int(n.line)+1+row)
	indent := len(source) - len(text)
	if indent < 0 || string(source[indent:]) != text {
		return n.line, n.col
	}
	return n.line + 1 + int32(row), int32(indent + inRow + 1)
}
