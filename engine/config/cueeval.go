package config

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	cuebuild "cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
	"cuelang.org/go/mod/modfile"
	"cuelang.org/go/mod/module"

	"github.com/dray-sync/dray/schema"
)

const (
	schemaFolder  = ".dray/schema" // where the definitions lie beside the repository's files
	schemaVersion = "v1.0.0"
	moduleFile    = "cue.mod/module.cue"
	cueLanguage   = "v0.16.0"
)

// An evaluation is one request being answered. Not safe for concurrent use.
type evaluation struct {
	request  *cueRequest
	fsys     *memoryFS
	registry schemaRegistry
	ctx      *cue.Context
	response *cueResponse
}

// evaluatePackages evaluates every package of the request.
func evaluatePackages(request *cueRequest) (*cueResponse, error) {
	files := make(map[string][]byte, len(request.Files))
	for name, text := range request.Files {
		files[name] = []byte(text)
	}
	e := &evaluation{request: request, ctx: cuecontext.New(), response: &cueResponse{Version: cueVersion}}
	definitions, err := schemaFiles()
	if err != nil {
		return nil, err
	}
	e.registry = schemaRegistry{newMemoryFS("/"+schemaFolder, definitions)}
	for name, data := range definitions {
		files[schemaFolder+"/"+name] = data
	}
	if files[moduleFile], err = withSchema(files[moduleFile]); err != nil {
		e.problems(err, moduleFile)
		return e.response, nil
	}
	e.fsys = newMemoryFS("/", files)
	for _, p := range e.packages() {
		e.evaluate(p)
	}
	return e.response, nil
}

// schemaFiles returns the files of the definitions' module.
func schemaFiles() (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(schema.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[name], err = schema.FS.ReadFile(name)
		return err
	})
	return files, err
}

// withSchema adds the definitions to what a module depends on. Without a module file it makes one.
func withSchema(file []byte) ([]byte, error) {
	m := &modfile.File{Module: "repository.example@v0", Language: &modfile.Language{Version: cueLanguage}}
	if file != nil {
		var err error
		if m, err = modfile.ParseNonStrict(file, moduleFile); err != nil {
			return nil, err
		}
	}
	if m.Deps == nil {
		m.Deps = map[string]*modfile.Dep{}
	}
	m.Deps[schema.ModulePath] = &modfile.Dep{Version: schemaVersion}
	return modfile.Format(m)
}

// schemaRegistry knows one module, the definitions. There is no network behind it.
type schemaRegistry struct{ files *memoryFS }

// ModFile returns the module file of the definitions.
func (r schemaRegistry) ModFile(_ context.Context, m module.Version) (*modfile.File, error) {
	if m.Path() != schema.ModulePath {
		return nil, unknownModule(m)
	}
	return modfile.Parse(r.files.files[moduleFile], moduleFile)
}

// Fetch returns where the definitions lie.
func (r schemaRegistry) Fetch(_ context.Context, m module.Version) (module.SourceLoc, error) {
	if m.Path() != schema.ModulePath {
		return module.SourceLoc{}, unknownModule(m)
	}
	return module.SourceLoc{FS: r.files, Dir: "."}, nil
}

// ModuleVersions returns the one version there is.
func (r schemaRegistry) ModuleVersions(_ context.Context, path string) ([]string, error) {
	if base, _, _ := strings.Cut(schema.ModulePath, "@"); path != schema.ModulePath && path != base {
		return nil, nil
	}
	return []string{schemaVersion}, nil
}

func unknownModule(m module.Version) error {
	return fmt.Errorf("module %s is not in this repository, and nothing is fetched; only %s comes with Dray", m, schema.ModulePath)
}

// A cuePackage is files that are built together.
type cuePackage struct {
	arg   string // for the loader
	files []string
}

// packages groups the files by folder and package clause. Files without one stand alone. Policies are no resources.
func (e *evaluation) packages() []cuePackage {
	byArg := map[string][]string{}
	for name, text := range e.request.Files {
		dir := path.Dir(name)
		first, _, _ := strings.Cut(dir, "/")
		if path.Ext(name) != ".cue" || first == "cue.mod" || first == "policies" || strings.HasSuffix(name, "_test.cue") || strings.HasSuffix(name, "_tool.cue") {
			continue
		}
		arg := "./" + name
		if f, err := parser.ParseFile(name, text, parser.PackageClauseOnly); err == nil && f.PackageName() != "" && f.PackageName() != "_" {
			arg = "./" + dir + ":" + f.PackageName()
		}
		byArg[arg] = append(byArg[arg], name)
	}
	packages := make([]cuePackage, 0, len(byArg))
	for arg, files := range byArg {
		slices.Sort(files)
		packages = append(packages, cuePackage{arg, files})
	}
	slices.SortFunc(packages, func(a, b cuePackage) int { return strings.Compare(a.arg, b.arg) })
	return packages
}

