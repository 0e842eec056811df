package rest

import (
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// idempotencyDeclaration says where the API looks for what tells a repeated write from a new one.
type idempotencyDeclaration struct {
	Header string `json:"header"`
	Field  string `json:"field"`
	For    string `json:"for"`
}

// A tokenPlan is where the token of a write goes, and how long the API remembers it.
type tokenPlan struct {
	header string
	field  string
	window time.Duration
}

func (j *judge) token(d *idempotencyDeclaration, at ...string) *tokenPlan {
	if d == nil {
		return nil
	}
	orElse(&d.For, "24h")
	window, err := time.ParseDuration(d.For)
	if err != nil || window <= 0 {
		j.wrong("is no length of time", "such as 24h", append(at, "for")...)
	}
	if (d.Header == "") == (d.Field == "") {
		j.wrong("needs header or field", "header: Idempotency-Key", at...)
	}
	return &tokenPlan{header: d.Header, field: d.Field, window: window}
}

var _ adapters.RepeatableWriter = (*writer)(nil)

// Remembers returns what the declaration says.
func (w *writer) Remembers() time.Duration {
	if w.plan == nil || w.plan.token == nil {
		return 0
	}
	return w.plan.token.window
}

// stamped returns a record with its token, where that is a field of it.
func (p *writePlan) stamped(doc []byte, token string) []byte {
	if p.token == nil || p.token.field == "" || token == "" {
		return doc
	}
	v, err := record.ParseJSON(append([]byte(nil), doc...))
	if err != nil || v.Kind() != record.Object {
		return doc
	}
	names, values := append([]string(nil), v.Names()...), append([]record.Value(nil), v.Elements()...)
	return record.AppendJSONObject(nil, append(names, p.token.field), append(values, record.StringValue(token)))
}

// headed returns the headers of a write.
func (p *writePlan) headed(token string) map[string]string {
	if p.token == nil || p.token.header == "" || token == "" {
		return nil
	}
	return map[string]string{p.token.header: token}
}
