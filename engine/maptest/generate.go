package maptest

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
)

// GenerateOptions say what is made up, and for which mappings.
type GenerateOptions struct {
	Model *config.Model // must be valid
	Match func(mapping string) bool
	// Inputs is how many inputs are made for each mapping, or for each touchpoint that it is used in.
	Inputs int
	// Seed decides what is made up: the same seed makes the same inputs, as long as mapping and objects stay as they are.
	Seed uint64
	Now  time.Time
}

// Generated is what became of the inputs that were made up for one mapping.
type Generated struct {
	Mapping    string
	Touchpoint string // empty: no touchpoint uses the mapping
	// Typed says that the source object is known: each input is one that it can have. Else inputs are guessed from what the mapping reads.
	Typed    bool
	Outcomes map[mapping.Outcome]int
	Rejected []Count   // by reason, the most frequent first
	Findings []Finding // what must not be, the most frequent first
}

// Count is how many inputs were rejected for a reason.
type Count struct {
	Field string // without indexes of elements
	Rule  mapping.Rule
	Type  string
	N     int
}

// A Finding is an input for which a mapping does what it does not declare: it fails inside, rejects what the source object can have
// for a reason that nobody wrote down, or makes what the destination object cannot have.
type Finding struct {
	Message string
	Pos     diag.Pos
	N       int    // inputs for which it is so
	Input   []byte // the smallest found, as JSON
	Case    string // the same as a case of a mapping test, in YAML
}

