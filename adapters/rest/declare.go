package rest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

//go:embed application.cue
var applicationSchema string

type declarer struct{}

var _ adapters.DeclarationSchema = declarer{}

// Schema returns application.cue.
func (declarer) Schema() string { return applicationSchema }

// New returns what makes applications of declarations.
func New() adapters.Declarer { return declarer{} }

// Declare judges a declaration.
func (declarer) Declare(name string, text json.RawMessage) (adapters.Application, error) {
	var d declaration
	if err := strictly(text, &d); err != nil {
		return nil, &adapters.ConfigError{Message: "is not a valid application", Hint: "the schema says what it may hold"}
	}
	d.complete()
	j := &judge{}
	a := &application{name: name, declaration: d, objects: map[string]*object{}}
	if d.URL != "" {
		if _, err := parseBase(d.URL); err != nil {
			j.wrong(err.Error(), "such as https://api.example.com/v2", "url")
		}
	}
	if len(secretsOf(d.Auth)) == 0 && d.Auth.Kind != "none" {
		j.wrong("must be one of none, basic, bearer, apiKey", "apiKey needs header or query", "auth")
	}
	for _, name := range slices.Sorted(maps.Keys(d.Objects)) {
		a.objects[name] = j.object(name, d.Objects[name])
	}
	if len(d.Objects) == 0 {
		j.wrong("declares no object", "name what can be read or written", "objects")
	}
	if len(j.errs) > 0 {
		return nil, errors.Join(j.errs...)
	}
	return a, nil
}

// A judge collects mistakes.
type judge struct{ errs []error }

func (j *judge) wrong(message, hint string, path ...string) {
	j.errs = append(j.errs, &adapters.ConfigError{Path: slices.Clone(path), Message: message, Hint: hint})
}

// path reads an optional path; empty is nil.
func (j *judge) path(text string, at ...string) record.Path {
	if text == "" {
		return nil
	}
	p, err := record.ParsePath(text)
	if err != nil {
		j.wrong(err.Error(), "a path such as data.orders", at...)
	}
	return p
}

func (j *judge) template(text string, at ...string) template {
	t, err := parseTemplate(text)
	if err != nil {
		j.wrong(err.Error(), "a path such as /orders/{id}", at...)
	}
	return t
}

func (j *judge) format(text string, at ...string) timeFormat {
	f, err := parseFormat(text)
	if err != nil {
		j.wrong(err.Error(), "such as YYYY-MM-DDTHH:mm:ss", at...)
	}
	return f
}

func (j *judge) object(name string, d objectDeclaration) *object {
	o := &object{name: name}
	at := func(path ...string) []string { return append([]string{"objects", name}, path...) }
	for _, k := range d.Key {
		o.key = append(o.key, j.path(k, at("key")...))
	}
	o.cursor, o.version = j.path(d.Cursor, at("cursor")...), j.path(d.Version, at("version")...)
	if o.version == nil {
		o.version = o.cursor
	}
	o.fields = fieldsOf(d.Fields)
	if d.Read == nil && d.Write == nil {
		j.wrong("can be neither read nor written", "say read or write", at()...)
	}
	if d.Read != nil {
		o.read = j.read(o, *d.Read, at)
	}
	if d.Write != nil {
		o.writes = j.write(o, *d.Write, at)
	}
	return o
}

func (j *judge) read(o *object, d readDeclaration, at func(...string) []string) *readPlan {
	if t := j.template(d.Path, at("read", "path")...); len(t.fields) > 0 {
		j.wrong("holds a field, but a list belongs to no record", "use byKey for single records", at("read", "path")...)
	}
	r := &readPlan{path: d.Path, query: d.Query, flag: d.Flag, paging: d.Paging, records: j.path(d.Records, at("read", "records")...)}
	j.paging(r, at)
	if s := d.Since; s != nil {
		r.since = &sincePlan{
			phrase: j.phrase(s.Param, s.Value, timeMark, at("read", "since", "value")...), sorted: s.Sorted,
			format: j.format(s.Format, at("read", "since", "format")...), cursor: j.format(s.CursorFormat, at("read", "since", "cursorFormat")...),
		}
		if len(o.cursor) == 0 {
			j.wrong("needs the object's cursor", "say which time of a record it filters by", at("read", "since")...)
		}
		if _, taken := d.Query[s.Param]; taken {
			j.wrong("is set in query too", "remove it there", at("read", "since", "param")...)
		}
	}
	if f := d.Filter; f != nil {
		r.filter = &filterPlan{phrase: j.phrase(f.Param, f.Value, filterMark, at("read", "filter", "value")...), and: f.And}
		_, always := d.Query[f.Param]
		if shared := always || d.Since != nil && d.Since.Param == f.Param; shared && f.And == "" {
			j.wrong("must be said: the parameter says something else, too", `such as " and "`, at("read", "filter", "and")...)
		}
	}
	for i, b := range d.By {
		r.by = append(r.by, j.by(b, func(path ...string) []string { return at(append([]string{"read", "by", strconv.Itoa(i)}, path...)...) }))
	}
	if d.ByKey != nil {
		t := j.template(d.ByKey.Path, at("read", "byKey", "path")...)
		r.byKey, r.fetched = &t, j.path(d.ByKey.Record, at("read", "byKey", "record")...)
		for _, f := range t.fields {
			i := slices.IndexFunc(o.key, func(k record.Path) bool { return k.String() == f.String() })
			if i < 0 {
				j.wrong("holds "+f.String()+", which is not in the object's key", "add it to key", at("read", "byKey", "path")...)
			}
			r.keys = append(r.keys, i)
		}
		if len(t.fields) == 0 {
			j.wrong("holds no field of the key", "such as /orders/{id}", at("read", "byKey", "path")...)
		}
	}
	return r
}

