package postgres_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

func ids(rows []map[string]record.Value) string {
	var s strings.Builder
	for _, r := range rows {
		s.WriteString(r["id"].Text() + " ")
	}
	return s.String()
}

func TestIncrementalByTime(t *testing.T) {
	for _, typ := range []string{"timestamptz", "timestamp"} {
		t.Run(typ, func(t *testing.T) {
			db, conn, _ := database(t, `create table t (id int primary key, at `+typ+`);
				insert into t select i, '2026-01-01 00:00:00'::timestamp + i * interval '1 minute' from generate_series(1, 20) i;
				insert into t values (98, null), (99, now() at time zone 'UTC' + interval '1 hour')`, map[string]string{"t": `{"cursor": "at"}`})
			req := adapters.ReadRequest{Object: "t", Mode: adapters.ReadIncremental, Start: time.Date(2026, 1, 1, 0, 15, 0, 0, time.UTC)}
			rows, safe, err := readRows(t, conn, req)
			if err != nil || ids(rows) != "15 16 17 18 19 20 " {
				t.Fatalf("from the start: %s, %v", ids(rows), err)
			}
			req.From = safe[len(rows)]
			if rows, _, err = readRows(t, conn, req); err != nil || len(rows) != 0 {
				t.Errorf("nothing new: %s, %v", ids(rows), err)
			}
			if _, err := db.Exec(t.Context(), "insert into t values (50, '2026-01-01 00:18:00'), (51, '2026-01-01 00:20:00')"); err != nil {
				t.Fatal(err)
			}
			if rows, _, err = readRows(t, conn, req); err != nil || ids(rows) != "51 " {
				t.Errorf("without overlap: %s, %v", ids(rows), err)
			}
			req.Overlap = 2 * time.Minute
			if rows, _, err = readRows(t, conn, req); err != nil || ids(rows) != "18 50 19 20 51 " {
				t.Errorf("with overlap: %s, %v", ids(rows), err)
			}
		})
	}
}

func TestDeclaredQuery(t *testing.T) {
	db, conn, _ := database(t, `create table o (id int primary key, c int, at timestamptz); insert into o select i, i % 3, now() - interval '1 day' from generate_series(1, 9) i`,
		map[string]string{
			"open":   `{"query": "select id, at, c * 2 as double from o where c > 0 -- a comment\n;", "key": ["id"], "cursor": "at"}`,
			"writes": `{"query": "select id from f()", "key": ["id"]}`,
			"two":    `{"query": "select 1 as id) q; drop table o; select (1", "key": ["id"]}`,
			"wrong":  `{"query": "select id from o", "key": ["nr"]}`,
		})
	if _, err := db.Exec(t.Context(), `create function f() returns table (id int) language sql as 'insert into o values (100) returning id'`); err != nil {
		t.Fatal(err)
	}
	rows, _, err := readRows(t, conn, adapters.ReadRequest{Object: "open", Mode: adapters.ReadIncremental})
	if err != nil || ids(rows) != "1 2 4 5 7 8 " {
		t.Errorf("reading a query: %s, %v", ids(rows), err)
	}
	rows, _, err = readRows(t, conn, adapters.ReadRequest{Object: "open", Mode: adapters.ReadKeys, Keys: [][]record.Value{{record.IntValue(5)}, {record.IntValue(3)}}})
	if err != nil || ids(rows) != "5 " {
		t.Errorf("by key: %s, %v", ids(rows), err)
	}
	_, _, err = readRows(t, conn, adapters.ReadRequest{Object: "writes", Mode: adapters.ReadFull})
	wantKind(t, err, adapters.Invalid, "read-only")
	_, _, err = readRows(t, conn, adapters.ReadRequest{Object: "two", Mode: adapters.ReadFull})
	wantKind(t, err, adapters.Invalid, "SQLSTATE 42601")
	_, _, err = readRows(t, conn, adapters.ReadRequest{Object: "wrong", Mode: adapters.ReadFull})
	wantKind(t, err, adapters.Invalid, "no such column")
	if got := single(t, db, "select count(*)::text from o"); got != "9" {
		t.Errorf("the table has %s rows, want 9", got)
	}
}

