package mapping

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
)

// Compile checks a mapping and compiles it. All its problems come back at once; the program is nil when one of them is an error.
func Compile(m *config.Mapping, o Options) (*Program, []Problem) {
	tables, problems := buildTables(o)
	return compile(m, o, tables, problems)
}

// compiler collects what a program is made of, and every problem on the way.
type compiler struct {
	Options
	tables    map[string]*table
	problems  []Problem
	columns   []Column
	types     []expr.Type // of the columns
	done      int         // columns that are compiled
	stepNames []string    // names below $steps, sorted
	slots     *record.Slots
	depth     int // deepest scope
	maxRefs   int // most paths of one expression
	zone      *time.Location
	seen      map[string]bool
	paths     []record.Path
	scratch   *Executor // for constants
	points    []Point
	program   *Program // as far as it is made
	into      *target  // the object that the mapping is for; nil: it is not known
}

func compile(m *config.Mapping, o Options, tables map[string]*table, problems []Problem) (*Program, []Problem) {
	c := &compiler{
		Options: o, tables: tables, problems: problems, slots: record.NewSlots(), stepNames: slices.Sorted(maps.Keys(o.Steps)),
		seen: map[string]bool{}, scratch: &Executor{},
	}
	c.rowPoints()
	top := &scope{slots: c.slots, typ: recordType(o.Source)}
	c.zone = c.location("", o.Zone)
	p := &Program{slots: c.slots, steps: c.stepNames}
	c.program = p
	for _, e := range o.Extra {
		pl, ok := c.place(top, "", e.Root(), withoutRoot(e), false)
		if !ok {
			continue
		}
		p.extra = append(p.extra, pl)
	}
	if o.Where != "" {
		p.where = c.condition(top, "spec.source.where", o.Where)
		c.assume(top, p.where)
	}
	whole := top
	top = c.split(top)
	c.suppose(top)
	for _, k := range o.Conditions {
		var when *condition
		if k.Text != "" {
			when = c.condition(top, k.Path, k.Text)
		}
		p.conditions = append(p.conditions, when)
	}
	c.into = c.destination()
	p.fields = c.topFields(top, m.Fields)
	c.keys(m)
	c.traces(whole)
	if c.into != nil {
		c.into.missing(c, "spec.fields")
	}
	p.checks = c.checks(top, m.Checks)
	if slices.ContainsFunc(c.problems, func(p Problem) bool { return p.Severity == diag.Error }) {
		return nil, c.problems
	}
	p.finish(c)
	return p, c.problems
}

// below returns the path of a field's name inside the resource.
func below(at, name string) string {
	return at + "." + record.Path{{Name: name, Index: -1}}.String()
}

func withoutRoot(p record.Path) record.Path {
	if p.Root() != "" {
		return p[1:]
	}
	return p
}

func (p *Program) finish(c *compiler) {
	p.columns, p.depth, p.maxRefs, p.points = c.columns, c.depth, c.maxRefs, c.points
	shape := make([]record.Column, len(c.columns))
	for i, column := range c.columns {
		shape[i] = record.Column{Name: column.Name, Kind: column.Kind}
	}
	p.shape = record.NewShape(shape...)
	p.labels = record.NewLabels(p.shape.Names())
	p.paths = c.paths
	if c.seen[""] { // the record itself
		p.paths, p.whole = nil, true
	}
}

// problem notes an error in the mapping.
func (c *compiler) problem(code, path, message, hint string) {
	c.problems = append(c.problems, Problem{Code: code, Severity: diag.Error, Path: path, Message: message, Hint: hint, Offset: -1})
}

// errors returns how many problems keep the mapping from running.
func (c *compiler) errors() int {
	n := 0
	for _, p := range c.problems {
		if p.Severity == diag.Error {
			n++
		}
	}
	return n
}

