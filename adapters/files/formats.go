package files

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dray-sync/dray/adapters/record"
)

// records reads the records of one file. Not safe for concurrent use.
type records interface {
	// shape is the columns of the records; nil for documents.
	shape() *record.Shape
	// next appends one record to b, which was reset for the shape. At the end the error is [io.EOF]; a mistake in the file is a
	// *rowError.
	next(b *record.Batch) error
}

// records starts to read a file of this object.
func (o *object) records(in io.Reader) (records, error) {
	text := decoded(in, o.Encoding)
	switch o.Format {
	case formatCSV:
		return o.csvRecords(text)
	case formatLines:
		return &lineRecords{lines: newCSVReader(text, ','), strict: o.Encoding != "utf-8"}, nil
	default:
		return newJSONRecords(text, o.steps, o.Encoding != "utf-8"), nil
	}
}

type csvRecords struct {
	rows    *csvReader
	columns *record.Shape // nil when the file is empty
	strict  bool
	values  []record.Value
}

func (o *object) csvRecords(text *bufio.Reader) (*csvRecords, error) {
	c := &csvRecords{rows: newCSVReader(text, o.comma), strict: o.Encoding != "utf-8"}
	names := o.Columns
	if o.Header {
		var err error
		if names, err = c.header(); err != nil {
			return nil, err
		}
	}
	columns := make([]record.Column, len(names))
	for i, n := range names {
		columns[i] = record.Column{Name: n, Kind: record.String}
	}
	c.columns = record.NewShape(columns...)
	c.values = make([]record.Value, len(names))
	return c, nil
}

// header reads the first row. An empty file has none, and no records.
func (c *csvRecords) header() ([]string, error) {
	cells, line, err := c.rows.read()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, len(cells))
	for i, cell := range cells {
		if names[i] = strings.TrimSpace(cell.text); names[i] == "" {
			return nil, atLine(line, fmt.Sprintf("column %d of the header has no name", i+1))
		}
		for j, n := range names[:i] {
			if n == names[i] {
				return nil, atLine(line, fmt.Sprintf("columns %d and %d of the header have the same name", j+1, i+1))
			}
		}
	}
	return names, nil
}

func (c *csvRecords) shape() *record.Shape { return c.columns }

func (c *csvRecords) next(b *record.Batch) error {
	cells, line, err := c.rows.read()
	if err != nil {
		return err
	}
	if len(cells) != len(c.values) {
		return atLine(line, fmt.Sprintf("has %d cells where %d columns are named", len(cells), len(c.values)))
	}
	for i, cell := range cells {
		switch {
		case cell.blank:
			c.values[i] = record.NullValue
		case c.strict && strings.ContainsRune(cell.text, '\uFFFD'):
			return atLine(line, fmt.Sprintf("column %d has characters that are not in the file's encoding", i+1))
		default:
			c.values[i] = record.StringValue(cell.text)
		}
	}
	b.AppendRow(c.values...)
	return nil
}

// lineRecords reads one document from each line that is not blank.
type lineRecords struct {
	lines  *csvReader // for its lines only
	strict bool
}

func (*lineRecords) shape() *record.Shape { return nil }

func (l *lineRecords) next(b *record.Batch) error {
	for {
		line, err := l.lines.readLine()
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := judge(line, l.strict); err != "" {
			return atLine(l.lines.line, err)
		}
		b.AppendDoc(line)
		return nil
	}
}

// judge says what is wrong with a document.
func judge(doc []byte, strict bool) string {
	switch err := record.Scan(doc); {
	case err != nil:
		return "is not a JSON record: " + err.Error()
	case bytes.TrimLeft(doc, " \t\r\n")[0] != '{':
		return "is not a JSON object"
	case strict && bytes.ContainsRune(doc, '\uFFFD'):
		return "has characters that are not in the file's encoding"
	default:
		return ""
	}
}

// jsonRecords reads the elements of a list inside one document, element by element.
type jsonRecords struct {
	in      *bounded
	dec     *json.Decoder
	path    record.Path
	strict  bool
	started bool
	single  bool
	done    bool
	n       int
}

