package sqlite_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/adaptertest"
	"github.com/dray-sync/dray/adapters/sqlite"
)

const poison = "content nobody may see"

// fixture is a database file in a world of its own.
type fixture struct {
	world *adaptertest.World
	path  string
	db    *sql.DB
}

func newFixture(t testing.TB, ddl ...string) *fixture {
	t.Helper()
	w := adaptertest.NewWorld(t, nil)
	f := &fixture{world: w, path: filepath.Join(w.Dir, "erp.db")}
	var err error
	if f.db, err = sql.Open("sqlite", f.path+"?_pragma=busy_timeout(5000)&_pragma=synchronous(OFF)"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.db.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, d := range ddl {
		f.exec(t, d)
	}
	return f
}

func (f *fixture) exec(t testing.TB, query string, args ...any) {
	t.Helper()
	if _, err := f.db.ExecContext(context.WithoutCancel(t.Context()), query, args...); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) settings(t testing.TB, readOnly bool, objects string) adapters.Settings {
	t.Helper()
	config, err := json.Marshal(map[string]any{"path": f.path, "readOnly": readOnly})
	if err != nil {
		t.Fatal(err)
	}
	s := adapters.Settings{Connection: "erp", Config: config}
	if objects != "" {
		if err := json.Unmarshal([]byte(objects), &s.Objects); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

const itemsDDL = `CREATE TABLE items (id TEXT NOT NULL PRIMARY KEY, name TEXT CHECK (name <> '` + poison + `'), amount TEXT, rev INTEGER NOT NULL)`

const itemsObject = `{"items": {"key": ["id"], "cursor": "rev", "fields": {}}}`

func (f *fixture) target(t testing.TB, readOnly bool) *adaptertest.Target {
	return &adaptertest.Target{
		Env: f.world.Env(), Settings: f.settings(t, readOnly, itemsObject), Object: "items", Log: f.world.Log,
		Poison: &adaptertest.Item{ID: "p", Name: new(poison), Amount: "1", Rev: 1},
		Seed:   f.seed, Items: f.items,
	}
}

func (f *fixture) seed(ctx context.Context, items []adaptertest.Item) error {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, it := range items {
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", it.ID, it.Name, it.Amount, it.Rev); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (f *fixture) items(ctx context.Context) ([]adaptertest.Item, error) {
	rows, err := f.db.QueryContext(ctx, "SELECT id, name, amount, rev FROM items")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var items []adaptertest.Item
	for rows.Next() {
		var it adaptertest.Item
		if err := rows.Scan(&it.ID, &it.Name, &it.Amount, &it.Rev); err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, rows.Err()
}

func mistakes(t testing.TB) []adaptertest.Mistake {
	f := newFixture(t)
	outside := f.settings(t, false, "")
	outside.Config = json.RawMessage(`{"path": "/elsewhere/erp.db"}`)
	twice := f.settings(t, false, `{"q": {"query": "SELECT 1; ATTACH 'x' AS y"}}`)
	unkeyed := f.settings(t, false, `{"q": {"query": "SELECT 1 AS a", "cursor": "a"}}`)
	unknown := f.settings(t, false, `{"q": {"query": "SELECT 1 AS a", "colour": "a"}}`)
	return []adaptertest.Mistake{
		{Settings: outside, Path: []string{"config", "path"}},
		{Settings: twice, Path: []string{"objects", "q", "query"}},
		{Settings: unkeyed, Path: []string{"objects", "q", "cursor"}},
		{Settings: unknown, Path: []string{"objects", "q"}},
	}
}

func TestConformance(t *testing.T) {
	reads := []adapters.ReadMode{adapters.ReadIncremental, adapters.ReadFull, adapters.ReadKeys}
	adaptertest.Run(t, adaptertest.Harness{
		Application: sqlite.New(),
		Mistakes:    mistakes(t),
		Can: adaptertest.Capabilities{
			Source: true, Destination: true, Discoverer: true, Transactional: true, KeyReader: true, Nulls: true, Reads: reads,
			Writes: []adapters.WriteMode{
				adapters.WriteCreate, adapters.WriteEnsure, adapters.WriteUpdate, adapters.WriteUpsert, adapters.WriteDelete,
			},
		},
		New: func(t testing.TB) *adaptertest.Target { return newFixture(t, itemsDDL).target(t, false) },
	})
}

func TestConformanceReadOnly(t *testing.T) {
	adaptertest.Run(t, adaptertest.Harness{
		Application: sqlite.New(),
		Mistakes:    mistakes(t),
		Can: adaptertest.Capabilities{
			Source: true, Discoverer: true, Nulls: true,
			Reads: []adapters.ReadMode{adapters.ReadIncremental, adapters.ReadFull, adapters.ReadKeys},
		},
		New: func(t testing.TB) *adaptertest.Target { return newFixture(t, itemsDDL).target(t, true) },
	})
}
