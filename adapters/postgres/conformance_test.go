package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/adaptertest"
	"github.com/dray-sync/dray/adapters/pgtest"
	"github.com/dray-sync/dray/adapters/postgres"
)

const poison = "canary-poison-7d1e"

func TestConformance(t *testing.T) {
	adaptertest.Run(t, adaptertest.Harness{
		Application: postgres.New(),
		New:         newTarget,
		Batch:       2000,
		Mistakes: []adaptertest.Mistake{
			{Settings: settings(`{"host": "127.0.0.1", "port": 0, "database": "d"}`, nil), Path: []string{"config", "port"}},
			{Settings: settings(`{"host": "a,b", "port": 1, "database": "d"}`, nil), Path: []string{"config", "host"}},
			{Settings: settings(
				`{"host":"127.0.0.1","port":1,"database":"d","user":"u","schema":"public","sslMode":"disable","maxConnections":4,"connectTimeout":"5s","lag":"0s"}`,
				map[string]json.RawMessage{"x": json.RawMessage(`{"query": "select 1"}`)}), Path: []string{"objects", "x", "key"}},
		},
		Can: adaptertest.Capabilities{
			Source: true, Destination: true, Discoverer: true, Transactional: true, KeyReader: true, Nulls: true,
			Reads: []adapters.ReadMode{adapters.ReadIncremental, adapters.ReadFull, adapters.ReadKeys},
			Writes: []adapters.WriteMode{
				adapters.WriteCreate, adapters.WriteEnsure, adapters.WriteUpdate, adapters.WriteUpsert, adapters.WriteDelete,
			},
		},
	})
}

func settings(config string, objects map[string]json.RawMessage) adapters.Settings {
	return adapters.Settings{Connection: "db", Config: json.RawMessage(config), Objects: objects}
}

// configFor returns the config of a connection to a database of pgtest.
func configFor(t testing.TB, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"host":%q,"port":%d,"database":%q,"user":%q,"schema":"public","sslMode":"disable","maxConnections":8,"connectTimeout":"5s","lag":"0s"}`,
		u.Hostname(), port, u.Path[1:], u.User.Username())
}

// direct returns a connection beside the adapter's, closed with the test.
func direct(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func newTarget(t testing.TB) *adaptertest.Target {
	dsn := pgtest.Start(t)
	db := direct(t, dsn)
	if _, err := db.Exec(t.Context(), `create table items (
		id text primary key, name text check (name not like '%`+poison+`%'), amount numeric, rev bigint)`); err != nil {
		t.Fatal(err)
	}
	world := adaptertest.NewWorld(t, map[string]string{"password": "canary-password-93aa"})
	return &adaptertest.Target{
		Env:      world.Env(),
		Settings: settings(configFor(t, dsn), map[string]json.RawMessage{"items": json.RawMessage(`{"cursor": "rev"}`)}),
		Object:   "items",
		Seed:     func(ctx context.Context, items []adaptertest.Item) error { return seed(ctx, db, items) },
		Items:    func(ctx context.Context) ([]adaptertest.Item, error) { return held(ctx, db) },
		Break:    world.Cut, Mend: world.Mend, Log: world.Log,
		Poison:  &adaptertest.Item{ID: "p", Name: new(poison), Amount: "1", Rev: 1},
		Secrets: []string{"canary-password-93aa"},
	}
}

func seed(ctx context.Context, db *pgx.Conn, items []adaptertest.Item) error {
	var batch pgx.Batch
	for _, it := range items {
		batch.Queue(`insert into items values ($1, $2, $3::text::numeric, $4)
			on conflict (id) do update set name = excluded.name, amount = excluded.amount, rev = excluded.rev`, it.ID, it.Name, it.Amount, it.Rev)
	}
	return db.SendBatch(ctx, &batch).Close()
}

func held(ctx context.Context, db *pgx.Conn) ([]adaptertest.Item, error) {
	rows, err := db.Query(ctx, "select id, name, amount::text, rev from items")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[adaptertest.Item])
}
