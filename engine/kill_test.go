package engine_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/adapters/sqlite"
	"github.com/dray-sync/dray/engine"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// killAt is the variable that turns the test binary into a process that runs the touchpoint and kills itself at that step; killDir is
// where its files are.
const (
	killAt  = "DRAY_TEST_KILL_AT"
	killDir = "DRAY_TEST_KILL_DIR"
)

// killBulk is the name of a file: where it is, the destination asks for several batches of the source in one write.
const killBulk = "bulk"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		if err := runOnce(dir, os.Getenv(killAt)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// mortal is SQLite in a process that dies at one step. Reading ahead makes the order of steps vary a little; every one of them is
// some instant of a batch.
type mortal struct {
	adapters.Application
	step chan struct{} // a step that is taken from here is survived; when it is empty the process dies
	bulk bool          // the destination asks for many records at once
}

func (m mortal) live() {
	if m.step == nil {
		return
	}
	select {
	case <-m.step:
	default:
		if p, err := os.FindProcess(os.Getpid()); err == nil {
			_ = p.Kill() // it does not return to tell
		}
		select {}
	}
}

func (m mortal) Open(ctx context.Context, env adapters.Env, settings adapters.Settings) (adapters.Connection, error) {
	c, err := m.Application.Open(ctx, env, settings)
	if err != nil {
		return nil, err
	}
	return mortalConn{c, c.(adapters.Source), c.(adapters.Destination), c.(adapters.KeyReader), m}, nil
}

type mortalConn struct {
	adapters.Connection
	source      adapters.Source
	destination adapters.Destination
	adapters.KeyReader
	mortal mortal
}

func (c mortalConn) Describe(ctx context.Context, object string) (adapters.Object, error) {
	return c.source.Describe(ctx, object)
}

func (c mortalConn) OpenRead(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
	r, err := c.source.OpenRead(ctx, req)
	return mortalReader{r, c.mortal}, err
}

func (c mortalConn) OpenWrite(ctx context.Context, req adapters.WriteRequest) (adapters.Writer, error) {
	w, err := c.destination.OpenWrite(ctx, req)
	if bulk, ok := w.(adapters.BulkWriter); ok && c.mortal.bulk {
		return mortalBulkWriter{mortalWriter{w, c.mortal}, bulk}, err
	}
	return mortalWriter{w, c.mortal}, err
}

type mortalBulkWriter struct {
	mortalWriter
	bulk adapters.BulkWriter
}

func (w mortalBulkWriter) Bulk() int { return w.bulk.Bulk() }

type mortalReader struct {
	adapters.Reader
	mortal mortal
}

func (r mortalReader) Next(ctx context.Context, b *record.Batch) error {
	r.mortal.live()
	return r.Reader.Next(ctx, b)
}

// Ack comes right after the commit of a batch.
func (r mortalReader) Ack(ctx context.Context, c record.Cursor) error {
	r.mortal.live()
	return r.Reader.Ack(ctx, c)
}

type mortalWriter struct {
	adapters.Writer
	mortal mortal
}

func (w mortalWriter) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	w.mortal.live() // intents are written down, nothing is sent
	err := w.Writer.Write(ctx, b, out)
	w.mortal.live() // sent, and nothing is written down
	return err
}

