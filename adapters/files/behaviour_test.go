package files_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/adaptertest"
	"github.com/dray-sync/dray/adapters/files"
	"github.com/dray-sync/dray/adapters/record"
)

type both interface {
	adapters.Connection
	adapters.Source
	adapters.Destination
}

// folder is a connection to a folder with one object, "o".
func folder(t testing.TB, object string, contents map[string]string) (both, string) {
	t.Helper()
	w := adaptertest.NewWorld(t, nil)
	for name, text := range contents {
		put(t, filepath.Join(w.Dir, name), text)
	}
	conn, err := files.New().Open(t.Context(), w.Env(), settings(t, w.Dir, `{"o": `+object+`}`))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return conn.(both), w.Dir
}

func put(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// read returns all records as JSON and the last safe cursor, acknowledging on the way.
func read(t testing.TB, c both, req adapters.ReadRequest) (out []string, last record.Cursor, err error) {
	t.Helper()
	req.Object = "o"
	r, err := c.OpenRead(t.Context(), req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = r.Close(t.Context()) }()
	var b record.Batch
	for {
		if err := r.Next(t.Context(), &b); errors.Is(err, io.EOF) {
			return out, last, nil
		} else if err != nil {
			return out, last, err
		}
		for i := range b.Len() {
			if b.Shape == nil {
				out = append(out, string(b.Doc(i)))
				continue
			}
			var names []string
			for _, c := range b.Shape.Columns {
				names = append(names, c.Name)
			}
			out = append(out, string(record.AppendJSONObject(nil, names, b.Row(i))))
		}
		if last = append(record.Cursor(nil), b.Safe...); b.Safe == nil {
			continue
		}
		if err := r.Ack(t.Context(), b.Safe); err != nil {
			return out, last, err
		}
	}
}

func TestReadsContent(t *testing.T) {
	for name, tc := range map[string]struct {
		object, text string
		want         []string
	}{
		"blank and empty": {`{"pattern": "f", "format": "csv"}`, "a,b\n,\"\"\n\nx,y\n", []string{`{"a":null,"b":""}`, `{"a":"x","b":"y"}`}},
		"mark and CRLF":   {`{"pattern": "f", "format": "csv"}`, "\uFEFFa,b\r\n1,\"2\r\n3\"\r\n", []string{`{"a":"1","b":"2\r\n3"}`}},
		"quotes":          {`{"pattern": "f", "format": "csv", "delimiter": "\t"}`, "a\tb\n\"say \"\"hi\"\"\"\t\"x\ty\"", []string{`{"a":"say \"hi\"","b":"x\ty"}`}},
		"no header":       {`{"pattern": "f", "format": "csv", "header": false, "columns": ["x", "y"]}`, "1,2\n", []string{`{"x":"1","y":"2"}`}},
		"windows-1252":    {`{"pattern": "f", "format": "csv", "encoding": "windows-1252"}`, "a\n\x80\xe9\n", []string{`{"a":"€é"}`}},
		"iso-8859-1":      {`{"pattern": "f", "format": "csv", "encoding": "iso-8859-1"}`, "a\n\xa4\n", []string{`{"a":"¤"}`}},
		"utf-16":          {`{"pattern": "f", "format": "csv", "encoding": "utf-16"}`, "\xff\xfea\x00\n\x00\xe9\x00\n\x00", []string{`{"a":"é"}`}},
		"empty file":      {`{"pattern": "f", "format": "csv"}`, "", nil},
		"header only":     {`{"pattern": "f", "format": "csv"}`, "a,b\n", nil},
		"lines":           {`{"pattern": "f", "format": "jsonl"}`, "{\"n\": 99999999999999999999}\n\n {\"n\":1.10}", []string{`{"n": 99999999999999999999}`, ` {"n":1.10}`}},
		"list":            {`{"pattern": "f", "format": "json"}`, ` [ {"a":1} , {"a":2} ] `, []string{`{"a":1}`, `{"a":2}`}},
		"one record":      {`{"pattern": "f", "format": "json"}`, `{"a":1}`, []string{`{"a":1}`}},
		"empty json":      {`{"pattern": "f", "format": "json"}`, ` `, nil},
		"path":            {`{"pattern": "f", "format": "json", "records": "data.items"}`, `{"x": [1], "data": {"n": {"items": 1}, "items" : [{"a":1},{"a":2}], "z": 1}}`, []string{`{"a":1}`, `{"a":2}`}},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := folder(t, tc.object, map[string]string{"f": tc.text})
			got, _, err := read(t, c, adapters.ReadRequest{Mode: adapters.ReadFull})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("records (-want +got):\n%s", d)
			}
		})
	}
}

