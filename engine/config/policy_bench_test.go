package config

import (
	"fmt"
	"testing"
	"testing/fstest"
)

// manyResources is a repository of n resources: half of them touchpoints, each with a mapping.
func manyResources(n int, policies string) fstest.MapFS {
	fsys := fstest.MapFS{"dray.yaml": {Data: fmt.Appendf(nil, "apiVersion: dray/v1\nkind: Repository\nmetadata: {name: acme}\nspec: {%s}\n", policies)}}
	for i := range 20 {
		fsys[fmt.Sprintf("c%d.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "apiVersion: dray/v1\nkind: Connection\nmetadata: {name: c%d}\nspec: {application: table, config: {path: c%d.db}}\n", i, i)}
	}
	for i := range n / 2 {
		fsys[fmt.Sprintf("m%d.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "apiVersion: dray/v1\nkind: Mapping\nmetadata: {name: m%d}\nspec:\n  fields:\n    a: {from: part%d.value, apply: [trim, lower]}\n    b: {value: web}\n", i, i)}
		fsys[fmt.Sprintf("t%d.yaml", i)] = &fstest.MapFile{Data: manyTouchpoint(i, 0)}
	}
	return fsys
}

func manyTouchpoint(i, edition int) []byte {
	return fmt.Appendf(nil, `apiVersion: dray/v1
kind: Touchpoint
metadata:
  name: t%d
  labels: {owner: team%d}
  description: flow %d
spec:
  source:
    connection: c%d
    object: orders
    start: "2026-04-01T00:00:00+02:00"
    where: total > %d
  trace: [number, id%d]
  mapping: m%d
  destination: {connection: c%d, object: sales%d, write: upsert, key: [a]}
  limits: {maxCreates: %d, maxUpdates: 20%%}
  schedule: {every: %dm}
`, i, i%50, i, i%20, i, i, i, (i+1)%20, i, 500+i+edition, 15+i%40)
}

// BenchmarkPolicies loads 2,000 resources with and without policies: all of them, and again after one file has changed.
func BenchmarkPolicies(b *testing.B) {
	for _, policies := range []string{"", "policies: [baseline]"} {
		fsys := manyResources(2000, policies)
		load := func(b *testing.B, cache *Cache) {
			m, list, err := Load(b.Context(), fsys, Options{Registry: testRegistry(), Cache: cache})
			if err != nil || m == nil {
				b.Fatal(err, list)
			}
		}
		b.Run("cold "+policies, func(b *testing.B) {
			for b.Loop() {
				load(b, nil)
			}
		})
		b.Run("one changed "+policies, func(b *testing.B) {
			cache := new(Cache)
			load(b, cache)
			for i := 0; b.Loop(); i++ {
				fsys["t7.yaml"].Data = manyTouchpoint(7, i+1)
				load(b, cache)
			}
		})
	}
}
