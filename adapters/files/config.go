package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// config is #Config of config.cue.
type config struct {
	Path string `json:"path"`
}

// object is #Object of config.cue.
type object struct {
	Pattern   string   `json:"pattern"`
	Format    string   `json:"format"`
	Delimiter string   `json:"delimiter"`
	Encoding  string   `json:"encoding"`
	Header    bool     `json:"header"`
	Columns   []string `json:"columns"`
	Records   string   `json:"records"`
	Key       []string `json:"key"`
	Version   string   `json:"version"`
	Archive   string   `json:"archive"`

	name  string
	comma rune
	steps record.Path // of Records
}

// parseSettings reads what a connection says. Mistakes are returned joined.
func parseSettings(s adapters.Settings) (config, map[string]*object, error) {
	var c config
	if err := decodeStrict(s.Config, &c, "config"); err != nil {
		return c, nil, err
	}
	var errs []error
	switch at := []string{"config", "path"}; {
	case c.Path == "":
		errs = append(errs, &adapters.ConfigError{Path: at, Message: "no folder is named", Hint: "an absolute path such as /srv/exchange"})
	case !filepath.IsAbs(c.Path):
		errs = append(errs, &adapters.ConfigError{Path: at, Message: fmt.Sprintf("%q is not an absolute path", c.Path), Hint: "say the whole path on the agent's machine, such as /srv/exchange"})
	}
	objects := make(map[string]*object, len(s.Objects))
	for _, name := range slices.Sorted(maps.Keys(s.Objects)) {
		o := &object{Delimiter: ",", Encoding: "utf-8", Header: true, name: name}
		if err := decodeStrict(s.Objects[name], o, "objects", name); err != nil {
			errs = append(errs, err)
			continue
		}
		if field, message, hint := o.check(); message != "" {
			errs = append(errs, &adapters.ConfigError{Path: []string{"objects", name, field}, Message: message, Hint: hint})
		}
		objects[name] = o
	}
	return c, objects, errors.Join(errs...)
}

// judgeSettings is [adapters.Spec].Judge.
func judgeSettings(s adapters.Settings) error {
	_, _, err := parseSettings(s)
	return err
}

// foretell is [adapters.Spec].Describe: every object is declared.
func foretell(s adapters.Settings, name string) (adapters.Object, bool) {
	_, objects, err := parseSettings(s)
	if err != nil || objects[name] == nil {
		return adapters.Object{}, false
	}
	return objects[name].describe(true), true
}

// check completes the object, or says which field is wrong.
func (o *object) check() (field, message, hint string) {
	var width int
	o.comma, width = utf8.DecodeRuneInString(o.Delimiter)
	switch {
	case !validPattern(o.Pattern):
		return "pattern", fmt.Sprintf("%q is not a pattern of names inside the folder", o.Pattern), "write it relative to the folder, with forward slashes and without .."
	case !slices.Contains([]string{formatCSV, formatJSON, formatLines}, o.Format):
		return "format", "must be csv, json or jsonl", ""
	case width != len(o.Delimiter) || o.Delimiter == "" || strings.ContainsAny(o.Delimiter, "\"\r\n\uFEFF\uFFFD"):
		return "delimiter", "must be one character, and neither a quote nor the end of a line", ""
	case !knownEncoding(o.Encoding):
		return "encoding", fmt.Sprintf("%q is not an encoding that is known here", o.Encoding), ""
	case o.Format == formatCSV && !o.Header && len(o.Columns) == 0:
		return "columns", "a file without a header needs the names of its columns", ""
	case len(o.Columns) > 0 && (o.Header || o.Format != formatCSV):
		return "columns", "are for CSV without a header only", "set header: false, or remove columns"
	case o.Records != "" && o.Format != formatJSON:
		return "records", "is for JSON only", ""
	case o.Archive != "" && !fs.ValidPath(strings.TrimSuffix(o.Archive, "/")):
		return "archive", "must be a folder inside the connection's", "write it relative, with forward slashes and without .."
	}
	if i := firstRepeat(o.Columns); i >= 0 {
		return "columns", fmt.Sprintf("%q is there twice", o.Columns[i]), ""
	}
	if o.Records != "" {
		var err error
		if o.steps, err = record.ParsePath(o.Records); err != nil {
			return "records", "is not a path: " + err.Error(), ""
		}
		if slices.ContainsFunc(o.steps, record.Step.IsIndex) {
			return "records", "must consist of names only", ""
		}
	}
	o.Archive = strings.TrimSuffix(o.Archive, "/")
	return "", "", ""
}

const (
	formatCSV   = "csv"
	formatJSON  = "json"
	formatLines = "jsonl"
)

func validPattern(p string) bool {
	_, err := path.Match(p, "x")
	return err == nil && fs.ValidPath(p) && p != "."
}

func firstRepeat(names []string) int {
	for i, n := range names {
		if slices.Contains(names[:i], n) {
			return i
		}
	}
	return -1
}

// wild reports whether the pattern stands for many files.
func (o *object) wild() bool { return strings.ContainsAny(o.Pattern, `*?[\`) }

// makesFiles reports whether new files can be named after the pattern.
func (o *object) makesFiles() bool {
	dir, base := path.Split(o.Pattern)
	return !strings.ContainsAny(dir, `*?[\`) && !strings.ContainsAny(base, `?[\`) && strings.Count(base, "*") == 1
}

// writes returns the ways to write.
func (o *object) writes() []adapters.WriteMode {
	switch {
	case o.steps != nil || (o.Format != formatCSV && o.Encoding != "utf-8") || strings.HasPrefix(o.Encoding, "utf-16"):
		return nil
	case o.makesFiles():
		return []adapters.WriteMode{adapters.WriteCreate}
	case o.wild():
		return nil
	default:
		return []adapters.WriteMode{
			adapters.WriteCreate, adapters.WriteEnsure, adapters.WriteUpdate, adapters.WriteUpsert, adapters.WriteDelete,
		}
	}
}

// describe returns the object without its fields.
func (o *object) describe(canWrite bool) adapters.Object {
	out := adapters.Object{
		Name: o.name, Key: paths(o.Key...), Reads: []adapters.ReadMode{adapters.ReadFull, adapters.ReadIncremental},
		Cursor: paths("$file"),
	}
	if len(o.Key) > 0 {
		out.Reads, out.Finds = append(out.Reads, adapters.ReadKeys), [][]string{o.Key}
	}
	if o.Version != "" {
		out.Version = paths(o.Version)[0]
	}
	if canWrite {
		out.Writes = o.writes()
	}
	return out
}

func paths(names ...string) []record.Path {
	var out []record.Path
	for _, n := range names {
		out = append(out, record.Path{{Name: n, Index: -1}})
	}
	return out
}

func decodeStrict(raw json.RawMessage, into any, at ...string) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		return nil
	}
	if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && te.Field != "" {
		return &adapters.ConfigError{Path: append(at, te.Field), Message: fmt.Sprintf("must not be a JSON %s", te.Value)}
	}
	return &adapters.ConfigError{Path: at, Message: "does not have the fields of this application"}
}
