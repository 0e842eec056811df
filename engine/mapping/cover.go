package mapping

import (
	"maps"
	"slices"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/engine/config"
)

// A Point is something in a mapping that a record can come to: tests are judged by which they reach.
type Point struct {
	Path   string // inside the mapping: spec.fields.total.when; of a touchpoint's filter: spec.source.where
	Offset int    // in bytes, inside the text at Path, or -1
	What   string // what happens there: "true", "false", "given", "taken", "missing", "hit", "missed", "filled", "empty"
	// Lookup and Row are a row of a lookup, from 0. Empty: the point is in the mapping itself.
	Lookup string
	Row    int
}

// Points returns everything that executors of a program note, in a fixed order; nil unless Options.Cover. The caller must not change it.
func (p *Program) Points() []Point { return p.points }

// Reached returns for each of the program's points whether a record of this executor has come there. It is the executor's own memory.
func (e *Executor) Reached() []bool { return e.reached }

// reach notes a point. A negative one is none.
func (e *Executor) reach(point int) {
	if e.reached != nil && point >= 0 {
		e.reached[point] = true
	}
}

// reachEither notes a point, or the one after it.
func (e *Executor) reachEither(point int, first bool) {
	if !first {
		point++
	}
	e.reached[point] = true
}

// point makes points for what can happen at a path, and returns the first.
func (c *compiler) point(path string, what ...string) int {
	if !c.Cover {
		return -1
	}
	for _, w := range what {
		c.points = append(c.points, Point{Path: path, Offset: -1, What: w})
	}
	return len(c.points) - len(what)
}

// branches makes points for the branches of an expression, and returns the first.
func (c *compiler) branches(path string, p *expr.Program) int {
	first := len(c.points)
	for _, b := range p.Branches() {
		c.points = append(c.points, Point{Path: path, Offset: b.Offset, What: b.What})
	}
	return first
}

// rowPoints makes points for the rows of the lookups, but for those that are given.
func (c *compiler) rowPoints() {
	if !c.Cover {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.tables)) {
		if _, given := c.Given[name]; given {
			continue
		}
		c.tables[name].points = len(c.points)
		for i := range c.Lookups[name].Rows {
			c.points = append(c.points, Point{Offset: -1, What: "used", Lookup: name, Row: i})
		}
	}
}

func (c *compiler) lookupPoint(at string) int { return c.point(at+".lookup", "hit", "missed") }

// cover makes the points of a field itself.
func (f *field) cover(c *compiler, at string, in *config.Field) {
	f.defaulted, f.left = -1, -1
	f.value = c.point(at, "given")
	switch {
	case in.Default != nil:
		f.defaulted = c.point(at+".default", "taken")
	case in.Required:
		f.left = c.point(at+".required", "missing")
	case in.IfAbsent != "":
		f.left = c.point(at+".ifAbsent", "missing")
	}
}