func didYouMean(name string, names []string) string {
	if near := diag.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

// location loads a time zone. Empty is nil: unknown.
func (c *compiler) location(at, name string) *time.Location {
	if name == "" {
		return nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		c.problem(CodeZone, at, fmt.Sprintf("unknown time zone %q", name), "zones are named as in the IANA database: Europe/Berlin, UTC")
		return time.UTC
	}
	return loc
}

// topFields compiles the columns in order: each may look at those before.
func (c *compiler) topFields(s *scope, fields config.Fields) []*field {
	out := make([]*field, 0, len(fields))
	for _, nf := range fields {
		at := below("spec.fields", nf.Name)
		if slices.ContainsFunc(c.columns, func(col Column) bool { return col.Name == nf.Name }) {
			c.problem(CodeDuplicate, at, fmt.Sprintf("field %q is there twice", nf.Name), "remove one of the two")
			continue
		}
		f := c.field(s, at, nf, 0)
		f.createOnly = c.writeMode(at, nf.Field.Write, true)
		f.key = slices.Contains(c.Key, nf.Name)
		if c.into != nil {
			errs := c.errors()
			if c.into.field(c, at, &nf, f); c.errors() > errs {
				f.typ = expr.Type{} // what follows from it says nothing new
			}
		}
		out = append(out, f)
		c.columns = append(c.columns, Column{Name: nf.Name, Kind: f.typ.Kind, CreateOnly: f.createOnly})
		c.types = append(c.types, f.typ)
		c.done++
	}
	return out
}

func (c *compiler) writeMode(at, write string, top bool) bool {
	switch {
	case write == "":
		return false
	case write != "create":
		c.problem(CodeWrite, at+".write", fmt.Sprintf("unknown write %q", write), "the only one is create: sent when the record is created, never on update")
	case !top:
		c.problem(CodeWrite, at+".write", "write: create is only possible for a field of the record itself", "put it on the list or object around it")
	}
	return write == "create"
}

// keys checks the fields of the destination's key.
func (c *compiler) keys(m *config.Mapping) {
	for _, key := range c.Key {
		i := slices.IndexFunc(m.Fields, func(nf config.NamedField) bool { return nf.Name == key })
		if i < 0 {
			names := make([]string, len(m.Fields))
			for j := range m.Fields {
				names[j] = m.Fields[j].Name
			}
			c.problem(CodeKey, "spec.fields", fmt.Sprintf("the destination's key %q is not mapped", key), didYouMean(key, names))
			continue
		}
		at := below("spec.fields", key)
		f := m.Fields[i].Field
		if slices.ContainsFunc(f.Apply, func(a config.Apply) bool { return a.Func == "truncate" }) {
			c.problem(CodeKey, at+".apply", fmt.Sprintf("%q is the destination's key, and a key must not be truncated", key), "two records would become one")
		}
		if f.Write != "" {
			c.problem(CodeKey, at+".write", fmt.Sprintf("%q is the destination's key, which is needed on update, too", key), "remove write")
		}
	}
}

func (c *compiler) checks(s *scope, checks []config.Check) []*check {
	out := make([]*check, 0, len(checks))
	seen := map[string]bool{}
	for i, k := range checks {
		at := fmt.Sprintf("spec.checks[%d]", i)
		outcome := Rejected
		switch k.Else {
		case "reject":
		case "skip":
			outcome = Skipped
		case "park":
			outcome = Parked
		default:
			c.problem(CodeCheck, at+".else", fmt.Sprintf("unknown else %q", k.Else), "it is reject, skip or park")
		}
		if seen[k.Name] {
			c.problem(CodeDuplicate, at+".name", fmt.Sprintf("check %q is there twice", k.Name), "give each a name of its own")
		}
		seen[k.Name] = true
		out = append(out, &check{
			condition: c.condition(s, at+".expr", k.Expr),
			reason:    Reason{Rule: RuleCheck, Check: k.Name, Message: k.Message}, outcome: outcome,
		})
	}
	return out
}

// check is a condition on the mapped record.
type check struct {
	*condition
	reason  Reason
	outcome Outcome
}
