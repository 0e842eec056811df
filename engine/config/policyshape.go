package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/cuebuild"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/policy"
)

// A shape says which fields a part of the input may have, so that a rule that reads one that never exists is found: it would be silent for
// ever.
type shape struct {
	t      *typ
	fields map[string]*shape
	each   *shape // of every field, whatever its name
	free   bool   // anything
}

// checkRule reports kinds that do not exist, and paths that no resource of the rule's kinds has.
func (l *loader) checkRule(r *policy.Rule) {
	report := func(at cuebuild.Position, message, hint string) {
		l.packProblem(policy.Problem{Problem: cuebuild.Problem{File: at.File, Line: at.Line, Col: at.Col, Message: message}, Hint: hint})
	}
	var shapes []*shape
	for _, kind := range r.Kinds {
		if l.table.kind(kind) == nil {
			hint := "the kinds are " + andList(l.table.kindNames())
			if near := diag.Nearest(kind, l.table.kindNames()); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
			}
			report(r.At, fmt.Sprintf("the rule %q judges a kind %q, which does not exist", r.Name, kind), hint)
			return
		}
		shapes = append(shapes, l.shapeOf(kind))
	}
	for _, read := range r.Reads {
		if read.At.Line == 0 {
			continue
		}
		deepest, hint := -1, ""
		for _, s := range shapes {
			depth, near := s.follow(read.Path)
			if depth > deepest {
				deepest, hint = depth, near
			}
		}
		if deepest < len(read.Path) {
			message := fmt.Sprintf("the rule %q reads %s, and %s has no such field", r.Name, strings.Join(read.Path[:deepest+1], "."), orList(r.Kinds))
			report(read.At, message, hint)
		}
	}
}

// follow returns how many steps of a path there are, and where it ends, what was perhaps meant.
func (s *shape) follow(path []string) (depth int, hint string) {
	for i, name := range path {
		next := s.child(name)
		if next == nil {
			names := s.names()
			if near := diag.Nearest(name, names); near != "" {
				return i, fmt.Sprintf("did you mean %s?", near)
			}
			if len(names) > 0 {
				return i, "there is " + orList(names)
			}
			return i, "this is no object"
		}
		s = next
	}
	return len(path), ""
}

func (s *shape) child(name string) *shape {
	switch {
	case s.free:
		return s
	case s.fields[name] != nil:
		return s.fields[name]
	case s.each != nil:
		return s.each
	case s.t == nil:
		return nil
	}
	return shapeOfType(s.t).field(s.t, name)
}

// shapeOfType returns what stands for a type.
func shapeOfType(t *typ) *shape { return &shape{t: t, free: t.any || t.opaque} }

func (s *shape) field(t *typ, name string) *shape {
	if s.free {
		return s
	}
	for _, a := range t.alts {
		if found := shapeOfType(a).field(a, name); found != nil {
			return found
		}
	}
	if t.object == nil {
		return nil
	}
	if f := t.object.field(name); f != nil {
		return shapeOfType(f.typ)
	}
	if t.object.open {
		return &shape{free: true}
	}
	return nil
}

func (s *shape) names() []string {
	names := slices.Collect(maps.Keys(s.fields))
	if s.t != nil && s.t.object != nil {
		names = append(names, s.t.object.names()...)
	}
	slices.Sort(names)
	return names
}

// resourceShape is what every resource of a kind has.
func (l *loader) resourceShape(kind string) *shape {
	def := l.table.kind(kind)
	s := &shape{fields: map[string]*shape{"kind": {}}}
	for _, name := range []string{"metadata", "spec"} {
		if f := def.object.field(name); f != nil {
			s.fields[name] = shapeOfType(f.typ)
		}
	}
	return s
}

// shapeOf is the input of rules for a kind: what [environment.policyInput] makes.
func (l *loader) shapeOf(kind string) *shape {
	s := l.neighbourShape(kind)
	s.fields["written"] = shapeOfType(l.table.kind(kind))
	s.fields["environment"] = &shape{}
	return s
}

func (l *loader) neighbourShape(kind string) *shape {
	s := l.resourceShape(kind)
	facts := func(names ...string) {
		s.fields["facts"] = &shape{fields: map[string]*shape{}}
		for _, name := range names {
			s.fields["facts"].fields[name] = &shape{}
		}
	}
	switch kind {
	case "Connection":
		facts("remote", "loopback", "endpoint")
		s.fields["credential"] = l.neighbourShape("Credential")
	case "Credential":
		facts("daysSinceRotation", "daysToExpiry")
	case "Mapping":
		object := l.resourceShape("Object")
		s.fields["tests"], s.fields["source"], s.fields["destination"] = &shape{}, object, object
	case "MappingTest":
		s.fields["mapping"] = l.neighbourShape("Mapping")
	case "Touchpoint":
		connection, mapping := l.neighbourShape("Connection"), l.neighbourShape("Mapping")
		end := &shape{fields: map[string]*shape{"connection": connection, "object": l.resourceShape("Object")}}
		s.fields["source"], s.fields["destination"], s.fields["mapping"] = end, end, mapping
		facts("writes")
		s.fields["connections"], s.fields["mappings"] = &shape{each: connection}, &shape{each: mapping}
		s.fields["schedule"] = shapeOfType(l.table.kind("Schedule").object.field("spec").typ)
	}
	return s
}
