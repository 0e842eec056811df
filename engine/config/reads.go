package config

import (
	"strings"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
)

// A nameSet holds the names of top-level fields of a record. everything: the whole record is meant.
type nameSet struct {
	names      map[string]bool
	everything bool
}

func (s *nameSet) add(name string) {
	if s.names == nil {
		s.names = map[string]bool{}
	}
	s.names[name] = true
}

// meets reports whether two sets have a name in common.
func (s nameSet) meets(other nameSet) bool {
	if s.everything || other.everything {
		return true
	}
	for name := range s.names {
		if other.names[name] {
			return true
		}
	}
	return false
}

// without returns the set without some paths' first steps.
func (s nameSet) without(paths []string) nameSet {
	out := nameSet{everything: s.everything, names: map[string]bool{}}
	for name := range s.names {
		out.names[name] = true
	}
	for _, p := range paths {
		delete(out.names, firstStep(p))
	}
	return out
}

// firstStep returns the name a path begins with, "" for one that begins otherwise.
func firstStep(path string) string {
	p, err := record.ParsePath(path)
	if err != nil || len(p) == 0 || p.Root() != "" {
		return ""
	}
	return p[0].Name
}

// reads collects the fields of the source record that fields are made of.
func (f Fields) reads(into *nameSet, inElement bool) {
	for _, named := range f {
		v, nested := named.Field, named.Field.Nested()
		for _, path := range []string{v.From, nested.Each, v.Form().Currency} {
			into.path(path, inElement)
		}
		for _, path := range v.With {
			into.path(path, inElement)
		}
		into.expression(v.Expr, inElement)
		into.expression(v.When, inElement)
		into.expression(nested.Where, inElement || nested.Each != "")
		for _, path := range nested.Group.Paths() {
			into.path(path, true)
		}
		nested.Fields.reads(into, inElement || nested.Each != "")
		for _, part := range nested.Concat {
			into.path(part.Each, inElement)
			into.expression(part.When, inElement)
			into.expression(part.Where, inElement || part.Each != "")
			for _, path := range part.Group.Paths() {
				into.path(path, true)
			}
			part.Fields.reads(into, inElement || part.Each != "")
		}
	}
}

// path adds where a path begins. In an element of a list, names are the element's, and the record is $root.
func (s *nameSet) path(text string, inElement bool) {
	if text == "" {
		return
	}
	p, err := record.ParsePath(text)
	if err != nil || len(p) == 0 {
		return
	}
	s.ref(p.Root(), stepsBelow(p), inElement)
}

// stepsBelow returns the steps of a path below its reserved root.
func stepsBelow(p record.Path) record.Path {
	if p.Root() != "" {
		return p[1:]
	}
	return p
}

// expression adds where the paths of an expression begin.
func (s *nameSet) expression(text string, inElement bool) {
	if text == "" {
		return
	}
	p, err := expr.Compile(text, expr.Options{Scope: scope(pathRoots)})
	if err != nil {
		s.everything = true // it is judged elsewhere
		return
	}
	for _, ref := range p.Refs() {
		s.ref(ref.Root, ref.Path, inElement)
	}
}

func (s *nameSet) ref(root string, steps record.Path, inElement bool) {
	record := root == "$root" || !inElement && (root == "" || root == "$this") || inElement && root == "$parent"
	switch {
	case !record:
	case len(steps) == 0 || strings.HasPrefix(steps[0].Name, "$"):
		s.everything = true
	default:
		s.add(steps[0].Name)
	}
}
