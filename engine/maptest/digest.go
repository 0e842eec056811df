package maptest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/dray-sync/dray/engine/config"
)

// Digest returns a text that differs whenever the results of a test of the model may: its cases, with what stands in files, and all that its
// mapping is compiled with. A test that says no time counts as the same at all times.
func Digest(m *config.Model, test string) string {
	t := &m.Tests[test].Spec
	h := sha256.New()
	enc := json.NewEncoder(h) // it writes to memory and encodes what came from JSON
	_ = enc.Encode(t)
	for i := range t.Cases {
		_ = enc.Encode([]any{t.Cases[i].Path, t.Cases[i].Expected, m.Tests[test].Source.Pos(t.Cases[i].Path)})
	}
	if mp, ok := m.Mappings[t.Mapping]; ok {
		fmt.Fprintln(h, mp.Digest)
		for _, l := range mp.Spec.Fields.Lookups() {
			if r, ok := m.Lookups[l]; ok {
				fmt.Fprintln(h, r.Digest)
			}
		}
	}
	if tp, ok := m.Touchpoints[t.Touchpoint]; ok {
		fmt.Fprintln(h, tp.Digest)
		if c, ok := m.Connections[tp.Spec.Source.Connection]; ok {
			fmt.Fprintln(h, c.Digest)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// RunAll runs cases in several environments: in each those whose results may differ from what they are in the environments before. Coverage
// is that of the first. o.Model does not count.
func RunAll(ctx context.Context, models []*config.Model, o Options) (Report, error) {
	var all Report
	seen := map[string]bool{}
	match := o.Match
	for i, m := range models {
		stale := map[string]bool{}
		for name := range m.Tests {
			key := name + "\x00" + Digest(m, name)
			stale[name], seen[key] = !seen[key], true
		}
		o.Model, o.Cover = m, o.Cover && i == 0
		o.Match = func(test, name string) bool { return stale[test] && (match == nil || match(test, name)) }
		r, err := Run(ctx, o)
		if err != nil {
			return Report{}, err
		}
		for _, c := range r.Results {
			if i > 0 {
				c.Environment = m.Environment
			}
			all.add(c)
		}
		if i == 0 {
			all.Coverage = r.Coverage
		}
	}
	return all, nil
}