// runOnce runs the touchpoint to its end, unless the process dies before.
func runOnce(dir, at string) error {
	ctx := context.Background()
	_, missing := os.Stat(filepath.Join(dir, killBulk))
	app := mortal{Application: sqlite.New(), bulk: missing == nil}
	if n, err := strconv.Atoi(at); err == nil {
		app.step = make(chan struct{}, n)
		for range n {
			app.step <- struct{}{}
		}
	}
	identity, err := secret.ReadIdentity(filepath.Join(dir, "identity"))
	if err != nil {
		return err
	}
	registry := adapters.NewRegistry(nil, app)
	files := os.DirFS(filepath.Join(dir, "repository"))
	m, problems, err := config.Load(ctx, files, config.Options{Environment: "test", Registry: registry})
	if err != nil || m == nil {
		return fmt.Errorf("%v %w", problems, err)
	}
	r, err := engine.LocalRun{
		Options: engine.Options{
			StateDir: filepath.Join(dir, "state"), Environment: "test", Identity: identity, Registry: registry,
			AllowPaths: []connect.AllowedPath{{Dir: filepath.Join(dir, "data"), Write: true}},
		},
		Files: files, Model: m, Touchpoint: "items", Revision: "r1",
	}.Do(ctx)
	if err == nil && r.Status != state.RunSucceeded && r.Status != state.RunEmpty {
		err = fmt.Errorf("run ended %s %s: %s, %+v", r.Status, r.Code, r.Detail, r.Counts)
	}
	return err
}

// killedRecords makes three batches.
const killedRecords = 2300

// newKillDir lays out a repository, a source and a destination.
func newKillDir(t *testing.T, write, around string, records int) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{"repository", "data"} {
		check(t, os.Mkdir(filepath.Join(dir, d), 0o700))
	}
	data := filepath.ToSlash(filepath.Join(dir, "data"))
	identity, err := secret.GenerateAgent(secret.Classic)
	check(t, err)
	check(t, secret.WriteIdentity(filepath.Join(dir, "identity"), identity, time.Now()))
	ring, err := secret.CreateRing("test", []secret.Recipient{identity.Public().Recipient}, time.Now())
	check(t, err)
	ringFile, err := ring.File().Encode()
	check(t, err)
	for name, text := range map[string]string{
		"dray.yaml": "apiVersion: dray/v1\nkind: Repository\nmetadata: {name: killed}\nspec: {environments: {test: {}}}\n",
		"ring.yaml": string(ringFile),
		"flow.yaml": `apiVersion: dray/v1
kind: Connection
metadata: {name: from}
spec: {application: sqlite, config: {path: ` + data + `/from.db}, objects: {items: {cursor: rev}}}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: to}
spec: {application: sqlite, config: {path: ` + data + `/to.db}}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: copy}
spec: {fields: {id: {from: id}, name: {from: name}}}
---
apiVersion: dray/v1
kind: Touchpoint
metadata: {name: items}
spec:
  source: {connection: from, object: items, start: beginning}
  mapping: copy
  destination: {connection: to, object: items, write: ` + write + `, key: [id]}
` + around,
	} {
		check(t, os.WriteFile(filepath.Join(dir, "repository", name), []byte(text), 0o600))
	}
	exec1(t, data+"/from.db", fmt.Sprintf(`PRAGMA journal_mode = WAL; CREATE TABLE items (id TEXT PRIMARY KEY, name TEXT, rev INTEGER NOT NULL, grp TEXT, odd INTEGER);
		CREATE TABLE acks (id TEXT PRIMARY KEY, got TEXT);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < %d) INSERT INTO items SELECT 'k' || i, 'name ' || i, i, 'g' || (i %% 7), i %% 2 FROM n`, records))
	// What is created twice is refused, and then the run does not succeed.
	exec1(t, data+"/to.db", "CREATE TABLE items (id TEXT PRIMARY KEY, name TEXT); CREATE TABLE odd (id TEXT PRIMARY KEY, name TEXT); CREATE TABLE groups (id TEXT PRIMARY KEY, n INTEGER)")
	return dir
}

func exec1(t *testing.T, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)")
	check(t, err)
	_, err = db.ExecContext(t.Context(), text)
	check(t, err)
	check(t, db.Close())
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// child runs the touchpoint in a process that dies at a step, "" for never, and reports whether it lived.
func child(t *testing.T, dir, at string) bool {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), killDir+"="+dir, killAt+"="+at)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if err != nil && (at == "" || cmd.ProcessState.ExitCode() == 1) {
		t.Fatalf("killed at step %q: %v\n%s", at, err, out.String())
	}
	return err == nil
}

