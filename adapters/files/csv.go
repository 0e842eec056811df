package files

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxRecord bounds one record of a file in bytes, so that a quote that is never closed does not fill the memory.
const maxRecord = 16 << 20

// cell is one value of a row. A blank one was not even quoted.
type cell struct {
	text  string
	blank bool
}

// rowError is a mistake in a file: where and what, never content.
type rowError struct{ place, rule string }

// Error implements error.
func (e *rowError) Error() string { return e.place + " " + e.rule }

func atLine(n int, rule string) error { return &rowError{fmt.Sprintf("line %d", n), rule} }

func atRecord(n int, rule string) error { return &rowError{fmt.Sprintf("record %d", n), rule} }

// csvReader reads rows of RFC 4180, with any delimiter and with LF as well as CRLF at the end of a line.
type csvReader struct {
	in    *bufio.Reader
	comma []byte
	line  int    // number of the last line read
	eol   string // what ended it

	text  []byte // the cells of a row, one behind the other
	ends  []int
	blank []bool
	cells []cell
}

func newCSVReader(in *bufio.Reader, comma rune) *csvReader {
	return &csvReader{in: in, comma: []byte(string(comma))}
}

// read returns the next row that is not blank and the line it starts on. The cells are valid until the next call, their text for
// ever. At the end the error is [io.EOF]; a mistake is a *rowError.
func (c *csvReader) read() ([]cell, int, error) {
	for {
		line, err := c.readLine()
		if err != nil {
			return nil, c.line, err
		}
		if len(line) == 0 {
			continue
		}
		start := c.line
		if err := c.row(line); err != nil {
			return nil, start, err
		}
		return c.handOut(start)
	}
}

// readLine returns one line without its end, valid until the next call.
func (c *csvReader) readLine() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) && len(line) <= maxRecord {
			var more []byte
			more, err = c.in.ReadSlice('\n')
			line = append(line, more...)
		}
	}
	c.line++
	switch {
	case len(line) > maxRecord:
		return nil, atLine(c.line, "is longer than 16 MiB")
	case errors.Is(err, io.EOF) && len(line) > 0:
	case err != nil:
		return nil, err
	}
	text := bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	c.eol = string(line[len(text):])
	return text, nil
}

// row takes a row apart, reading on where a quoted cell goes over the end of the line.
func (c *csvReader) row(line []byte) error {
	c.text, c.ends, c.blank = c.text[:0], c.ends[:0], c.blank[:0]
	for {
		if len(line) == 0 || line[0] != '"' {
			raw, rest, more := bytes.Cut(line, c.comma)
			if bytes.IndexByte(raw, '"') >= 0 {
				return atLine(c.line, "has a quote inside a cell that is not quoted")
			}
			c.add(raw, len(raw) == 0)
			if !more {
				return nil
			}
			line = rest
			continue
		}
		rest, err := c.quoted(line[1:])
		if err != nil {
			return err
		}
		if len(rest) == 0 {
			return nil
		}
		after, found := bytes.CutPrefix(rest, c.comma)
		if !found {
			return atLine(c.line, "has text behind a closing quote")
		}
		line = after
	}
}

// add ends a cell with raw as its last part.
func (c *csvReader) add(raw []byte, blank bool) {
	c.text = append(c.text, raw...)
	c.ends = append(c.ends, len(c.text))
	c.blank = append(c.blank, blank)
}

// quoted reads a cell from behind its opening quote and returns what follows its closing one.
func (c *csvReader) quoted(line []byte) (rest []byte, err error) {
	start := c.line
	for {
		i := bytes.IndexByte(line, '"')
		switch {
		case i >= 0 && i+1 < len(line) && line[i+1] == '"':
			c.text = append(c.text, line[:i+1]...)
			line = line[i+2:]
			continue
		case i >= 0:
			c.add(line[:i], false)
			return line[i+1:], nil
		}
		c.text = append(c.text, line...)
		if len(c.text) > maxRecord {
			return nil, atLine(start, "starts a record of more than 16 MiB; is a quote not closed?")
		}
		c.text = append(c.text, c.eol...)
		if line, err = c.readLine(); errors.Is(err, io.EOF) {
			return nil, atLine(start, "opens a quote that is never closed")
		} else if err != nil {
			return nil, err
		}
	}
}

// handOut hands the row out.
func (c *csvReader) handOut(start int) ([]cell, int, error) {
	all := string(c.text)
	if !utf8.ValidString(all) {
		return nil, start, atLine(start, "has characters that are not in the file's encoding")
	}
	c.cells = c.cells[:0]
	from := 0
	for i, end := range c.ends {
		c.cells = append(c.cells, cell{text: all[from:end], blank: c.blank[i]})
		from = end
	}
	return c.cells, start, nil
}

// appendRow writes a row. A blank cell is written as nothing, an empty text as "".
func appendRow(dst []byte, cells []cell, comma string) []byte {
	for i, c := range cells {
		if i > 0 {
			dst = append(dst, comma...)
		}
		switch {
		case c.blank && len(cells) == 1: // a blank line would be passed over
			dst = append(dst, `""`...)
		case c.blank:
		case c.text == "" || strings.ContainsAny(c.text, "\"\r\n\uFEFF") || strings.Contains(c.text, comma) || strings.TrimSpace(c.text) != c.text:
			dst = append(dst, '"')
			dst = append(dst, strings.ReplaceAll(c.text, `"`, `""`)...)
			dst = append(dst, '"')
		default:
			dst = append(dst, c.text...)
		}
	}
	return append(dst, '\n')
}
