package files

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzCSV holds the reader against the standard library's, and against what appendRow writes.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"", "a,b\n1,2\n", "a\r\n\"x\r\ny\"\r\n", "\"say \"\"hi\"\"\",\"\"\n", "a,\n,\n\n\n", "\"open\n", "x\"y\n", "\"a\"b\n", "\xff\n", "a\rb,c", "\"\n\"\n\n,\"\"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readAll(text)
		std := csv.NewReader(strings.NewReader(text))
		std.FieldsPerRecord = -1
		want, stdErr := std.ReadAll()
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\uFEFF") {
			return // the standard library judges neither
		}
		if (err == nil) != (stdErr == nil) {
			t.Fatalf("got error %v, the standard library %v", err, stdErr)
		}
		if err != nil {
			if _, ok := errors.AsType[*rowError](err); !ok {
				t.Fatalf("error %v names no line", err)
			}
			return
		}
		if d := cmp.Diff(want, texts(got, true)); d != "" {
			t.Fatalf("rows (-standard library +here):\n%s", d)
		}
		var out []byte
		for _, row := range got {
			out = appendRow(out, row, ",")
		}
		again, err := readAll(string(out))
		if err != nil {
			t.Fatalf("what was written does not read: %v", err)
		}
		if d := cmp.Diff(texts(got, false), texts(again, false)); d != "" {
			t.Fatalf("written and read again (-before +after):\n%s", d)
		}
	})
}

func readAll(text string) ([][]cell, error) {
	r := newCSVReader(bufio.NewReader(strings.NewReader(text)), ',')
	var rows [][]cell
	for {
		cells, _, err := r.read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, append([]cell(nil), cells...))
	}
}

// texts returns the cells' texts; with unix, as the standard library returns them: it makes LF of CRLF.
func texts(rows [][]cell, unix bool) [][]string {
	var out [][]string
	for _, row := range rows {
		var cells []string
		for _, c := range row {
			if unix {
				c.text = strings.ReplaceAll(c.text, "\r\n", "\n")
			}
			cells = append(cells, c.text)
		}
		out = append(out, cells)
	}
	return out
}

func TestRecordIsBounded(t *testing.T) {
	long := strings.Repeat("x", maxRecord+1)
	for name, text := range map[string]string{"line": long + "\n", "open quote": "\"" + strings.Repeat("x\n", maxRecord/2+1)} {
		if _, err := readAll(text); err == nil {
			t.Errorf("%s: a record without end was read", name)
		}
	}
}
