package config

import (
	"maps"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	cueinstance "cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/token"

	"github.com/dray-sync/dray/engine/cuebuild"
	"github.com/dray-sync/dray/engine/policy"
)

// An evaluation is one request being answered. Not safe for concurrent use.
type evaluation struct {
	*cuebuild.Set
	request  *cueRequest
	ctx      *cue.Context
	response *cueResponse
}

func newEvaluation(request *cueRequest, build func(map[string]string) (*cuebuild.Set, error)) *evaluation {
	e := &evaluation{request: request, ctx: cuecontext.New(), response: &cueResponse{Version: cueVersion}}
	var err error
	if e.Set, err = build(request.Files); err != nil {
		e.problems(err, cuebuild.ModuleFile)
	}
	return e
}

// evaluatePackages evaluates every package of the request that may hold resources: policies do not. What the definitions refuse is
// evaluated again without them: loading says what is wrong with it, in better words and at better places.
func evaluatePackages(request *cueRequest) *cueResponse {
	e := newEvaluation(request, cuebuild.New)
	if len(e.response.Problems) > 0 {
		return e.response
	}
	for _, p := range e.Packages(holdsResources) {
		strict := *e.response
		e.response = &cueResponse{Version: cueVersion}
		e.evaluate(p)
		if len(e.response.Problems) > 0 {
			e.response = evaluateLoosely(request, p, e.response)
		}
		e.response.Resources = append(strict.Resources, e.response.Resources...)
		e.response.Problems = append(strict.Problems, e.response.Problems...)
	}
	return e.response
}

// evaluateLoosely evaluates a package without the definitions. What they said is kept to spare.
func evaluateLoosely(request *cueRequest, p cuebuild.Package, strict *cueResponse) *cueResponse {
	e := newEvaluation(request, cuebuild.NewLoose)
	if len(e.response.Problems) > 0 {
		return strict
	}
	e.evaluate(p)
	for _, q := range strict.Problems {
		same := func(r cueProblem) bool { return r.Problem == q.Problem }
		if !slices.ContainsFunc(e.response.Problems, same) {
			q.Spare = true
			e.response.Problems = append(e.response.Problems, q)
		}
	}
	return e.response
}

func holdsResources(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return first != "cue.mod" && first != policy.Folder && !strings.HasSuffix(name, "_test.cue") && !strings.HasSuffix(name, "_tool.cue")
}

// problems notes the errors of the evaluator.
func (e *evaluation) problems(err error, file string) {
	if tag, ok := e.notInjected(err); ok {
		e.response.Problems = append(e.response.Problems, tag)
		return
	}
	all := e.Problems(err, file)
	for _, p := range all {
		if len(all) > 1 && strings.HasPrefix(p.Message, "no tag for ") {
			continue // it follows from the others: the file that has the tag could not be read
		}
		e.response.Problems = append(e.response.Problems, cueProblem{Problem: p})
	}
}

// evaluate builds a package and collects its resources.
func (e *evaluation) evaluate(p cuebuild.Package) {
	instance := e.Load(p, e.tags(p), false)
	known := len(e.response.Problems)
	lacking := e.lacking(instance.Files)
	e.instance(p, instance)
	if len(lacking) > 0 { // what lacks a value in consequence says nothing new
		found := slices.DeleteFunc(slices.Clone(e.response.Problems[known:]), ofIncompleteness)
		e.response.Problems = append(append(e.response.Problems[:known], lacking...), found...)
	}
}

// lacking returns the fields whose tag has no value, where they have none of their own.
func (e *evaluation) lacking(files []*ast.File) (problems []cueProblem) {
	for _, f := range files {
		ast.Walk(f, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok {
				return true
			}
			tag := tagOf(field)
			if _, given := e.request.Tags[tag]; tag != "" && !given && !hasDefault(field.Value) {
				at, _ := e.At(field.Value.Pos())
				problems = append(problems, problemOfTag(at, tag, "it has no value"))
			}
			return true
		}, nil)
	}
	return problems
}

func problemOfTag(at cuebuild.Position, tag, message string) cueProblem {
	return cueProblem{Problem: cuebuild.Problem{File: at.File, Line: at.Line, Col: at.Col, Message: message}, Tag: tag}
}

// tagOf returns the name in a field's @tag attribute, or "".
func tagOf(field *ast.Field) string {
	for _, a := range field.Attrs {
		for tag := range tagsOf(a.Text) {
			return tag
		}
	}
	return ""
}

