package policy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/token"

	"github.com/dray-sync/dray/engine/cuebuild"
	"github.com/dray-sync/dray/engine/diag"
)

const testsName = "tests"

// ruleFields are the fields of a rule.
func ruleFields() []string {
	return []string{"kinds", "severity", "doc", "message", "hint", "when", "require", "deny"}
}

// A loadedPack is a pack that can be asked.
type loadedPack struct {
	Pack
	set      *cuebuild.Set
	instance *build.Instance
	value    cue.Value
	syntax   *ruleSyntax
	problems []Problem
	alone    map[string]cue.Value // rules that were built by themselves
}

var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// load reads and describes a pack.
func load(ctx *cue.Context, set *cuebuild.Set, p cuebuild.Package, tests bool) *loadedPack {
	l := &loadedPack{Pack: Pack{Name: p.Name, Files: p.Files}, set: set, alone: map[string]cue.Value{}}
	if p.Name == "" {
		l.problem(cuebuild.Position{File: p.Files[0], Line: 1, Col: 1}, "a pack needs a package clause, which is its name", "begin the file with package and the pack's name")
		return l
	}
	l.instance = set.Load(p, nil, tests)
	if l.instance.Err != nil {
		l.cue(l.instance.Err)
		return l
	}
	l.value = ctx.BuildInstance(l.instance)
	if err := l.value.Validate(); err != nil {
		l.cue(err)
		return l
	}
	l.syntax = dissect(l.instance)
	l.Doc = docOf(l.instance)
	l.describe()
	if tests {
		l.describeTests()
	}
	return l
}

func (l *loadedPack) problem(at cuebuild.Position, message, hint string) {
	l.problems = append(l.problems, Problem{Problem: cuebuild.Problem{File: at.File, Line: at.Line, Col: at.Col, Message: message}, Hint: hint})
}

// cue notes the evaluator's own errors.
func (l *loadedPack) cue(err error) {
	for _, p := range l.set.Problems(err, l.Files[0]) {
		l.problems = append(l.problems, Problem{Problem: p})
	}
}

// docOf returns the comment above the package clause as one line.
func docOf(instance *build.Instance) string {
	for _, f := range instance.Files {
		groups := ast.Comments(f)
		for _, d := range f.Decls {
			if p, ok := d.(*ast.Package); ok {
				groups = append(groups, ast.Comments(p)...)
			}
		}
		for _, g := range groups {
			if text := oneLine(g.Text()); text != "" {
				return text
			}
		}
	}
	return ""
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// describe lists the rules, and reports what is no rule.
func (l *loadedPack) describe() {
	rules := l.value.LookupPath(pathOf(rulesName))
	it, err := rules.Fields()
	if !rules.Exists() || err != nil {
		l.problem(cuebuild.Position{File: l.Files[0], Line: 1, Col: 1}, "the pack has no rules", `add rules: "a-name": {kinds: ["Touchpoint"], message: "…", require: {…}}`)
		return
	}
	for it.Next() {
		l.rule(it.Selector().Unquoted(), it.Value())
	}
	slices.SortFunc(l.Rules, func(a, b Rule) int { return strings.Compare(a.Name, b.Name) })
}

func (l *loadedPack) rule(name string, v cue.Value) {
	at := l.at(v)
	if fields := l.syntax.rules[name]; len(fields) > 0 {
		at = l.position(fields[0].Label.Pos())
	}
	if !nameForm.MatchString(name) {
		l.problem(at, fmt.Sprintf("%q is not a name of a rule", name), "use lower-case letters, digits and -, such as owner-label")
		return
	}
	r := Rule{Name: name, At: at, Severity: diag.Error}
	known := len(l.problems)
	l.unknownFields(name, v)
	r.Kinds = l.kinds(name, v, at)
	switch s := text(v, "severity"); s {
	case "", "error":
	case "warning":
		r.Severity = diag.Warning
	default:
		l.problem(l.fieldAt(v, "severity", at), fmt.Sprintf("%q is not a severity", s), "write error or warning")
	}
	r.Doc, r.Message, r.Hint = oneLine(text(v, "doc")), oneLine(text(v, "message")), oneLine(text(v, "hint"))
	if !has(v, "message") {
		l.problem(at, fmt.Sprintf("the rule %q has no message", name), "say in message: what is wrong with a resource that the rule finds")
	}
	if fields := l.syntax.rules[name]; !has(v, "require") && !has(v, "deny") && !slices.ContainsFunc(fields, func(f *ast.Field) bool { return mentions(f.Value, "require") || mentions(f.Value, "deny") }) {
		l.problem(at, fmt.Sprintf("the rule %q finds nothing", name), "add require: with what a resource must be, or deny: with a list of findings")
	}
	if len(l.problems) > known {
		return
	}
	place := func(p token.Pos) Read { return Read{At: l.position(p)} }
	r.Reads, r.When = l.syntax.reads(name, place), l.syntax.whenReads(name, place)
	l.Rules = append(l.Rules, r)
}

// unknownFields reports fields that rules do not have.
func (l *loadedPack) unknownFields(rule string, v cue.Value) {
	it, err := v.Fields(cue.Optional(true))
	for err == nil && it.Next() {
		name := it.Selector().Unquoted()
		if slices.Contains(ruleFields(), name) {
			continue
		}
		hint := "a rule has " + strings.Join(ruleFields(), ", ")
		if near := diag.Nearest(name, ruleFields()); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		l.problem(l.at(it.Value()), fmt.Sprintf("the rule %q has a field %q, which rules do not have", rule, name), hint)
	}
}

// kinds returns the kinds that a rule judges. Whether there are such kinds is judged by who knows them.
func (l *loadedPack) kinds(rule string, v cue.Value, at cuebuild.Position) []string {
	var kinds []string
	if err := v.LookupPath(pathOf("kinds")).Decode(&kinds); err != nil || len(kinds) == 0 {
		l.problem(l.fieldAt(v, "kinds", at), fmt.Sprintf("the rule %q does not say which kinds it judges", rule), `write kinds: ["Touchpoint"], for example`)
	}
	return kinds
}

// describeTests adds the tests to their rules.
func (l *loadedPack) describeTests() {
	tests := l.value.LookupPath(pathOf(testsName))
	it, err := tests.Fields()
	for err == nil && tests.Exists() && it.Next() {
		name := it.Selector().Unquoted()
		i := slices.IndexFunc(l.Rules, func(r Rule) bool { return r.Name == name })
		if i < 0 && l.value.LookupPath(pathOf(rulesName, name)).Exists() {
			continue // the rule has a mistake, which is reported
		}
		if i < 0 {
			names := make([]string, len(l.Rules))
			for i, r := range l.Rules {
				names[i] = r.Name
			}
			hint := "the rules are " + strings.Join(names, ", ")
			if near := diag.Nearest(name, names); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
			}
			l.problem(l.at(it.Value()), fmt.Sprintf("there are tests of a rule %q, which the pack does not have", name), hint)
			continue
		}
		l.Rules[i].Tests = l.tests(it.Value())
	}
}

