package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/adaptertest"
	"github.com/dray-sync/dray/adapters/pgtest"
	"github.com/dray-sync/dray/adapters/postgres"
	"github.com/dray-sync/dray/adapters/record"
)

// database makes a database, runs SQL in it, and opens the adapter on it.
func database(t testing.TB, sql string, objects map[string]string) (*pgx.Conn, adapters.Connection, *adaptertest.World) {
	t.Helper()
	dsn := pgtest.Start(t)
	db := direct(t, dsn)
	if _, err := db.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	s := settings(configFor(t, dsn), map[string]json.RawMessage{})
	for name, text := range objects {
		s.Objects[name] = json.RawMessage(text)
	}
	world := adaptertest.NewWorld(t, nil)
	conn, err := postgres.New().Open(t.Context(), world.Env(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return db, conn, world
}

// readRows reads to the end: the rows as objects by column name, and the safe cursors by how many rows stand before them.
func readRows(t testing.TB, conn adapters.Connection, req adapters.ReadRequest) (rows []map[string]record.Value, safe map[int]record.Cursor, err error) {
	t.Helper()
	r, err := conn.(adapters.Source).OpenRead(t.Context(), req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = r.Close(context.Background()) }()
	safe = map[int]record.Cursor{}
	var b record.Batch
	for {
		if err := r.Next(t.Context(), &b); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return rows, safe, err
		}
		for i := range b.Len() {
			row := map[string]record.Value{}
			for j, c := range b.Shape.Columns {
				row[c.Name] = b.Row(i)[j].Clone()
			}
			rows = append(rows, row)
		}
		if b.Safe != nil {
			safe[len(rows)] = b.Safe
		}
	}
}

// shapeOf returns a shape with these columns.
func shapeOf(names ...string) *record.Shape {
	columns := make([]record.Column, len(names))
	for i, n := range names {
		columns[i].Name = n
	}
	return record.NewShape(columns...)
}

// write writes rows in one batch.
func write(t testing.TB, conn adapters.Connection, req adapters.WriteRequest, rows ...[]record.Value) ([]adapters.Outcome, error) {
	t.Helper()
	w, err := conn.(adapters.Destination).OpenWrite(t.Context(), req)
	if err != nil {
		return nil, err
	}
	var b record.Batch
	b.Reset(req.Shape)
	for _, row := range rows {
		b.AppendRow(row...)
	}
	out := make([]adapters.Outcome, len(rows))
	return out, w.Write(t.Context(), &b, out)
}

// number returns an exact number.
func number(t testing.TB, s string) record.Value {
	t.Helper()
	v, err := record.ParseNumber(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func text(s string) record.Value { return record.StringValue(s) }

func wantKind(t testing.TB, err error, kind adapters.Kind, rule string) {
	t.Helper()
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok || e.Kind != kind || !strings.Contains(e.Rule, rule) {
		t.Errorf("got %v, want kind %s with %q", err, kind, rule)
	}
}

// single returns what a query answers in one text.
func single(t testing.TB, db *pgx.Conn, sql string) string {
	t.Helper()
	var s *string
	if err := db.QueryRow(t.Context(), sql).Scan(&s); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if s == nil {
		return "NULL"
	}
	return *s
}

func results(out []adapters.Outcome) string {
	names := make([]string, len(out))
	for i, o := range out {
		names[i] = o.Result.String()
	}
	return strings.Join(names, ", ")
}
