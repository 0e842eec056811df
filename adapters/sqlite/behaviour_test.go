package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/adapters/sqlite"
)

// both is what a connection that is not read-only offers.
type both interface {
	adapters.Connection
	adapters.Source
	adapters.Destination
}

func (f *fixture) open(t testing.TB, objects string) both {
	t.Helper()
	conn, err := sqlite.New().Open(t.Context(), f.world.Env(), f.settings(t, false, objects))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return conn.(both)
}

// read returns all records as JSON.
func read(t testing.TB, c both, req adapters.ReadRequest) ([]string, error) {
	t.Helper()
	r, err := c.OpenRead(t.Context(), req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close(t.Context()) }()
	var out []string
	var b record.Batch
	for {
		err := r.Next(t.Context(), &b)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		var names []string
		for _, c := range b.Shape.Columns {
			names = append(names, c.Name)
		}
		for i := range b.Len() {
			out = append(out, string(record.AppendJSONObject(nil, names, b.Row(i))))
		}
	}
}

// write writes rows of one shape and returns the outcomes, each as its result, field and rule.
func write(t testing.TB, c both, object string, mode adapters.WriteMode, key []string, columns []string, rows ...[]record.Value) []string {
	t.Helper()
	var cols []record.Column
	for _, n := range columns {
		cols = append(cols, record.Column{Name: n})
	}
	shape := record.NewShape(cols...)
	w, err := c.OpenWrite(t.Context(), adapters.WriteRequest{Object: object, Mode: mode, Key: key, Shape: shape})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close(t.Context()) }()
	var b record.Batch
	b.Reset(shape)
	for _, r := range rows {
		b.AppendRow(r...)
	}
	out := make([]adapters.Outcome, len(rows))
	if err := w.Write(t.Context(), &b, out); err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, o := range out {
		s := o.Result.String()
		if o.Err != nil {
			s += fmt.Sprintf(": %s %s %s", o.Err.Kind, o.Err.Field, o.Err.Rule)
		}
		said = append(said, s)
	}
	return said
}

