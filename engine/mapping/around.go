package mapping

import (
	"fmt"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
)

// split opens the scope of the records that one record is split into.
func (c *compiler) split(top *scope) *scope {
	if c.Split == nil {
		return top
	}
	const at = "spec.split"
	p := part{}
	inner := c.elements(top, at+".each", c.Split.Each, &p)
	if inner == nil {
		top.typ = expr.Type{} // of what the records are, nothing is known
		return top
	}
	c.program.split = &p
	for i, text := range c.Split.Key {
		if k, _, ok := c.path(inner, fmt.Sprintf("%s.key[%d]", at, i), text); ok {
			c.program.parts = append(c.program.parts, k)
		}
	}
	if !inner.used {
		c.addPath(inner.prefix)
	}
	return inner
}

// Begin takes record i of b in and judges where. When the outcome is Mapped the caller goes on with Turn, Holds and Finish.
func (e *Executor) Begin(b *record.Batch, i int) Result {
	extra, reason, ok := e.Extract(b, i)
	if !ok {
		return Result{Outcome: Rejected, Reason: reason}
	}
	r := Result{Extra: extra}
	if e.p.where == nil {
		return r
	}
	yes, ok := e.p.where.holds(e)
	switch {
	case !ok:
		r.Outcome, r.Reason = Rejected, e.reason
	case !yes:
		r.Outcome = Filtered
	}
	return r
}

// Elements returns how many records Options.Split makes of the record: one without a split, none where there is no list. It reports false
// when what is there is no list.
func (e *Executor) Elements() (int, bool) {
	if e.p.split == nil {
		return 1, true
	}
	v := e.load(&e.p.split.list)
	if v.IsNull() {
		return 0, true
	}
	return v.Len(), v.Kind() == record.List
}

// Turn makes element i the current record and returns its key of Options.Split. The key is valid until the next Turn.
func (e *Executor) Turn(i int) []record.Value {
	clear(e.row)
	e.stack, e.reason, e.skip, e.pending = e.stack[:0], Reason{}, false, false
	if e.p.split == nil {
		return nil
	}
	element := e.load(&e.p.split.list).Index(i)
	e.frames[e.p.split.inner], e.index[e.p.split.inner] = element.Elements(), i
	for k := range e.p.parts {
		e.parts[k] = e.load(&e.p.parts[k])
	}
	return e.parts
}

// SetResult sets what $result is for the records that are mapped from now on. v must live as long as it is in use, and hold no Raw value.
func (e *Executor) SetResult(v record.Value) { e.result = v }

// Holds judges one of Options.Conditions for the current record. It reports false, and why, when that fails.
func (e *Executor) Holds(condition int) (yes bool, reason Reason, ok bool) {
	c := e.p.conditions[condition]
	if c == nil {
		return true, Reason{}, true
	}
	yes, ok = c.holds(e)
	return yes, e.reason, ok
}

// Finish maps the current record. Extra is nil.
func (e *Executor) Finish() Result { return e.conclude(e.fill()) }
