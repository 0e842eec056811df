package mapping

import (
	"fmt"
	"slices"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
)

// The reserved roots that mappings know.
const (
	rootThis   = "$this"   // the current element
	rootRoot   = "$root"   // the source record
	rootParent = "$parent" // the element around the current one
	rootIndex  = "$index"  // the current element's position in its list, from 0
	rootOut    = "$out"    // the whole record as far as it is mapped
	rootRun    = "$run"    // now
	rootSteps  = "$steps"  // what the steps before found, by name
	rootResult = "$result" // the destination's answer, in write-backs
)

const rootsHint = "available are $this, $root, $out and $run.now, and inside a list $parent and $index"

// scope is what paths without a root start at: the record, or the elements of a list.
type scope struct {
	parent *scope // nil for the record
	depth  int
	slots  *record.Slots
	prefix record.Path // from the record to the list; a name after it is that of each element
	typ    expr.Type   // what is known of the record or element
	used   bool        // whether any path starts here
}

// placeKind says what a place is in.
type placeKind uint8

const (
	inSlot placeKind = iota
	inIndex
	inOut
	inOutWhole
	inRun
	inStep
	inResult
)

// place is where a value is found at run time.
type place struct {
	kind  placeKind
	depth int
	slot  int         // slot, column of the output, or index of the step
	path  record.Path // what leads on below the column, the step or the answer
}

// load returns the value at a place. It is the same for all of a record, but for elements and the output.
func (e *Executor) load(p *place) record.Value {
	switch p.kind {
	case inSlot:
		return e.frames[p.depth][p.slot]
	case inIndex:
		return record.IntValue(int64(e.index[p.depth]))
	case inOut:
		return p.path.In(e.row[p.slot])
	case inOutWhole:
		return e.arena.Object(e.p.shape.Names(), e.row)
	case inStep:
		return p.path.In(e.steps[p.slot])
	case inResult:
		return p.path.In(e.result)
	default:
		return e.now()
	}
}

// path compiles a path as users write it, and returns what is known of the value there.
func (c *compiler) path(s *scope, at, text string) (place, expr.Type, bool) {
	p, err := record.ParsePath(text)
	if err != nil {
		c.problem(CodePath, at, fmt.Sprintf("%q is not a path: %v", text, err), "a path is a.b[0].c; quote names with other characters")
		return place{}, expr.Type{}, false
	}
	root := p.Root()
	if root != "" {
		p = p[1:]
	}
	pl, ok := c.place(s, at, root, p, false)
	if !ok {
		return pl, expr.Type{}, false
	}
	typ := expr.Type{}
	switch root {
	case "", rootThis:
		typ, ok = c.follow(s, s.typ, at, text, p)
	case rootRoot:
		typ, ok = c.follow(s, s.record().typ, at, text, p)
	case rootParent:
		typ, ok = c.follow(s, s.parent.typ, at, text, p)
	case rootIndex:
		typ.Kind = record.Int
	case rootRun:
		typ.Kind = record.Timestamp
	case rootSteps:
		if len(p) > 0 {
			typ, ok = c.follow(s, c.Steps[p[0].Name], at, text, p[1:])
		}
	case rootOut:
		if pl.kind == inOut {
			typ, ok = c.follow(s, c.types[pl.slot], at, text, pl.path)
		}
	}
	return pl, typ, ok
}

// place compiles a path below a root. With tree the value is never Raw.
func (c *compiler) place(s *scope, at, root string, p record.Path, tree bool) (place, bool) {
	switch root {
	case "", rootThis:
	case rootRoot:
		s = s.record()
	case rootParent:
		if s.parent == nil {
			c.problem(CodeRoot, at, "$parent is only available inside a list", rootsHint)
			return place{}, false
		}
		s = s.parent
	case rootIndex:
		if s.parent == nil || len(p) > 0 {
			c.problem(CodeRoot, at, "$index is a number, and only available inside a list", rootsHint)
			return place{}, false
		}
		return place{kind: inIndex, depth: s.depth}, true
	case rootOut:
		return c.outPlace(at, p)
	case rootSteps:
		return c.stepPlace(at, p)
	case rootRun:
		if len(p) != 1 || p[0].Name != "now" {
			c.problem(CodeRoot, at, "$run has only now here", rootsHint)
			return place{}, false
		}
		return place{kind: inRun}, true
	case rootResult:
		if c.Result {
			return place{kind: inResult, path: p}, true
		}
		fallthrough
	default:
		c.problem(CodeRoot, at, fmt.Sprintf("%s is not available here", root), rootsHint)
		return place{}, false
	}
	c.look(s, p)
	return place{kind: inSlot, depth: s.depth, slot: s.slots.Add(p, tree)}, true
}

// look notes that a path will be looked at.
func (c *compiler) look(s *scope, p record.Path) {
	for outer := s; outer != nil; outer = outer.parent {
		outer.used = true
	}
	c.addPath(append(s.prefix[:len(s.prefix):len(s.prefix)], p...))
}

func (c *compiler) addPath(p record.Path) {
	text := p.String()
	if !c.seen[text] {
		c.seen[text] = true
		c.paths = append(c.paths, p)
	}
}

func (c *compiler) outPlace(at string, p record.Path) (place, bool) {
	if len(p) == 0 {
		return place{kind: inOutWhole}, true
	}
	for i := range c.done {
		if c.columns[i].Name == p[0].Name {
			return place{kind: inOut, slot: i, path: p[1:]}, true
		}
	}
	c.problem(CodeLater, at, fmt.Sprintf("$out has no field %q here", p[0].Name),
		"$out is what is mapped so far; move that field above this one")
	return place{}, false
}

// stepPlace is where a path leads that starts at what a step found.
func (c *compiler) stepPlace(at string, p record.Path) (place, bool) {
	switch {
	case c.Steps == nil:
		c.problem(CodeRoot, at, "$steps is not available here: the touchpoint has no steps", rootsHint)
		return place{}, false
	case len(p) == 0 || p[0].IsIndex():
		c.problem(CodeRoot, at, "$steps alone is no value", "name the step and a field of what it found: $steps.partner.id")
		return place{}, false
	}
	i, ok := slices.BinarySearch(c.stepNames, p[0].Name)
	if !ok && slices.Contains(c.Later, p[0].Name) {
		c.problem(CodeLater, at, fmt.Sprintf("the step %q has not found anything yet here", p[0].Name), "steps are worked in the order they are written in: move that one up")
		return place{}, false
	}
	if !ok {
		c.problem(CodeUnknownName, at, fmt.Sprintf("there is no step %q", p[0].Name), didYouMean(p[0].Name, c.stepNames))
		return place{}, false
	}
	return place{kind: inStep, slot: i, path: p[1:]}, true
}
