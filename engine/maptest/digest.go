package maptest

import (
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
