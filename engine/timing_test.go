package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters/all"
	"github.com/dray-sync/dray/engine"
	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/reconcile"
	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/secret"
)

// timedAgent is an agent over SQLite with a clock that can be put forward.
type timedAgent struct {
	*engine.Engine
	t     *testing.T
	ahead atomic.Int64
}

// startTimed starts an agent with touchpoints that read the table items and write another. Each flow is the rest of its spec.
func startTimed(t *testing.T, connection string, flows map[string]string) *timedAgent {
	t.Helper()
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, "data"), 0o700))
	data := filepath.ToSlash(filepath.Join(dir, "data"))
	identity, err := secret.GenerateAgent(secret.Classic)
	check(t, err)
	ring, err := secret.CreateRing("test", []secret.Recipient{identity.Public().Recipient}, time.Now())
	check(t, err)
	ringFile, err := ring.File().Encode()
	check(t, err)
	var text strings.Builder
	text.WriteString(fmt.Sprintf(`apiVersion: dray/v1
kind: Connection
metadata: {name: books}
spec: {application: sqlite, config: {path: %s/books.db}, objects: {items: {key: [id]}}%s}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: copies}
spec: {application: sqlite, config: {path: %s/copies.db}}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: copy}
spec: {fields: {id: {from: id}}}
`, data, connection, data))
	var tables strings.Builder
	for name, rest := range flows {
		text.WriteString(fmt.Sprintf("---\napiVersion: dray/v1\nkind: Touchpoint\nmetadata: {name: %s}\nspec:\n  source: {connection: books, object: items, start: beginning, read: full}\n  mapping: copy\n%s\n", name, rest))
		tables.WriteString(fmt.Sprintf("CREATE TABLE %s (id TEXT PRIMARY KEY);", name))
	}
	exec1(t, data+"/books.db", "CREATE TABLE items (id TEXT PRIMARY KEY); INSERT INTO items VALUES ('one')")
	exec1(t, data+"/copies.db", tables.String())
	files := filepath.Join(dir, "repository")
	check(t, os.Mkdir(files, 0o700))
	for name, content := range map[string]string{
		"dray.yaml": "apiVersion: dray/v1\nkind: Repository\nmetadata: {name: timed}\nspec: {environments: {test: {}}}\n", "ring.yaml": string(ringFile), "flows.yaml": text.String(),
	} {
		check(t, os.WriteFile(filepath.Join(files, name), []byte(content), 0o600))
	}
	source, err := repo.OpenDirectory(files, repo.Limits{})
	check(t, err)
	a := &timedAgent{t: t}
	ready := make(chan struct{})
	a.Engine, err = engine.New(engine.Options{
		Source: source, Repository: files, Environment: "test", Identity: identity, StateDir: filepath.Join(dir, "state"), Registry: all.Registry(),
		AllowPaths: []connect.AllowedPath{{Dir: filepath.Join(dir, "data"), Write: true}}, Interval: 100 * time.Millisecond,
		Now:   func() time.Time { return time.Now().Add(time.Duration(a.ahead.Load())) },
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

// runs returns the runs of a touchpoint, oldest first, once holds is content with them.
func (a *timedAgent) runs(touchpoint, what string, holds func([]api.Run) bool) []api.Run {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		runs, _, err := a.Runs(ctx, api.RunFilter{Touchpoint: touchpoint, Limit: 1000})
		slices.Reverse(runs)
		if err == nil && holds(runs) {
			return runs
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			a.t.Fatalf("waited in vain for %s of %s: %v\n%+v\n%+v", what, touchpoint, err, runs, a.Status())
		}
	}
}

func has(status string) func([]api.Run) bool {
	return func(runs []api.Run) bool {
		return slices.ContainsFunc(runs, func(r api.Run) bool { return r.Status == status })
	}
}

// TestAfter holds that a run waits for the touchpoint it comes after, and that a time is left out, and told of, when that does not succeed.
func TestAfter(t *testing.T) {
	every := "  schedule: {every: 1s}"
	a := startTimed(t, "", map[string]string{
		"first":  "  destination: {connection: copies, object: first, write: upsert, key: [id]}\n" + every,
		"second": "  destination: {connection: copies, object: second, write: upsert, key: [id]}\n  after: [{touchpoint: first}]\n" + every,
		"broken": "  destination: {connection: copies, object: nowhere, write: upsert, key: [id]}\n" + every,
		"never":  "  destination: {connection: copies, object: never, write: upsert, key: [id]}\n  after: [{touchpoint: broken, within: 1s}]\n" + every,
		"anyway": "  destination: {connection: copies, object: anyway, write: upsert, key: [id]}\n  after: [{touchpoint: broken, on: completed, within: 1s}]\n" + every,
	})
	first := a.runs("first", "an end", has("succeeded"))
	second := a.runs("second", "an end", has("succeeded"))
	if second[0].CreatedAt.Before(first[0].EndedAt) {
		t.Errorf("the second began %v, before the first ended, %v", second[0].CreatedAt, first[0].EndedAt)
	}
	a.runs("broken", "a failure", has("failed"))
	a.runs("anyway", "an end", has("succeeded"))
	left := a.runs("never", "a time that is left out", has("canceled"))
	for _, r := range left {
		if r.Status != "canceled" || r.Code != "NotInTurn" {
			t.Errorf("a run after one that fails: %+v", r)
		}
	}
}

// TestLateIsTold holds that a touchpoint which has not reached its end in time is told of, in the status and in the list, until it has.
func TestLateIsTold(t *testing.T) {
	a := startTimed(t, "", map[string]string{
		"fine":   "  destination: {connection: copies, object: fine, write: upsert, key: [id]}\n  schedule: {every: 1s, expectBy: \"00:00\"}",
		"broken": "  destination: {connection: copies, object: nowhere, write: upsert, key: [id]}\n  schedule: {every: 1h, expectBy: \"00:00\"}",
	})
	a.runs("broken", "a failure", has("failed"))
	a.runs("fine", "an end", has("succeeded"))
	if c := a.Status().Condition(reconcile.Late); c.Status != "False" {
		t.Errorf("on the first day: %+v", c)
	}
	a.ahead.Store(int64(48 * time.Hour))
	a.runs("fine", "an end two days later", func(runs []api.Run) bool {
		last := runs[len(runs)-1]
		return last.Status == "succeeded" && time.Until(last.EndedAt) > 24*time.Hour
	})
	c := a.Status().Condition(reconcile.Late)
	if c.Status != "True" || !strings.Contains(c.Message, "broken") || strings.Contains(c.Message, "fine") {
		t.Errorf("two days later: %+v", c)
	}
	list, err := a.Touchpoints(t.Context())
	check(t, err)
	for _, tp := range list {
		if (tp.Name == "broken") == tp.LateSince.IsZero() {
			t.Errorf("%s is late since %v", tp.Name, tp.LateSince)
		}
	}
}
