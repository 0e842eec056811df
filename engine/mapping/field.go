package mapping

import (
	"strconv"
	"strings"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
)

// absentMode says what becomes of a value that is absent or null.
type absentMode uint8

const (
	keepAbsent   absentMode = iota // absent stays absent, null stays null
	absentOmit                     // both are absent
	absentNull                     // both are null
	absentReject                   // both are refused
)

// getter gives a field's value before anything is done with it. When it reports false the executor's reason says why.
type getter func(*Executor) (record.Value, bool)

// step is one thing done with a value that is neither absent nor null. A rule means that it cannot be done.
type step func(*Executor, record.Value) (record.Value, Rule)

// ruleSkip is what a step returns for a record that is to be left out.
const ruleSkip Rule = "skip"

// field is one compiled field.
type field struct {
	name       string // as it stands in a path
	when       *condition
	get        getter
	steps      []step
	fallback   record.Value // the default; absent when there is none
	convert    step         // what the default goes through, when that cannot be done beforehand
	required   bool
	key        bool // part of the destination's key
	absent     absentMode
	typ        expr.Type
	createOnly bool

	value, defaulted, left int // points: a value of its own, the default, none at all; -1 where the field cannot come to it
	// What the checks against the destination need to know.
	main    expr.Type // of the value before the default
	decided string    // the setting that decides main
	parts   []part    // of a list or nested object
}

// eval returns the field's value. When it reports false the executor's reason says why.
func (f *field) eval(e *Executor) (record.Value, bool) {
	if f.when != nil {
		yes, ok := f.when.holds(e)
		if !ok {
			return record.Value{}, e.under(f.name)
		}
		if !yes {
			return f.unsent()
		}
	}
	v, ok := f.get(e)
	if !ok {
		return v, e.under(f.name)
	}
	for _, s := range f.steps {
		if v.IsNull() {
			break
		}
		w, rule := s(e, v)
		if rule != "" {
			return v, e.refuse(f.name, rule, v)
		}
		v = w
	}
	if !v.IsNull() {
		e.reach(f.value)
	} else if !f.fallback.IsAbsent() {
		e.reach(f.defaulted)
		v = f.fallback
		if f.convert != nil {
			w, rule := f.convert(e, v)
			if rule != "" {
				return v, e.refuse(f.name, rule, v)
			}
			v = w
		}
	}
	if v.IsNull() {
		return f.missing(e, v)
	}
	if f.key && v.Kind() == record.String && strings.TrimSpace(v.Text()) == "" {
		return v, e.refuse(f.name, RuleKey, v)
	}
	return v, true
}

// unsent is the value of a field whose when is not true.
func (f *field) unsent() (record.Value, bool) {
	if f.absent == absentNull {
		return record.NullValue, true
	}
	return record.Value{}, true
}

// missing decides about a value that is absent or null.
func (f *field) missing(e *Executor, v record.Value) (record.Value, bool) {
	e.reach(f.left)
	switch {
	case f.key:
		return v, e.refuse(f.name, RuleKey, v)
	case f.required:
		return v, e.refuse(f.name, RuleRequired, v)
	case f.absent == absentReject:
		return v, e.refuse(f.name, RuleAbsent, v)
	case f.absent == absentNull:
		return record.NullValue, true
	case f.absent == absentOmit:
		return record.Value{}, true
	}
	return v, true
}

// refuse notes why a field's value is refused, and returns false.
func (e *Executor) refuse(field string, rule Rule, v record.Value) bool {
	if e.skip = rule == ruleSkip; e.skip {
		rule = RuleLookup
	}
	e.reason = Reason{Field: field, Rule: rule, Type: v.Kind().String(), Waits: e.waits}
	e.waits = 0
	return false
}

// under puts a name before the field of the reason, and returns false.
func (e *Executor) under(name string) bool {
	switch {
	case e.reason.Field == "":
		e.reason.Field = name
	case e.reason.Field[0] == '[':
		e.reason.Field = name + e.reason.Field
	default:
		e.reason.Field = name + "." + e.reason.Field
	}
	return false
}

// underIndex puts an index before the field of the reason, and returns false.
func (e *Executor) underIndex(i int) bool { return e.under("[" + strconv.Itoa(i) + "]") }

// object is the fields of an element or a nested object.
type object struct {
	labels *record.Labels
	fields []*field
}

// eval returns the object, and whether any member is there.
func (o *object) eval(e *Executor) (v record.Value, some, ok bool) {
	values := e.arena.Values(len(o.fields))
	for i, f := range o.fields {
		w, ok := f.eval(e)
		if !ok && !e.pending {
			return w, false, false
		}
		values[i] = w
		some = some || !w.IsAbsent()
	}
	return e.arena.Labeled(o.labels, values), some, true
}

// nested is a getter for a nested object. Without a member it is absent.
func (o *object) nested(e *Executor) (record.Value, bool) {
	v, some, ok := o.eval(e)
	if !ok || !some {
		return record.Value{}, ok
	}
	return v, true
}

// part is one origin of a list.
type part struct {
	single bool // one element, in the scope around
	list   place
	inner  int // depth of the elements' scope
	when   *condition
	where  *condition
	group  *grouping // nil: every element is one of its own
	object object

	nullable bool // the list is known to be nil at times
	failed   bool // its fields were not compiled
}

// list is a list of one or several origins.
type list struct {
	parts []part
	each  bool // a single part whose absence is that of the list
	point int  // of a single part that has elements; the next is that of one that has none
}

// get is the getter of the list.
func (l *list) get(e *Executor) (record.Value, bool) {
	from := len(e.stack)
	for i := range l.parts {
		p := &l.parts[i]
		absent, ok := p.append(e, from)
		if !ok && !e.pending {
			e.stack = e.stack[:from]
			return record.Value{}, false
		}
		if l.each && absent.IsNull() {
			return absent, true
		}
	}
	if l.each && e.reached != nil {
		e.reachEither(l.point, len(e.stack) > from)
	}
	v := e.arena.List(e.arena.Copy(e.stack[from:]))
	e.stack = e.stack[:from]
	return v, true
}

// present is what append returns for a list that is there.
var present = record.BoolValue(true)

// append puts the part's elements on the executor's stack. Where there is no list it returns the absent or null value found instead.
func (p *part) append(e *Executor, from int) (record.Value, bool) {
	if p.when != nil {
		yes, ok := p.when.holds(e)
		if !ok || !yes {
			return present, ok
		}
	}
	if p.single {
		return present, p.element(e, from)
	}
	v := e.load(&p.list)
	switch {
	case v.IsNull():
		return v, true
	case v.Kind() != record.List:
		return v, e.refuse("", RuleType, v)
	}
	if p.group != nil {
		return p.appendGroups(e, v.Elements(), from)
	}
	for i, element := range v.Elements() {
		e.frames[p.inner], e.index[p.inner] = element.Elements(), i
		if p.where != nil {
			yes, ok := p.where.holds(e)
			if !ok && !e.pending {
				return v, e.underIndex(len(e.stack) - from)
			}
			if !yes {
				continue
			}
		}
		if !p.element(e, from) {
			return v, false
		}
	}
	return present, true
}

func (p *part) element(e *Executor, from int) bool {
	v, _, ok := p.object.eval(e)
	if !ok {
		return e.underIndex(len(e.stack) - from)
	}
	e.stack = append(e.stack, v)
	return true
}
