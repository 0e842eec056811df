package policy

import (
	"cmp"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/token"
)

const (
	inputName = "input"
	rulesName = "rules"
)

// A reader finds out which parts of the input a rule looks at, from its syntax alone. It may find more than there are, never fewer: what
// it cannot follow reads everything.
type reader struct {
	place func(token.Pos) Read
	reads []Read
}

// ruleSyntax is what the files of a pack say, cut apart by rule.
type ruleSyntax struct {
	rules   map[string][]*ast.Field // those written out by name
	rest    []ast.Decl              // all others
	aliased bool                    // input has another name somewhere
}

// dissect cuts the declarations of a pack apart.
func dissect(instance *build.Instance) *ruleSyntax {
	s := &ruleSyntax{rules: map[string][]*ast.Field{}}
	for _, f := range instance.Files {
		for _, d := range f.Decls {
			field, ok := d.(*ast.Field)
			if !ok || labelOf(field) != rulesName {
				s.other(d)
				continue
			}
			body, ok := field.Value.(*ast.StructLit)
			if !ok {
				s.rest = append(s.rest, d)
				continue
			}
			for _, d := range body.Elts {
				if r, ok := d.(*ast.Field); ok && labelOf(r) != "" && r.Alias == nil {
					s.rules[labelOf(r)] = append(s.rules[labelOf(r)], r)
				} else {
					s.rest = append(s.rest, d)
				}
			}
		}
	}
	return s
}

func (s *ruleSyntax) other(d ast.Decl) {
	if field, ok := d.(*ast.Field); ok {
		if labelOf(field) == testsName {
			return
		}
		if labelOf(field) == inputName {
			s.aliased = s.aliased || field.Alias != nil
		}
		if a, ok := field.Label.(*ast.Alias); ok {
			s.aliased = s.aliased || mentions(a.Expr, inputName)
		}
	}
	s.rest = append(s.rest, d)
}

// mentions reports whether a name occurs in a part of the syntax.
func mentions(n ast.Node, name string) (found bool) {
	ast.Walk(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	}, nil)
	return found
}

// reads returns what a rule looks at.
func (s *ruleSyntax) reads(rule string, place func(token.Pos) Read) []Read {
	r := &reader{place: place}
	fields, written := s.rules[rule]
	whole := s.aliased
	for _, f := range fields {
		whole = whole || mentions(f.Value, rulesName)
		r.walk(f.Value)
	}
	if !written || whole { // it comes of what is around it
		for _, all := range s.rules {
			for _, f := range all {
				r.walk(f.Value)
			}
		}
	}
	if whole {
		r.reads = append(r.reads, Read{})
	}
	for _, d := range s.rest {
		r.walk(d)
	}
	return r.compact()
}

// whenReads returns what the condition of a rule looks at, with what it may take from lets. nil: it cannot be asked by itself.
func (s *ruleSyntax) whenReads(rule string, place func(token.Pos) Read) []Read {
	fields := s.rules[rule]
	if s.aliased || len(fields) != 1 {
		return nil
	}
	body, ok := fields[0].Value.(*ast.StructLit)
	if !ok {
		return nil
	}
	r := &reader{place: place, reads: []Read{}}
	found := false
	for _, d := range body.Elts {
		switch d := d.(type) {
		case *ast.LetClause:
			r.walk(d)
		case *ast.Field:
			if labelOf(d) == "when" {
				found = true
				r.walk(d.Value)
			}
		}
	}
	if !found || mentions(body, rulesName) {
		return nil
	}
	for _, d := range s.rest {
		r.walk(d)
	}
	return r.compact()
}

// compact drops what lies inside of something else that is read, and what is asked for twice.
func (r *reader) compact() []Read {
	slices.SortStableFunc(r.reads, func(a, b Read) int {
		return cmp.Or(slices.Compare(a.Path, b.Path), cmp.Compare(number(a.Presence), number(b.Presence)))
	})
	var kept []Read
	for _, read := range r.reads {
		if slices.ContainsFunc(kept, func(k Read) bool { return k.holds(read) }) {
			continue
		}
		kept = append(kept, read)
	}
	return kept
}

