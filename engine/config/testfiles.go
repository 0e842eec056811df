package config

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

// fileRecord is one record of a file.
type fileRecord struct {
	RecordPlace
	json json.RawMessage
	many bool // the file is of a form that holds many
}

// inputs returns the records that an input stands for: itself, or those of its file.
func (x *caseLayout) inputs(path string, input json.RawMessage) ([]fileRecord, bool) {
	file, ok := fileNamed(input)
	if !ok {
		return []fileRecord{{json: input}}, true
	}
	path += ".input.file"
	src, ok := x.repositoryFile(x.r, path, file)
	if !ok {
		return nil, false
	}
	records, ok := x.records(path, file, src)
	if ok && len(records) == 0 {
		x.problemPath(x.r, path, codeFile, fmt.Sprintf("%q holds no record", file), "a test of nothing always passes")
		ok = false
	}
	return records, ok
}

// expected returns the records of the file that holds the expectations. nil: they stand in the test. Where they are about to be
// written, those that are missing are empty.
func (x *caseLayout) expected(path string, c *TestCase, n int) ([]fileRecord, bool) {
	name, value := "expect", c.Expect
	if value == nil {
		name, value = "expectExactly", c.ExpectExactly
	}
	file, ok := fileNamed(value)
	if !ok {
		return nil, true
	}
	path += "." + name + ".file"
	var records []fileRecord
	if !x.o.Updating || x.exists(file) {
		src, ok := x.repositoryFile(x.r, path, file)
		if !ok {
			x.list[len(x.list)-1].Hint += "; dray test --update writes expected outputs"
			return nil, false
		}
		if records, ok = x.records(path, file, src); !ok {
			return nil, false
		}
	}
	if len(records) != n && !x.o.Updating {
		x.problemPath(x.r, path, codeMappingTest, fmt.Sprintf("%q holds %s, and there are %s to map", file, countOf(len(records), "expectation"), countOf(n, "record")), "write one for each record, in their order; dray test --update does")
		return nil, false
	}
	for i := len(records); i < n; i++ {
		records = append(records, fileRecord{RecordPlace: RecordPlace{File: file, Index: i}})
	}
	return records[:n], true
}

func countOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (x *caseLayout) exists(file string) bool {
	f, err := x.fsys.Open(file)
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}

// The outcomes that a file of expectations says in place of an output.
const (
	expectedRejected = "$rejected"
	expectedSkipped  = "$skipped"
	expectedFiltered = "$filtered"
	expectedParked   = "$parked"
)

// take makes one expectation of a file that of the case.
func (x *caseLayout) take(c *TestCase, r fileRecord, path string) bool {
	exactly := c.ExpectExactly != nil
	c.Expect, c.ExpectExactly, c.Expected = nil, nil, r.RecordPlace
	var outcome map[string]json.RawMessage
	if json.Unmarshal(r.json, &outcome) != nil || len(outcome) != 1 {
		outcome = nil
	}
	for name, value := range outcome {
		switch name {
		case expectedRejected:
			c.ExpectRejected = new(Rejection)
			dec := json.NewDecoder(bytes.NewReader(value))
			dec.DisallowUnknownFields()
			if err := dec.Decode(c.ExpectRejected); err != nil {
				x.inFile(r.File, r.Line, path, codeMappingTest, "$rejected is not a reason to reject a record", "write {field: …, rule: …, check: …} with what is expected")
				return false
			}
			return true
		case expectedSkipped:
			c.ExpectSkipped = true
			return true
		case expectedFiltered:
			c.ExpectFiltered = true
			return true
		case expectedParked:
			c.ExpectParked = true
			return true
		}
	}
	if exactly {
		c.ExpectExactly = r.json
	} else {
		c.Expect = r.json
	}
	return true
}

// fileNamed returns the file that a value names, if it is {file: …}.
func fileNamed(value json.RawMessage) (string, bool) {
	var object map[string]json.RawMessage
	if json.Unmarshal(value, &object) != nil || len(object) != 1 {
		return "", false
	}
	var file string
	if json.Unmarshal(object["file"], &file) != nil {
		return "", false
	}
	return file, true
}

// inFile notes an error in a file that a test names.
func (x *caseLayout) inFile(file string, line int, path, code, message, hint string) {
	if x.faulty == nil {
		x.faulty = map[*loaded]bool{}
	}
	x.faulty[x.r] = true
	n, _ := x.r.tree().at(parsePath(path))
	x.list.Add(diag.Diagnostic{Code: code, Severity: diag.Error, Pos: diag.Pos{File: file, Line: line, Col: 1}, Related: []diag.Pos{x.r.at(n)}, Message: message, Hint: hint})
}

