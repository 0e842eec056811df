package config

import (
	"maps"
	"slices"

	"github.com/dray-sync/dray/engine/policy"
)

// A projection is the parts of an input that a rule reads.
type projection struct {
	all   bool
	there bool     // whether there is something matters
	names []string // sorted
	next  map[string]*projection
}

func newProjection(reads []policy.Read) *projection {
	p := new(projection)
	for _, r := range reads {
		p.add(r.Path, r.Presence)
	}
	return p
}

func (p *projection) add(path []string, presence bool) {
	if len(path) == 0 {
		p.all, p.there = p.all || !presence, p.there || presence
		return
	}
	if p.next == nil {
		p.next = map[string]*projection{}
	}
	next := p.next[path[0]]
	if next == nil {
		next = new(projection)
		p.next[path[0]] = next
		p.names = slices.Sorted(maps.Keys(p.next))
	}
	next.add(path[1:], presence)
}

// appendJSON appends the parts of v that are read.
func (p *projection) appendJSON(b []byte, v policyValue) []byte {
	switch {
	case p.all, p.next != nil && !v.isObject():
		return v.appendJSON(b)
	case p.next == nil && p.there:
		return append(b, "true"...)
	}
	b = append(b, '{')
	first := true
	for _, name := range p.names {
		if part := v.field(name); part != nil {
			b = append(appendJSONString(comma(b, &first), name), ':')
			b = p.next[name].appendJSON(b, part)
		}
	}
	return append(b, '}')
}