// Generate makes up inputs for mappings and maps them: whatever the source object can have must come out as the mapping declares. The error is
// that of ctx.
func Generate(ctx context.Context, o GenerateOptions) ([]Generated, error) {
	var all []*generator
	for _, name := range slices.Sorted(maps.Keys(o.Model.Mappings)) {
		if o.Match != nil && !o.Match(name) {
			continue
		}
		used := false
		for _, t := range slices.Sorted(maps.Keys(o.Model.Touchpoints)) {
			if spec := o.Model.Touchpoints[t].Spec; slices.ContainsFunc(spec.Targets(), func(d config.Target) bool { return d.Mapping == name }) {
				all, used = append(all, newGenerator(o, name, t)), true
			}
		}
		if !used {
			all = append(all, newGenerator(o, name, ""))
		}
	}
	out := make([]Generated, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for i, one := range all {
		g.Go(func() error {
			one.run(ctx)
			out[i] = one.report()
			return ctx.Err()
		})
	}
	return out, g.Wait()
}

// generator makes inputs for one mapping.
type generator struct {
	GenerateOptions
	name, touchpoint string
	shape            *shape
	target           *config.Object // nil: nothing is known of it
	program          *mapping.Program
	executor         *mapping.Executor
	batch            record.Batch
	split            *config.Split
	typed            bool
	creates          bool // the touchpoint makes new records, which must have what is required
	outcomes         map[mapping.Outcome]int
	rejected         map[Count]int
	findings         map[string]*Finding
	inputs           map[string]record.Value // of findings
}

func newGenerator(o GenerateOptions, name, touchpoint string) *generator {
	g := &generator{
		GenerateOptions: o, name: name, touchpoint: touchpoint, outcomes: map[mapping.Outcome]int{}, rejected: map[Count]int{},
		findings: map[string]*Finding{}, inputs: map[string]record.Value{}, shape: &shape{kind: "object"}, target: destination(o.Model, name, touchpoint),
	}
	if object := source(o.Model, name, touchpoint); object != nil && len(object.Fields) > 0 {
		g.shape, g.typed = shapeOf(object), true
	}
	g.creates = creates(o.Model, name, touchpoint)
	options := OptionsFor(o.Model, name, touchpoint)
	m := &o.Model.Mappings[name].Spec
	g.program, _ = mapping.Compile(m, options)
	r := &reader{lookups: options.Lookups, scopes: []*shape{g.shape}}
	r.expression(options.Where)
	if g.split = options.Split; g.split != nil {
		if list := r.path(g.split.Each); list != nil {
			list.kind = "list"
			r.scopes = append(r.scopes, list.element())
		}
	}
	r.fields(m.Fields)
	for _, c := range m.Checks {
		r.expression(c.Expr)
	}
	return g
}

func (g *generator) run(ctx context.Context) {
	if g.program == nil {
		return // validation says why
	}
	g.executor = g.program.NewExecutor(func() time.Time { return g.Now })
	h := fnv.New64a()
	fmt.Fprint(h, g.name, "\x00", g.touchpoint)
	m := &maker{Rand: rand.New(rand.NewPCG(g.Seed, h.Sum64()))}
	for i := range g.Inputs {
		if ctx.Err() != nil {
			return
		}
		if m.mode = mixed; i < 8 {
			m.mode = mode(i % 5) // each way at least once
		}
		input := m.make(g.shape, 0)
		key, f := g.try(input, true)
		if f == nil {
			continue
		}
		if known := g.findings[key]; known != nil {
			known.N++
			continue
		}
		f.N = 1
		g.findings[key], g.inputs[key] = f, input
	}
	for key, f := range g.findings {
		small := g.shrink(g.inputs[key], key)
		f.Input = small.AppendJSON(nil)
		f.Case = fmt.Sprintf("- name: made up with seed %d\n  input: %s\n  expect: {}\n", g.Seed, flowText(small))
	}
}

var elementIndex = regexp.MustCompile(`\[\d+\]`)

// try maps one input and returns what must not be, with a key that is the same for all inputs with that.
func (g *generator) try(input record.Value, count bool) (key string, f *Finding) {
	defer func() {
		if p := recover(); p != nil {
			key, f = "panic", &Finding{Message: fmt.Sprintf("internal error: %v", p), Pos: g.pos("spec")}
			g.executor = g.program.NewExecutor(func() time.Time { return g.Now }) // the old one is in an unknown state
		}
	}()
	g.batch.Reset(nil)
	g.batch.AppendDoc(input.AppendJSON(nil))
	outcome, reason, output := mapped(g.program, g.executor, g.split != nil, &g.batch)
	if count {
		g.outcomes[outcome]++
	}
	if outcome == mapping.Rejected {
		c := Count{Field: elementIndex.ReplaceAllString(reason.Field, "[]"), Rule: reason.Rule, Type: reason.Type}
		if count {
			g.rejected[c]++
		}
		if !g.declared(reason) {
			return fmt.Sprint("reason", c), &Finding{Message: "the source object can have a record that is rejected, and nothing says it should be: " + reason.String(), Pos: g.posOf(reason.Field)}
		}
	}
	if output == nil {
		return "", nil
	}
	out, err := record.ParseJSON(output)
	if err != nil {
		return "output", &Finding{Message: "the output is not valid: " + err.Error(), Pos: g.pos("spec")}
	}
	if g.target == nil {
		return "", nil
	}
	records := []record.Value{out}
	if g.split != nil {
		records = out.Elements()
	}
	var at, what string
	for i := 0; i < len(records) && what == ""; i++ {
		at, what = g.unfit(g.target.Fields, records[i], "")
	}
	if what == "" {
		return "", nil
	}
	return at + what, &Finding{Message: fmt.Sprintf("%s: %s", at, what), Pos: g.posOf(at)}
}

func (g *generator) pos(path string) diag.Pos { return g.Model.Mappings[g.name].Source.Pos(path) }

// posOf returns where the mapping of an output field stands.
func (g *generator) posOf(field string) diag.Pos {
	path := "spec.fields"
	p, err := record.ParsePath(strings.TrimPrefix(elementIndex.ReplaceAllString(field, ""), "."))
	if err != nil || field == "" {
		return g.pos("spec")
	}
	for i, s := range p {
		if i > 0 {
			path += ".fields"
		}
		path = joined(path, step(s.Name))
	}
	return g.pos(path)
}

func (g *generator) report() Generated {
	out := Generated{Mapping: g.name, Touchpoint: g.touchpoint, Typed: g.typed, Outcomes: g.outcomes}
	for c, n := range g.rejected {
		c.N = n
		out.Rejected = append(out.Rejected, c)
	}
	slices.SortFunc(out.Rejected, func(a, b Count) int {
		return cmp.Or(b.N-a.N, cmp.Compare(a.Field, b.Field), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Type, b.Type))
	})
	for _, key := range slices.Sorted(maps.Keys(g.findings)) {
		out.Findings = append(out.Findings, *g.findings[key])
	}
	slices.SortStableFunc(out.Findings, func(a, b Finding) int { return b.N - a.N })
	return out
}
