package policy

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	cueerrors "cuelang.org/go/cue/errors"
	cuejson "cuelang.org/go/encoding/json"

	"github.com/dray-sync/dray/engine/cuebuild"
)

// atOnce is how many questions one context of the evaluator answers: contexts grow with everything they have seen.
const atOnce = 500

// Evaluate reads the packs in a request and answers its questions. It opens nothing and reaches nothing.
func Evaluate(request *Request) *Response {
	response := &Response{Packs: []Pack{}}
	set, err := cuebuild.New(request.Files)
	if err != nil {
		for _, p := range set.Problems(err, cuebuild.ModuleFile) {
			response.Problems = append(response.Problems, Problem{Problem: p})
		}
		return response
	}
	e := &evaluator{set: set, ctx: cuecontext.New()}
	e.packs = response.load(e.ctx, set, request.Tests)
	holds := make([]Answer, len(request.When))
	unmet := make([]bool, len(request.When))
	for i, q := range request.When {
		unmet[i], holds[i] = e.unmet(q)
	}
	for _, q := range request.Ask {
		switch i := q.If - 1; {
		case i >= 0 && i < len(unmet) && holds[i].Problem != nil:
			response.Answers = append(response.Answers, holds[i])
		case i >= 0 && i < len(unmet) && unmet[i]:
			response.Answers = append(response.Answers, Answer{})
		default:
			response.Answers = append(response.Answers, e.answer(q))
		}
	}
	return response
}

// An evaluator answers questions. Not safe for concurrent use.
type evaluator struct {
	set   *cuebuild.Set
	ctx   *cue.Context
	packs map[string]*loadedPack
	asked int
}

// rule returns a rule with its input filled in. The problem says why there is none.
func (e *evaluator) rule(q Question) (l *loadedPack, rule, input cue.Value, p *Problem) {
	if e.asked++; e.asked%atOnce == 0 {
		e.ctx = cuecontext.New()
		e.packs = new(Response).load(e.ctx, e.set, false)
	}
	l = e.packs[q.Pack]
	if l == nil || l.syntax == nil {
		return l, rule, input, &Problem{Problem: cuebuild.Problem{Message: fmt.Sprintf("there is no pack %q", q.Pack)}}
	}
	x, err := cuejson.Extract("input.json", q.Input)
	if err != nil {
		return l, rule, input, &Problem{Problem: cuebuild.Problem{File: l.Files[0], Message: "the input is not JSON"}}
	}
	input = e.ctx.BuildExpr(x)
	return l, l.ruleAlone(e.ctx, q.Rule).FillPath(pathOf(inputName), input).LookupPath(pathOf(rulesName, q.Rule)), input, nil
}

// unmet reports whether the condition of a rule does not hold.
func (e *evaluator) unmet(q Question) (bool, Answer) {
	l, rule, _, p := e.rule(q)
	if p != nil {
		return true, Answer{Problem: p}
	}
	when := rule.LookupPath(pathOf("when"))
	met, err := when.Bool()
	if err != nil {
		return true, l.broken(rule, cmp.Or(when.Validate(cue.Concrete(true)), err))
	}
	return !met, Answer{}
}

// answer evaluates a rule over an input.
func (e *evaluator) answer(q Question) Answer {
	l, rule, input, p := e.rule(q)
	if p != nil {
		return Answer{Problem: p}
	}
	return l.judge(rule, input)
}

// load reads all packs and notes what they are.
func (r *Response) load(ctx *cue.Context, set *cuebuild.Set, tests bool) map[string]*loadedPack {
	packs := map[string]*loadedPack{}
	for _, p := range set.Packages(isPack) {
		l := load(ctx, set, p, tests)
		if first := packs[l.Name]; first != nil {
			l.problem(cuebuild.Position{File: l.Files[0], Line: 1, Col: 1}, fmt.Sprintf("there is another pack %q in %s", l.Name, path.Dir(first.Files[0])), "give each its own name")
		} else {
			packs[l.Name] = l
		}
		r.Problems = append(r.Problems, l.problems...)
		r.Packs = append(r.Packs, l.Pack)
	}
	return packs
}

func isPack(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return first == Folder && !strings.HasSuffix(name, "_test.cue") && !strings.HasSuffix(name, "_tool.cue")
}

// ruleAlone returns the pack with no other rule than this in it, so that asking for one does not evaluate all.
func (l *loadedPack) ruleAlone(ctx *cue.Context, rule string) cue.Value {
	if v, ok := l.alone[rule]; ok {
		return v
	}
	v := l.value
	if fields, ok := l.syntax.rules[rule]; ok && !slices.ContainsFunc(fields, func(f *ast.Field) bool { return mentions(f.Value, rulesName) }) {
		instance := *l.instance
		instance.Files = nil
		for _, f := range l.instance.Files {
			instance.Files = append(instance.Files, without(f, rule))
		}
		if reduced := ctx.BuildInstance(&instance); reduced.Err() == nil {
			v = reduced
		}
	}
	l.alone[rule] = v
	return v
}