func number(t testing.TB, s string) record.Value {
	t.Helper()
	v, err := record.ParseNumber(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestRejections(t *testing.T) {
	f := newFixture(t,
		`CREATE TABLE parents (id INTEGER PRIMARY KEY)`,
		`CREATE TABLE t (id INTEGER PRIMARY KEY, must TEXT NOT NULL, code TEXT UNIQUE, parent INTEGER REFERENCES parents, qty INTEGER CHECK (qty > 0), price DECIMAL(19,4), ratio REAL)`,
		`INSERT INTO t (id, must, code) VALUES (1, 'x', 'taken')`)
	c := f.open(t, "")
	n, s, null := record.IntValue, record.StringValue, record.NullValue
	got := write(t, c, "t", adapters.WriteUpsert, []string{"id"}, []string{"id", "must", "code", "parent", "qty", "price", "ratio"},
		[]record.Value{n(2), s("good"), s("a"), null, n(1), number(t, "12.34"), number(t, "0.1")},
		[]record.Value{n(3), null, s("b"), null, n(1), null, null},
		[]record.Value{n(4), s("x"), s("taken"), null, n(1), null, null},
		[]record.Value{n(5), s("x"), s("c"), n(99), n(1), null, null},
		[]record.Value{n(6), s("x"), s("d"), null, n(0), null, null},
		[]record.Value{n(7), s("x"), s("e"), null, n(1), number(t, "1234567890123456.78"), null},
		[]record.Value{n(8), s("x"), s("f"), null, number(t, "99999999999999999999"), null, null},
		[]record.Value{n(9), s("x"), s("g"), null, n(1), null, number(t, "9007199254740993")},
		[]record.Value{n(10), s("x"), s("h"), null, n(1), s("0012"), null},
		[]record.Value{null, s("x"), s("i"), null, n(1), null, null},
		[]record.Value{s("word"), s("x"), s("j"), null, n(1), null, null},
		[]record.Value{n(11), s("good"), s("k"), null, n(1), null, null},
	)
	const digits = "has more digits than a numeric column of SQLite keeps; declare the column TEXT"
	want := []string{
		"created", "rejected: Invalid must not null", "rejected: Duplicate code unique", "rejected: MissingReference  foreign key",
		"rejected: Invalid  check", "rejected: Invalid price " + digits, "rejected: Invalid qty " + digits, "rejected: Invalid ratio " + digits,
		"rejected: Invalid price a numeric column would not keep this text as it is written", "rejected: Invalid id a key must not be null",
		"rejected: Invalid  type", "created",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("outcomes (-want +got):\n%s", d)
	}
	rows, err := read(t, c, adapters.ReadRequest{Object: "t", Mode: adapters.ReadFull, Paths: []record.Path{{{Name: "price", Index: -1}}, {{Name: "ratio", Index: -1}}}})
	if err != nil {
		t.Fatal(err)
	}
	wantRows := []string{
		`{"id":1,"price":null,"ratio":null}`, `{"id":2,"price":12.34,"ratio":0.1}`, `{"id":11,"price":null,"ratio":null}`,
	}
	if d := cmp.Diff(wantRows, rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}

func TestValuesAsText(t *testing.T) {
	f := newFixture(t, `CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT, made DATETIME, flag BOOLEAN, raw BLOB) WITHOUT ROWID`)
	c := f.open(t, `{"typed": {"table": "t", "key": [], "fields": {"v": {"type": "decimal"}, "flag": {"type": "bool"}}}}`)
	at := time.Date(2026, 4, 1, 10, 0, 0, 500, time.FixedZone("", 7200))
	list := record.ListValue([]record.Value{record.IntValue(1), record.StringValue("x")})
	columns := []string{"id", "v", "made", "flag", "raw"}
	got := write(t, c, "t", adapters.WriteCreate, nil, columns,
		[]record.Value{record.StringValue("a"), number(t, "1234567890123456.780"), record.TimestampValue(at), record.BoolValue(true), record.BytesValue([]byte{0, 255})},
		[]record.Value{record.StringValue("b"), list, record.DateValue(at), record.RawValue("false"), record.NullValue},
	)
	if d := cmp.Diff([]string{"created", "created"}, got); d != "" {
		t.Fatal(d)
	}
	rows, err := read(t, c, adapters.ReadRequest{Object: "t", Mode: adapters.ReadFull})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"id":"a","v":"1234567890123456.780","made":"2026-04-01T10:00:00.0000005+02:00","flag":1,"raw":"AP8="}`,
		`{"id":"b","v":"[1,\"x\"]","made":"2026-04-01","flag":0,"raw":null}`,
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("as they are (-want +got):\n%s", d)
	}
	f.exec(t, `DELETE FROM t WHERE id = 'b'`)
	if rows, err = read(t, c, adapters.ReadRequest{Object: "typed", Mode: adapters.ReadFull}); err != nil {
		t.Fatal(err)
	}
	want = []string{`{"id":"a","v":1234567890123456.780,"made":"2026-04-01T10:00:00.0000005+02:00","flag":true,"raw":"AP8="}`}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("as asked (-want +got):\n%s", d)
	}
}

func TestCaseIsAChange(t *testing.T) {
	f := newFixture(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE)`, `INSERT INTO t VALUES (1, 'abc')`)
	got := write(t, f.open(t, ""), "t", adapters.WriteUpsert, []string{"id"}, []string{"id", "name"},
		[]record.Value{record.IntValue(1), record.StringValue("ABC")})
	if d := cmp.Diff([]string{"updated"}, got); d != "" {
		t.Error(d)
	}
}

func TestUpsertWithoutRequiredColumn(t *testing.T) {
	f := newFixture(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, must TEXT NOT NULL, x TEXT)`, `INSERT INTO t VALUES (1, 'kept', 'old')`)
	got := write(t, f.open(t, ""), "t", adapters.WriteUpsert, []string{"id"}, []string{"id", "x"},
		[]record.Value{record.IntValue(1), record.StringValue("new")}, []record.Value{record.IntValue(2), record.StringValue("new")})
	if d := cmp.Diff([]string{"updated", "rejected: Invalid must not null"}, got); d != "" {
		t.Error(d)
	}
}

func TestDeferredForeignKeyIsolated(t *testing.T) {
	f := newFixture(t, `CREATE TABLE p (id INTEGER PRIMARY KEY)`,
		`CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p DEFERRABLE INITIALLY DEFERRED)`)
	got := write(t, f.open(t, ""), "t", adapters.WriteUpsert, []string{"id"}, []string{"id", "p"},
		[]record.Value{record.IntValue(1), record.NullValue}, []record.Value{record.IntValue(2), record.IntValue(7)}, []record.Value{record.IntValue(3), record.NullValue})
	if d := cmp.Diff([]string{"created", "rejected: MissingReference  foreign key", "created"}, got); d != "" {
		t.Error(d)
	}
}

func TestTableThatRollsBack(t *testing.T) {
	f := newFixture(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT UNIQUE ON CONFLICT ROLLBACK)`, `INSERT INTO t VALUES (9, 'taken')`)
	got := write(t, f.open(t, ""), "t", adapters.WriteUpsert, []string{"id"}, []string{"id", "x"},
		[]record.Value{record.IntValue(1), record.StringValue("a")}, []record.Value{record.IntValue(2), record.StringValue("taken")},
		[]record.Value{record.IntValue(3), record.StringValue("c")})
	if d := cmp.Diff([]string{"created", "rejected: Duplicate x unique", "created"}, got); d != "" {
		t.Error(d)
	}
	var n int
	if err := f.db.QueryRowContext(t.Context(), "SELECT count(*) FROM t").Scan(&n); err != nil || n != 3 {
		t.Errorf("%d rows, %v; want 3", n, err)
	}
}

