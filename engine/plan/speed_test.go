package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/plan"
)

// large is a repository of n mappings and as many touchpoints, of which every tenth is another by version.
func large(n int, version string) fstest.MapFS {
	files := fstest.MapFS{"dray.yaml": {Data: []byte(settings)}, "ends.yaml": {Data: []byte(`apiVersion: dray/v1
kind: Connection
metadata: {name: shop}
spec: {application: shop, config: {url: "https://shop.example/"}}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: erp}
spec: {application: table, config: {path: erp.db}}
`)}}
	for i := range n {
		said := version
		if i%10 > 0 {
			said = "same"
		}
		var fields strings.Builder
		for j := range 20 {
			fmt.Fprintf(&fields, "    field_%d: {from: a.b%d, apply: [trim], default: %s}\n", j, j, said)
		}
		files[fmt.Sprintf("flow-%d.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, `apiVersion: dray/v1
kind: Mapping
metadata: {name: m-%[1]d}
spec:
  fields:
%[2]s---
apiVersion: dray/v1
kind: Touchpoint
metadata: {name: t-%[1]d}
spec:
  source: {connection: shop, object: orders, start: beginning}
  mapping: m-%[1]d
  destination: {connection: erp, object: sales, write: upsert, key: [field_0]}
  schedule: {every: 15m}
`, i, fields.String())}
	}
	return files
}

// BenchmarkDiff compares two models of 10,000 resources; BenchmarkLoad is what it is to be faster than.
func BenchmarkDiff(b *testing.B) {
	before, _, err := config.Load(b.Context(), large(5000, "one"), config.Options{Registry: registry()})
	if err != nil {
		b.Fatal(err)
	}
	after, _, err := config.Load(b.Context(), large(5000, "two"), config.Options{Registry: registry()})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if c := plan.Diff(before, after); len(c.Touchpoints) != 500 {
			b.Fatalf("%d flows change", len(c.Touchpoints))
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	files := large(5000, "one")
	for b.Loop() {
		if _, _, err := config.Load(b.Context(), files, config.Options{Registry: registry()}); err != nil {
			b.Fatal(err)
		}
	}
}