// phrase reads what a parameter says of something that varies.
func (j *judge) phrase(param, value, mark string, at ...string) phrase {
	if !strings.Contains(value, mark) {
		j.wrong("does not say where "+mark+" goes", "such as "+mark, at...)
	}
	return phrase{param: param, value: value, mark: mark}
}

// by reads how records are found by some fields: those in the path and those that parameters carry.
func (j *judge) by(d byDeclaration, at func(...string) []string) byPlan {
	w := byPlan{path: j.template(d.Path, at("path")...), most: d.Most, records: j.path(*d.Records, at("records")...), none: d.Missing == "none"}
	for i, f := range w.path.fields {
		if len(f) != 1 {
			j.wrong("holds "+f.String()+", which is not a field of the record itself", "such as /orders/{orderId}/payments", at("path")...)
		}
		w.fields, w.params, w.inPath = append(w.fields, f), append(w.params, ""), append(w.inPath, i)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Params)) {
		if p := j.path(name, at("params", name)...); p != nil {
			w.fields, w.params = append(w.fields, p), append(w.params, d.Params[name])
		}
	}
	if len(w.fields) == 0 {
		j.wrong("names no field", "say params, such as {orderId: order_id}, or a path with {field} in it", at()...)
	}
	if d.Most > 1 && (len(w.fields) > 1 || len(w.inPath) > 0) {
		j.wrong("has no meaning for a path, or for several fields", "remove it", at("most")...)
	}
	return w
}

func (j *judge) paging(r *readPlan, at func(...string) []string) {
	p := &r.paging
	r.next = j.path(p.Next, at("read", "paging", "next")...)
	r.more = j.path(p.More, at("read", "paging", "more")...)
	r.total = j.path(p.Total, at("read", "paging", "total")...)
	switch p.Kind {
	case "none", "nextLink":
	case "page", "offset", "cursor":
		if p.Param == "" {
			j.wrong("needs the name of its parameter", "such as page", at("read", "paging", "param")...)
		}
		if p.Kind == "cursor" && r.next == nil {
			j.wrong("needs the path of the next page's token", "such as meta.next", at("read", "paging", "next")...)
		}
	default:
		j.wrong("must be one of none, page, offset, cursor, nextLink", "nextLink", at("read", "paging", "kind")...)
	}
	if p.Stop == "short" && (p.Size == 0 || p.SizeParam == "") {
		j.wrong("short needs size and sizeParam", "say both, or stop: empty", at("read", "paging", "stop")...)
	}
	if (p.Size > 0) != (p.SizeParam != "") {
		j.wrong("size and sizeParam go together", "say both or neither", at("read", "paging", "size")...)
	}
}

func (j *judge) write(o *object, d writeDeclaration, at func(...string) []string) map[adapters.WriteMode]*writePlan {
	plans := map[adapters.WriteMode]*writePlan{}
	for mode, r := range map[adapters.WriteMode]*requestDeclaration{
		adapters.WriteCreate: d.Create, adapters.WriteUpdate: d.Update, adapters.WriteUpsert: d.Upsert, adapters.WriteDelete: d.Delete,
	} {
		if r == nil {
			continue
		}
		name := string(mode)
		w := &writePlan{
			method: r.Method, wrap: r.Wrap, path: j.template(r.Path, at("write", name, "path")...), id: j.path(r.ID, at("write", name, "id")...),
			token: j.token(r.Idempotency, at("write", name, "idempotency")...),
		}
		if mode == adapters.WriteUpsert || mode == adapters.WriteDelete {
			for _, f := range w.path.fields {
				if len(o.key) > 0 && !slices.ContainsFunc(o.key, func(k record.Path) bool { return k.String() == f.String() }) {
					j.wrong("holds "+f.String()+", which is not in the object's key", "the key says which record it is: correct the path, or add it to key", at("write", name, "path")...)
				}
			}
		}
		if mode == adapters.WriteDelete && len(w.path.fields) == 0 {
			j.wrong("holds no {field}, so that it names no record", "such as /orders/{id}", at("write", name, "path")...)
		}
		plans[mode] = w
	}
	o.actions = j.actions(d.Actions, at)
	if len(plans) == 0 && len(o.actions) == 0 {
		j.wrong("declares no kind of write", "say create, update, upsert, delete or actions", at("write")...)
	}
	return plans
}

func strictly(text json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// parseBase reads the URL that paths are appended to.
func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "":
		return nil, errors.New("is no URL that starts with https:// or http:// and a host")
	case u.User != nil:
		return nil, errors.New("must not hold a user or password; those belong into the credential")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must not hold a query or fragment")
	}
	return u, nil
}
