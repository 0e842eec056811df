package run

import (
	"context"
	"math/rand/v2"

	"github.com/dray-sync/dray/adapters/record"
)

// sampled is how many records of a batch are handed out as samples.
const sampled = 3

// sample hands out a few of the first n records of a batch, chosen by chance.
func (s *session) sample(ctx context.Context, r *Runner, w *work, b *record.Batch, n int) {
	if r.Sample == nil || s.stage.letters != nil || n == 0 {
		return
	}
	var docs [][]byte
	for _, i := range rand.Perm(n)[:min(n, sampled)] {
		if b.Op(i) != record.Delete {
			docs = append(docs, appendSource(nil, b, i))
		}
	}
	r.Sample(ctx, w.touchpoint, s.ends.flow, docs)
}