func TestReadsAskForNeededColumnsOnly(t *testing.T) {
	_, conn, _ := database(t, `create table t (id int primary key, a int, b text, c jsonb); insert into t values (1, 2, 'x', '{}')`, nil)
	path, err := record.ParsePath("c.deep[0]")
	if err != nil {
		t.Fatal(err)
	}
	rows, _, err := readRows(t, conn, adapters.ReadRequest{Object: "t", Mode: adapters.ReadFull, Paths: []record.Path{path}})
	if err != nil || len(rows) != 1 || len(rows[0]) != 2 {
		t.Errorf("got %v and %v, want id and c", rows, err)
	}
}

func TestNamesThatNeedQuotes(t *testing.T) {
	_, conn, _ := database(t, `create schema "My Shop"; create table "My Shop"."Order ""x""" ("Art.-Nr." text primary key, "select" int)`, nil)
	object := `My Shop.Order "x"`
	req := adapters.WriteRequest{Object: object, Mode: adapters.WriteUpsert, Key: []string{"Art.-Nr."}, Shape: shapeOf("Art.-Nr.", "select")}
	out, err := write(t, conn, req, []record.Value{text(`it's "x"; --`), record.IntValue(1)})
	if err != nil || results(out) != "created" {
		t.Fatal(results(out), err)
	}
	found, err := conn.(adapters.KeyReader).ReadByKey(t.Context(), req, [][]record.Value{{text(`it's "x"; --`)}, {text("other")}})
	if err != nil || !found[0] || found[1] {
		t.Errorf("looked up %v, %v", found, err)
	}
	rows, _, err := readRows(t, conn, adapters.ReadRequest{Object: object, Mode: adapters.ReadFull})
	if err != nil || len(rows) != 1 {
		t.Errorf("read %d rows, %v", len(rows), err)
	}
	all, err := conn.(adapters.Discoverer).Discover(t.Context(), "")
	if err != nil || len(all) != 1 || all[0].Name != object {
		t.Errorf("discovered %v, %v", all, err)
	}
}

func TestDiscoverDescribesFields(t *testing.T) {
	_, conn, _ := database(t, `create type mood as enum ('ok', 'bad'); create table t (
		id bigint generated always as identity primary key, n numeric not null, s text not null default '', m mood, tags text[], code varchar(12), flag char(3) not null, doc jsonb)`, nil)
	all, err := conn.(adapters.Discoverer).Discover(t.Context(), "t")
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	want := []adapters.Field{
		{Name: "id", Type: "int", ReadOnly: true},
		{Name: "n", Type: "decimal", Required: true},
		{Name: "s", Type: "string"},
		{Name: "m", Type: "string", Nullable: true, Enum: []string{"ok", "bad"}},
		{Name: "tags", Type: "list", Nullable: true, Items: "string"},
		{Name: "code", Type: "string", Nullable: true, MaxLength: 12},
		{Name: "flag", Type: "string", Required: true, MaxLength: 3},
		{Name: "doc", Type: "any", Nullable: true},
	}
	if got := fmt.Sprint(all[0].Fields); got != fmt.Sprint(want) {
		t.Errorf("got  %s\nwant %s", got, fmt.Sprint(want))
	}
}

// TestReadsLeaveRoomForWrites opens as many reads as there may be and writes while they are under way.
func TestReadsLeaveRoomForWrites(t *testing.T) {
	_, conn, _ := database(t, `create table t (id int primary key); insert into t select generate_series(1, 9000)`, nil)
	var b record.Batch
	for range 4 {
		r, err := conn.(adapters.Source).OpenRead(t.Context(), adapters.ReadRequest{Object: "t", Mode: adapters.ReadFull})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Close(t.Context()) }()
		if err := r.Next(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
	}
	out, err := write(t, conn, adapters.WriteRequest{Object: "t", Mode: adapters.WriteCreate, Key: []string{"id"}, Shape: shapeOf("id")}, []record.Value{record.IntValue(0)})
	if err != nil || results(out) != "created" {
		t.Error(results(out), err)
	}
}
