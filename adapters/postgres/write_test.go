package postgres_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/adaptertest"
	"github.com/dray-sync/dray/adapters/pgtest"
	"github.com/dray-sync/dray/adapters/postgres"
	"github.com/dray-sync/dray/adapters/record"
)

func TestConstraintsDecideTheKind(t *testing.T) {
	_, conn, _ := database(t, `create table p (id int primary key); insert into p values (1);
		create table t (id int primary key, u int unique, p int references p deferrable initially deferred, c int check (c > 0));
		insert into t values (1, 1, 1, 1)`, nil)
	row := func(id, u, p, c int64) []record.Value {
		return []record.Value{record.IntValue(id), record.IntValue(u), record.IntValue(p), record.IntValue(c)}
	}
	out, err := write(t, conn, adapters.WriteRequest{Object: "t", Mode: adapters.WriteUpsert, Key: []string{"id"}, Shape: shapeOf("id", "u", "p", "c")},
		row(2, 2, 1, 1), row(3, 1, 1, 1), row(4, 4, 99, 1), row(5, 5, 1, 0), row(6, 6, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := results(out), "created, rejected, rejected, rejected, created"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	wantKind(t, out[1].Err, adapters.Duplicate, "unique (constraint t_u_key)")
	wantKind(t, out[2].Err, adapters.MissingReference, "foreign key")
	wantKind(t, out[3].Err, adapters.Invalid, "check (constraint t_c_check)")
}

func TestOpenWriteRefusesWhatCannotWork(t *testing.T) {
	_, conn, _ := database(t, `create table t (id int primary key, a int, g int generated always as (a + 1) stored, i int generated always as identity);
		create unique index on t (a) where a > 0; create view v as select * from t`, map[string]string{"q": `{"query": "select 1 as id", "key": ["id"]}`})
	for _, c := range []struct {
		name, object string
		mode         adapters.WriteMode
		key, columns []string
		rule         string
	}{
		{"partial index", "t", adapters.WriteUpsert, []string{"a"}, []string{"a"}, "no unique index"},
		{"no key", "t", adapters.WriteUpsert, nil, []string{"a"}, "needs a key"},
		{"key not written", "t", adapters.WriteUpsert, []string{"id"}, []string{"a"}, "not among"},
		{"unknown column", "t", adapters.WriteCreate, nil, []string{"b"}, "no such column"},
		{"generated", "t", adapters.WriteCreate, nil, []string{"g"}, "generates"},
		{"identity", "t", adapters.WriteCreate, nil, []string{"i"}, "generates"},
		{"view", "v", adapters.WriteCreate, nil, []string{"a"}, "only tables"},
		{"query", "q", adapters.WriteCreate, nil, []string{"id"}, "only tables"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := write(t, conn, adapters.WriteRequest{Object: c.object, Mode: c.mode, Key: c.key, Shape: shapeOf(c.columns...)})
			wantKind(t, err, adapters.Invalid, c.rule)
		})
	}
}

func TestUpsertTouchesPresentColumnsAlone(t *testing.T) {
	db, conn, _ := database(t, `create table t (id int primary key, a int default 5, b int)`, nil)
	absent := record.Value{}
	out, err := write(t, conn, adapters.WriteRequest{Object: "t", Mode: adapters.WriteUpsert, Key: []string{"id"}, Shape: shapeOf("id", "a", "b")},
		[]record.Value{record.IntValue(1), absent, record.IntValue(1)}, []record.Value{record.IntValue(2), record.NullValue, absent},
		[]record.Value{record.IntValue(3), absent, absent})
	if err != nil || results(out) != "created, created, created" {
		t.Fatal(results(out), err)
	}
	if got, want := single(t, db, "select string_agg(t::text, ' ' order by id) from t"), "(1,5,1) (2,,) (3,5,)"; got != want {
		t.Errorf("the table holds %s, want %s", got, want)
	}
}

func TestDeleteBesideUpsertInOneBatch(t *testing.T) {
	db, conn, _ := database(t, `create table t (id int primary key, a int); insert into t values (1, 1), (2, 2)`, nil)
	req := adapters.WriteRequest{Object: "t", Mode: adapters.WriteUpsert, Key: []string{"id"}, Shape: shapeOf("id", "a")}
	w, err := conn.(adapters.Destination).OpenWrite(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	var b record.Batch
	b.Reset(req.Shape)
	for id := range int64(4) {
		b.AppendRow(record.IntValue(id), record.IntValue(9))
	}
	b.SetOp(1, record.Delete)
	b.SetOp(3, record.Delete)
	out := make([]adapters.Outcome, b.Len())
	if err := w.Write(t.Context(), &b, out); err != nil || results(out) != "created, deleted, updated, unchanged" {
		t.Fatal(results(out), err)
	}
	if got := single(t, db, "select string_agg(t::text, ' ' order by id) from t"); got != "(0,9) (2,9)" {
		t.Errorf("the table holds %s", got)
	}
}

func TestPartitionedTable(t *testing.T) {
	_, conn, _ := database(t, `create table t (id int primary key, a int) partition by range (id);
		create table t1 partition of t for values from (0) to (10); create table t2 partition of t for values from (10) to (20)`, nil)
	req := adapters.WriteRequest{Object: "t", Mode: adapters.WriteUpsert, Key: []string{"id"}, Shape: shapeOf("id", "a")}
	row := func(id, a int64) []record.Value { return []record.Value{record.IntValue(id), record.IntValue(a)} }
	out, err := write(t, conn, req, row(1, 1), row(11, 1), row(99, 1))
	if err != nil || results(out) != "created, created, rejected" {
		t.Fatal(results(out), err)
	}
	out, err = write(t, conn, req, row(1, 1), row(11, 2), row(12, 1))
	if err != nil || results(out) != "unchanged, updated, created" {
		t.Fatal(results(out), err)
	}
}

func TestTriggerThatDropsRowsIsNotTakenForUnchanged(t *testing.T) {
	_, conn, _ := database(t, `create table t (id int primary key, a int);
		create function f() returns trigger language plpgsql as $$begin if new.a < 0 then return null; end if; return new; end$$;
		create trigger g before insert or update on t for each row execute function f()`, nil)
	out, err := write(t, conn, adapters.WriteRequest{Object: "t", Mode: adapters.WriteUpsert, Key: []string{"id"}, Shape: shapeOf("id", "a")},
		[]record.Value{record.IntValue(1), record.IntValue(1)}, []record.Value{record.IntValue(2), record.IntValue(-1)})
	if err != nil || results(out) != "created, rejected" {
		t.Fatal(results(out), err)
	}
	wantKind(t, out[1].Err, adapters.Invalid, "trigger")
}

func TestCreateWithoutKey(t *testing.T) {
	db, conn, _ := database(t, `create table t (id serial primary key, a int not null)`, nil)
	out, err := write(t, conn, adapters.WriteRequest{Object: "t", Mode: adapters.WriteCreate, Shape: shapeOf("a")},
		[]record.Value{record.IntValue(1)}, []record.Value{record.NullValue}, []record.Value{record.IntValue(1)})
	if err != nil || results(out) != "created, rejected, created" {
		t.Fatal(results(out), err)
	}
	if got := single(t, db, "select count(*)::text from t"); got != "2" {
		t.Errorf("the table has %s rows, want 2", got)
	}
}

// TestConcurrentUpserts lets writers fight over the same keys: each key is created once, whoever wins.
func TestConcurrentUpserts(t *testing.T) {
	db, conn, _ := database(t, `create table t (id int primary key, who int)`, nil)
	const writers, keys = 4, 500
	var (
		wg      sync.WaitGroup
		created atomic.Int64
	)
	for who := range int64(writers) {
		wg.Go(func() {
			rows := make([][]record.Value, keys)
			for i := range rows {
				id := int64(i)
				if who%2 == 1 {
					id = keys - 1 - id // in the opposite order
				}
				rows[i] = []record.Value{record.IntValue(id), record.IntValue(who)}
			}
			out, err := write(t, conn, adapters.WriteRequest{Object: "t", Mode: adapters.WriteUpsert, Key: []string{"id"}, Shape: shapeOf("id", "who")}, rows...)
			if err != nil {
				t.Error(err)
			}
			for i, o := range out {
				switch o.Result {
				case adapters.Created:
					created.Add(1)
				case adapters.Updated:
				default:
					t.Errorf("writer %d, record %d: %s (%v)", who, i, o.Result, o.Err)
				}
			}
		})
	}
	wg.Wait()
	if created.Load() != keys {
		t.Errorf("%d reported as created, want %d", created.Load(), keys)
	}
	if got := single(t, db, "select count(*)::text from t"); got != fmt.Sprint(keys) {
		t.Errorf("the table has %s rows, want %d", got, keys)
	}
}

// cutAfter closes the connection right after a message that holds the text was sent, so that its answer is lost.
type cutAfter struct {
	net.Conn
	text string
	on   *atomic.Bool
	cut  atomic.Bool
}

func (c *cutAfter) Write(p []byte) (int, error) {
	if c.on.Load() && strings.Contains(string(p), c.text) {
		c.cut.Store(true)
	}
	return c.Conn.Write(p)
}

// Read loses every answer from the cut on, also one that it was waiting for already.
func (c *cutAfter) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.cut.Load() {
		return 0, io.EOF
	}
	return n, err
}

func TestLostAnswerToCommitIsUnknown(t *testing.T) {
	dsn := pgtest.Start(t)
	db := direct(t, dsn)
	if _, err := db.Exec(t.Context(), "create table t (id int primary key)"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text   string
		result adapters.Result
		kind   adapters.Kind
	}{{"commit\x00", adapters.Unknown, adapters.UnknownOutcome}, {"copy pg_temp", adapters.NotWritten, adapters.Unavailable}} {
		t.Run(c.text, func(t *testing.T) {
			var on atomic.Bool
			env := adaptertest.TestEnv(t)
			env.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				var d net.Dialer
				conn, err := d.DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				return &cutAfter{Conn: conn, text: c.text, on: &on}, nil
			}
			conn, err := postgres.New().Open(t.Context(), env, settings(configFor(t, dsn), nil))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close(context.Background()) }()
			req := adapters.WriteRequest{Object: "t", Mode: adapters.WriteUpsert, Key: []string{"id"}, Shape: shapeOf("id")}
			w, err := conn.(adapters.Destination).OpenWrite(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			on.Store(true)
			var b record.Batch
			b.Reset(req.Shape)
			b.AppendRow(record.IntValue(1))
			out := make([]adapters.Outcome, 1)
			wantKind(t, w.Write(t.Context(), &b, out), c.kind, "")
			if out[0].Result != c.result {
				t.Errorf("outcome is %s, want %s", out[0].Result, c.result)
			}
			on.Store(false)
			if _, err := conn.(adapters.KeyReader).ReadByKey(t.Context(), req, [][]record.Value{{record.IntValue(1)}}); err != nil {
				t.Errorf("looking up afterwards: %v", err)
			}
		})
	}
}