func TestMistakesNameTheirPlace(t *testing.T) {
	const csv, lines, doc = `{"pattern": "f", "format": "csv"}`, `{"pattern": "f", "format": "jsonl"}`, `{"pattern": "f", "format": "json"}`
	for name, tc := range map[string]struct{ object, text, want string }{
		"ragged":         {csv, "a,b\n1,2\nsecret\n", "line 3 has 1 cells where 2 columns are named"},
		"ragged later":   {csv, "a,b\n\"1\n2\",2\n\nsecret,2,3\n", "line 5 has 3 cells where 2 columns are named"},
		"bare quote":     {csv, "a\nsec\"ret\n", "line 2 has a quote inside a cell that is not quoted"},
		"text behind":    {csv, "a\n\"secret\"x\n", "line 2 has text behind a closing quote"},
		"open quote":     {csv, "a\n\"secret\n1\n", "line 2 opens a quote that is never closed"},
		"same names":     {csv, "secret,b,secret\n", "line 1 columns 1 and 3 of the header have the same name"},
		"no name":        {csv, "a,,c\n", "line 1 column 2 of the header has no name"},
		"not utf-8":      {csv, "a\nsecret\xff\n", "line 2 has characters that are not in the file's encoding"},
		"bad line":       {lines, "{}\n{\"a\":secret}\n", "line 2 is not a JSON record: invalid JSON at offset 5: not JSON"},
		"no object":      {lines, "{}\n[\"secret\"]\n", "line 2 is not a JSON object"},
		"duplicate name": {lines, "{\"secret\":1,\"secret\":2}\n", "line 1 is not a JSON record: invalid JSON at offset 12: duplicate key"},
		"bad element":    {doc, `[{}, secret]`, "record 2 is not a JSON record, at byte 5 of the file: not JSON"},
		"cut off":        {doc, `[{}, {"secret": 1}`, "record 3 is not a JSON record, at byte 18 of the file: ends too early"},
		"cut off behind": {`{"pattern": "f", "format": "json", "records": "a"}`, `{"a": [{"secret": 1}], "b": `, "record 2 is not a JSON record, at byte 28 of the file: ends too early"},
		"two documents":  {doc, `{} {"secret": 1}`, "is followed by something"},
		"no list":        {`{"pattern": "f", "format": "json", "records": "a.b"}`, `{"a": {"c": ["secret"]}}`, "record 1 is not there"},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := folder(t, tc.object, map[string]string{"f": tc.text})
			_, _, err := read(t, c, adapters.ReadRequest{Mode: adapters.ReadFull})
			if adapters.KindOf(err) != adapters.Invalid || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want Invalid with %q and without content", err, tc.want)
			}
		})
	}
}

