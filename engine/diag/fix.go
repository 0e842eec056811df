package diag

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// A Fix is a change of files that mends a diagnostic.
type Fix struct {
	Title string `json:"title"` // what it does, as an order: write every instead of evry
	Safe  bool   `json:"safe"`  // it is what was meant, so it may be made without asking
	Edits []Edit `json:"edits"`
}

// An Edit replaces a stretch of a file by a text. Lines count from 1, columns from 1 in bytes; the end is behind the last byte that is
// replaced.
type Edit struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Col     int    `json:"col"`
	EndLine int    `json:"endLine"`
	EndCol  int    `json:"endCol"`
	Text    string `json:"text"`
}

// Fixes returns the edits of all fixes by file, those that are safe alone unless all are asked for, and how many fixes they are. Of
// fixes that touch the same place the first is taken: others may follow from it.
func (l List) Fixes(all bool) (edits map[string][]Edit, count int) {
	edits = map[string][]Edit{}
	for _, d := range l {
		if d.Fix == nil || (!d.Fix.Safe && !all) || len(d.Fix.Edits) == 0 {
			continue
		}
		free := !slices.ContainsFunc(d.Fix.Edits, func(e Edit) bool {
			return slices.ContainsFunc(edits[e.File], e.meets)
		})
		if !free {
			continue
		}
		for _, e := range d.Fix.Edits {
			edits[e.File] = append(edits[e.File], e)
		}
		count++
	}
	return edits, count
}

// meets reports whether two edits of one file touch each other.
func (e Edit) meets(o Edit) bool {
	return e.before(o.Line, o.Col) <= 0 && o.before(e.Line, e.Col) <= 0
}

// before compares a place with the end of the edit.
func (e Edit) before(line, col int) int {
	return -cmp.Or(cmp.Compare(e.EndLine, line), cmp.Compare(e.EndCol, col))
}

// Apply returns the file with the edits made, which may come in any order and must not touch each other. Nothing else changes.
func Apply(src []byte, edits []Edit) ([]byte, error) {
	starts := []int{0}
	for i, c := range src {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	offset := func(line, col int) (int, error) {
		if line == len(starts)+1 && col == 1 {
			return len(src), nil
		}
		if line < 1 || line > len(starts) || col < 1 || starts[line-1]+col-1 > len(src) {
			return 0, fmt.Errorf("there is no line %d, column %d", line, col)
		}
		return starts[line-1] + col - 1, nil
	}
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b Edit) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col)) })
	var out bytes.Buffer
	done := 0
	for _, e := range edits {
		from, err := offset(e.Line, e.Col)
		if err != nil {
			return nil, err
		}
		to, err := offset(e.EndLine, e.EndCol)
		if err != nil {
			return nil, err
		}
		if from < done || to < from {
			return nil, fmt.Errorf("line %d, column %d: the edits overlap", e.Line, e.Col)
		}
		out.Write(src[done:from])
		out.WriteString(e.Text)
		done = to
	}
	out.Write(src[done:])
	return out.Bytes(), nil
}