func TestWritesNeedAUniqueIndex(t *testing.T) {
	f := newFixture(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT)`, `CREATE VIEW v AS SELECT * FROM t`)
	c := f.open(t, "")
	shape := record.NewShape(record.Column{Name: "code"})
	for _, req := range []adapters.WriteRequest{
		{Object: "t", Mode: adapters.WriteUpsert, Key: []string{"code"}, Shape: shape},
		{Object: "t", Mode: adapters.WriteUpsert, Key: nil, Shape: shape},
		{Object: "t", Mode: adapters.WriteCreate, Shape: record.NewShape(record.Column{Name: "colour"})},
		{Object: "v", Mode: adapters.WriteCreate, Shape: shape},
	} {
		_, err := c.OpenWrite(t.Context(), req)
		if adapters.KindOf(err) != adapters.Invalid {
			t.Errorf("%s of %s by %v: got %v, want Invalid", req.Mode, req.Object, req.Key, err)
		}
	}
	_, err := c.OpenWrite(t.Context(), adapters.WriteRequest{Object: "t", Mode: adapters.WriteUpsert, Key: []string{"code"}, Shape: shape})
	if err == nil || !strings.Contains(err.Error(), `CREATE UNIQUE INDEX … ON "t" ("code")`) {
		t.Errorf("%v does not say how to mend it", err)
	}
}

func TestQueriesReachNothingElse(t *testing.T) {
	f := newFixture(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)`, `INSERT INTO t VALUES (1, 'a')`)
	for name, query := range map[string]string{
		"extension": `SELECT load_extension('/tmp/x.so') AS id`,
		"pragma":    `SELECT * FROM pragma_database_list`,
		"write":     `DELETE FROM t RETURNING id`,
		"two":       `SELECT 1 AS id; DELETE FROM t`,
		"comment":   `SELECT 1 /*`,
	} {
		conn, err := sqlite.New().Open(t.Context(), f.world.Env(), f.settings(t, false, fmt.Sprintf(`{"q": {"query": %q}}`, query)))
		if err != nil {
			continue
		}
		if _, err := read(t, conn.(both), adapters.ReadRequest{Object: "q", Mode: adapters.ReadFull}); err == nil {
			t.Errorf("%s was let through", name)
		}
		_ = conn.Close(t.Context())
	}
	db := sqlite.OpenReading(f.path)
	defer func() { _ = db.Close() }()
	for _, statement := range []string{
		`ATTACH 'other.db' AS o`, `VACUUM INTO 'copy.db'`, `INSERT INTO t VALUES (2, 'b')`, `PRAGMA journal_mode = DELETE`, `CREATE TEMP TABLE x (y)`,
		`PRAGMA query_only = 0`, `SELECT load_extension('x')`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err == nil {
			t.Errorf("%s was let through", statement)
		}
	}
	wdb := sqlite.OpenWriting(f.path)
	defer func() { _ = wdb.Close() }()
	for _, statement := range []string{`ATTACH 'other.db' AS o`, `VACUUM INTO 'copy.db'`, `SELECT load_extension('x')`, `PRAGMA synchronous = 0`, `DROP TABLE t`} {
		if _, err := wdb.ExecContext(t.Context(), statement); err == nil {
			t.Errorf("%s was let through for writing", statement)
		}
	}
}

