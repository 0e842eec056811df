package files_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/adaptertest"
	"github.com/dray-sync/dray/adapters/files"
)

// poison has a character that windows-1252 does not have.
const poison = "日 content nobody may see"

func settings(t testing.TB, dir, objects string) adapters.Settings {
	t.Helper()
	config, err := json.Marshal(map[string]string{"path": dir})
	if err != nil {
		t.Fatal(err)
	}
	s := adapters.Settings{Connection: "c", Config: config}
	if err := json.Unmarshal([]byte(objects), &s.Objects); err != nil {
		t.Fatal(err)
	}
	return s
}

// format is one way to write items down.
type format struct {
	object string
	encode func(items []adaptertest.Item) string
	decode func(text string) ([]adaptertest.Item, error)
}

func toCSV(items []adaptertest.Item) string {
	var s strings.Builder
	s.WriteString("id;name;amount;rev\r\n")
	for _, it := range items {
		name := ""
		if it.Name != nil {
			name = `"` + strings.ReplaceAll(*it.Name, `"`, `""`) + `"`
		}
		s.WriteString(fmt.Sprintf("%s;%s;%s;%d\r\n", it.ID, name, it.Amount, it.Rev))
	}
	return s.String()
}

// fromCSV reads the simple rows that the kit writes: no cell of it holds a delimiter, a quote or the end of a line.
func fromCSV(text string) ([]adaptertest.Item, error) {
	var items []adaptertest.Item
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "id;name;amount;rev" {
		return nil, fmt.Errorf("header is %q", lines[0])
	}
	for _, l := range lines[1:] {
		f := strings.Split(l, ";")
		if len(f) != 4 {
			return nil, fmt.Errorf("row is %q", l)
		}
		it := adaptertest.Item{ID: f[0], Amount: f[2]}
		if f[1] != "" {
			it.Name = new(strings.Trim(f[1], `"`))
		}
		items = append(items, it)
	}
	return items, nil
}

type jsonItem struct {
	ID     string      `json:"id"`
	Name   *string     `json:"name"`
	Amount json.Number `json:"amount"`
	Rev    int64       `json:"rev"`
}

func jsonLines(items []adaptertest.Item) []string {
	var lines []string
	for _, it := range items {
		line, err := json.Marshal(jsonItem{it.ID, it.Name, json.Number(it.Amount), it.Rev})
		if err != nil {
			panic(err)
		}
		lines = append(lines, string(line))
	}
	return lines
}

func fromLines(text string) ([]adaptertest.Item, error) {
	var items []adaptertest.Item
	for line := range strings.Lines(text) {
		var it jsonItem
		if err := json.Unmarshal([]byte(line), &it); err != nil {
			return nil, err
		}
		items = append(items, adaptertest.Item{ID: it.ID, Name: it.Name, Amount: string(it.Amount)})
	}
	return items, nil
}

func fromList(text string) ([]adaptertest.Item, error) {
	var list []jsonItem
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, err
	}
	var items []adaptertest.Item
	for _, it := range list {
		items = append(items, adaptertest.Item{ID: it.ID, Name: it.Name, Amount: string(it.Amount)})
	}
	return items, nil
}

func formats() map[string]format {
	return map[string]format{
		"csv": {
			`{"items": {"pattern": "PATTERN", "format": "csv", "delimiter": ";", "encoding": "windows-1252", "header": true, "key": ["id"], "version": "rev"}}`,
			func(items []adaptertest.Item) string { return strings.ReplaceAll(toCSV(items), "é", "\xe9") }, fromCSV,
		},
		"jsonl": {
			`{"items": {"pattern": "PATTERN", "format": "jsonl", "key": ["id"]}}`,
			func(items []adaptertest.Item) string { return strings.Join(jsonLines(items), "\n") }, fromLines,
		},
		"json": {
			`{"items": {"pattern": "PATTERN", "format": "json", "key": ["id"]}}`,
			func(items []adaptertest.Item) string { return "[" + strings.Join(jsonLines(items), ",\n") + "]" }, fromList,
		},
	}
}

func (f format) target(t testing.TB, pattern string) *adaptertest.Target {
	w := adaptertest.NewWorld(t, nil)
	target := &adaptertest.Target{
		Env: w.Env(), Object: "items", Log: w.Log, Settings: settings(t, w.Dir, strings.ReplaceAll(f.object, "PATTERN", pattern)),
	}
	if strings.Contains(f.object, "windows-1252") {
		target.Poison = &adaptertest.Item{ID: "p", Name: new(poison), Amount: "1", Rev: 1}
	}
	n := 0
	target.Seed = func(_ context.Context, items []adaptertest.Item) error {
		n++
		return os.WriteFile(filepath.Join(w.Dir, strings.Replace(pattern, "*", fmt.Sprint(n), 1)), []byte(f.encode(items)), 0o600)
	}
	target.Items = func(context.Context) ([]adaptertest.Item, error) {
		names, err := filepath.Glob(filepath.Join(w.Dir, pattern))
		if err != nil {
			return nil, err
		}
		var all []adaptertest.Item
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			items, err := f.decode(string(text))
			if err != nil {
				return nil, err
			}
			all = append(all, items...)
		}
		return all, nil
	}
	return target
}

func mistakes(t testing.TB) []adaptertest.Mistake {
	dir := adaptertest.NewWorld(t, nil).Dir
	bad := func(object, field string) adaptertest.Mistake {
		return adaptertest.Mistake{Settings: settings(t, dir, `{"o": `+object+`}`), Path: []string{"objects", "o", field}}
	}
	return []adaptertest.Mistake{
		{Settings: settings(t, "/elsewhere", `{}`), Path: []string{"config", "path"}},
		bad(`{"pattern": "../x.csv", "format": "csv"}`, "pattern"),
		bad(`{"pattern": "/etc/passwd", "format": "csv"}`, "pattern"),
		bad(`{"pattern": "[", "format": "csv"}`, "pattern"),
		bad(`{"pattern": "x", "format": "xml"}`, "format"),
		bad(`{"pattern": "x", "format": "csv", "delimiter": ";;"}`, "delimiter"),
		bad(`{"pattern": "x", "format": "csv", "encoding": "ebcdic"}`, "encoding"),
		bad(`{"pattern": "x", "format": "csv", "header": false}`, "columns"),
		bad(`{"pattern": "x", "format": "jsonl", "records": "a"}`, "records"),
		bad(`{"pattern": "x", "format": "csv", "archive": "../done"}`, "archive"),
	}
}

var reads = []adapters.ReadMode{adapters.ReadIncremental, adapters.ReadFull, adapters.ReadKeys}

// TestConformance runs each format as one file that is written anew, and as a folder of new files.
func TestConformance(t *testing.T) {
	for name, f := range formats() {
		for _, shape := range []struct {
			name, pattern string
			writes        []adapters.WriteMode
		}{
			{"many", "items-*.txt", []adapters.WriteMode{adapters.WriteCreate}},
			{"one", "items.txt", []adapters.WriteMode{
				adapters.WriteCreate, adapters.WriteEnsure, adapters.WriteUpdate, adapters.WriteUpsert, adapters.WriteDelete,
			}},
		} {
			t.Run(name+"/"+shape.name, func(t *testing.T) {
				adaptertest.Run(t, adaptertest.Harness{
					Application: files.New(),
					Mistakes:    mistakes(t),
					New:         func(t testing.TB) *adaptertest.Target { return f.target(t, shape.pattern) },
					Can: adaptertest.Capabilities{
						Source: true, Destination: true, Discoverer: true, Nulls: true, Reads: reads, Writes: shape.writes,
					},
				})
			})
		}
	}
}