func newJSONRecords(in io.Reader, path record.Path, strict bool) *jsonRecords {
	limited := &bounded{in: in, left: maxRecord}
	return &jsonRecords{in: limited, dec: json.NewDecoder(limited), path: path, strict: strict}
}

func (*jsonRecords) shape() *record.Shape { return nil }

func (j *jsonRecords) next(b *record.Batch) error {
	if !j.started {
		j.started = true
		if err := j.enter(); err != nil {
			return j.wrong(err)
		}
	}
	switch {
	case j.done:
		return io.EOF
	case j.single && j.n > 0:
		j.done = true
		return j.end()
	case !j.single && !j.dec.More():
		j.done = true
		if _, err := j.dec.Token(); err != nil { // the end of the list
			return j.wrong(err)
		}
		return j.end()
	}
	j.in.left = maxRecord
	var doc json.RawMessage
	if err := j.dec.Decode(&doc); err != nil {
		return j.wrong(err)
	}
	j.n++
	if rule := judge(doc, j.strict); rule != "" {
		return atRecord(j.n, rule)
	}
	b.AppendDoc(doc)
	return nil
}

// enter goes down to the list. A single object in its place is one record; an empty file has none.
func (j *jsonRecords) enter() error {
	for _, step := range j.path {
		if err := j.find(step.Name); err != nil {
			return err
		}
	}
	first, err := j.peek()
	switch {
	case errors.Is(err, io.EOF) && len(j.path) == 0:
		j.done = true
		return nil
	case err != nil:
		return err
	case first == '{':
		j.single = true
		return nil
	case first != '[':
		return errNoList
	}
	_, err = j.dec.Token()
	return err
}

var errNoList = errors.New("is not there: no list where the path of the records leads")

// find enters the object that comes next and stops before the value of its member.
func (j *jsonRecords) find(name string) error {
	t, err := j.dec.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return errNoList
	}
	for j.dec.More() {
		member, err := j.dec.Token()
		if err != nil {
			return err
		}
		if member == name {
			return nil
		}
		j.in.left = maxRecord
		if err := j.dec.Decode(new(json.RawMessage)); err != nil {
			return err
		}
	}
	return errNoList
}

// peek returns the first byte of what comes next.
func (j *jsonRecords) peek() (byte, error) {
	var one [1]byte
	for {
		buffered, ok := j.dec.Buffered().(*bytes.Reader)
		for ok && buffered.Len() > 0 {
			c, err := buffered.ReadByte()
			if err != nil {
				return 0, err
			}
			if !strings.ContainsRune(" \t\r\n:", rune(c)) {
				return c, nil
			}
		}
		// Nothing but blanks is buffered: what comes next has not been read yet.
		if _, err := io.ReadFull(j.in, one[:]); err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n:", rune(one[0])) {
			j.dec = json.NewDecoder(io.MultiReader(bytes.NewReader(one[:]), j.in))
			return one[0], nil
		}
	}
}

// end makes sure that nothing follows the records. Behind a path other members may.
func (j *jsonRecords) end() error {
	if len(j.path) > 0 {
		return io.EOF
	}
	if _, err := j.dec.Token(); !errors.Is(err, io.EOF) {
		return j.wrong(errTrailing)
	}
	return io.EOF
}

var errTrailing = errors.New("is followed by something that does not belong to the list")

// wrong names the place of a mistake. What the decoder says may hold content.
func (j *jsonRecords) wrong(err error) error {
	rule := fmt.Sprintf("is not valid JSON, near byte %d", j.dec.InputOffset())
	switch {
	case errors.Is(err, errNoList), errors.Is(err, errTrailing):
		rule = err.Error()
	case errors.Is(err, errTooLong):
		rule = "is longer than 16 MiB"
	}
	return atRecord(j.n+1, rule)
}

var errTooLong = errors.New("too long")

// bounded refuses to read more than left bytes until somebody sets it anew.
type bounded struct {
	in   io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.in.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