// without returns a file that holds of all rules that are written out only one.
func without(f *ast.File, rule string) *ast.File {
	reduced := *f
	reduced.Decls = nil
	for _, d := range f.Decls {
		field, ok := d.(*ast.Field)
		switch {
		case ok && labelOf(field) == testsName:
		case ok && labelOf(field) == rulesName:
			body, ok := field.Value.(*ast.StructLit)
			if !ok {
				reduced.Decls = append(reduced.Decls, d)
				continue
			}
			kept := *body
			kept.Elts = slices.DeleteFunc(slices.Clone(body.Elts), func(d ast.Decl) bool {
				r, ok := d.(*ast.Field)
				return ok && labelOf(r) != "" && labelOf(r) != rule
			})
			own := *field
			own.Value = &kept
			reduced.Decls = append(reduced.Decls, &own)
		default:
			reduced.Decls = append(reduced.Decls, d)
		}
	}
	return &reduced
}

// judge collects what a rule finds.
func (l *loadedPack) judge(rule, input cue.Value) Answer {
	if err := rule.Err(); err != nil {
		return l.broken(rule, err)
	}
	if when := rule.LookupPath(pathOf("when")); when.Exists() {
		met, err := when.Bool()
		if err != nil {
			return l.broken(rule, cmp.Or(when.Validate(cue.Concrete(true)), err))
		}
		if !met {
			return Answer{}
		}
	}
	a, err := findings(rule, input)
	if err != nil {
		return l.broken(rule, err)
	}
	return a
}

// findings collects what deny lists and what require demands.
func findings(rule, input cue.Value) (a Answer, err error) {
	about := Finding{Message: oneLine(text(rule, "message")), Hint: oneLine(text(rule, "hint"))}
	if deny := rule.LookupPath(pathOf("deny")); deny.Exists() {
		it, err := deny.List()
		if err != nil {
			return a, err
		}
		for it.Next() {
			f, err := denied(it.Value(), about)
			if err != nil {
				return a, err
			}
			a.Findings = append(a.Findings, f)
		}
	}
	if require := rule.LookupPath(pathOf("require")); require.Exists() {
		a.Findings = append(a.Findings, required(require, input, about)...)
	}
	if len(a.Findings) > maxFindings {
		a.Findings = a.Findings[:maxFindings]
	}
	if len(a.Findings) == 0 {
		return a, nil
	}
	for _, field := range []string{"message", "hint"} {
		if v := rule.LookupPath(pathOf(field)); v.Exists() && err == nil {
			err = v.Validate(cue.Concrete(true))
		}
	}
	return a, err
}

// broken is the answer of a rule that cannot be evaluated over this input.
func (l *loadedPack) broken(rule cue.Value, err error) Answer {
	problems := l.set.Problems(err, l.Files[0])
	if len(problems) == 0 {
		return Answer{Problem: &Problem{Problem: cuebuild.Problem{File: l.Files[0], Message: "the rule cannot be evaluated"}}}
	}
	p := Problem{Problem: problems[0]}
	if p.Line == 0 {
		at := l.at(rule)
		p.File, p.Line, p.Col = at.File, at.Line, at.Col
	}
	if strings.Contains(p.Message, "undefined field") || strings.Contains(p.Message, "incomplete") {
		p.Hint = `not every resource has this field: ask with input.spec.field == _|_, or take a value in its place with *input.spec.field | ""`
	}
	return Answer{Problem: &p}
}

// denied reads a finding: a path, or an object.
func denied(v cue.Value, about Finding) (Finding, error) {
	if err := v.Validate(cue.Concrete(true)); err != nil {
		return about, err
	}
	if s, err := v.String(); err == nil {
		about.Path = s
		return about, nil
	}
	about.Path, about.Message, about.Hint = text(v, "path"), cmp.Or(oneLine(text(v, "message")), about.Message), cmp.Or(oneLine(text(v, "hint")), about.Hint)
	return about, nil
}

// required returns a finding for every path where the input does not fit the constraint.
func required(constraint, input cue.Value, about Finding) (found []Finding) {
	skip := len(constraint.Path().Selectors())
	for _, e := range cueerrors.Errors(constraint.Unify(input).Validate(cue.Concrete(true))) {
		steps := e.Path()
		steps = steps[min(skip, len(steps)):]
		if len(steps) > 0 && steps[0] == "written" { // the resource itself, as it is written
			steps = steps[1:]
		}
		about.Path = pathText(steps)
		if !slices.ContainsFunc(found, func(f Finding) bool { return f.Path == about.Path }) {
			found = append(found, about)
		}
	}
	return found
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_$/-]+$`)

// pathText writes a path as diagnostics do.
func pathText(steps []string) string {
	var b strings.Builder
	for i, s := range steps {
		if n, err := strconv.Atoi(s); err == nil && n >= 0 {
			fmt.Fprintf(&b, "[%d]", n)
			continue
		}
		if i > 0 {
			b.WriteByte('.')
		}
		if plainName.MatchString(s) {
			b.WriteString(s)
		} else {
			b.WriteString(strconv.Quote(s))
		}
	}
	return b.String()
}
