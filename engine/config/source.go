package config

import (
	"github.com/dray-sync/dray/engine/diag"
)

// A Source knows where the parts of a resource stand in the user's files. It is immutable and safe for concurrent use.
type Source struct {
	At    diag.Pos // where the resource begins
	doc   *candidate
	files []*sourceFile
}

// Pos returns the position of the value at a path (spec.fields.total.expr, names with other characters quoted), or that of its
// nearest ancestor that has one. A nil Source knows no position.
func (s *Source) Pos(path string) diag.Pos {
	if s == nil {
		return diag.Pos{}
	}
	n, _ := s.doc.tree().at(parsePath(path))
	return s.of(n)
}

// NamePos is Pos for the name of the field at the path.
func (s *Source) NamePos(path string) diag.Pos {
	if s == nil {
		return diag.Pos{}
	}
	steps := parsePath(path)
	if len(steps) > 0 && steps[len(steps)-1].name != "" {
		around, found := s.doc.tree().at(steps[:len(steps)-1])
		if k := around.key(steps[len(steps)-1].name); k != nil && found == len(steps)-1 {
			return s.of(k)
		}
	}
	return s.Pos(path)
}

// PosIn returns the position of a byte offset inside the text at a path, as exactly as the way it is written allows, else
// that of the text. A negative offset is none.
func (s *Source) PosIn(path string, offset int) diag.Pos {
	if s == nil {
		return diag.Pos{}
	}
	steps := parsePath(path)
	n, found := s.doc.tree().at(steps)
	if found < len(steps) || int(n.origin) >= len(s.files) {
		return s.of(n)
	}
	line, col := n.locate(s.files[n.origin].bytes, offset)
	return place(s.files, n.origin, line, col)
}

// PosOf returns the position of the value that these steps lead to, as an adapters.ConfigError names them: fields by name and
// elements by their index in digits.
func (s *Source) PosOf(steps []string) diag.Pos {
	if s == nil {
		return diag.Pos{}
	}
	n, _ := s.doc.tree().follow(steps)
	return s.of(n)
}

func (s *Source) of(n *node) diag.Pos {
	if p := place(s.files, n.origin, n.line, n.col); p.Line > 0 {
		return p
	}
	return s.At
}

// follow goes as far along the steps as there are values, and returns where it came with the path up to there.
func (n *node) follow(steps []string) (*node, []segment) {
	var path []segment
	for _, step := range steps {
		next, at := n.get(step), segment{name: step}
		if n.kind == listNode {
			if i, ok := smallIndex(step); ok && i < len(n.items) {
				next, at = n.items[i], segment{index: i}
			}
		}
		if next == nil {
			break
		}
		n, path = next, append(path, at)
	}
	return n, path
}

func smallIndex(s string) (int, bool) {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<20 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, s != ""
}