// holds reports whether whoever reads k has seen r.
func (k Read) holds(r Read) bool {
	if k.Presence {
		return r.Presence && slices.Equal(k.Path, r.Path)
	}
	return len(k.Path) <= len(r.Path) && slices.Equal(k.Path, r.Path[:len(k.Path)])
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// walk notes every use of the input.
func (r *reader) walk(n ast.Node) {
	ast.Walk(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			r.label(n.Label)
			if labelOf(n) == "require" {
				r.require(n.Value, nil)
			} else {
				r.walk(n.Value)
			}
			return false
		case *ast.LetClause:
			r.walk(n.Expr)
			return false
		case *ast.BinaryExpr:
			return !r.presence(n)
		case *ast.Ident, *ast.SelectorExpr, *ast.IndexExpr:
			return !r.use(n.(ast.Expr))
		}
		return true
	}, nil)
}

// label looks into labels that are computed.
func (r *reader) label(l ast.Label) {
	switch l := l.(type) {
	case *ast.Ident, *ast.BasicLit:
	default:
		r.walk(l)
	}
}

// use notes an expression that leads into the input. Otherwise it returns false, and its parts are to be walked.
func (r *reader) use(x ast.Expr) bool {
	path, _, ok := r.chain(x)
	if !ok {
		if s, is := x.(*ast.SelectorExpr); is {
			r.walk(s.X)
			return true
		}
		return false
	}
	read := r.place(x.Pos())
	read.Path = path
	r.reads = append(r.reads, read)
	return true
}

// presence notes the question whether there is a value: input.a.b == _|_. What the value is does not matter to it.
func (r *reader) presence(x *ast.BinaryExpr) bool {
	if x.Op != token.EQL && x.Op != token.NEQ {
		return false
	}
	for _, sides := range [][2]ast.Expr{{x.X, x.Y}, {x.Y, x.X}} {
		if _, bottom := sides[1].(*ast.BottomLit); !bottom {
			continue
		}
		if path, ended, ok := r.chain(sides[0]); ok && !ended && len(path) > 0 {
			read := r.place(sides[0].Pos())
			read.Path, read.Presence = path, true
			r.reads = append(r.reads, read)
			return true
		}
	}
	return false
}

// chain follows input.a["b"].c. ended says that the rest of the path is not known before the rule runs.
func (r *reader) chain(x ast.Expr) (path []string, ended, ok bool) {
	switch x := x.(type) {
	case *ast.Ident:
		return nil, false, x.Name == inputName
	case *ast.ParenExpr:
		return r.chain(x.X)
	case *ast.SelectorExpr:
		path, ended, ok = r.chain(x.X)
		name, _, err := ast.LabelName(x.Sel)
		if ok && !ended && err == nil {
			path = append(slices.Clip(path), name)
		}
		return path, ended || err != nil, ok
	case *ast.IndexExpr:
		if path, ended, ok = r.chain(x.X); !ok {
			return nil, false, false
		}
		if name, is := stringOf(x.Index); is && !ended {
			return append(slices.Clip(path), name), false, true
		}
		r.walk(x.Index)
		return path, true, true
	}
	return nil, false, false
}

func stringOf(x ast.Expr) (string, bool) {
	lit, ok := x.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := literal.Unquote(lit.Value)
	return s, err == nil
}

// require notes the fields that a constraint is about.
func (r *reader) require(x ast.Expr, path []string) {
	switch x := x.(type) {
	case *ast.StructLit:
		for _, d := range x.Elts {
			f, ok := d.(*ast.Field)
			if name := labelOf(f); ok && name != "" && !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, "#") {
				r.requireField(f, append(slices.Clip(path), name))
				continue
			}
			if _, isComment := d.(*ast.CommentGroup); !isComment {
				r.all(d, path)
			}
		}
		if len(x.Elts) > 0 {
			return
		}
	case *ast.BinaryExpr:
		if x.Op == token.AND {
			r.require(x.X, path)
			r.require(x.Y, path)
			return
		}
	}
	r.all(x, path)
}

func (r *reader) requireField(f *ast.Field, path []string) {
	if _, nested := f.Value.(*ast.StructLit); nested {
		r.require(f.Value, path)
		return
	}
	read := r.place(f.Label.Pos())
	read.Path = path
	r.reads = append(r.reads, read)
	r.walk(f.Value)
}

// all notes all of what is at a path, and what the constraint on it uses.
func (r *reader) all(n ast.Node, path []string) {
	read := r.place(n.Pos())
	read.Path = path
	r.reads = append(r.reads, read)
	r.walk(n)
}

// labelOf returns the name of a field that is written out, or "".
func labelOf(f *ast.Field) string {
	if f == nil {
		return ""
	}
	switch f.Label.(type) {
	case *ast.Ident, *ast.BasicLit:
		if name, _, err := ast.LabelName(f.Label); err == nil {
			return name
		}
	}
	return ""
}
