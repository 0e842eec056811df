package files

import (
	"bufio"
	"bytes"
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
