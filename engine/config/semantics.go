package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
)

// semantics judges what one resource says beyond the form of its fields. Not safe for concurrent use.
type semantics struct {
	*checker
	root, spec *node
}

func (s *semantics) judge(kind string) {
	s.path = append(s.path[:0], segment{name: "spec"})
	s.secretLabels()
	switch kind {
	case "Connection":
		s.connection()
	case "Credential":
		s.credential()
	case "Schedule":
		s.schedule(s.spec)
	case "Lookup":
		s.lookup()
	case "Mapping":
		s.mapping()
	case "MappingTest":
		s.mappingTest()
	case "Touchpoint":
		s.touchpoint()
	case "Application":
		s.application(s.spec)
	case "Object":
		s.object()
	}
}

// in runs f for the value of a field, if it is there and right.
func (s *semantics) in(n *node, name string, f func(v *node)) {
	if v := n.get(name); v != nil && !s.bad[v] {
		s.under(segment{name: name}, func() { f(v) })
	}
}

// each runs f for every right element of a list.
func (s *semantics) each(n *node, f func(i int, v *node)) {
	if n == nil || n.kind != listNode {
		return
	}
	for i, v := range n.items {
		if !s.bad[v] {
			s.under(segment{index: i}, func() { f(i, v) })
		}
	}
}

// fields runs f for every field of an object whose value is right.
func (s *semantics) fields(n *node, f func(k, v *node)) {
	if n == nil || n.kind != objectNode {
		return
	}
	for i, k := range n.keys {
		if !s.bad[n.items[i]] {
			s.under(segment{name: k.text}, func() { f(k, n.items[i]) })
		}
	}
}

// report notes a problem without making the value unusable.
func (s *semantics) report(n *node, code, message, hint string) {
	p := problemAt(n, code, message, hint)
	p.path = pathString(s.path)
	s.problems = append(s.problems, p)
}

// reportAt is report for the field of that name.
func (s *semantics) reportAt(n *node, name, code, message, hint string) {
	s.under(segment{name: name}, func() { s.report(n.key(name), code, message, hint) })
}

// exactlyOne demands that just one of several fields is there.
func (s *semantics) exactlyOne(n *node, names ...string) {
	var there []string
	for _, name := range names {
		if n.key(name) != nil {
			there = append(there, name)
		}
	}
	switch len(there) {
	case 1:
	case 0:
		if s.hasBad(n) {
			return // it may be the one that is missed
		}
		s.report(n, codeOneOf, fmt.Sprintf("one of %s must be there", andList(names)), "add one of them")
	default:
		slices.SortFunc(there, func(a, b string) int { return int(n.key(a).line-n.key(b).line)*1000 + int(n.key(a).col-n.key(b).col) })
		s.reportAt(n, there[1], codeOneOf, fmt.Sprintf("%s and %s are both here, and only one of %s can be", there[0], there[1], andList(names)), "keep the one that is meant")
	}
}

// andList joins names: a, b and c.
func andList(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// unique demands that no two elements of a list have the same text in a field.
func (s *semantics) unique(list *node, field string) {
	seen := map[string]*node{}
	s.each(list, func(_ int, v *node) {
		name := v.get(field)
		if name == nil || name.kind != stringNode {
			return
		}
		if first := seen[name.text]; first != nil {
			s.under(segment{name: field}, func() {
				s.report(name, codeDuplicateName, fmt.Sprintf("the %s %q is here already", field, name.text), "give each its own")
				s.problems[len(s.problems)-1].related = []*node{first}
			})
			return
		}
		seen[name.text] = name
	})
}

// expression compiles the text of a field and reports all that is wrong with it. It returns the program, or nil.
func (s *semantics) expression(n *node, name string, want expr.Type, roots ...string) (program *expr.Program) {
	s.in(n, name, func(v *node) {
		p, err := expr.Compile(v.text, expr.Options{Scope: scope(roots), Want: want})
		if err == nil {
			program = p
			return
		}
		var all expr.Errors
		if !errors.As(err, &all) {
			s.report(v, codeExpression, err.Error(), "")
			return
		}
		for _, e := range all {
			s.expressionError(v, e)
		}
	})
	return program
}

// expressionError reports a mistake at its place inside the text.
func (s *semantics) expressionError(v *node, e *expr.Error) {
	message, hint := e.Message, e.Hint
	if hint == "" {
		hint = expressionHint(v.text, e)
	}
	switch {
	case v.commented && v.style == plainStyle && e.Code == expr.CodeSyntax:
		hint = "the text ends at the # that follows: quote the whole expression if that is part of it"
	case v.style == foldedStyle, v.style == doubleStyle && strings.Contains(v.text, `"`):
		message += ": " + excerpt(v.text, e.Offset)
	}
	s.report(v, codeExpression, message, hint)
	s.problems[len(s.problems)-1].inside = &inside{node: v, offset: e.Offset, length: e.Length}
}

// excerpt shows where in a text something is, for places that have no column of their own in the file.
func excerpt(text string, offset int) string {
	const around = 20
	from, to := max(0, offset-around), min(len(text), offset+around)
	return fmt.Sprintf("at %q", strings.ToValidUTF8(text[from:offset]+"⟨here⟩"+text[offset:to], ""))
}

// condition is what where, when and checks must give.
var condition = expr.Type{Kind: record.Bool}

// scope returns what expressions may name: any field of the record, and these roots.
func scope(roots []string) expr.Scope {
	s := expr.Scope{Roots: make(map[string]expr.Type, len(roots))}
	for _, r := range roots {
		s.Roots[r] = expr.Type{}
		if r == "$index" {
			s.Roots[r] = expr.Type{Kind: record.Int}
		}
	}
	return s
}

// noRoots demands that a path is one into the record itself.
func (s *semantics) noRoots(v *node) {
	if f := judgePath(v.text); f == nil && strings.HasPrefix(v.text, "$") {
		s.report(v, codeBadValue, "this path starts at the record itself, without a reserved root", "write it without "+strings.SplitN(v.text, ".", 2)[0])
	}
}
