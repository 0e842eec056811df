package run

import (
	"context"
	"slices"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// refusal is $result of an item that was set aside.
func refusal(it *item) record.Value {
	if it.fate != setAside {
		return record.Value{}
	}
	kind, field, rule := adapters.Invalid.String(), it.reason.Field, string(it.reason.Rule)
	if it.reason.Check != "" {
		rule = "check " + it.reason.Check
	}
	if err := it.outcome.Err; err != nil {
		kind, field, rule = err.Kind.String(), err.Field, err.Rule
	} else if it.need != nil && it.need.err != nil {
		kind, rule = it.need.err.Kind.String(), it.need.err.Rule
	}
	return record.ObjectValue([]string{"kind", "field", "rule"}, []record.Value{record.StringValue(kind), record.StringValue(field), record.StringValue(rule)})
}

// answers fills in what the destinations answered: the answer itself, else what is there now, else what was sent.
func (s *session) answers(ctx context.Context, r *Runner, b *writeBack, items []*item) {
	for _, l := range s.stage.lanes {
		var ask []*item
		for _, it := range items {
			switch {
			case it.lane != l:
			case it.outcome.Answer.Kind() == record.Object:
				it.ackOf(b).result = withID(it.outcome.Answer, it.outcome.ID)
			case l.reads:
				ask = append(ask, it)
			default:
				it.ackOf(b).result = l.sent(it)
			}
		}
		if len(ask) > 0 {
			s.readBack(ctx, r, b, l, ask)
		}
	}
}

// readBack reads what the destination made of the items.
func (s *session) readBack(ctx context.Context, r *Runner, b *writeBack, l *lane, items []*item) {
	req := adapters.ReadRequest{Object: l.Destination.Object, By: l.Destination.Key}
	for _, it := range items {
		req.Keys = append(req.Keys, l.key(it))
	}
	var found map[string]answer
	err := s.insist(ctx, r, func() (err error) {
		found, _, err = readKeys(ctx, l.destination.(adapters.Source).OpenRead, req)
		return err
	})
	for i, it := range items {
		a := it.ackOf(b)
		switch f := found[keyText(req.Keys[i])]; {
		case err != nil:
			a.result = l.sent(it)
			a.fail(err)
		case f.n == 1:
			a.result = withID(f.value, it.outcome.ID)
		default:
			a.result = l.sent(it)
		}
	}
}

// ackOf returns what is written back of an item by one write-back.
func (it *item) ackOf(b *writeBack) *ack {
	i := slices.IndexFunc(it.acks, func(a *ack) bool { return a.back == b })
	return it.acks[i]
}

// sent is what was sent of an item, with the id that came back.
func (l *lane) sent(it *item) record.Value {
	return withID(record.ObjectValue(l.program.Shape().Names(), cloneAll(l.rows.Row(it.row))), it.outcome.ID)
}

// withID adds the id of a record as $result.id, unless it has such a field.
func withID(v, id record.Value) record.Value {
	if id.IsNull() || !v.Get("id").IsAbsent() {
		return v
	}
	return record.ObjectValue(append(slices.Clone(v.Names()), "id"), append(slices.Clone(v.Elements()), id.Clone()))
}
