package maptest

import (
	"cmp"
	"maps"
	"slices"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
)

// Coverage is what the cases of a run reach: of every mapping of the model, and of the lookups they consult.
type Coverage struct {
	Mappings []MappingCoverage // by name
	Lookups  []LookupCoverage  // by name
}

// MappingCoverage is what of one mapping is reached.
type MappingCoverage struct {
	Mapping string
	Pos     diag.Pos
	Cases   int
	Points  int // everything a test can reach: values, branches, defaults, hits and misses of lookups, checks both ways
	Reached int
	Missing []MissingPoint // in the order of the mapping
}

// Percent returns how much is reached, rounded down: 100 is all of it. A mapping without points is reached by any case.
func (c MappingCoverage) Percent() int {
	switch {
	case c.Points > 0:
		return c.Reached * 100 / c.Points
	case c.Cases > 0:
		return 100
	}
	return 0
}

// MissingPoint is something that no case reaches.
type MissingPoint struct {
	Pos  diag.Pos
	Path string // fields.total.when; with a touchpoint's filter source.where
	What string // what never happens there: "true", "false", "given", "taken", "missing", "hit", "missed" …
}

// LookupCoverage is which rows of a lookup are used. A case that gives the lookup rows of its own uses none.
type LookupCoverage struct {
	Lookup string
	Rows   int
	Used   int
	Unused []int // indexes of rows
}

// pointKey tells the points of a mapping apart, however often it is compiled.
type pointKey struct {
	mapping, touchpoint, path, what string
	offset                          int
}

// covered collects what is reached.
type covered struct {
	model   *config.Model
	points  map[string][]pointKey // by mapping, in order
	reached map[pointKey]bool
	rows    map[string][]bool // by lookup
}

func (r *runner) coverage(jobs []job, workers []*worker) *Coverage {
	c := &covered{model: r.model, points: map[string][]pointKey{}, reached: map[pointKey]bool{}, rows: map[string][]bool{}}
	for name, m := range r.model.Mappings {
		o := OptionsFor(r.model, name, r.someTouchpoint(name))
		o.Where, o.Cover = "", true
		if p, _ := mapping.Compile(&m.Spec, o); p != nil {
			c.add(name, "", p.Points(), nil)
		}
	}
	for _, w := range workers {
		for _, x := range w.executions {
			if x.executor != nil {
				c.add(x.test.Mapping, x.test.Touchpoint, x.program.Points(), x.executor.Reached())
			}
		}
	}
	cases := map[string]int{}
	for i := range jobs {
		cases[jobs[i].spec.Mapping]++
	}
	return c.report(cases)
}

// someTouchpoint returns one that uses a mapping, without which one that uses steps does not compile.
func (r *runner) someTouchpoint(name string) string {
	for _, t := range slices.Sorted(maps.Keys(r.model.Touchpoints)) {
		if slices.Contains(r.model.Touchpoints[t].Spec.Mappings(), name) {
			return t
		}
	}
	return ""
}

// add takes the points of one program, and which of them are reached; nil: none.
func (c *covered) add(name, touchpoint string, points []mapping.Point, reached []bool) {
	for i, p := range points {
		hit := reached != nil && reached[i]
		if p.Lookup != "" {
			if c.rows[p.Lookup] == nil {
				c.rows[p.Lookup] = make([]bool, len(c.model.Lookups[p.Lookup].Spec.Rows))
			}
			c.rows[p.Lookup][p.Row] = c.rows[p.Lookup][p.Row] || hit
			continue
		}
		k := pointKey{mapping: name, path: p.Path, what: p.What, offset: p.Offset}
		if p.Path == filterPath {
			k.touchpoint = touchpoint
		}
		if _, known := c.reached[k]; !known {
			c.points[name] = append(c.points[name], k)
		}
		c.reached[k] = c.reached[k] || hit
	}
}

// filterPath is where a touchpoint has its source filter, which is compiled with the mapping.
const filterPath = "spec.source.where"

func (c *covered) report(cases map[string]int) *Coverage {
	out := &Coverage{}
	for _, name := range slices.Sorted(maps.Keys(c.model.Mappings)) {
		m := MappingCoverage{Mapping: name, Pos: c.model.Mappings[name].Source.Pos("metadata.name"), Cases: cases[name]}
		for _, k := range c.points[name] {
			if m.Points++; c.reached[k] {
				m.Reached++
				continue
			}
			m.Missing = append(m.Missing, c.missing(k))
		}
		slices.SortStableFunc(m.Missing, func(a, b MissingPoint) int {
			return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), a.Pos.Line-b.Pos.Line, a.Pos.Col-b.Pos.Col)
		})
		out.Mappings = append(out.Mappings, m)
	}
	for _, name := range slices.Sorted(maps.Keys(c.rows)) {
		l := LookupCoverage{Lookup: name, Rows: len(c.rows[name])}
		for i, used := range c.rows[name] {
			if used {
				l.Used++
			} else {
				l.Unused = append(l.Unused, i)
			}
		}
		out.Lookups = append(out.Lookups, l)
	}
	return out
}

// missing places a point in the user's file.
func (c *covered) missing(k pointKey) MissingPoint {
	source := c.model.Mappings[k.mapping].Source
	if k.touchpoint != "" {
		source = c.model.Touchpoints[k.touchpoint].Source
	}
	return MissingPoint{Pos: source.PosIn(k.path, k.offset), Path: k.path[len("spec."):], What: k.what}
}
