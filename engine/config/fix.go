package config

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

// A repair is a change of a scalar, as it is written in its file, that mends a problem. Where the file does not hold what the repair
// expects, there is none: a value that patches or CUE have made is not written anywhere as it is.
type repair struct {
	node   *node
	text   string // what is written instead, quotes included; empty: the text in quotes
	around string // two brackets to be written around it instead
	word   bool   // the text is a word: the quotes around the old one stay
	safe   bool
}

// fix places the repair in its file.
func (r *repair) fix(files []*sourceFile) *diag.Fix {
	n := r.node
	if int(n.origin) >= len(files) || files[n.origin].bytes == nil {
		return nil
	}
	src := files[n.origin].bytes
	line := lineOf(src, lineStarts(src), int(n.line))
	old := scalarAt(line, int(n.col))
	if old == "" {
		return nil
	}
	text := r.text
	switch {
	case path.Ext(files[n.origin].path) == ".cue" && !r.word && r.around == "" && plainNode(text) == nil:
		return nil
	case r.word && strings.ContainsAny(old[:1], `"'`):
		text = old[:1] + text + old[:1]
	case r.around != "":
		text = r.around[:1] + old + r.around[1:]
	case text == "":
		text = strconv.Quote(old)
	}
	title := fmt.Sprintf("write %s instead of %s", text, old)
	return replacement(files[n.origin].path, int(n.line), int(n.col), old, text, title, r.safe)
}

func replacement(file string, line, col int, old, text, title string, safe bool) *diag.Fix {
	return &diag.Fix{Title: title, Safe: safe, Edits: []diag.Edit{{File: file, Line: line, Col: col, EndLine: line, EndCol: col + len(old), Text: text}}}
}

// scalarAt returns the scalar at a column as it is written, or "" where none begins and ends on the line.
func scalarAt(line []byte, col int) string {
	if col < 1 || col > len(line) {
		return ""
	}
	rest := string(line[col-1:])
	if q := rest[0]; q == '"' || q == '\'' {
		if n := strings.IndexByte(rest[1:], q); n >= 0 && !strings.Contains(rest[1:n+1], `\`) {
			return rest[:n+2]
		}
		return ""
	}
	if i := strings.Index(rest, " #"); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.Index(rest, ": "); i >= 0 {
		rest = rest[:i]
	}
	if i := strings.IndexAny(rest, ",]}"); i >= 0 && bytes.ContainsAny(line[:col-1], "[{") {
		rest = rest[:i]
	}
	return strings.TrimRight(strings.TrimSuffix(rest, ":"), " \t")
}

// proposals gives every diagnostic that proposes a name the change that takes it, where the file says at its place what is to be
// replaced.
func (l *loader) proposals() {
	files := map[string][]byte{}
	for i := range l.list {
		d := &l.list[i]
		meant := d.Meant()
		if meant == "" || d.Fix != nil || d.Pos.Col < 1 {
			continue
		}
		src, known := files[d.Pos.File]
		if !known {
			src, _ = fs.ReadFile(l.fsys, d.Pos.File)
			files[d.Pos.File] = src
		}
		d.Fix = renaming(d.Pos, lineOf(src, lineStarts(src), d.Pos.Line), meant)
	}
}

// nameAt is a name as it is written: of fields and resources, of files, and of what expressions name.
var nameAt = regexp.MustCompile(`^\$?[\pL0-9_](?:[\pL0-9_./-]*[\pL0-9_])?`)

// renaming is the change that writes another name at a place, or nil.
func renaming(at diag.Pos, line []byte, meant string) *diag.Fix {
	if at.Col > len(line) {
		return nil
	}
	rest := line[at.Col-1:]
	col := at.Col
	if len(rest) > 0 && (rest[0] == '"' || rest[0] == '\'') {
		rest, col = rest[1:], col+1
	}
	old := string(nameAt.Find(rest))
	if !strings.ContainsAny(meant, ".") && path.Ext(at.File) != "" && len(old) > 0 { // a member, not the path that it is part of
		old, _, _ = strings.Cut(old, ".")
	}
	if meant == "and" || meant == "or" || meant == "not" || meant == "in" {
		return replacement(at.File, at.Line, col, old, meant, fmt.Sprintf("write %s instead of %s", meant, old), strings.EqualFold(old, meant))
	}
	if old == "" || old == meant || diag.Nearest(old, []string{meant}) == "" {
		return nil
	}
	if path.Ext(at.File) == ".cue" && strings.Contains(meant, "-") && col == at.Col {
		return nil // a bare label cannot hold it
	}
	return replacement(at.File, at.Line, col, old, meant, fmt.Sprintf("write %s instead of %s", meant, old), diag.Sure(old, meant, nil))
}
