package mapping

import (
	"encoding/binary"
	"fmt"
	"maps"
	"strings"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
)

// grouping makes one of the elements of a list that are alike. What it changes are slots of the elements' scope, so that everything below sees it.
type grouping struct {
	by    []int // slots
	folds []fold
	count int // slot; -1: nobody wants the number
}

// fold makes one value of those in a slot of all elements. Values are neither absent nor null.
type fold struct {
	slot int
	path string // for reasons
	join func(a, b record.Value) (record.Value, Rule)
}

// group compiles what makes elements one.
func (c *compiler) group(s *scope, at string, in *config.Group) *grouping {
	g := &grouping{count: -1}
	for i, text := range in.By {
		if slot, typ, ok := c.groupPath(s, fmt.Sprintf("%s.by[%d]", at, i), text); ok {
			c.keyType(typ, fmt.Sprintf("%s.by[%d]", at, i))
			g.by = append(g.by, slot)
		}
	}
	for _, f := range []struct {
		name  string
		paths []string
		join  func(a, b record.Value) (record.Value, Rule)
	}{{"sum", in.Sum, plus}, {"min", in.Min, least}, {"max", in.Max, most}} {
		for i, text := range f.paths {
			here := fmt.Sprintf("%s.%s[%d]", at, f.name, i)
			slot, typ, ok := c.groupPath(s, here, text)
			if !ok {
				continue
			}
			if k := means(typ); f.name == "sum" && k != record.Absent && k != record.Int && k != record.Decimal && k != record.String {
				c.problem(CodeType, here, fmt.Sprintf("%s cannot be added up", nameOf(k)), "name the path of a number")
			}
			g.folds = append(g.folds, fold{slot, text, f.join})
		}
	}
	if in.Count != "" {
		g.count = c.groupCount(s, at+".count", in.Count)
	}
	return g
}

// groupPath compiles a path below the element.
func (c *compiler) groupPath(s *scope, at, text string) (int, expr.Type, bool) {
	p, typ, ok := c.path(s, at, text)
	if ok && (p.kind != inSlot || p.depth != s.depth) {
		c.problem(CodeRoot, at, fmt.Sprintf("%q is not of the element, and the same for all of them", text), "name a path below the element")
		return 0, typ, false
	}
	return p.slot, typ, ok
}

// groupCount adds the name of the number of elements to what is known of an element.
func (c *compiler) groupCount(s *scope, at, name string) int {
	p, err := record.ParsePath(name)
	if err != nil || len(p) != 1 || p.Root() != "" {
		c.problem(CodePath, at, fmt.Sprintf("%q is not a plain name", name), "write a name that the elements do not have, such as n")
		return -1
	}
	if s.typ.Fields != nil {
		if _, taken := s.typ.Fields[p[0].Name]; taken {
			c.problem(CodeDuplicate, at, fmt.Sprintf("the elements have a field %q", name), "write another name, such as n")
			return -1
		}
		s.typ.Fields = maps.Clone(s.typ.Fields)
		s.typ.Fields[p[0].Name] = expr.Type{Kind: record.Int}
	}
	return s.slots.Add(p, false)
}

// appendGroups puts an element for each group on the executor's stack, in the order in which they begin.
func (p *part) appendGroups(e *Executor, elements []record.Value, from int) (record.Value, bool) {
	type one struct {
		frame []record.Value
		index int
		n     int64
	}
	var all []*one
	byKey := map[string]*one{}
	for i, element := range elements {
		frame := element.Elements()
		e.frames[p.inner], e.index[p.inner] = frame, i
		if p.where != nil {
			yes, ok := p.where.holds(e)
			if !ok && !e.pending {
				return present, e.underIndex(i)
			}
			if !yes {
				continue
			}
		}
		key := p.group.key(e, frame)
		g := byKey[key]
		if g == nil {
			g = &one{frame: e.arena.Copy(frame), index: i}
			byKey[key], all = g, append(all, g)
		}
		g.n++
		for _, f := range p.group.folds {
			if rule := f.take(g.frame, frame, g.n == 1); rule != "" {
				e.refuse(f.path, rule, frame[f.slot])
				return present, e.underIndex(i)
			}
		}
	}
	for _, g := range all {
		if p.group.count >= 0 {
			g.frame[p.group.count] = record.IntValue(g.n)
		}
		e.frames[p.inner], e.index[p.inner] = g.frame, g.index
		if !p.element(e, from) && !e.pending {
			return present, false
		}
	}
	return present, true
}

// key is what elements that are alike have in common: 1 and 1.0 are the same, and so are absent and null.
func (g *grouping) key(e *Executor, frame []record.Value) string {
	var key []byte
	for _, slot := range g.by {
		v := frame[slot]
		if v.IsNull() {
			key = append(key, 0)
			continue
		}
		text, rule := keyText(e, v)
		if rule != "" {
			text = string(v.AppendJSON(nil))
		}
		key = append(key, 1, byte(v.Kind()))
		if v.Kind() == record.Int || v.Kind() == record.Decimal {
			key[len(key)-1] = byte(record.Decimal)
		}
		key = append(binary.AppendUvarint(key, uint64(len(text))), text...)
	}
	return string(key)
}

// take adds a value to what was gathered. The first is judged, too.
func (f *fold) take(into, frame []record.Value, first bool) Rule {
	v := frame[f.slot]
	switch {
	case v.IsNull():
		return ""
	case first || into[f.slot].IsNull():
		var rule Rule
		into[f.slot], rule = f.join(v, record.Value{})
		return rule
	}
	w, rule := f.join(into[f.slot], v)
	into[f.slot] = w
	return rule
}

// plus adds numbers, and texts that say one. An absent b changes nothing but the form.
func plus(a, b record.Value) (record.Value, Rule) {
	text := numberText{decimal: "."}
	x, rule := text.number(a)
	if rule != "" || b.IsAbsent() {
		return x, rule
	}
	y, rule := text.number(b)
	if rule != "" {
		return y, rule
	}
	sum, failed := expr.Add(x, y)
	if failed != "" {
		return sum, RuleNumber
	}
	return sum, ""
}

func least(a, b record.Value) (record.Value, Rule) { return extreme(a, b, -1) }
func most(a, b record.Value) (record.Value, Rule)  { return extreme(a, b, 1) }

// extreme returns that of two values of one kind that is on the wanted side of the other.
func extreme(a, b record.Value, want int) (record.Value, Rule) {
	number := func(v record.Value) bool { return v.Kind() == record.Int || v.Kind() == record.Decimal }
	order := 0
	switch {
	case b.IsAbsent() && (number(a) || a.Kind() == record.String):
		return a, ""
	case number(a) && number(b):
		order = expr.CompareNumbers(b, a)
	case a.Kind() == record.String && b.Kind() == record.String:
		order = strings.Compare(b.Text(), a.Text())
	case b.IsAbsent():
		return a, RuleType
	default:
		return b, RuleType
	}
	if order == want {
		return b, ""
	}
	return a, ""
}
