package mapping

import (
	"errors"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/diag"
)

// expression is a compiled expression and where its paths are.
type expression struct {
	program *expr.Program
	refs    []place
	points  int // of its branches, the first; with Options.Cover
}

// condition is an expression that is true or not.
type condition struct {
	expression
	point int // of its being true; the next is that of its being false
}

func (c *compiler) condition(s *scope, at, text string) *condition {
	x := c.expression(s, at, text, expr.Type{Kind: record.Bool})
	if x == nil {
		return nil
	}
	return &condition{expression: *x, point: c.point(at, "true", "false")}
}

// expression compiles an expression whose result must be of a type. nil when it is wrong.
func (c *compiler) expression(s *scope, at, text string, want expr.Type) *expression {
	program, err := expr.Compile(text, expr.Options{Scope: c.exprScope(s), Want: want, Branches: c.Cover})
	if err != nil {
		c.exprProblems(at, err)
		return nil
	}
	c.warnings(at, program)
	x := &expression{program: program, points: c.branches(at, program)}
	for _, ref := range program.Refs() {
		p, ok := c.place(s, at, ref.Root, ref.Path, true)
		if !ok {
			return nil
		}
		x.refs = append(x.refs, p)
	}
	c.maxRefs = max(c.maxRefs, len(x.refs))
	return x
}

// warnings notes what may fail for some records.
func (c *compiler) warnings(at string, program *expr.Program) {
	for _, w := range program.Warnings() {
		c.warn(string(w.Code), at, w.Message, w.Hint)
		c.problems[len(c.problems)-1].Offset = w.Offset
	}
}

func (c *compiler) exprScope(s *scope) expr.Scope {
	out := expr.Type{Kind: record.Object, Fields: make(map[string]expr.Type, c.done)}
	for i := range c.done {
		out.Fields[c.columns[i].Name] = c.types[i]
	}
	root := s
	for root.parent != nil {
		root = root.parent
	}
	roots := map[string]expr.Type{
		rootRoot: root.typ,
		rootOut:  out,
		rootRun:  {Kind: record.Object, Fields: map[string]expr.Type{"now": {Kind: record.Timestamp}}},
	}
	if c.Steps != nil {
		roots[rootSteps] = expr.Type{Kind: record.Object, Fields: c.Steps}
	}
	if c.Result {
		roots[rootResult] = expr.Type{}
	}
	if s.parent != nil {
		roots[rootParent] = s.parent.typ
		roots[rootIndex] = expr.Type{Kind: record.Int}
	}
	return expr.Scope{This: s.typ, Roots: roots}
}

func (c *compiler) exprProblems(at string, err error) {
	var all expr.Errors
	if !errors.As(err, &all) {
		c.problem(CodeSource, at, err.Error(), "")
		return
	}
	for _, e := range all {
		c.problems = append(c.problems, Problem{
			Code: string(e.Code), Severity: diag.Error, Path: at, Message: e.Message, Hint: e.Hint, Offset: e.Offset,
		})
	}
}

// run evaluates the expression. When it fails the executor's reason says why.
func (x *expression) run(e *Executor) (record.Value, bool) {
	refs := e.refs[:len(x.refs)]
	for i := range x.refs {
		refs[i] = e.load(&x.refs[i])
	}
	if e.reached != nil {
		e.machine.Cover(e.reached[x.points : x.points+len(x.program.Branches())])
	}
	v, err := x.program.Run(&e.machine, refs)
	if err == nil {
		return v, true
	}
	e.reason = Reason{Rule: RuleExpr}
	var broken *expr.RunError
	if errors.As(err, &broken) {
		e.reason.Type = string(broken.Rule)
	}
	e.skip = false
	return record.Value{}, false
}

// holds reports whether the condition is true.
func (c *condition) holds(e *Executor) (yes, ok bool) {
	v, ok := c.run(e)
	if e.reached != nil && ok {
		e.reachEither(c.point, v.Bool())
	}
	return v.Bool(), ok
}
