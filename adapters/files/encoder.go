package files

import (
	"bufio"
	"io"

	"golang.org/x/text/transform"
)

// encoder writes records of one file.
type encoder struct {
	out     *bufio.Writer
	charset io.Closer // flushes the character encoding; nil when there is none
	format  string
	comma   string
	n       int
	buf     []byte
}

func newEncoder(w io.Writer, o *object) *encoder {
	e := &encoder{format: o.Format, comma: o.Delimiter}
	if enc := encodingOf(o.Encoding); enc != nil {
		t := transform.NewWriter(w, enc.NewEncoder())
		w, e.charset = t, t
	}
	e.out = bufio.NewWriterSize(w, 64<<10)
	return e
}

func (e *encoder) row(cells []cell) error {
	e.buf = appendRow(e.buf[:0], cells, e.comma)
	_, err := e.out.Write(e.buf)
	return err
}

// document writes one JSON document on a line of its own, in JSON as an element of the list.
func (e *encoder) document(doc []byte) error {
	e.buf = e.buf[:0]
	if e.format == formatJSON {
		e.buf = append(e.buf, ",\n"...)
		if e.n == 0 {
			e.buf = append(e.buf[:0], "[\n"...)
		}
	}
	e.n++
	e.buf = append(e.buf, doc...)
	if e.format == formatLines {
		e.buf = append(e.buf, '\n')
	}
	_, err := e.out.Write(e.buf)
	return err
}

// end writes what is missing at the end.
func (e *encoder) end() error {
	if e.format == formatJSON {
		tail := "\n]\n"
		if e.n == 0 {
			tail = "[]\n"
		}
		if _, err := e.out.WriteString(tail); err != nil {
			return err
		}
	}
	if err := e.out.Flush(); err != nil {
		return err
	}
	if e.charset != nil {
		return e.charset.Close()
	}
	return nil
}
