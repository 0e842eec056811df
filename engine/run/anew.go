package run

import (
	"context"
	"slices"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/state"
)

// readAnew reads the records of dead letters from the source again, by their keys, where onReject says so. One that the source does not have
// any more is left out.
func (s *session) readAnew(ctx context.Context, w *work, letters []state.DeadLetter) ([]state.DeadLetter, error) {
	if s.ends.flow.Spec.OnReject.Read != "again" {
		return letters, nil
	}
	if !s.ends.object.CanRead(adapters.ReadKeys) {
		return nil, notByKey(s.ends.flow)
	}
	out := make([]state.DeadLetter, 0, len(letters))
	for some := range slices.Chunk(letters, resyncBatch) {
		req := adapters.ReadRequest{Object: s.ends.flow.Spec.Source.Object, By: s.ends.object.KeyNames()}
		for i := range some {
			if key, ok := s.sourceKey(&some[i]); ok {
				req.Keys = append(req.Keys, key)
			}
		}
		var found map[string]answer
		if len(req.Keys) > 0 {
			var err error
			if found, _, err = readKeys(ctx, s.ends.read, req); err != nil {
				return nil, err
			}
		}
		for i := range some {
			if s.renew(&some[i], found) {
				out = append(out, some[i])
			} else if w.beside != nil {
				w.beside.done.Keys++
				w.beside.done.Missing++
			}
		}
	}
	return out, nil
}

// sourceKey returns the key by which the record of a dead letter is read again. false: it is not: its write-back alone is tried, or it has no key.
func (s *session) sourceKey(d *state.DeadLetter) ([]record.Value, bool) {
	if d.Stage == state.StageWriteBack || d.Key == nil {
		return nil, false
	}
	key, err := decodeKey(d.Key)
	if err != nil || len(key) < s.ends.key {
		return nil, false
	}
	return key[:s.ends.key], true
}

// renew puts what was found in place of what a dead letter holds. false: the source does not have the record any more.
func (s *session) renew(d *state.DeadLetter, found map[string]answer) bool {
	key, ok := s.sourceKey(d)
	if !ok {
		return true
	}
	a := found[keyText(key)]
	if a.n == 1 {
		d.Source = a.value.AppendJSON(nil)
	}
	return a.n > 0
}
