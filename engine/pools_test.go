package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters/all"
	"github.com/dray-sync/dray/engine"
	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/secret"
)

// poolFlow is a touchpoint whose destination is reached from a pool.
const poolFlow = `---
apiVersion: dray/v1
kind: Connection
metadata: {name: to-%[1]s}
spec: {application: sqlite, pool: %[1]s, config: {path: %[2]s/%[1]s.db}}
---
apiVersion: dray/v1
kind: Touchpoint
metadata: {name: to-%[1]s}
spec:
  source: {connection: books, object: items, start: beginning, read: full}
  mapping: copy
  destination: {connection: to-%[1]s, object: items, write: upsert, key: [id]}
  schedule: {every: 1s}
`

// startPooled starts an agent of the repository in files.
func startPooled(t *testing.T, files, data string, identity *secret.Identity) *timedAgent {
	t.Helper()
	source, err := repo.OpenDirectory(files, repo.Limits{})
	check(t, err)
	a := &timedAgent{t: t}
	ready := make(chan struct{})
	a.Engine, err = engine.New(engine.Options{
		Source: source, Repository: files, Environment: "test", Identity: identity, StateDir: filepath.Join(t.TempDir(), "state"), Registry: all.Registry(),
		AllowPaths: []connect.AllowedPath{{Dir: data, Write: true}}, Interval: 100 * time.Millisecond,
		Serve: []func(context.Context, *engine.Engine) error{func(context.Context, *engine.Engine) error { close(ready); return nil }},
	})
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the agent stopped with: %v", err)
		}
	}))
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("the agent did not start: %v", err)
	}
	return a
}

// Each of two agents runs the touchpoints whose ends are all reached from its pools, and no other.
func TestAgentsRunWhatTheirPoolsReach(t *testing.T) {
	dir := t.TempDir()
	files, data := filepath.Join(dir, "repository"), filepath.ToSlash(filepath.Join(dir, "data"))
	check(t, os.Mkdir(files, 0o700))
	check(t, os.Mkdir(data, 0o700))
	pools := []string{"plant", "office"}
	identities := map[string]*secret.Identity{}
	var recipients []secret.Recipient
	var text strings.Builder
	text.WriteString("apiVersion: dray/v1\nkind: Repository\nmetadata: {name: pools}\nspec: {environments: {test: {}}}\n")
	check(t, os.WriteFile(filepath.Join(files, "dray.yaml"), []byte(text.String()), 0o600))
	text.Reset()
	fmt.Fprintf(&text, `apiVersion: dray/v1
kind: Connection
metadata: {name: books}
spec: {application: sqlite, config: {path: %s/books.db}, objects: {items: {key: [id]}}}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: copy}
spec: {fields: {id: {from: id}}}
`, data)
	exec1(t, data+"/books.db", "PRAGMA journal_mode = WAL; CREATE TABLE items (id TEXT PRIMARY KEY); INSERT INTO items VALUES ('one')")
	for _, pool := range pools {
		identity, err := secret.GenerateAgent(secret.Classic)
		check(t, err)
		identities[pool] = identity
		recipients = append(recipients, identity.Public().Recipient)
		exec1(t, data+"/"+pool+".db", "PRAGMA journal_mode = WAL; CREATE TABLE items (id TEXT PRIMARY KEY)")
		fmt.Fprintf(&text, poolFlow, pool, data)
		fmt.Fprintf(&text, "---\napiVersion: dray/v1\nkind: Agent\nmetadata: {name: %[1]s}\nspec: {recipient: %[2]s, pools: [default, %[1]s], environments: [test]}\n", pool, identity.Public().Recipient)
	}
	ring, err := secret.CreateRing("test", recipients, time.Now())
	check(t, err)
	ringFile, err := ring.File().Encode()
	check(t, err)
	check(t, os.WriteFile(filepath.Join(files, "ring.yaml"), ringFile, 0o600))
	check(t, os.WriteFile(filepath.Join(files, "flows.yaml"), []byte(text.String()), 0o600))

	for i, pool := range pools {
		other := pools[1-i]
		a := startPooled(t, files, data, identities[pool])
		a.runs("to-"+pool, "a run", has("succeeded"))
		a.runs("to-"+pool, "more runs", func(runs []api.Run) bool { return len(runs) > 2 }) // the other's time has come by now
		runs, _, err := a.Runs(t.Context(), api.RunFilter{Touchpoint: "to-" + other})
		check(t, err)
		if len(runs) != 0 {
			t.Errorf("the agent in %s ran to-%s: %+v", pool, other, runs)
		}
		list, err := a.Touchpoints(t.Context())
		check(t, err)
		for _, tp := range list {
			if want := map[string]string{"to-" + pool: "", "to-" + other: other}[tp.Name]; tp.NotHere != want {
				t.Errorf("%s in %s is not here because of pool %q, want %q", tp.Name, pool, tp.NotHere, want)
			}
		}
		if _, err := a.Trigger(t.Context(), "to-"+other); err == nil || !strings.Contains(err.Error(), `pool "`+other+`"`) {
			t.Errorf("a trigger of to-%s in %s: %v", other, pool, err)
		}
	}
	for _, pool := range pools {
		if n := countIn(t, filepath.Join(data, pool+".db"), "SELECT count(*) FROM items"); n != 1 {
			t.Errorf("%d records arrived in %s", n, pool)
		}
	}
}