// evaluate builds a package and collects its resources.
func (e *evaluation) evaluate(p cuePackage) {
	config := &load.Config{
		FS: e.fsys, Dir: "/", Registry: e.registry, Env: []string{}, Tags: e.tags(p),
		FromFSPath: func(name string) string { return strings.TrimPrefix(name, "/") },
	}
	for _, instance := range load.Instances([]string{p.arg}, config) {
		known := len(e.response.Problems)
		lacking := e.lacking(instance.Files)
		e.instance(p, instance)
		if len(lacking) > 0 { // what lacks a value in consequence says nothing new
			found := slices.DeleteFunc(slices.Clone(e.response.Problems[known:]), ofIncompleteness)
			e.response.Problems = append(append(e.response.Problems[:known], lacking...), found...)
		}
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
				at := field.Value.Pos()
				problems = append(problems, cueProblem{File: strings.TrimPrefix(at.Filename(), "/"), Line: at.Line(), Col: at.Column(), Tag: tag, Message: "it has no value"})
			}
			return true
		}, nil)
	}
	return problems
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
func (e *evaluation) tags(p cuePackage) []string {
	var tags []string
	for _, f := range p.files {
		for name := range tagsOf(e.request.Files[f]) {
			if value, ok := e.request.Tags[name]; ok {
				tags = append(tags, name+"="+value)
			}
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

func (e *evaluation) instance(p cuePackage, instance *cuebuild.Instance) {
	if instance.Err != nil {
		e.problems(instance.Err, p.files[0])
		return
	}
	v := e.ctx.BuildInstance(instance)
	if err := v.Validate(); err != nil {
		e.problems(err, p.files[0])
		return
	}
	e.collect(v, p, 0)
}

const maxCUEDepth = 100

// collect finds the resources in a value: every struct with an apiVersion and a kind.
func (e *evaluation) collect(v cue.Value, p cuePackage, depth int) {
	if depth > maxCUEDepth {
		return
	}
	switch v.IncompleteKind() {
	case cue.StructKind:
		if v.LookupPath(cue.ParsePath("apiVersion")).Exists() && v.LookupPath(cue.ParsePath("kind")).Exists() {
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
	}
}

// resource exports a concrete value.
func (e *evaluation) resource(v cue.Value, p cuePackage) {
	if err := v.Validate(cue.Concrete(true), cue.Final()); err != nil {
		e.problems(err, p.files[0])
		return
	}
	x := &exporter{request: e.request}
	root := x.node(v, position{file: p.files[0], line: 1, col: 1}, 0)
	if x.err != nil {
		e.problems(x.err, p.files[0])
		return
	}
	e.response.Resources = append(e.response.Resources, cueResource{Files: x.files, Root: root})
}

// problems notes the errors of the evaluator, each place and message once. The alternatives of a disjunction are left out where
// something better is said.
func (e *evaluation) problems(err error, file string) {
	var found []cueProblem
	for _, one := range cueerrors.Errors(err) {
		p := cueProblem{File: file, Message: cueMessage(one), Path: strings.Join(one.Path(), ".")}
		for _, pos := range cueerrors.Positions(one) {
			if name := strings.TrimPrefix(pos.Filename(), "/"); e.isUsers(name) {
				p.File, p.Line, p.Col = name, pos.Line(), pos.Column()
				break
			}
		}
		same := func(q cueProblem) bool {
			return q.File == p.File && q.Line == p.Line && q.Col == p.Col && q.Message == p.Message
		}
		if !slices.ContainsFunc(found, same) {
			found = append(found, p)
		}
	}
	if tag, ok := e.notInjected(err); ok {
		e.response.Problems = append(e.response.Problems, tag)
		return
	}
	for _, p := range found {
		better := func(q cueProblem) bool { return !ofDisjunction(q) && strings.HasPrefix(q.Path, p.Path) }
		if !ofDisjunction(p) || !slices.ContainsFunc(found, better) {
			e.response.Problems = append(e.response.Problems, p)
		}
	}
}

// ofDisjunction reports whether a problem says no more than that an alternative does not fit.
func ofDisjunction(p cueProblem) bool {
	return strings.Contains(p.Message, "in empty disjunction") || strings.Contains(p.Message, "mismatched types")
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
				return cueProblem{File: name, Line: i + 1, Col: at + 1, Tag: tag, Message: reason}, true
			}
		}
	}
	return cueProblem{}, false
}

func (e *evaluation) isUsers(name string) bool {
	_, ok := e.request.Files[name]
	return ok
}

// cueMessage returns an error's text in one line.
func cueMessage(err cueerrors.Error) string {
	text := err.Error() // with what lies beneath
	if path := strings.Join(err.Path(), "."); path != "" {
		text = strings.TrimPrefix(text, path+": ")
	}
	return strings.Join(strings.Fields(text), " ")
}

// A position is a place in a file of the request.
type position struct {
	file      string
	line, col int
}

// An exporter turns a concrete value into nodes. Not safe for concurrent use.
type exporter struct {
	request *cueRequest
	files   []string
	err     error
}

func (x *exporter) node(v cue.Value, around position, depth int) *wireNode {
	at := x.place(v, around)
	w := x.placed(&wireNode{}, at)
	if d, ok := v.Default(); ok {
		v = d
	}
	switch v.Kind() {
	case cue.StructKind:
		w.Kind = objectNode
		it, err := v.Fields()
		for err == nil && it.Next() {
			if depth > 0 && x.unsaid(it.Value()) {
				continue
			}
			k := x.placed(&wireNode{Kind: stringNode, Text: it.Selector().Unquoted()}, x.label(it.Value(), at))
			w.Keys, w.Items = append(w.Keys, k), append(w.Items, x.node(it.Value(), at, depth+1))
		}
		x.note(err)
	case cue.ListKind:
		w.Kind = listNode
		it, err := v.List()
		for err == nil && it.Next() {
			w.Items = append(w.Items, x.node(it.Value(), at, depth+1))
		}
		x.note(err)
	default:
		x.scalar(w, v)
	}
	return w
}

func (x *exporter) scalar(w *wireNode, v cue.Value) {
	if v.Kind() == cue.StringKind {
		text, err := v.String()
		w.Kind, w.Text = stringNode, text
		x.note(err)
		return
	}
	text, err := v.MarshalJSON()
	x.note(err)
	switch w.Text = string(text); v.Kind() {
	case cue.NullKind:
		w.Kind, w.Text = nullNode, ""
	case cue.BoolKind:
		w.Kind = boolNode
	case cue.IntKind:
		w.Kind = intNode
	case cue.FloatKind, cue.NumberKind:
		w.Kind = floatNode
	default: // bytes, as base64
		w.Kind, w.Text = stringNode, strings.Trim(w.Text, `"`)
	}
}

func (x *exporter) note(err error) {
	if x.err == nil {
		x.err = err
	}
}

// placed sets a node's place.
func (x *exporter) placed(w *wireNode, at position) *wireNode {
	i := slices.Index(x.files, at.file)
	if i < 0 {
		i = len(x.files)
		x.files = append(x.files, at.file)
	}
	w.File, w.Line, w.Col = uint16(i), int32(at.line), int32(at.col)
	return w
}

// place returns where a value stands in a file of the user's: the first of what it is made of that does, else where what is
// around it stands.
func (x *exporter) place(v cue.Value, around position) position {
	if p, ok := x.source(v, false, 0); ok {
		return p
	}
	return around
}

// label returns where the name of a field stands.
func (x *exporter) label(v cue.Value, around position) position {
	if p, ok := x.source(v, true, 0); ok {
		return p
	}
	return x.place(v, around)
}

func (x *exporter) source(v cue.Value, label bool, depth int) (position, bool) {
	if depth > 4 {
		return position{}, false
	}
	switch n := v.Source().(type) {
	case *ast.Field:
		if p, ok := x.users(n.Label.Pos()); ok && label {
			return p, true
		}
		if p, ok := x.users(n.Value.Pos()); ok {
			return p, true
		}
	case ast.Node:
		if p, ok := x.users(n.Pos()); ok && !label {
			return p, true
		}
	}
	if p, ok := x.users(v.Pos()); ok && !label {
		return p, true
	}
	if op, args := v.Expr(); op == cue.AndOp || op == cue.OrOp {
		for _, a := range args {
			if p, ok := x.source(a, label, depth+1); ok {
				return p, true
			}
		}
	}
	return position{}, false
}

// unsaid reports whether a value comes from the definitions alone. Loading fills it in again, and knows then that nobody wrote it.
func (x *exporter) unsaid(v cue.Value) bool {
	if _, ok := x.source(v, false, 0); ok {
		return false
	}
	return strings.HasPrefix(strings.TrimPrefix(v.Pos().Filename(), "/"), schemaFolder+"/")
}

// users returns a place, if it is in a file of the user's.
func (x *exporter) users(p token.Pos) (position, bool) {
	if !p.IsValid() {
		return position{}, false
	}
	name := strings.TrimPrefix(p.Filename(), "/")
	if _, ok := x.request.Files[name]; !ok {
		return position{}, false
	}
	return position{name, p.Line(), p.Column()}, true
}