func (l *loadedPack) tests(v cue.Value) (all []Test) {
	it, err := v.List()
	if err != nil {
		l.problem(l.at(v), "the tests of a rule are a list", `write [{name: "…", input: {…}, finds: []}]`)
		return nil
	}
	for it.Next() {
		t := Test{Name: text(it.Value(), "name"), At: l.at(it.Value())}
		input, err := it.Value().LookupPath(pathOf(inputName)).MarshalJSON()
		if err == nil {
			err = it.Value().LookupPath(pathOf("finds")).Decode(&t.Finds)
		}
		if err != nil || t.Name == "" {
			l.problem(t.At, "a test has a name, an input, and the paths of what is found in it", `write {name: "…", input: {…}, finds: []}`)
			continue
		}
		t.Input = json.RawMessage(input)
		all = append(all, t)
	}
	return all
}

// at returns where a value stands.
func (l *loadedPack) at(v cue.Value) cuebuild.Position {
	if f, ok := v.Source().(*ast.Field); ok {
		if p := l.position(f.Label.Pos()); p.Line > 0 {
			return p
		}
	}
	return l.position(v.Pos())
}

func (l *loadedPack) fieldAt(v cue.Value, name string, around cuebuild.Position) cuebuild.Position {
	if f := v.LookupPath(pathOf(name)); f.Exists() {
		return l.at(f)
	}
	return around
}

func (l *loadedPack) position(p token.Pos) cuebuild.Position {
	if at, ok := l.set.At(p); ok {
		return at
	}
	return cuebuild.Position{File: l.Files[0]}
}

func has(v cue.Value, field string) bool { return v.LookupPath(pathOf(field)).Exists() }

// text returns a field that is a text already, else "".
func text(v cue.Value, field string) string {
	s, err := v.LookupPath(pathOf(field)).String()
	if err != nil {
		return ""
	}
	return s
}

func pathOf(fields ...string) cue.Path {
	steps := make([]cue.Selector, len(fields))
	for i, f := range fields {
		steps[i] = cue.Str(f)
	}
	return cue.MakePath(steps...)
}
