package rest

import (
	"maps"
	"slices"

	"github.com/dray-sync/dray/adapters"
)

// declaration is #Application of application.cue.
type declaration struct {
	Description string                       `json:"description"`
	URL         string                       `json:"url"`
	Auth        authDeclaration              `json:"auth"`
	Headers     map[string]string            `json:"headers"`
	Limits      limitsDeclaration            `json:"limits"`
	Check       string                       `json:"check"`
	Objects     map[string]objectDeclaration `json:"objects"`
}

type limitsDeclaration struct {
	PerSecond   float64 `json:"requestsPerSecond"`
	PerMinute   int64   `json:"requestsPerMinute"`
	PerHour     int64   `json:"requestsPerHour"`
	PerDay      int64   `json:"requestsPerDay"`
	Concurrency int     `json:"concurrency"`
}

type authDeclaration struct {
	Kind   string `json:"kind"`
	Header string `json:"header"`
	Prefix string `json:"prefix"`
	Query  string `json:"query"`
}

type objectDeclaration struct {
	Key     []string                    `json:"key"`
	Cursor  string                      `json:"cursor"`
	Version string                      `json:"version"`
	Fields  map[string]fieldDeclaration `json:"fields"`
	Read    *readDeclaration            `json:"read"`
	Write   *writeDeclaration           `json:"write"`
}

type fieldDeclaration struct {
	Type     string   `json:"type"`
	Required bool     `json:"required"`
	Nullable bool     `json:"nullable"`
	ReadOnly bool     `json:"readOnly"`
	Enum     []string `json:"enum"`

	MaxLength int                         `json:"maxLength"`
	Class     string                      `json:"class"`
	Items     string                      `json:"items"`
	Fields    map[string]fieldDeclaration `json:"fields"`
}

// fieldsOf returns fields as the contract has them, by name.
func fieldsOf(declared map[string]fieldDeclaration) []adapters.Field {
	var fields []adapters.Field
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		f := declared[name]
		fields = append(fields, adapters.Field{
			Name: name, Type: f.Type, Required: f.Required, Nullable: f.Nullable, ReadOnly: f.ReadOnly, Enum: f.Enum,
			MaxLength: f.MaxLength, Class: f.Class, Items: f.Items, Fields: fieldsOf(f.Fields),
		})
	}
	return fields
}

type readDeclaration struct {
	Path    string             `json:"path"`
	Query   map[string]string  `json:"query"`
	Records string             `json:"records"`
	Paging  pagingDeclaration  `json:"paging"`
	Since   *sinceDeclaration  `json:"since"`
	Filter  *filterDeclaration `json:"filter"`
	ByKey   *recordDeclaration `json:"byKey"`
	Flag    map[string]string  `json:"flag"`
	By      []byDeclaration    `json:"by"`
}

type pagingDeclaration struct {
	Kind      string `json:"kind"`
	Param     string `json:"param"`
	Start     *int   `json:"start"`
	SizeParam string `json:"sizeParam"`
	Size      int    `json:"size"`
	MaxPages  int    `json:"maxPages"`
	Stop      string `json:"stop"`
	Total     string `json:"total"`
	Next      string `json:"next"`
	More      string `json:"more"`
	Only      bool   `json:"only"`
}

type sinceDeclaration struct {
	Param        string `json:"param"`
	Value        string `json:"value"`
	Format       string `json:"format"`
	CursorFormat string `json:"cursorFormat"`
	Sorted       bool   `json:"sorted"`
}

type filterDeclaration struct {
	Param string `json:"param"`
	Value string `json:"value"`
	And   string `json:"and"`
}

type byDeclaration struct {
	Path    string            `json:"path"`
	Params  map[string]string `json:"params"`
	Most    int               `json:"most"`
	Records *string           `json:"records"`
	Missing string            `json:"missing"`
}

type recordDeclaration struct {
	Path   string `json:"path"`
	Record string `json:"record"`
}

type writeDeclaration struct {
	Create *requestDeclaration `json:"create"`
	Update *requestDeclaration `json:"update"`
	Upsert *requestDeclaration `json:"upsert"`
	Delete *requestDeclaration `json:"delete"`

	Actions map[string]*requestDeclaration `json:"actions"`
}

type requestDeclaration struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Wrap   string `json:"wrap"`
	ID     string `json:"id"`

	Idempotency *idempotencyDeclaration `json:"idempotency"`
}

// complete gives what is unsaid its meaning, so that a declaration made by a program need not spell it out. application.cue says the same to
// those who write one.
func (d *declaration) complete() {
	orElse(&d.Auth.Kind, "none")
	for name, o := range d.Objects {
		if r := o.Read; r != nil {
			r.Paging.complete()
			if r.Filter != nil {
				orElse(&r.Filter.Value, filterMark)
			}
			for i := range r.By {
				r.By[i].complete(r)
			}
			if r.Since != nil {
				orElse(&r.Since.Value, timeMark)
				orElse(&r.Since.Format, "iso")
				orElse(&r.Since.CursorFormat, "iso")
			}
		}
		if w := o.Write; w != nil {
			w.Create.complete("POST")
			w.Update.complete("PATCH")
			w.Upsert.complete("PUT")
			w.Delete.complete("DELETE")
			for _, a := range w.Actions {
				a.complete("POST")
			}
		}
		d.Objects[name] = o
	}
}

func (d *byDeclaration) complete(r *readDeclaration) {
	orElse(&d.Path, r.Path)
	orElse(&d.Missing, "error")
	d.Most = max(d.Most, 1)
	if d.Records == nil {
		d.Records = &r.Records
	}
}

func (p *pagingDeclaration) complete() {
	orElse(&p.Kind, "none")
	orElse(&p.Stop, "empty")
	if p.MaxPages == 0 {
		p.MaxPages = 10000
	}
	start := 0
	switch p.Kind {
	case "page":
		start = 1
		orElse(&p.Param, "page")
	case "offset":
		orElse(&p.Param, "offset")
	}
	if p.Start == nil {
		p.Start = &start
	}
}

func (r *requestDeclaration) complete(method string) {
	if r != nil {
		orElse(&r.Method, method)
	}
}

func orElse(s *string, unsaid string) {
	if *s == "" {
		*s = unsaid
	}
}
