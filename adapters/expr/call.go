package expr

import (
	"fmt"

	"github.com/expr-lang/expr/ast"

	"github.com/dray-sync/dray/adapters/record"
)

// call compiles a call of a function.
func (c *compiler) call(name string, args []ast.Node, at span) node {
	f := table[name]
	if f == nil {
		return c.unknownFunction(name, at)
	}
	if !c.countArguments(f, len(args), at) {
		return node{at: at, eval: func(*Machine) (record.Value, error) { return record.NullValue, nil }}
	}
	if f.predicate && len(args) == 2 {
		return c.predicate(f, args, at)
	}
	nodes := make([]node, len(args))
	for i, a := range args {
		nodes[i] = c.compile(a)
		c.checkArgument(f, i, &nodes[i])
	}
	return c.invoke(f, nodes, at)
}

func (c *compiler) unknownFunction(name string, at span) node {
	names := make([]string, 0, len(table))
	for known := range table {
		names = append(names, known)
	}
	hint := ""
	switch near := nearest(name, names); {
	case name == "now":
		hint = "the time of the run is $run.now"
	case near != "":
		hint = "did you mean " + table[near].Signature + "?"
	}
	return c.fail(at, CodeUnknownName, fmt.Sprintf("there is no function %q", name), hint)
}

func (c *compiler) countArguments(f *function, n int, at span) bool {
	switch {
	case n < f.required:
		code := CodeArguments
		if f.Name == "round" || f.Name == "div" {
			code = CodeRounding
		}
		c.fail(at, code, fmt.Sprintf("%s needs %d arguments, not %d", f.Name, f.required, n), "write "+f.Signature)
		return false
	case n > len(f.params) && !f.variadic:
		c.fail(at, CodeArguments, fmt.Sprintf("%s takes at most %d arguments, not %d", f.Name, len(f.params), n), "write "+f.Signature)
		return false
	}
	return true
}

// param returns the parameter that argument i is for.
func (f *function) param(i int) param { return f.params[min(i, len(f.params)-1)] }

func (c *compiler) checkArgument(f *function, i int, arg *node) {
	p := f.param(i)
	if p.kinds.admits(arg.typ) {
		c.warnNull(arg)
		return
	}
	hint := "write " + f.Signature
	switch {
	case arg.typ.Of != record.Absent && p.kinds.has(arg.typ.Of):
		hint = fmt.Sprintf("write %s for the date in a text", readText(arg.typ.Of, c.written(arg.at)))
	case p.kinds == number && arg.typ.Kind == record.String:
		hint = numberHint(arg.typ, c.written(arg.at))
	case p.kinds == str && arg.typ.mayBeNumber():
		hint = fmt.Sprintf("write string(%s)", c.written(arg.at))
	}
	c.fail(arg.at, CodeType, fmt.Sprintf("%s of %s is %s, not %s", p.name, f.Name, article(arg.typ.String()), p.kinds), hint)
}

// invoke returns the node that evaluates the arguments and runs the function.
func (c *compiler) invoke(f *function, args []node, at span) node {
	run := f.run
	if f.bind != nil && f.written < len(args) {
		run = c.bind(f, &args[f.written])
	}
	out := node{typ: f.result, at: at, size: 1}
	for i := range args {
		out.size += args[i].size
		out.at = out.at.join(args[i].at)
	}
	if f.resultOf != nil {
		out.typ = f.resultOf(args)
	}
	out.eval = func(m *Machine) (record.Value, error) {
		base := len(m.args)
		for i := range args {
			v, err := args[i].eval(m)
			if err == nil && !f.param(i).kinds.has(v.Kind()) {
				err = args[i].reject(v, f.param(i).kinds.String())
			}
			if err != nil {
				m.args = m.args[:base]
				return v, err
			}
			m.args = append(m.args, v)
		}
		v, err := run(m, at.from, m.args[base:])
		m.args = m.args[:base]
		return v, err
	}
	return out
}

// bind judges the argument that must be written out.
func (c *compiler) bind(f *function, arg *node) runner {
	if arg.konst == nil || arg.konst.Kind() != record.String {
		code := CodeArguments
		if f.Name == "round" || f.Name == "div" {
			code = CodeRounding
		}
		c.fail(arg.at, code, fmt.Sprintf("%s of %s must be written out in quotes", f.params[f.written].name, f.Name), "write "+f.Signature)
		return f.run
	}
	run, err := f.bind(arg.konst.Text())
	if err != nil {
		c.fail(arg.at, err.Code, err.Message, err.Hint)
	}
	return run
}
