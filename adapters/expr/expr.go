package expr

import (
	"github.com/dray-sync/dray/adapters/record"
)

// The bounds of an expression's text.
const (
	MaxSource = 8 << 10 // bytes
	MaxNodes  = 1000    // parts of the syntax tree
	MaxDepth  = 3       // predicates within predicates
)

// Options say what an expression may name and what it must give.
type Options struct {
	// Scope is what may be named.
	Scope Scope
	// Want is what the result must be: {Kind: record.Bool} for where, when and checks. A result may be nil only where Want is
	// Nullable or the zero Type. The zero Type takes anything.
	Want Type
	// Branches has the program know its branches, at a small cost for each run: see [Program.Branches].
	Branches bool
}

// A Ref is a path that a program looks at.
type Ref struct {
	Root string      // "$root", "$parent" …; empty for the current element
	Path record.Path // the steps below the root, never the root itself; empty for the whole of it
}

// String returns the ref as a user writes it.
func (r Ref) String() string {
	switch {
	case r.Root == "" && len(r.Path) == 0:
		return "$this"
	case r.Root == "":
		return r.Path.String()
	case len(r.Path) == 0:
		return r.Root
	}
	return append(record.Path{{Name: r.Root, Index: -1}}, r.Path...).String()
}

// A Program is a compiled expression. It is immutable and safe for concurrent use.
type Program struct {
	source string
	root   node
	refs   []Ref
	want   Type
	facts  []Fact

	warnings Errors
	branches []Branch
}

// Compile reads and checks an expression. All its mistakes come back at once as [Errors].
func Compile(source string, o Options) (*Program, error) {
	c := &compiler{scope: o.Scope, source: source, sure: map[string]int{}, enums: map[string][]string{}, cover: o.Branches}
	root := c.compileSource(o.Want)
	if len(c.errs) > 0 {
		return nil, c.errs.sorted()
	}
	return &Program{source: source, root: root, refs: c.refs, want: o.Want, facts: c.facts, warnings: c.warnings.sorted(), branches: c.branches}, nil
}

// Source returns the text of the expression.
func (p *Program) Source() string { return p.source }

// Refs returns every path the program looks at, each once, in order of appearance. The caller must not change them.
func (p *Program) Refs() []Ref { return p.refs }

// Warnings returns what may fail for some records, by what the scope says of nil; nil when nothing is known to. A value that is tested
// first (x != nil and x > 1) is not among them. The caller must not change them.
func (p *Program) Warnings() Errors { return p.warnings }

// Type returns what is known of the result before a run.
func (p *Program) Type() Type { return p.root.typ }

// Run returns the result for one record, whose values are parallel to [Program.Refs]; an absent value stands for a path that leads
// nowhere. nil comes back as [record.NullValue]. The result may share memory with refs. Errors are [*RunError].
func (p *Program) Run(m *Machine, refs []record.Value) (record.Value, error) {
	if len(refs) != len(p.refs) {
		panic("expr: internal error: values do not fit the program's refs")
	}
	m.refs, m.work = refs, 0
	v, err := p.root.eval(m)
	m.refs = nil
	if err == nil {
		err = p.accept(v)
	}
	if err == nil && measure(v, MaxResultSize) < 0 {
		err = &RunError{Rule: RuleBudget, Detail: "a result larger than 1 MiB"}
	}
	if err != nil {
		return record.Value{}, err
	}
	if v.IsNull() {
		return record.NullValue, nil
	}
	return v, nil
}

// accept judges the result against what is wanted.
func (p *Program) accept(v record.Value) error {
	want := p.want.Kind
	switch {
	case want == record.Absent:
		return nil
	case v.IsNull():
		if p.want.Nullable {
			return nil
		}
		return p.root.null("the result must be " + p.want.String())
	case v.Kind() == want || (want == record.Decimal && v.Kind() == record.Int):
		return nil
	}
	return p.root.wrong(v, p.want.String())
}
