package config

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
)

// routes judges whether every route can be taken, and whether anything is left for the touchpoint's own destination.
func (e *environment) routes(r *loaded, t *Touchpoint) {
	if t.Routes == nil || e.wrong(r) {
		return
	}
	reach := newReach(t, e.enums(t))
	reach.walk()
	for i, c := range reach.cases {
		path := fmt.Sprintf("spec.routes.cases[%d]", i)
		if c.when != "" {
			path += ".when"
		}
		switch {
		case c.taken:
		case !c.holds:
			e.problemPath(r, path, codeUnreachable, fmt.Sprintf("the condition of route %q never holds", c.name), "correct it, or remove the route")
		case len(c.before) == 1:
			e.problemPath(r, path, codeUnreachable, fmt.Sprintf("no record takes route %q: route %q takes all of them first", c.name, c.before[0]),
				fmt.Sprintf("put it above %q, or narrow the condition there", c.before[0]))
		default:
			e.problemPath(r, path, codeUnreachable, fmt.Sprintf("no record takes route %q: those above take all of them first", c.name),
				"move it up, or narrow the conditions above")
		}
	}
	if !reach.left && t.Destination.Connection != "" {
		e.problemPath(r, "spec.destination", codeUnreachable, "every record takes one of the routes, so that none is left for this destination",
			"remove it and name the connection in each route, or narrow a route's condition")
	}
}

// enums returns the values that paths of the source can have, where a committed object says so.
func (e *environment) enums(t *Touchpoint) map[string][]record.Value {
	all := map[string][]record.Value{}
	o := e.side(t.Source.Connection, t.Source.Object).Object
	if o == nil {
		return all
	}
	for _, f := range o.Fields {
		if f.Type != "string" || len(f.Enum) == 0 {
			continue
		}
		for _, v := range f.Enum {
			all[f.Name] = append(all[f.Name], record.StringValue(v))
		}
		if f.Nullable || !f.Required {
			all[f.Name] = append(all[f.Name], record.NullValue)
		}
	}
	return all
}

// reach finds out which routes can be taken, by trying them with every value that their conditions tell apart. It knows nothing of
// conditions that do more than compare paths with constants: those may hold or not.
type reach struct {
	cases []reachCase
	first bool // a record takes only the first route that holds
	paths []string
	// domain is what each path can be, as far as the conditions tell it apart.
	domain map[string][]record.Value
	left   bool // some record takes no route
}

type reachCase struct {
	name, when string
	program    *expr.Program // nil: what is known is in paths alone
	paths      []string      // of the program's references; without a program: the condition itself, or nothing when it always holds
	holds      bool          // for some record
	taken      bool
	before     []string // the routes that take its records
}

// maxReach bounds how many combinations of values are tried.
const maxReach = 20_000

var (
	// comparing is the text of a condition that only compares paths with constants.
	comparing = regexp.MustCompile(`^(?:\s+|"[^"\\]*"|'[^'\\]*'|\d+\b|==|!=|&&|\|\||!|[()\[\],]|\$?[\pL_][\pL\pN_]*(?:\.[\pL_][\pL\pN_]*)*)*$`)
	constant  = regexp.MustCompile(`"[^"\\]*"|'[^'\\]*'|\b\d+\b`)
	calls     = regexp.MustCompile(`[\pL\pN_]\(`)
	operators = regexp.MustCompile(`\b(?:in|not|and|or)\(`)
)

func newReach(t *Touchpoint, enums map[string][]record.Value) *reach {
	r := &reach{first: t.Routes.Match != "all", domain: map[string][]record.Value{}}
	for _, c := range t.Routes.Cases {
		k := reachCase{name: c.Name, when: strings.Join(strings.Fields(c.When), " ")}
		if k.when != "" {
			r.condition(&k, enums)
		}
		r.cases = append(r.cases, k)
	}
	return r
}

// condition prepares a condition and adds what it tells apart to the domain. One that nothing is known of is a thing of its own that may be
// true or false, and is so alike wherever it stands.
func (r *reach) condition(k *reachCase, enums map[string][]record.Value) {
	plain := operators.ReplaceAllString(k.when, "(")
	if comparing.MatchString(k.when) && !calls.MatchString(plain) {
		if p, err := expr.Compile(k.when, expr.Options{Scope: scope(routeRoots), Want: condition}); err == nil {
			k.program = p
		}
	}
	if k.program == nil {
		k.paths = []string{"when " + k.when}
		r.add(k.paths[0], record.BoolValue(true), record.BoolValue(false))
		return
	}
	for _, ref := range k.program.Refs() {
		path := ref.String()
		k.paths = append(k.paths, path)
		if enum := enums[strings.TrimPrefix(path, "$root.")]; enum != nil {
			r.add(path, enum...)
		} else {
			r.widen(path, k.when)
		}
	}
}

// add makes values known as ones that a path can have.
func (r *reach) add(path string, values ...record.Value) {
	if !slices.Contains(r.paths, path) {
		r.paths = append(r.paths, path)
	}
	for _, v := range values {
		same := func(w record.Value) bool {
			return w.Kind() == v.Kind() && bytes.Equal(w.AppendJSON(nil), v.AppendJSON(nil))
		}
		if !slices.ContainsFunc(r.domain[path], same) {
			r.domain[path] = append(r.domain[path], v)
		}
	}
}

// widen adds the constants of a condition to what a path can be, and something that is none of them.
func (r *reach) widen(path, when string) {
	values := []record.Value{record.NullValue, record.BoolValue(true), record.BoolValue(false), record.StringValue("\x00"), record.IntValue(-1)}
	for _, text := range constant.FindAllString(when, -1) {
		if text[0] == '"' || text[0] == '\'' {
			values = append(values, record.StringValue(text[1:len(text)-1]))
		} else if n, err := record.ParseNumber(text); err == nil {
			values = append(values, n)
		}
	}
	r.add(path, values...)
}

// walk tries every combination. When there are too many, every route counts as taken.
func (r *reach) walk() {
	combinations := 1
	for _, p := range r.paths {
		if combinations *= len(r.domain[p]); combinations > maxReach {
			r.giveUp()
			return
		}
	}
	values := make(map[string]record.Value, len(r.paths))
	for n := range combinations {
		for _, p := range r.paths {
			values[p] = r.domain[p][n%len(r.domain[p])]
			n /= len(r.domain[p])
		}
		r.try(values)
	}
}

func (r *reach) giveUp() {
	r.left = true
	for i := range r.cases {
		r.cases[i].taken, r.cases[i].holds = true, true
	}
}

// try sends one record along the routes.
func (r *reach) try(values map[string]record.Value) {
	taker := ""
	for i := range r.cases {
		c := &r.cases[i]
		if !c.run(values) {
			continue
		}
		c.holds = true
		switch {
		case taker == "" || !r.first:
			c.taken = true
		case !slices.Contains(c.before, taker):
			c.before = append(c.before, taker)
		}
		if taker == "" {
			taker = c.name
		}
	}
	r.left = r.left || taker == ""
}

// run judges the condition. One that fails does not hold.
func (c *reachCase) run(values map[string]record.Value) bool {
	if c.program == nil {
		return len(c.paths) == 0 || values[c.paths[0]].Bool()
	}
	refs := make([]record.Value, len(c.paths))
	for i, p := range c.paths {
		refs[i] = values[p]
	}
	v, err := c.program.Run(new(expr.Machine), refs)
	return err == nil && v.Bool()
}
