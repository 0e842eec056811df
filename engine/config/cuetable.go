package config

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"github.com/dray-sync/dray/schema"
)

// newSchemaTable makes the table of the definitions of all kinds.
func newSchemaTable() (*table, error) {
	names, err := fs.Glob(schema.FS, "*.cue")
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte, len(names))
	for _, name := range names {
		if files[name], err = schema.FS.ReadFile(name); err != nil {
			return nil, err
		}
	}
	return newTable(files)
}

// newTable makes a table of the definitions in CUE files of one package.
func newTable(files map[string][]byte) (*table, error) {
	b := &tableBuilder{decls: map[string]*ast.Field{}, defs: map[string]*typ{}}
	for name, src := range files {
		f, err := parser.ParseFile(name, src, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("parsing definitions: %w", err)
		}
		for _, d := range f.Decls {
			if field, ok := d.(*ast.Field); ok {
				b.decls[labelName(field.Label)] = field
			}
		}
	}
	for name := range b.decls {
		if strings.HasPrefix(name, "#") {
			b.definition(name)
		}
	}
	return &table{defs: b.defs}, nil
}

// kind returns the definition of a kind, or nil.
func (t *table) kind(name string) *typ {
	kinds := t.defs["#Kinds"]
	if f, ok := kinds.object.byName[name]; ok {
		return f.typ
	}
	return nil
}

// kindNames returns the names of all kinds.
func (t *table) kindNames() []string { return t.defs["#Kinds"].object.names() }

type tableBuilder struct {
	decls map[string]*ast.Field
	defs  map[string]*typ
}

// definition returns the type of a definition, which may be under construction.
func (b *tableBuilder) definition(name string) *typ {
	if t, ok := b.defs[name]; ok {
		return t
	}
	decl, ok := b.decls[name]
	if !ok {
		return &typ{any: true, opaque: true}
	}
	t := &typ{}
	b.defs[name] = t
	*t = *b.expr(decl.Value)
	t.name, t.doc = name, docOf(decl)
	for _, a := range decl.Attrs {
		t.attribute(a)
	}
	return t
}

func (t *typ) attribute(a *ast.Attribute) {
	name, body := a.Split()
	switch name {
	case "says":
		if s, err := strconv.Unquote(body); err == nil {
			t.says = s
		}
	case "format":
		t.format = body
	}
}

func labelName(l ast.Label) string {
	name, _, err := ast.LabelName(l)
	if err != nil {
		return ""
	}
	return name
}

// docOf returns the comment above a declaration as one line.
func docOf(n ast.Node) string {
	for _, g := range ast.Comments(n) {
		if g.Doc {
			return strings.Join(strings.Fields(g.Text()), " ")
		}
	}
	return ""
}

// expr turns an expression into a type. What it does not know becomes opaque.
func (b *tableBuilder) expr(e ast.Expr) *typ {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return b.expr(e.X)
	case *ast.Ident:
		return b.ident(e.Name)
	case *ast.BasicLit:
		if n, ok := literalNode(e); ok {
			return &typ{consts: []*node{n}}
		}
	case *ast.StructLit:
		return b.structure(e)
	case *ast.ListLit:
		return b.list(e)
	case *ast.UnaryExpr:
		return b.unary(e)
	case *ast.BinaryExpr:
		switch e.Op {
		case token.OR:
			return b.disjunction(e)
		case token.AND:
			return conjunction(b.expr(e.X), b.expr(e.Y))
		}
	}
	return &typ{any: true, opaque: true}
}

func (b *tableBuilder) ident(name string) *typ {
	switch name {
	case "string":
		return &typ{kinds: []nodeKind{stringNode}}
	case "int":
		return &typ{kinds: []nodeKind{intNode}}
	case "number":
		return &typ{kinds: []nodeKind{intNode, floatNode}}
	case "float":
		return &typ{kinds: []nodeKind{floatNode}}
	case "bool":
		return &typ{kinds: []nodeKind{boolNode}}
	case "null":
		return &typ{consts: []*node{{kind: nullNode}}}
	case "_":
		return &typ{any: true}
	}
	return b.definition(name)
}

