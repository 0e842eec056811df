package mapping

import (
	"errors"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
)

// An Executor runs a program: one goroutine's working memory. In the long run a record costs no allocation, but for expressions
// that make something. Not safe for concurrent use.
type Executor struct {
	p         *Program
	clock     func() time.Time
	extractor *record.Extractor
	arena     record.Arena
	machine   expr.Machine
	frames    [][]record.Value // by depth: slots of the record, of the element within …
	index     []int            // by depth: position of the element in its list
	row       []record.Value
	extra     []record.Value
	steps     []record.Value // by index of the program's
	parts     []record.Value // key of the element of a split
	result    record.Value   // the destination's answer
	refs      []record.Value // paths of the expression that runs
	stack     []record.Value // elements of the lists being made
	keys      []record.Value // of the lookup being done
	keyTexts  []string
	packed    []byte
	reached   []bool       // by point of the program; nil: nobody wants to know
	instant   record.Value // now, once asked
	reason    Reason
	skip      bool // the reason leaves the record out
	elsewhere Elsewhere
	pending   bool          // an answer of elsewhere is not there yet
	waits     time.Duration // how long the record may wait for the row that was missed last
}

// NewExecutor returns an executor of the program. now is what $run.now says, asked at most once a record; nil: the clock.
func (p *Program) NewExecutor(now func() time.Time) *Executor {
	if now == nil {
		now = time.Now
	}
	var reached []bool
	if len(p.points) > 0 {
		reached = make([]bool, len(p.points))
	}
	return &Executor{
		p: p, reached: reached, clock: now, extractor: p.slots.NewExtractor(),
		frames: make([][]record.Value, p.depth+1), index: make([]int, p.depth+1),
		row: make([]record.Value, len(p.fields)), parts: make([]record.Value, len(p.parts)), extra: make([]record.Value, len(p.extra)),
		steps: make([]record.Value, len(p.steps)), refs: make([]record.Value, p.maxRefs),
	}
}

// SetStep says what a step found for the records that are mapped from now on. v must live as long as it is in use, and hold no Raw
// value. A step of another name than those of Options.Steps is ignored.
func (e *Executor) SetStep(name string, v record.Value) {
	if i, ok := slices.BinarySearch(e.p.steps, name); ok {
		e.steps[i] = v
	}
}

// Map maps record i of b.
func (e *Executor) Map(b *record.Batch, i int) Result {
	extra, reason, ok := e.Extract(b, i)
	if !ok {
		return Result{Outcome: Rejected, Reason: reason}
	}
	out := e.conclude(e.run())
	out.Extra = extra
	return out
}

// conclude says what has become of the current record.
func (e *Executor) conclude(o Outcome) Result {
	if e.pending {
		return Result{Outcome: Pending}
	}
	out := Result{Outcome: o}
	if o != Mapped {
		out.Reason = e.reason
	}
	if o == Mapped || o == Parked {
		out.Row = e.row
	}
	return out
}

// Extract returns only the extra values of record i, for a record that is not mapped because it is gone. It reports false, and why, for
// a record that is not valid. The values live as long as those of [Executor.Map].
func (e *Executor) Extract(b *record.Batch, i int) ([]record.Value, Reason, bool) {
	e.extractor.Reset()
	e.arena.Reset()
	e.machine.Reset()
	clear(e.row)
	e.stack, e.instant, e.reason, e.skip, e.pending = e.stack[:0], record.Value{}, Reason{}, false, false
	frame, err := e.extractor.Record(b, i)
	if err != nil {
		var bad *record.ScanError
		reason := Reason{Rule: RuleJSON}
		if errors.As(err, &bad) {
			reason.Type = bad.What
		}
		return nil, reason, false
	}
	e.frames[0] = frame
	for k := range e.p.extra {
		e.extra[k] = e.load(&e.p.extra[k])
	}
	return e.extra, Reason{}, true
}

// run maps the record that was extracted.
func (e *Executor) run() Outcome {
	if e.p.where != nil {
		yes, ok := e.p.where.holds(e)
		switch {
		case !ok:
			return Rejected
		case !yes:
			return Filtered
		}
	}
	return e.fill()
}

// fill maps the current record.
func (e *Executor) fill() Outcome {
	for i, f := range e.p.fields {
		v, ok := f.eval(e)
		switch {
		case !ok && e.pending: // what else is missing is wanted, too
		case !ok && e.skip:
			return Skipped
		case !ok:
			return Rejected
		}
		e.row[i] = v
	}
	return e.check()
}

// check runs the checks. The first that rejects or skips decides; one that parks only when none after it does.
func (e *Executor) check() Outcome {
	outcome := Mapped
	var parked Reason
	for _, c := range e.p.checks {
		yes, ok := c.holds(e)
		switch {
		case !ok:
			e.reason.Check, e.reason.Message = c.reason.Check, c.reason.Message
			return Rejected
		case yes:
		case c.outcome != Parked:
			e.reason = c.reason
			return c.outcome
		case outcome == Mapped:
			outcome, parked = Parked, c.reason
		}
	}
	e.reason = parked
	return outcome
}

// now returns $run.now, in UTC.
func (e *Executor) now() record.Value {
	if e.instant.IsAbsent() {
		e.instant = record.TimestampValue(e.clock().UTC())
	}
	return e.instant
}

// AppendJSON appends a row as a JSON object on one line, absent columns left out; unless create also those that are sent on create only.
func (p *Program) AppendJSON(dst []byte, row []record.Value, create bool) []byte {
	dst = append(dst, '{')
	from := len(dst)
	for i := range row {
		if row[i].IsAbsent() || (!create && p.columns[i].CreateOnly) {
			continue
		}
		dst = row[i].AppendJSON(p.labels.Append(dst, i, len(dst) == from))
	}
	return append(dst, '}')
}
