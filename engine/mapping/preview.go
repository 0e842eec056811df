package mapping

import (
	"time"

	"github.com/dray-sync/dray/adapters/record"
)

// A Preview is one record before and after a mapping. It shows content.
type Preview struct {
	Outcome Outcome
	Reason  Reason
	// Input is the record on one line as JSON; the text as it came when it is not valid.
	Input []byte
	// Output is the mapped record on one line as JSON; nil when there is none.
	Output []byte
}

// Preview maps one JSON document.
func (p *Program) Preview(input []byte, now time.Time) Preview {
	var b record.Batch
	b.Reset(nil)
	b.AppendDoc(input)
	r := p.NewExecutor(func() time.Time { return now }).Map(&b, 0)
	out := Preview{Outcome: r.Outcome, Reason: r.Reason, Input: input}
	if v, err := record.ParseJSON(input); err == nil {
		out.Input = v.AppendJSON(nil)
	}
	if r.Row != nil {
		out.Output = p.AppendJSON(nil, r.Row, true)
	}
	return out
}