// Promise 9: whatever the instant a process is killed at, every record arrives once.
func TestKilledAtEveryStep(t *testing.T) {
	if testing.Short() {
		t.Skip("starts some dozens of processes")
	}
	for _, c := range []struct {
		name, write string
		bulk        bool
		least       int // steps
	}{
		{"upsert", "upsert", false, 9}, // four reads, and for each batch: before and after the write, after the commit
		{"create", "create", false, 9},
		{"in bulk", "create", true, 7}, // batches become one, or not, as they come
	} {
		t.Run(c.name, func(t *testing.T) {
			steps := 0
			for ; ; steps++ {
				dir := newKillDir(t, c.write, "", killedRecords)
				if c.bulk {
					check(t, os.WriteFile(filepath.Join(dir, killBulk), nil, 0o600))
				}
				lived := child(t, dir, strconv.Itoa(steps))
				if !lived && steps%3 == 2 { // and once more, early in the second life
					child(t, dir, strconv.Itoa(2))
				}
				child(t, dir, "")
				arrivedOnce(t, dir, steps)
				if lived {
					break
				}
			}
			if steps < c.least {
				t.Errorf("only %d steps were died at", steps)
			}
		})
	}
}

func arrivedOnce(t *testing.T, dir string, step int) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "data", "to.db")+"?_pragma=busy_timeout(10000)")
	check(t, err)
	defer func() { check(t, db.Close()) }()
	var rows, distinct, right int
	check(t, db.QueryRowContext(t.Context(), "SELECT count(*), count(DISTINCT id), count(CASE WHEN name = 'name ' || substr(id, 2) THEN 1 END) FROM items").
		Scan(&rows, &distinct, &right))
	if rows != killedRecords || distinct != killedRecords || right != killedRecords {
		t.Errorf("killed at step %d: %d rows, %d different, %d right; want %d of each", step, rows, distinct, right, killedRecords)
	}
}

// killedAround gives the touchpoint of the test above steps, routes and a write-back.
const killedAround = `  steps:
    - {name: group, connection: to, object: groups, find: {id: {from: grp}}, whenMissing: create, mapping: group}
  routes:
    cases:
      - {name: odd, when: odd == 1, destination: {object: odd, write: create, key: [id]}}
  writeBack:
    - {on: delivered, object: acks, write: upsert, fields: {got: {from: $result.name}}}
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: group}
spec: {fields: {id: {from: grp}}}
`

// Promise 9 holds around a write, too: nothing is made twice, on whatever route, and what came of a record is written back.
func TestKilledAroundAWrite(t *testing.T) {
	if testing.Short() {
		t.Skip("starts some dozens of processes")
	}
	const records = 1100 // two batches
	steps := 0
	for lived := false; !lived; steps++ {
		dir := newKillDir(t, "upsert", killedAround, records)
		lived = child(t, dir, strconv.Itoa(steps))
		child(t, dir, "")
		got := map[string]int{}
		for table, query := range map[string]string{
			"to.db/items": "SELECT count(*) FROM items WHERE name = 'name ' || substr(id, 2)", "to.db/odd": "SELECT count(*) FROM odd WHERE name = 'name ' || substr(id, 2)",
			"to.db/groups": "SELECT count(*) FROM groups", "from.db/acks": "SELECT count(*) FROM acks WHERE got = 'name ' || substr(id, 2)",
		} {
			got[table] = countIn(t, filepath.Join(dir, "data", strings.Split(table, "/")[0]), query)
		}
		want := map[string]int{"to.db/items": records / 2, "to.db/odd": records / 2, "to.db/groups": 7, "from.db/acks": records}
		if d := cmp.Diff(got, want); d != "" {
			t.Errorf("killed at step %d (-got +want):\n%s", steps, d)
		}
	}
	if steps < 15 {
		t.Errorf("only %d steps were died at", steps)
	}
}

func countIn(t *testing.T, path, query string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)")
	check(t, err)
	defer func() { check(t, db.Close()) }()
	check(t, db.QueryRowContext(t.Context(), query).Scan(&n))
	return n
}