// records reads the records of a file by its name: JSON Lines, CSV with a header, or JSON, where a list holds many.
func (x *caseLayout) records(at, file string, src []byte) ([]fileRecord, bool) {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	switch path.Ext(file) {
	case ".jsonl", ".ndjson":
		return x.lines(at, file, src)
	case ".csv":
		return x.csvRecords(at, file, src)
	}
	if line, col, ok := badJSON(src); !ok {
		n, _ := x.r.tree().at(parsePath(at))
		if path.Ext(file) != ".json" { // perhaps not the file that is meant
			x.problemPath(x.r, at, codeFile, fmt.Sprintf("%q is not well-formed JSON", file), "the file holds one record as JSON, or a list of them; JSON Lines are in .jsonl, tables in .csv")
			return nil, false
		}
		x.list.Add(diag.Diagnostic{
			Code: codeFile, Severity: diag.Error, Pos: diag.Pos{File: file, Line: line, Col: col}, Related: []diag.Pos{x.r.at(n)},
			Message: "the file is not well-formed JSON from here on", Hint: "the file holds one record as JSON, or a list of them; JSON Lines are in .jsonl, tables in .csv",
		})
		return nil, false
	}
	if bytes.TrimLeft(src, " \t\r\n")[0] != '[' {
		return []fileRecord{{RecordPlace: RecordPlace{File: file, Line: 1}, json: src}}, true
	}
	dec := json.NewDecoder(bytes.NewReader(src))
	_, _ = dec.Token() // [
	var out []fileRecord
	for dec.More() {
		var doc json.RawMessage
		if dec.Decode(&doc) != nil {
			break // it is valid
		}
		line := 1 + bytes.Count(src[:int(dec.InputOffset())-len(doc)], []byte("\n"))
		out = append(out, fileRecord{RecordPlace: RecordPlace{File: file, Line: line, Index: len(out)}, json: doc, many: true})
	}
	return out, true
}

// badJSON returns where a text stops being JSON. ok: it is JSON.
func badJSON(src []byte) (line, col int, ok bool) {
	if json.Valid(src) {
		return 0, 0, true
	}
	at := len(src)
	if e, found := errors.AsType[*json.SyntaxError](json.Unmarshal(src, new(any))); found {
		at = int(e.Offset)
	}
	before := src[:min(max(at-1, 0), len(src))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n'), false
}

func (x *caseLayout) lines(at, file string, src []byte) (out []fileRecord, ok bool) {
	ok = true
	n := 0
	for line := range bytes.Lines(src) {
		n++
		doc := bytes.TrimSpace(line)
		switch {
		case len(doc) == 0:
		case !json.Valid(doc):
			x.inFile(file, n, at, codeFile, "this line is not well-formed JSON", "each line holds one record")
			ok = false
		default:
			out = append(out, fileRecord{RecordPlace: RecordPlace{File: file, Line: n, Index: len(out)}, json: doc, many: true})
		}
	}
	return out, ok
}

// csvRecords reads a CSV file. Cells are texts, and an empty one is null.
func (x *caseLayout) csvRecords(at, file string, src []byte) (out []fileRecord, ok bool) {
	in := csv.NewReader(bytes.NewReader(src))
	header, err := in.Read()
	for err == nil {
		var cells []string
		if cells, err = in.Read(); err != nil {
			break
		}
		line, _ := in.FieldPos(0)
		doc := []byte{'{'}
		for i, name := range header {
			if i > 0 {
				doc = append(doc, ',')
			}
			doc = append(appendJSONString(doc, name), ':')
			if strings.TrimSpace(cells[i]) == "" {
				doc = append(doc, "null"...)
			} else {
				doc = appendJSONString(doc, cells[i])
			}
		}
		out = append(out, fileRecord{RecordPlace: RecordPlace{File: file, Line: line, Index: len(out)}, json: append(doc, '}'), many: true})
	}
	if errors.Is(err, io.EOF) {
		return out, true
	}
	line := 1
	if pe, ok := errors.AsType[*csv.ParseError](err); ok {
		line = pe.Line
	}
	x.inFile(file, line, at, codeFile, "this line is not one of the table: it has another number of columns, or quotes that do not match", fmt.Sprintf("each line has %d columns, separated by commas", len(header)))
	return nil, false
}
