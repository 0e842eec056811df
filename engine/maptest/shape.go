package maptest

import (
	"cmp"
	"maps"
	"regexp"
	"slices"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
)

// A shape is what the values at one place of an input can be.
type shape struct {
	kind     string // as in a kind: Object; "any" and "" are anything
	known    bool   // a kind: Object says so
	nullable bool   // it may be null, or not be there
	enum     []string
	length   int // most characters; 0: not known
	names    []string
	fields   map[string]*shape // of an object
	elem     *shape            // of a list
	least    int               // elements of a list that are looked at one by one
	pool     []record.Value    // values that make a difference to the mapping
	texts    []string          // texts that the mapping can read here: numbers and dates in their form
}

// field returns the shape of a member, made where it is missing.
func (s *shape) field(name string) *shape {
	if s.kind == "" || s.kind == "any" {
		s.kind = "object"
	}
	if f := s.fields[name]; f != nil {
		return f
	}
	f := &shape{nullable: true}
	if s.fields == nil {
		s.fields = map[string]*shape{}
	}
	s.fields[name], s.names = f, append(s.names, name)
	return f
}

// element returns the shape of a list's elements.
func (s *shape) element() *shape {
	if s.kind == "" || s.kind == "any" {
		s.kind = "list"
	}
	if s.elem == nil {
		s.elem = &shape{known: s.known && s.kind != "list"}
	}
	return s.elem
}

// at returns the shape that a path leads to.
func (s *shape) at(p record.Path) *shape {
	for _, step := range p {
		if !step.IsIndex() {
			s = s.field(step.Name)
			continue
		}
		s.least = max(s.least, step.Index+1)
		s = s.element()
	}
	return s
}

// shapeOf returns the shape of an object's records.
func shapeOf(o *config.Object) *shape {
	s := &shape{kind: "object", known: true}
	s.add(o.Fields)
	return s
}

func (s *shape) add(fields []config.ObjectField) {
	for i := range fields {
		f := &fields[i]
		p, err := record.ParsePath(f.Name)
		if err != nil || p.Root() != "" || len(p) == 0 {
			p = record.Path{{Name: f.Name, Index: -1}}
		}
		for n := 1; n < len(p); n++ { // what is around it is an object that is there
			if around := s.at(p[:n]); !around.known {
				around.known, around.nullable = true, false
			}
		}
		m := s.at(p)
		m.kind, m.known, m.nullable, m.enum, m.length = f.Type, true, f.Nullable, f.Enum, f.MaxLength
		switch {
		case f.Type == "list" && f.Fields != nil:
			m.elem = &shape{kind: "object", known: true}
			m.elem.add(f.Fields)
		case f.Type == "list":
			m.elem = &shape{kind: cmp.Or(f.Items, "any"), known: f.Items != ""}
		default:
			m.add(f.Fields)
		}
	}
}

// A reader goes through a mapping and notes in a shape what it reads, and what makes a difference to it.
type reader struct {
	lookups map[string]*config.Lookup
	scopes  []*shape // the record, the element within …
}

func (r *reader) fields(fields config.Fields) {
	for i := range fields {
		r.field(&fields[i].Field)
	}
}

func (r *reader) field(f *config.Field) {
	r.expression(f.When)
	r.expression(f.Expr)
	if s := r.path(f.From); s != nil {
		r.hint(s, f)
	}
	if l := r.lookups[f.Lookup]; l != nil {
		for _, column := range slices.Sorted(maps.Keys(f.With)) {
			if s := r.path(f.With[column]); s != nil {
				s.keys(l, column)
			}
		}
		if s := r.path(f.From); s != nil && len(l.Key) == 1 {
			s.keys(l, l.Key[0])
		}
	}
	nested := f.Nested()
	if nested.Each != "" {
		r.list(nested.Each, nested.Where, nested.Group, nested.Fields)
	} else {
		r.fields(nested.Fields)
	}
	for _, part := range nested.Concat {
		r.expression(part.When)
		if part.Each != "" {
			r.list(part.Each, part.Where, part.Group, part.Fields)
		} else {
			r.fields(part.Fields)
		}
	}
}

func (r *reader) list(each, where string, group *config.Group, fields config.Fields) {
	s := r.path(each)
	if s == nil {
		return
	}
	if s.kind == "" {
		s.kind = "list"
	}
	elem := s.element()
	elem.nullable = false
	if elem.kind == "" {
		elem.kind = "object"
	}
	r.scopes = append(r.scopes, elem)
	r.expression(where)
	if group != nil {
		for _, sum := range group.Sum {
			if s := r.path(sum); s != nil && s.kind == "" {
				s.kind = "decimal"
			}
		}
		for _, path := range group.Paths() {
			r.path(path)
		}
	}
	r.fields(fields)
	r.scopes = r.scopes[:len(r.scopes)-1]
}

// path returns the shape that a path leads to in the source record. nil: it leads elsewhere.
func (r *reader) path(text string) *shape {
	p, err := record.ParsePath(text)
	if err != nil || text == "" {
		return nil
	}
	return r.ref(p.Root(), p)
}

func (r *reader) ref(root string, p record.Path) *shape {
	scope := r.scopes[len(r.scopes)-1]
	switch root {
	case "":
		return scope.at(p)
	case "$this":
	case "$root":
		scope = r.scopes[0]
	case "$parent":
		scope = r.scopes[max(len(r.scopes)-2, 0)]
	default:
		return nil
	}
	if len(p) > 0 && p[0].Name == root {
		p = p[1:]
	}
	return scope.at(p)
}

var (
	textLiteral   = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'`)
	arithmetic    = regexp.MustCompile(`[*/]|\s-\s|\b(div|round|sum|abs|min|max)\(`)
	numberLiteral = regexp.MustCompile(`(?:^|[^\pL\d_.])(\d+(?:\.\d+)?)`)
)

// expression notes the paths of an expression, and what is written out in it as values that make a difference there.
func (r *reader) expression(text string) {
	if text == "" {
		return
	}
	roots := map[string]expr.Type{}
	for _, name := range []string{"$root", "$parent", "$index", "$out", "$run", "$steps", "$was", "$result"} {
		roots[name] = expr.Type{}
	}
	program, err := expr.Compile(text, expr.Options{Scope: expr.Scope{Roots: roots}})
	if err != nil {
		return
	}
	var pool []record.Value
	for _, m := range textLiteral.FindAllStringSubmatch(text, -1) {
		pool = append(pool, record.StringValue(cmp.Or(m[1], m[2])))
	}
	for _, m := range numberLiteral.FindAllStringSubmatch(textLiteral.ReplaceAllString(text, " "), -1) {
		if v, err := record.ParseNumber(m[1]); err == nil {
			pool = append(pool, v)
		}
	}
	if arithmetic.MatchString(textLiteral.ReplaceAllString(text, " ")) {
		for _, n := range []string{"0", "1", "2.50"} {
			v, _ := record.ParseNumber(n) // it is one
			pool = append(pool, v)
		}
	}
	for _, ref := range program.Refs() {
		if s := r.ref(ref.Root, ref.Path); s != nil {
			s.pool = append(s.pool, pool...)
		}
	}
}
