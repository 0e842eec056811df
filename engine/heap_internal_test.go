package engine

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"weak"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/plan"
	"github.com/dray-sync/dray/engine/secret"
)

// TestRevisionsAreLetGo holds that a flow that no revision changes does not keep the one alive that it is from: in an agent of many flows
// each would keep another, with all of its resources.
func TestRevisionsAreLetGo(t *testing.T) {
	base, err := os.ReadFile(filepath.Join("plan", "testdata", "base.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	identity, err := secret.GenerateAgent(secret.Classic)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := secret.CreateRing("test", []secret.Recipient{identity.Public().Recipient}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ring.File().Encode()
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{
		"dray.yaml": {Data: []byte("apiVersion: dray/v1\nkind: Repository\nmetadata: {name: acme}\nspec: {environments: {test: {}}}\n")},
		"keys.yaml": {Data: keys}, "base.yaml": {Data: base},
	}
	a := &agentUnderTest{t: t, cache: new(config.Cache), total: map[plan.StateEffect]int{}}
	a.start(identity, files)
	first := weak.Make(a.model)
	unchanged := a.e.current.Load().flows["products"].Flow

	files["base.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(string(base), "maxCreates: 500", "maxCreates: 501", 1))}
	m := a.load(files)
	if m == nil || !a.apply(m, "another limit") {
		t.Fatal("the second revision is not applied")
	}
	if a.e.current.Load().flows["products"].Flow != unchanged {
		t.Error("the flow that does not change is another one now")
	}
	runtime.GC()
	if first.Value() != nil {
		t.Error("the first revision's model is still held")
	}
}