func TestIncrementalFollowsFiles(t *testing.T) {
	c, dir := folder(t, `{"pattern": "in/*.jsonl", "format": "jsonl"}`, map[string]string{"in/b.jsonl": `{"n":1}`, "in/c.jsonl": `{"n":2}`})
	req := adapters.ReadRequest{Mode: adapters.ReadIncremental}
	_, at, err := read(t, c, req)
	if err != nil {
		t.Fatal(err)
	}
	// A file with an older name and an older date arrives; it was written long ago elsewhere.
	put(t, filepath.Join(dir, "elsewhere", "a.jsonl"), `{"n":3}`)
	old, err := os.Stat(filepath.Join(dir, "in", "b.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "elsewhere", "a.jsonl"), old.ModTime().AddDate(-1, 0, 0), old.ModTime().AddDate(-1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "elsewhere", "a.jsonl"), filepath.Join(dir, "in", "a.jsonl")); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "in", "b.jsonl"), `{"n":4}`) // changed
	req.From = at
	got, _, err := read(t, c, req)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{`{"n":3}`, `{"n":4}`}, got); d != "" {
		t.Errorf("what came later (-want +got):\n%s", d)
	}
}

func TestArchive(t *testing.T) {
	c, dir := folder(t, `{"pattern": "*.jsonl", "format": "jsonl", "archive": "done/"}`, map[string]string{"a.jsonl": `{"n":1}`, "b.jsonl": `{"n":2}`, "done/a.jsonl": `{"n":0}`})
	got, _, err := read(t, c, adapters.ReadRequest{Mode: adapters.ReadIncremental})
	if err != nil || len(got) != 2 {
		t.Fatalf("got %d records and %v, want 2", len(got), err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(left) != 0 {
		t.Errorf("%v were left behind (%v)", left, err)
	}
	for name, want := range map[string]string{"a.jsonl": `{"n":0}`, "a-2.jsonl": `{"n":1}`, "b.jsonl": `{"n":2}`} {
		if text := get(t, filepath.Join(dir, "done", name)); text != want {
			t.Errorf("done/%s holds %s, want %s", name, text, want)
		}
	}
}

func TestArchiveNeedsAck(t *testing.T) {
	c, dir := folder(t, `{"pattern": "*.jsonl", "format": "jsonl", "archive": "done"}`, map[string]string{"a.jsonl": `{"n":1}`})
	r, err := c.OpenRead(t.Context(), adapters.ReadRequest{Object: "o", Mode: adapters.ReadFull})
	if err != nil {
		t.Fatal(err)
	}
	var b record.Batch
	if err := r.Next(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	get(t, filepath.Join(dir, "a.jsonl"))
}

func TestLinksLeadNowhere(t *testing.T) {
	c, dir := folder(t, `{"pattern": "*.jsonl", "format": "jsonl"}`, nil)
	outside := filepath.Join(t.TempDir(), "x")
	put(t, outside, `{"secret":1}`)
	if err := os.Symlink(outside, filepath.Join(dir, "a.jsonl")); err != nil {
		t.Fatal(err)
	}
	got, _, err := read(t, c, adapters.ReadRequest{Mode: adapters.ReadFull})
	if err == nil || len(got) != 0 {
		t.Errorf("a link out of the folder was followed: %d records, %v", len(got), err)
	}
}

func TestReadOnlyFolderIsNoDestination(t *testing.T) {
	w := adaptertest.NewWorld(t, nil)
	env := w.Env()
	env.Paths = readOnly{env.Paths}
	conn, err := files.New().Open(t.Context(), env, settings(t, w.Dir, `{"o": {"pattern": "f", "format": "csv"}}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, ok := conn.(adapters.Destination); ok {
		t.Error("a folder that may only be read is a destination")
	}
	_, err = files.New().Open(t.Context(), env, settings(t, w.Dir, `{"o": {"pattern": "f", "format": "csv", "archive": "done"}}`))
	if _, ok := errors.AsType[*adapters.ConfigError](err); !ok {
		t.Errorf("an archive in a folder that may only be read: got %v, want a ConfigError", err)
	}
}

type readOnly struct{ adapters.Paths }

func (p readOnly) Resolve(path string, write bool) (adapters.Location, error) {
	if write {
		return adapters.Location{}, &adapters.ConfigError{Message: "not for writing"}
	}
	return p.Paths.Resolve(path, write)
}

func write(t testing.TB, c both, mode adapters.WriteMode, key []string, columns []string, rows ...[]record.Value) []string {
	t.Helper()
	var cols []record.Column
	for _, n := range columns {
		cols = append(cols, record.Column{Name: n})
	}
	shape := record.NewShape(cols...)
	w, err := c.OpenWrite(t.Context(), adapters.WriteRequest{Object: "o", Mode: mode, Key: key, Shape: shape})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close(t.Context()) }()
	var b record.Batch
	b.Reset(shape)
	if w.Encoding() == record.Documents {
		b.Reset(nil)
	}
	for _, r := range rows {
		if b.Shape == nil {
			b.AppendDoc(record.AppendJSONObject(nil, columns, r))
		} else {
			b.AppendRow(r...)
		}
	}
	out := make([]adapters.Outcome, len(rows))
	if err := w.Write(t.Context(), &b, out); err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, o := range out {
		s := o.Result.String()
		if o.Err != nil {
			s += fmt.Sprintf(": %s %s", o.Err.Kind, o.Err.Rule)
		}
		said = append(said, s)
	}
	return said
}

func TestUpsertKeepsTheRest(t *testing.T) {
	s, n := record.StringValue, record.IntValue
	c, dir := folder(t, `{"pattern": "out/f.csv", "format": "csv"}`, map[string]string{"out/f.csv": "id,note,qty\r\n1,kept,5\r\n2,\"a,b\",6\r\n"})
	got := write(t, c, adapters.WriteUpsert, []string{"id"}, []string{"id", "qty", "extra"},
		[]record.Value{n(2), n(7), s("new")}, []record.Value{n(3), record.NullValue, s("")}, []record.Value{record.NullValue, n(1), s("x")})
	if d := cmp.Diff([]string{"updated", "created", "rejected: Invalid a part of the key is not there"}, got); d != "" {
		t.Error(d)
	}
	want := "id,note,qty,extra\n1,kept,5,\n2,\"a,b\",7,new\n3,,,\"\"\n"
	if d := cmp.Diff(want, get(t, filepath.Join(dir, "out", "f.csv"))); d != "" {
		t.Errorf("file (-want +got):\n%s", d)
	}
	got = write(t, c, adapters.WriteUpsert, []string{"id"}, []string{"id", "qty"}, []record.Value{n(2), n(7)})
	if d := cmp.Diff([]string{"unchanged"}, got); d != "" {
		t.Error(d)
	}
}

func TestCreateMakesNewFiles(t *testing.T) {
	c, dir := folder(t, `{"pattern": "out/o-*.json", "format": "json"}`, nil)
	for range 3 {
		write(t, c, adapters.WriteCreate, nil, []string{"n"}, []record.Value{record.IntValue(1)}, []record.Value{record.IntValue(2)})
	}
	names, err := filepath.Glob(filepath.Join(dir, "out", "*"))
	if err != nil || len(names) != 3 {
		t.Fatalf("made %v (%v), want three files", names, err)
	}
	for _, name := range names {
		if d := cmp.Diff("[\n{\"n\":1},\n{\"n\":2}\n]\n", get(t, name)); d != "" {
			t.Error(d)
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "out"))
	if err != nil || len(entries) != 3 {
		t.Errorf("%d entries are left, want 3: %v", len(entries), err)
	}
}

func TestBadOldFileIsLeftAlone(t *testing.T) {
	const bad = "id,x\n1\n"
	c, dir := folder(t, `{"pattern": "f.csv", "format": "csv"}`, map[string]string{"f.csv": bad})
	shape := record.NewShape(record.Column{Name: "id"}, record.Column{Name: "x"})
	w, err := c.OpenWrite(t.Context(), adapters.WriteRequest{Object: "o", Mode: adapters.WriteUpsert, Key: []string{"id"}, Shape: shape})
	if err != nil {
		t.Fatal(err)
	}
	var b record.Batch
	b.Reset(shape)
	b.AppendRow(record.IntValue(2), record.NullValue)
	out := make([]adapters.Outcome, 1)
	if err := w.Write(t.Context(), &b, out); adapters.KindOf(err) != adapters.Invalid {
		t.Errorf("got %v, want Invalid", err)
	}
	if out[0].Result != adapters.NotWritten || get(t, filepath.Join(dir, "f.csv")) != bad {
		t.Errorf("the record is said to be %s and the file changed", out[0].Result)
	}
	if _, err := os.Stat(filepath.Join(dir, ".f.csv.dray")); err == nil {
		t.Error("a draft was left behind")
	}
}
