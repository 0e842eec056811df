package postgres

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dray-sync/dray/adapters"
)

// config is #Config of schema.cue.
type config struct {
	Host           string `json:"host"`
	Port           int    `json:"port"`
	Database       string `json:"database"`
	User           string `json:"user"`
	Schema         string `json:"schema"`
	SSLMode        string `json:"sslMode"`
	CA             string `json:"ca"`
	MaxConnections int    `json:"maxConnections"`
	ConnectTimeout string `json:"connectTimeout"`
	Lag            string `json:"lag"`

	connectTimeout time.Duration
	lag            time.Duration
}

// declared is #Object of schema.cue.
type declared struct {
	Table   string   `json:"table"`
	Query   string   `json:"query"`
	Key     []string `json:"key"`
	Cursor  string   `json:"cursor"`
	Version string   `json:"version"`
}

func parseConfig(text json.RawMessage) (config, error) {
	var c config
	if err := strictly(text, &c); err != nil {
		return c, &adapters.ConfigError{Path: []string{"config"}, Message: "is not a valid configuration of postgres"}
	}
	if c.Host == "" || strings.HasPrefix(c.Host, "/") || strings.Contains(c.Host, ",") {
		return c, wrong("host", "must be the name or address of one host", "a name such as db.example.com")
	}
	if c.Port < 1 || c.Port > 65535 {
		return c, wrong("port", "must be from 1 to 65535", "PostgreSQL's own is 5432")
	}
	if c.Database == "" {
		return c, wrong("database", "is missing", "the name of the database")
	}
	if c.MaxConnections < 2 {
		return c, wrong("maxConnections", "must be 2 or more: a flow may read and write here at once", "8")
	}
	var err error
	if c.connectTimeout, err = time.ParseDuration(c.ConnectTimeout); err != nil {
		return c, wrong("connectTimeout", "is not a duration", "10s")
	}
	if c.lag, err = time.ParseDuration(c.Lag); err != nil || c.lag < 0 {
		return c, wrong("lag", "is not a duration", "1s")
	}
	return c, nil
}

func parseObjects(texts map[string]json.RawMessage) (map[string]declared, error) {
	objects := make(map[string]declared, len(texts))
	var all []error
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		text := texts[name]
		var d declared
		path := []string{"objects", name}
		switch err := strictly(text, &d); {
		case err != nil:
			all = append(all, &adapters.ConfigError{Path: path, Message: "is not a valid object of postgres"})
		case d.Query != "" && d.Table != "":
			all = append(all, &adapters.ConfigError{Path: append(path, "table"), Message: "an object is a query or a table, not both", Hint: "remove one of them"})
		case d.Query != "" && !isSelect(d.Query):
			all = append(all, &adapters.ConfigError{Path: append(path, "query"), Message: "a query begins with select", Hint: "it only reads: one SELECT statement"})
		case d.Query != "" && len(d.Key) == 0:
			all = append(all, &adapters.ConfigError{Path: append(path, "key"), Message: "is missing", Hint: "name the columns that identify a row of the query"})
		}
		objects[name] = d
	}
	return objects, errors.Join(all...)
}

// isSelect reports whether a statement begins as those do that only read.
func isSelect(query string) bool {
	words := strings.Fields(strings.ToLower(query))
	return len(words) > 0 && (slices.Contains([]string{"select", "with", "values", "table"}, words[0]) || strings.HasPrefix(words[0], "--") || strings.HasPrefix(words[0], "/*") || strings.HasPrefix(words[0], "("))
}

// judge is [adapters.Spec].Judge.
func judge(s adapters.Settings) error {
	_, err := parseConfig(s.Config)
	_, objectsErr := parseObjects(s.Objects)
	return errors.Join(err, objectsErr)
}

// foretell is [adapters.Spec].Describe. Tables need not be declared, but only a declared cursor makes incremental reads possible.
func foretell(s adapters.Settings, name string) (adapters.Object, bool) {
	objects, err := parseObjects(s.Objects)
	if err != nil {
		return adapters.Object{}, false
	}
	o := objects[name]
	return adapters.Relation(name, o.Cursor != "", o.Query == ""), true
}

func strictly(text json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func wrong(field, message, hint string) error {
	return &adapters.ConfigError{Path: []string{"config", field}, Message: message, Hint: hint}
}

// endpoint names the place a connection with this config goes to.
func endpoint(text json.RawMessage) (string, error) {
	c, err := parseConfig(text)
	if err != nil {
		return "", err
	}
	u := url.URL{Scheme: "postgres", Host: net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), Path: "/" + c.Database}
	return u.String(), nil
}