// hasDefault reports whether an expression is a value, or has one as its default.
func hasDefault(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.BasicLit:
		return true
	case *ast.ParenExpr:
		return hasDefault(x.X)
	case *ast.UnaryExpr:
		return x.Op == token.MUL || (x.Op == token.SUB && hasDefault(x.X))
	case *ast.BinaryExpr:
		if x.Op == token.OR {
			return slices.ContainsFunc(arms(x), func(arm ast.Expr) bool { m, ok := arm.(*ast.UnaryExpr); return ok && m.Op == token.MUL })
		}
		return x.Op == token.AND && (hasDefault(x.X) || hasDefault(x.Y))
	}
	return false
}

// tags returns those tags that a package uses: the loader refuses others.
func (e *evaluation) tags(p cuebuild.Package) []string {
	var tags []string
	for _, f := range p.Files {
		for name := range tagsOf(e.request.Files[f]) {
			if value, ok := e.request.Tags[name]; ok {
				tags = append(tags, name+"="+value)
			}
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

func (e *evaluation) instance(p cuebuild.Package, instance *cueinstance.Instance) {
	if instance.Err != nil {
		e.problems(instance.Err, p.Files[0])
		return
	}
	v := e.ctx.BuildInstance(instance)
	if err := v.Validate(); err != nil {
		e.problems(err, p.Files[0])
		return
	}
	e.collect(v, p, 0)
}

const maxCUEDepth = 100

// collect finds the resources in a value: every struct with an apiVersion and a kind.
func (e *evaluation) collect(v cue.Value, p cuebuild.Package, depth int) {
	if depth > maxCUEDepth {
		return
	}
	switch v.IncompleteKind() {
	case cue.StructKind:
		if meantAsResource(v) {
			e.resource(v, p)
			return
		}
		for it, err := v.Fields(); err == nil && it.Next(); {
			e.collect(it.Value(), p, depth+1)
		}
	case cue.ListKind:
		for it, err := v.List(); err == nil && it.Next(); {
			e.collect(it.Value(), p, depth+1)
		}
	case cue.BottomKind:
		if err := v.Err(); err != nil && strings.Contains(err.Error(), "undefined field") { // which may be a template's, yet none can fill it in
			e.problems(err, p.Files[0])
		}
	}
}

// meantAsResource reports whether a struct has the fields of a resource. One that is made of a definition and does not say its kind is
// none yet, but was meant as one.
func meantAsResource(v cue.Value) bool {
	has := func(name string) bool { return v.LookupPath(cue.ParsePath(name)).Exists() }
	if has("apiVersion") && has("kind") {
		return true
	}
	return has("spec") && (has("metadata") || has("kind") || has("apiVersion"))
}

// resource exports a concrete value.
func (e *evaluation) resource(v cue.Value, p cuebuild.Package) {
	if err := v.Validate(cue.Concrete(true), cue.Final()); err != nil {
		e.problems(err, p.Files[0])
		return
	}
	x := &exporter{set: e.Set}
	root := x.node(v, cuebuild.Position{File: p.Files[0], Line: 1, Col: 1}, 0)
	if x.err != nil {
		e.problems(x.err, p.Files[0])
		return
	}
	e.response.Resources = append(e.response.Resources, cueResource{Files: x.files, Root: root})
}

// ofIncompleteness reports whether a problem says no more than that a value is not there.
func ofIncompleteness(p cueProblem) bool {
	return strings.Contains(p.Message, "non-concrete value") || strings.Contains(p.Message, "incomplete value")
}

// notInjected places the error that a tag's value cannot be read as what the tag's type= says, which has no position.
func (e *evaluation) notInjected(err error) (cueProblem, bool) {
	_, rest, ok := strings.Cut(err.Error(), `injection tag "`)
	tag, reason, closed := strings.Cut(rest, `": `)
	if !ok || !closed {
		return cueProblem{}, false
	}
	for _, name := range slices.Sorted(maps.Keys(e.request.Files)) {
		for i, line := range strings.Split(e.request.Files[name], "\n") {
			if at := strings.Index(line, "@tag("+tag); at >= 0 && slices.Contains(slices.Collect(tagsOf(line)), tag) {
				return problemOfTag(cuebuild.Position{File: name, Line: i + 1, Col: at + 1}, tag, reason), true
			}
		}
	}
	return cueProblem{}, false
}
