package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
)

// seenSides loads a repository and returns the fields that compiling sees at both ends of each use of a mapping.
func seenSides(t *testing.T, text string, o Options) []string {
	t.Helper()
	var seen []string
	side := func(s Side) string {
		if s.Object == nil {
			return "nothing"
		}
		names := map[string]bool{}
		for _, f := range s.Object.Fields {
			names[f.Name+" "+f.Type] = true
		}
		return strings.Join(slices.Sorted(maps.Keys(names)), ", ")
	}
	o.Compile = func(use MappingUse) []MappingProblem {
		seen = append(seen, fmt.Sprintf("%s: %s → %s", use.Mapping.Fields[0].Name, side(use.Source), side(use.Destination)))
		return nil
	}
	shop := fakeApplication{adapters.Spec{
		Name: "shop", Schema: "#Config: {...}\n#Object: {fields: {[string]: {type!: string}}}",
		Objects: []adapters.Object{{Name: "orders", Reads: []adapters.ReadMode{adapters.ReadIncremental}, Fields: []adapters.Field{{Name: "id", Type: "int"}, {Name: "odd"}}}},
	}}
	table := fakeApplication{adapters.Spec{Name: "table", Schema: "#Config: {...}"}}
	o.Registry = adapters.NewRegistry(nil, shop, table)
	fsys := fstest.MapFS{"dray.yaml": {Data: []byte(plainRepository)}, "r.yaml": {Data: []byte(text)}}
	if _, list, err := Load(t.Context(), fsys, o); err != nil || list.HasErrors() {
		t.Fatalf("error %v, diagnostics:\n%v", err, list)
	}
	return seen
}

const sidesRepository = `apiVersion: dray/v1
kind: Connection
metadata: {name: shop}
spec: {application: shop}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: own}
spec: {application: shop, objects: {orders: {fields: {more: {type: string}, odd: {type: bool}}}}}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: erp}
spec: {application: table}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: erp-2}
spec: {application: table}
---
apiVersion: dray/v1
kind: Object
metadata: {name: of-application}
spec: {application: table, object: sales, fields: [{name: a, type: int}]}
---
apiVersion: dray/v1
kind: Object
metadata: {name: of-connection}
spec: {connection: erp-2, object: sales, fields: [{name: b, type: int}]}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: m}
spec: {fields: {x: {from: id}}}
`

func touchpointYAML(name, source, destination string) string {
	return fmt.Sprintf("---\napiVersion: dray/v1\nkind: Touchpoint\nmetadata: {name: %s}\nspec:\n  source: {%s, start: now}\n  mapping: m\n  destination: {%s, write: create}\n", name, source, destination)
}

func TestObjectsOfBothEnds(t *testing.T) {
	text := sidesRepository +
		touchpointYAML("a", "connection: shop, object: orders", "connection: erp, object: sales") +
		touchpointYAML("b", "connection: own, object: orders", "connection: erp-2, object: sales") +
		touchpointYAML("c", "connection: shop, object: orders", "connection: erp, object: unknown")
	want := []string{
		"x: id int, odd any → a int",
		"x: id int, more string, odd bool → b int",
		"x: id int, odd any → nothing",
	}
	if diff := cmp.Diff(want, seenSides(t, text, Options{})); diff != "" {
		t.Errorf("sides differ (-want +got):\n%s", diff)
	}
}

// TestLiveObjectsTakeThePlaceOfCommittedOnes holds Options.Objects.
func TestLiveObjectsTakeThePlaceOfCommittedOnes(t *testing.T) {
	text := sidesRepository + touchpointYAML("a", "connection: shop, object: orders", "connection: erp, object: sales")
	live := []Object{
		{Application: "table", Object: "sales", Fields: []ObjectField{{Name: "now", Type: "string"}}},
		{Connection: "shop", Object: "orders", Fields: []ObjectField{{Name: "id", Type: "string"}}},
	}
	if diff := cmp.Diff([]string{"x: id string → now string"}, seenSides(t, text, Options{Objects: live})); diff != "" {
		t.Errorf("sides differ (-want +got):\n%s", diff)
	}
}

// TestMappingsBoundToObjects takes the objects that a mapping names where no touchpoint says which.
func TestMappingsBoundToObjects(t *testing.T) {
	text := strings.Replace(sidesRepository, "spec: {fields: {x: {from: id}}}", "spec: {source: {application: shop, object: orders}, destination: {connection: erp-2, object: sales}, fields: {x: {from: id}}}", 1)
	if diff := cmp.Diff([]string{"x: id int, odd any → b int"}, seenSides(t, text, Options{})); diff != "" {
		t.Errorf("sides differ (-want +got):\n%s", diff)
	}
}

func TestKeyPaths(t *testing.T) {
	fields := []ObjectField{{Name: "a", Key: true}, {Name: "b"}, {Name: "c.d", Key: true}}
	if diff := cmp.Diff([]string{"a", `"c.d"`}, (&Object{Fields: fields}).KeyPaths()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"b"}, (&Object{Key: []string{"b"}, Fields: fields}).KeyPaths()); diff != "" {
		t.Error(diff)
	}
}
