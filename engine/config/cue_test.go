package config

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dray-sync/dray/engine/diag"
)

// inProcess evaluates without a child, counting.
func inProcess(count *int) func(context.Context, []byte) ([]byte, error) {
	return func(_ context.Context, request []byte) ([]byte, error) {
		*count++
		var out bytes.Buffer
		err := CUEChildMain(bytes.NewReader(request), &out)
		return out.Bytes(), err
	}
}

func cueRepository(text string) fstest.MapFS {
	return fstest.MapFS{"dray.yaml": {Data: []byte(plainRepository)}, "a.cue": {Data: []byte(text)}}
}

func TestRepositoriesWithoutCUEStartNoChild(t *testing.T) {
	count := 0
	fsys := os.DirFS(fixtures + "/good/plain")
	if _, list, err := Load(t.Context(), fsys, Options{Registry: testRegistry(), EvalCUE: inProcess(&count)}); err != nil || len(list) > 0 {
		t.Fatal(err, list)
	}
	if count != 0 {
		t.Errorf("evaluated %d times", count)
	}
}

func TestCUEIsEvaluatedOnceForTheSameFiles(t *testing.T) {
	count := 0
	o := Options{Registry: testRegistry(), EvalCUE: inProcess(&count), Cache: new(Cache)}
	var digest string
	for range 3 {
		m, list, err := Load(t.Context(), os.DirFS(fixtures+"/good/cue"), o)
		if err != nil || len(list) > 0 {
			t.Fatal(err, list)
		}
		if digest != "" && m.Digest != digest {
			t.Error("another digest for the same files")
		}
		digest = m.Digest
	}
	if count != 1 {
		t.Errorf("evaluated %d times, want 1", count)
	}
}

func TestCUEResourcesAreLikeThoseInYAML(t *testing.T) {
	m, list, err := Load(t.Context(), os.DirFS(fixtures+"/good/cue"), Options{Registry: testRegistry()})
	if err != nil || len(list) > 0 {
		t.Fatal(err, list)
	}
	flow := m.Touchpoints["orders-production"]
	if flow == nil {
		t.Fatal("the tag did not reach the package")
	}
	yaml := fstest.MapFS{"dray.yaml": {Data: []byte(plainRepository)}, "a.yaml": {Data: []byte(`apiVersion: dray/v1
kind: Touchpoint
metadata: {name: orders-production}
spec:
  source: {connection: books, object: orders, start: beginning}
  mapping: copy
  destination: {connection: books, object: orders-copy, write: create}
  schedule: {every: 15m}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: copy}
spec: {fields: {id: {from: id}}}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: books}
spec: {application: table, config: {path: books.db}}
`)}}
	same, list, err := Load(t.Context(), yaml, Options{Registry: testRegistry()})
	if err != nil || len(list) > 0 {
		t.Fatal(err, list)
	}
	if got, want := flow.Digest, same.Touchpoints["orders-production"].Digest; got != want {
		t.Errorf("digest %s in CUE, %s in YAML", got, want)
	}
	if got, want := flow.Source.Pos("spec.mapping"), (diag.Pos{File: "flows/flows.cue", Line: 16, Col: 13}); got != want {
		t.Errorf("spec.mapping stands at %v, want %v", got, want)
	}
}

func TestCUEBeyondItsBoundsIsADiagnostic(t *testing.T) {
	bomb := "package bomb\n\nimport \"list\"\n\na: [for x in list.Range(0, 10000, 1) for y in list.Range(0, 10000, 1) {v: \"\\(x)-\\(y)\"}]\n"
	soon := func(ctx context.Context, request []byte) ([]byte, error) {
		return evaluateWithin(ctx, request, time.Second)
	}
	_, list, err := Load(t.Context(), cueRepository(bomb), Options{Registry: testRegistry(), EvalCUE: soon})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].Code != codeCUE || list[0].Pos.File != "a.cue" || list[0].Hint == "" {
		t.Fatalf("got %v", list)
	}
}

func TestChildSeesNoEnvironment(t *testing.T) {
	t.Setenv("CUE_REGISTRY", "example.com/registry")
	t.Setenv("HOME", "/nonexistent")
	_, list, err := Load(t.Context(), cueRepository("package a\n\nimport \"example.com/x@v0:x\"\n\na: x.a\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || strings.Contains(list[0].Message, "dial") || strings.Contains(list[0].Message, "example.com/registry") {
		t.Errorf("got %v", list)
	}
}

func TestAnswersOfTheChildAreChecked(t *testing.T) {
	for name, answer := range map[string]string{
		"no JSON":         `{`,
		"another version": `{"version":2}`,
		"no root":         `{"version":1,"resources":[{"files":["a"]}]}`,
		"no files":        `{"version":1,"resources":[{"root":{"k":6}}]}`,
		"unknown kind":    `{"version":1,"resources":[{"files":["a"],"root":{"k":99}}]}`,
		"names and items": `{"version":1,"resources":[{"files":["a"],"root":{"k":6,"n":[{"k":4}]}}]}`,
		"null inside":     `{"version":1,"resources":[{"files":["a"],"root":{"k":5,"i":[null]}}]}`,
	} {
		evaluate := func(context.Context, []byte) ([]byte, error) { return []byte(answer), nil }
		if _, _, err := Load(t.Context(), cueRepository("a: 1\n"), Options{EvalCUE: evaluate}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLoadStopsWhenItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Load(ctx, cueRepository("a: 1\n"), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
