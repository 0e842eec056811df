package sqlite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
)

// config is #Config of config.cue.
type config struct {
	Path     string `json:"path"`
	ReadOnly bool   `json:"readOnly"`
}

// object is #Object of config.cue.
type object struct {
	Table        string                `json:"table"`
	Query        string                `json:"query"`
	Key          []string              `json:"key"`
	Cursor       string                `json:"cursor"`
	CursorFormat string                `json:"cursorFormat"`
	Fields       map[string]fieldAsked `json:"fields"`
}

type fieldAsked struct {
	Type string `json:"type"`
}

// parseSettings reads what a connection says. Mistakes are returned joined.
func parseSettings(s adapters.Settings) (config, map[string]object, error) {
	var c config
	if err := decodeStrict(s.Config, &c, "config"); err != nil {
		return c, nil, err
	}
	var errs []error
	switch at := []string{"config", "path"}; {
	case c.Path == "":
		errs = append(errs, &adapters.ConfigError{Path: at, Message: "no database file is named", Hint: "an absolute path such as /var/lib/erp/erp.db"})
	case !filepath.IsAbs(c.Path):
		errs = append(errs, &adapters.ConfigError{Path: at, Message: fmt.Sprintf("%q is not an absolute path", c.Path), Hint: "say the whole path on the agent's machine, such as /var/lib/erp/erp.db"})
	}
	objects := make(map[string]object, len(s.Objects))
	for _, name := range slices.Sorted(maps.Keys(s.Objects)) {
		o, err := parseObject(name, s.Objects[name])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		objects[name] = o
	}
	return c, objects, errors.Join(errs...)
}

// judge is [adapters.Spec].Judge.
func judge(s adapters.Settings) error {
	_, _, err := parseSettings(s)
	return err
}

// foretell is [adapters.Spec].Describe. Tables need not be declared, but only a declared cursor makes incremental reads possible.
func foretell(s adapters.Settings, name string) (adapters.Object, bool) {
	c, objects, err := parseSettings(s)
	if err != nil {
		return adapters.Object{}, false
	}
	o := objects[name]
	return adapters.Relation(name, o.Cursor != "", o.Query == "" && !c.ReadOnly), true
}

func parseObject(name string, raw json.RawMessage) (object, error) {
	var o object
	if err := decodeStrict(raw, &o, "objects", name); err != nil {
		return o, err
	}
	at := func(field string) []string { return []string{"objects", name, field} }
	switch {
	case o.Table != "" && o.Query != "":
		return o, &adapters.ConfigError{Path: at("query"), Message: "an object is a table or a query, not both", Hint: "remove one"}
	case o.Query != "" && !isSelect(o.Query):
		return o, &adapters.ConfigError{Path: at("query"), Message: "a query begins with select", Hint: "it only reads: one SELECT statement"}
	case o.Query != "" && !oneStatement(o.Query):
		return o, &adapters.ConfigError{Path: at("query"), Message: "a query is one statement without a semicolon", Hint: "remove everything from the semicolon on"}
	case o.CursorFormat != "" && o.Cursor == "":
		return o, &adapters.ConfigError{Path: at("cursorFormat"), Message: "there is no cursor", Hint: "name the column in cursor"}
	case o.CursorFormat != "" && !slices.Contains([]string{"iso", "sql", "unix", "unix-ms"}, o.CursorFormat):
		return o, &adapters.ConfigError{Path: at("cursorFormat"), Message: "must be iso, sql, unix or unix-ms"}
	case o.Query != "" && o.Cursor != "" && len(o.Key) == 0:
		return o, &adapters.ConfigError{Path: at("cursor"), Message: "a query that is read incrementally needs a key", Hint: "name its columns in key"}
	}
	for column, f := range o.Fields {
		if !slices.Contains([]string{"string", "int", "decimal", "bool"}, f.Type) {
			return o, &adapters.ConfigError{Path: append(at("fields"), column, "type"), Message: "must be string, int, decimal or bool"}
		}
	}
	if o.Table == "" && o.Query == "" {
		o.Table = name
	}
	return o, nil
}

func decodeStrict(raw json.RawMessage, into any, path ...string) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		return nil
	}
	if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && te.Field != "" {
		return &adapters.ConfigError{Path: append(path, te.Field), Message: fmt.Sprintf("must not be a JSON %s", te.Value)}
	}
	return &adapters.ConfigError{Path: path, Message: "does not have the fields of this application"}
}

// isSelect reports whether a statement begins as those do that only read.
func isSelect(query string) bool {
	words := strings.Fields(strings.ToLower(query))
	return len(words) > 0 && (words[0] == "select" || words[0] == "with" || words[0] == "values" || strings.HasPrefix(words[0], "--") || strings.HasPrefix(words[0], "/*"))
}

// oneStatement reports whether there is no semicolon outside of strings, names and comments. A query is put in parentheses, so
// that it can be nothing but a SELECT then.
func oneStatement(query string) bool {
	for i := 0; i < len(query); i++ {
		closer := ""
		switch c := query[i]; {
		case c == ';' || c == 0:
			return false
		case c == '\'' || c == '"' || c == '`':
			closer = string(c)
		case c == '[':
			closer = "]"
		case c == '-' && i+1 < len(query) && query[i+1] == '-':
			closer = "\n"
		case c == '/' && i+1 < len(query) && query[i+1] == '*':
			i++
			closer = "*/"
		default:
			continue
		}
		end := indexFrom(query, closer, i+1)
		if end < 0 { // an open comment would swallow the closing parenthesis
			return false
		}
		i = end + len(closer) - 1
	}
	return true
}

func indexFrom(s, sub string, from int) int {
	if i := strings.Index(s[from:], sub); i >= 0 {
		return from + i
	}
	return -1
}
