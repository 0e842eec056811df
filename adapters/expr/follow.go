package expr

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters/record"
)

// Follow returns the type of what a path leads to from a value of type t, for paths that are not part of an expression. Where a step
// cannot be, it returns the mistake, whose Offset is the index of the step.
func (s Scope) Follow(t Type, p record.Path) (Type, *Error) {
	for i, step := range p {
		var err *Error
		if step.IsIndex() {
			t, err = elementOf(t)
		} else {
			t, err = s.member(t, step.Name)
		}
		if err != nil {
			err.Offset = i
			return Type{}, err
		}
	}
	return t, nil
}

// member returns the type of a member of t.
func (s Scope) member(t Type, name string) (Type, *Error) {
	switch {
	case t.Fields != nil && (t.Kind == record.Object || !t.Known()):
		if f, ok := t.Fields[name]; ok {
			f.Nullable = f.Nullable || t.Nullable
			return f, nil
		}
		return Type{}, &Error{Code: CodeUnknownName, Message: fmt.Sprintf("there is no field %q", name), Hint: s.memberHint(t, name)}
	case !t.Known(), t.Kind == record.Object, t.Kind == record.Null:
		return Type{}, nil
	case t.Kind == record.List:
		return Type{}, &Error{Code: CodeType, Message: fmt.Sprintf("a list has no member %q", name), Hint: "name an element [0], or use each, or map, filter or sum over the list"}
	}
	return Type{}, &Error{Code: CodeType, Message: fmt.Sprintf("%s has no member %q", article(t.String()), name), Hint: "it is a single value: end the path here"}
}

// memberHint says where a field that t does not have may be.
func (s Scope) memberHint(t Type, name string) string {
	if _, ok := s.Roots["$root"].Fields[name]; ok {
		return fmt.Sprintf("the record itself has it: write %s", Ref{Root: "$root", Path: record.Path{{Name: name, Index: -1}}})
	}
	if near := nearest(name, slices.Collect(maps.Keys(t.Fields))); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if longer := containing(t, name); longer != "" {
		return fmt.Sprintf("did you mean %q?", longer)
	}
	if below := find(t, name, maxFind); below != nil {
		return fmt.Sprintf("did you mean %s?", below)
	}
	if isFunction(name) {
		return fmt.Sprintf("%s is a function: call it as %s", name, table[name].Signature)
	}
	return "the fields are " + listed(firstNames(t))
}

// containing returns the one field whose name contains this one, or "" where there is none or more.
func containing(t Type, name string) string {
	const least = 4 // letters: shorter names are in too many
	found := ""
	for _, f := range slices.Sorted(maps.Keys(t.Fields)) {
		if len(name) < least || !strings.Contains(strings.ToLower(f), strings.ToLower(name)) {
			continue
		}
		if found != "" {
			return ""
		}
		found = f
	}
	return found
}

// maxFind bounds how deep a field of a name is looked for.
const maxFind = 4

// find returns the path of a field of this name inside t, or nil. The elements of lists are not looked into.
func find(t Type, name string, depth int) record.Path {
	if depth == 0 {
		return nil
	}
	for _, around := range slices.Sorted(maps.Keys(t.Fields)) {
		f := t.Fields[around]
		step := record.Step{Name: around, Index: -1}
		if _, ok := f.Fields[name]; ok && f.Kind == record.Object {
			return record.Path{step, {Name: name, Index: -1}}
		}
		if f.Kind == record.Object {
			if below := find(f, name, depth-1); below != nil {
				return append(record.Path{step}, below...)
			}
		}
	}
	return nil
}

func firstNames(t Type) []string {
	names := slices.Sorted(maps.Keys(t.Fields))
	return names[:min(len(names), 10)]
}

// elementOf returns the type of an element of t. There may be none at an index, so that it is nullable.
func elementOf(t Type) (Type, *Error) {
	if t.Known() && t.Kind != record.List && t.Kind != record.Null {
		return Type{}, &Error{Code: CodeType, Message: article(t.String()) + " has no elements", Hint: "only a list has; a member of an object is named: a.b"}
	}
	return t.elem().nullable(), nil
}