func literalNode(e ast.Expr) (*node, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		switch e.Kind {
		case token.STRING:
			s, err := literal.Unquote(e.Value)
			return &node{kind: stringNode, text: s}, err == nil
		case token.INT:
			return &node{kind: intNode, text: e.Value}, jsonInt.MatchString(e.Value)
		case token.FLOAT:
			return &node{kind: floatNode, text: e.Value}, jsonFloat.MatchString(e.Value)
		case token.TRUE, token.FALSE:
			return &node{kind: boolNode, text: e.Value}, true
		case token.NULL:
			return &node{kind: nullNode}, true
		}
	case *ast.ListLit:
		n := &node{kind: listNode}
		for _, item := range e.Elts {
			c, ok := literalNode(item)
			if !ok {
				return nil, false
			}
			n.items = append(n.items, c)
		}
		return n, true
	case *ast.StructLit:
		return literalObject(e)
	}
	return nil, false
}

// literalObject reads a struct of nothing but values.
func literalObject(e *ast.StructLit) (*node, bool) {
	n := &node{kind: objectNode}
	for _, d := range e.Elts {
		f, ok := d.(*ast.Field)
		if !ok || f.Constraint != token.ILLEGAL || labelName(f.Label) == "" {
			return nil, false
		}
		v, ok := literalNode(f.Value)
		if !ok {
			return nil, false
		}
		n.keys, n.items = append(n.keys, &node{kind: stringNode, text: labelName(f.Label)}), append(n.items, v)
	}
	return n, true
}

func (b *tableBuilder) unary(e *ast.UnaryExpr) *typ {
	lit, ok := literalNode(e.X)
	if !ok {
		return &typ{any: true, opaque: true}
	}
	switch e.Op {
	case token.MAT:
		re, err := regexp.Compile(lit.text)
		if err != nil {
			return &typ{any: true, opaque: true}
		}
		return &typ{kinds: []nodeKind{stringNode}, patterns: []*regexp.Regexp{re}}
	case token.NEQ:
		return &typ{kinds: []nodeKind{lit.kind}, excluded: []*node{lit}}
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		return &typ{kinds: []nodeKind{intNode, floatNode}, bounds: []bound{{op: e.Op.String(), text: lit.text}}}
	case token.SUB:
		if lit.kind == intNode || lit.kind == floatNode {
			return &typ{consts: []*node{{kind: lit.kind, text: "-" + lit.text}}}
		}
	}
	return &typ{any: true, opaque: true}
}

// list turns [T, U, ...V] into a type.
func (b *tableBuilder) list(e *ast.ListLit) *typ {
	t := &typ{kinds: []nodeKind{listNode}}
	for _, item := range e.Elts {
		if more, ok := item.(*ast.Ellipsis); ok {
			t.elem = &typ{any: true}
			if more.Type != nil {
				t.elem = b.expr(more.Type)
			}
			continue
		}
		t.prefix = append(t.prefix, b.expr(item))
	}
	return t
}

// disjunction turns A | B | *C into a type: constants are collected, so that messages can list them.
func (b *tableBuilder) disjunction(e *ast.BinaryExpr) *typ {
	t := &typ{}
	marked := (*typ)(nil)
	for _, arm := range arms(e) {
		isDefault := false
		if mark, ok := arm.(*ast.UnaryExpr); ok && mark.Op == token.MUL {
			arm, isDefault = mark.X, true
			if n, ok := literalNode(arm); ok {
				t.def = n
			} else {
				t.opaque = true
			}
		}
		a := b.expr(arm)
		if len(a.consts) > 0 && len(a.kinds) == 0 && len(a.alts) == 0 {
			t.consts = append(t.consts, a.consts...)
			continue
		}
		t.alts = append(t.alts, a)
		if isDefault && t.def != nil && t.def.kind == listNode {
			marked = a
		}
	}
	t.dropDefault(marked)
	t.dropRedundant()
	t.findTag()
	return t
}

// dropDefault leaves out the arm that is only a default list, where another takes that list anyway: *[] | [...string].
func (t *typ) dropDefault(marked *typ) {
	if marked == nil {
		return
	}
	rest := slices.DeleteFunc(slices.Clone(t.alts), func(a *typ) bool { return a == marked })
	if slices.ContainsFunc(rest, func(a *typ) bool { return (&checker{quiet: true}).try(t.def, a) }) {
		t.alts = rest
	}
}

// dropRedundant leaves out constants that another arm takes anyway: *false | bool, *["x"] | [...string].
func (t *typ) dropRedundant() {
	if len(t.alts) == 1 && len(t.consts) == 0 {
		def, only := t.def, t.alts[0]
		if only.name == "" {
			*t = *only
			t.def = def
		}
		return
	}
	if len(t.alts) == 1 && t.def != nil && len(t.consts) == 1 && (&checker{quiet: true}).try(t.consts[0], t.alts[0]) {
		t.consts = nil
		t.dropRedundant()
	}
}