func TestQueryObject(t *testing.T) {
	f := newFixture(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, changed TEXT)`,
		`INSERT INTO t VALUES (1, 'a', '2026-04-01 10:00:00'), (2, 'b', '2026-04-01 10:05:00'), (3, 'c', NULL), (4, 'd', '2026-04-01 10:10:00')`)
	c := f.open(t, `{"q": {"query": "SELECT id, v, changed -- all\nFROM t", "key": ["id"], "cursor": "changed", "cursorFormat": "sql"}}`)
	req := adapters.ReadRequest{Object: "q", Mode: adapters.ReadIncremental, Start: time.Date(2026, 4, 1, 12, 4, 0, 0, time.FixedZone("", 7200))}
	rows, err := read(t, c, req)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`{"id":2,"v":"b","changed":"2026-04-01 10:05:00"}`, `{"id":4,"v":"d","changed":"2026-04-01 10:10:00"}`}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("from an instant (-want +got):\n%s", d)
	}
	r, err := c.OpenRead(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	var b record.Batch
	if err := r.Next(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	req = adapters.ReadRequest{Object: "q", Mode: adapters.ReadIncremental, From: b.Safe, Overlap: 6 * time.Minute}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows, err = read(t, c, req); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("with an overlap (-want +got):\n%s", d)
	}
}

func TestReadOnlyLeavesTheJournal(t *testing.T) {
	f := newFixture(t, `CREATE TABLE t (id INTEGER PRIMARY KEY)`)
	conn, err := sqlite.New().Open(t.Context(), f.world.Env(), f.settings(t, true, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	var mode string
	if err := f.db.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode); err != nil || mode != "delete" {
		t.Errorf("journal mode is %q (%v) after reading, want delete", mode, err)
	}
}

func TestMissingFileIsNotMade(t *testing.T) {
	f := newFixture(t)
	c := f.open(t, "")
	_, err := c.Check(t.Context())
	if adapters.KindOf(err) != adapters.Unavailable {
		t.Errorf("checking a missing file: got %v, want Unavailable", err)
	}
}

func TestReadSeesOneSnapshot(t *testing.T) {
	f := newFixture(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)`)
	f.exec(t, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) INSERT INTO t SELECT i, 'x' FROM n`)
	c := f.open(t, "")
	write(t, c, "t", adapters.WriteUpsert, []string{"id"}, []string{"id", "v"}, []record.Value{record.IntValue(1), record.StringValue("y")})
	r, err := c.OpenRead(t.Context(), adapters.ReadRequest{Object: "t", Mode: adapters.ReadFull})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close(t.Context()) }()
	var b record.Batch
	if err := r.Next(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	got := write(t, c, "t", adapters.WriteUpsert, []string{"id"}, []string{"id", "v"}, []record.Value{record.IntValue(9999), record.StringValue("late")})
	if d := cmp.Diff([]string{"created"}, got); d != "" {
		t.Fatal(d)
	}
	n := b.Len()
	for err = r.Next(t.Context(), &b); err == nil; err = r.Next(t.Context(), &b) {
		n += b.Len()
	}
	if !errors.Is(err, io.EOF) || n != 2500 {
		t.Errorf("read %d rows and %v, want the 2500 there were", n, err)
	}
}

// A connection that reads a file can write it meanwhile, also when the file had the older journal, with which the two would wait for each other.
func TestWritesWhileItReads(t *testing.T) {
	f := newFixture(t, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)", "CREATE TABLE other (id INTEGER PRIMARY KEY, v TEXT)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 20000) INSERT INTO t SELECT i, 'v' || i FROM n", "PRAGMA journal_mode = DELETE")
	c := f.open(t, "")
	r, err := c.OpenRead(t.Context(), adapters.ReadRequest{Object: "t", Mode: adapters.ReadFull})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close(t.Context()) }()
	var b record.Batch
	if err := r.Next(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	row := []record.Value{record.IntValue(1), record.StringValue("a")}
	if got := write(t, c, "other", adapters.WriteUpsert, []string{"id"}, []string{"id", "v"}, row); len(got) != 1 || !strings.HasPrefix(got[0], "created") {
		t.Errorf("written while it reads: %q", got)
	}
	n := b.Len()
	for err = r.Next(t.Context(), &b); err == nil; err = r.Next(t.Context(), &b) {
		n += b.Len()
	}
	if !errors.Is(err, io.EOF) || n != 20000 {
		t.Errorf("read %d records, then %v", n, err)
	}
}
