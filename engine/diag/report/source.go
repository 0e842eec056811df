package report

import (
	"bytes"
	"io/fs"
	"path"
	"unicode/utf16"

	"github.com/dray-sync/dray/engine/diag"
)

// A Source is where the files of diagnostics are. The zero Source knows none. Not safe for concurrent use.
type Source struct {
	Files fs.FS  // the repository; nil: no line of a file is shown or measured
	Base  string // where the repository lies in what is checked out, with forward slashes; empty: at its root

	lines map[string][][]byte
}

// path returns the file's path in what is checked out.
func (s *Source) path(file string) string {
	if s.Base == "" || file == "" {
		return file
	}
	return path.Join(s.Base, file)
}

// line returns a line of a file without its end. false: it is not known.
func (s *Source) line(file string, line int) ([]byte, bool) {
	if s.Files == nil || line < 1 {
		return nil, false
	}
	if s.lines == nil {
		s.lines = map[string][][]byte{}
	}
	lines, known := s.lines[file]
	if !known {
		if src, err := fs.ReadFile(s.Files, file); err == nil {
			lines = bytes.Split(src, []byte("\n"))
		}
		s.lines[file] = lines
	}
	if line > len(lines) {
		return nil, false
	}
	return bytes.TrimSuffix(lines[line-1], []byte("\r")), true
}

// characters turns a column in bytes into one in UTF-16 units, which is what editors and web pages count. Without the file it stays.
func (s *Source) characters(file string, line, col int) int {
	text, ok := s.line(file, line)
	if !ok || col < 2 || col-1 > len(text) {
		return col
	}
	n := 1
	for _, r := range string(text[:col-1]) {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// end returns the column behind the word that a place points at: a quoted text, or what stands up to a space or a mark.
func end(text []byte, col int) int {
	if col < 1 || col > len(text) {
		return col
	}
	rest := text[col-1:]
	if q := rest[0]; q == '"' || q == '\'' {
		if n := bytes.IndexByte(rest[1:], q); n >= 0 {
			return col + n + 2
		}
	}
	n := bytes.IndexAny(rest, " ,:{}[]\"'\t#")
	switch n {
	case -1:
		n = len(rest)
	case 0:
		n = 1
	}
	return col + n
}

// hidden holds the lines that are never shown: a secret or personal data stands there.
type hidden map[diag.Pos]bool

func hiddenLines(list diag.List, codes []diag.CodeDoc) hidden {
	h := hidden{}
	for _, d := range list {
		for _, c := range codes {
			if c.Code == d.Code && c.Hidden {
				h[diag.Pos{File: d.Pos.File, Line: d.Pos.Line}] = true
			}
		}
	}
	return h
}

func (h hidden) has(p diag.Pos) bool { return h[diag.Pos{File: p.File, Line: p.Line}] }