// arms returns the operands of nested disjunctions.
func arms(e ast.Expr) []ast.Expr {
	if or, ok := e.(*ast.BinaryExpr); ok && or.Op == token.OR {
		return append(arms(or.X), arms(or.Y)...)
	}
	return []ast.Expr{e}
}

// conjunction unifies constraints on scalars. Others are left to CUE.
func conjunction(x, y *typ) *typ {
	if !x.scalar() || !y.scalar() {
		return &typ{any: true, opaque: true}
	}
	t := &typ{
		patterns: append(slices.Clone(x.patterns), y.patterns...), excluded: append(slices.Clone(x.excluded), y.excluded...),
		bounds: append(slices.Clone(x.bounds), y.bounds...), says: x.says + y.says, format: x.format + y.format,
	}
	for _, k := range x.kinds {
		if slices.Contains(y.kinds, k) {
			t.kinds = append(t.kinds, k)
		}
	}
	return t
}

func (t *typ) scalar() bool {
	return !t.any && !t.opaque && len(t.alts) == 0 && len(t.consts) == 0 && t.object == nil && t.elem == nil && len(t.prefix) == 0
}

// filled returns the type with the value that a regular field of it has when it is not written: the only one there is, or what is
// empty.
func (t *typ) filled() *typ {
	if t.def != nil || t.any || len(t.alts) > 0 {
		return t
	}
	def := (*node)(nil)
	switch {
	case len(t.consts) == 1 && len(t.kinds) == 0:
		def = t.consts[0]
	case t.object != nil && len(t.consts) == 0:
		def = &node{kind: objectNode}
	case slices.Equal(t.kinds, []nodeKind{listNode}) && len(t.prefix) == 0:
		def = &node{kind: listNode}
	default:
		return t
	}
	with := *t
	with.def = def
	return &with
}

// structure turns a struct into a type.
func (b *tableBuilder) structure(e *ast.StructLit) *typ {
	t := &typ{kinds: []nodeKind{objectNode}, object: &objectTyp{byName: map[string]*fieldTyp{}}}
	for _, d := range e.Elts {
		switch d := d.(type) {
		case *ast.Ellipsis:
			t.object.open = true
		case *ast.Field:
			b.field(t, d)
		case *ast.EmbedDecl:
			b.embed(t, b.expr(d.Expr))
		case *ast.CommentGroup, *ast.Attribute:
		default:
			t.opaque, t.object.open = true, true
		}
	}
	return t
}

// embed gives t the fields of another struct.
func (b *tableBuilder) embed(t, other *typ) {
	if other.object == nil || other.opaque || len(other.alts) > 0 || len(other.object.patterns) > 0 {
		t.opaque, t.object.open = true, true
		return
	}
	t.object.open = t.object.open || other.object.open
	for _, f := range other.object.fields {
		own := *f
		t.add(&own)
	}
}

func (b *tableBuilder) field(t *typ, d *ast.Field) {
	if l, ok := d.Label.(*ast.ListLit); ok && len(l.Elts) == 1 {
		t.object.patterns = append(t.object.patterns, patternTyp{name: b.expr(l.Elts[0]), field: &fieldTyp{optional: true, typ: b.expr(d.Value)}})
		return
	}
	f := &fieldTyp{name: labelName(d.Label), doc: docOf(d), optional: d.Constraint == token.OPTION}
	if f.name == "" || strings.HasPrefix(f.name, "_") {
		t.opaque, t.object.open = true, true
		return
	}
	f.typ, f.required = b.expr(d.Value), d.Constraint == token.NOT
	if d.Constraint == token.ILLEGAL {
		f.typ = f.typ.filled()
	}
	for _, a := range d.Attrs {
		switch name, body := a.Split(); name {
		case "ref":
			f.ref = body
		case "format":
			f.format = body
		case "says":
			own := *f.typ
			own.attribute(a)
			f.typ = &own
		}
	}
	t.add(f)
}

// add gives an object a field, which it may have already.
func (t *typ) add(f *fieldTyp) {
	if known, ok := t.object.byName[f.name]; ok {
		known.typ = conjunction(known.typ, f.typ)
		known.optional = known.optional && f.optional
		return
	}
	t.object.fields, t.object.byName[f.name] = append(t.object.fields, f), f
}
