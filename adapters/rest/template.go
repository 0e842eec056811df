package rest

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/dray-sync/dray/adapters/record"
)

// A template is a path with {field} in it.
type template struct {
	literals []string // one more than fields
	fields   []record.Path
}

func parseTemplate(s string) (template, error) {
	var t template
	if !strings.HasPrefix(s, "/") {
		return t, errors.New("must start with /")
	}
	if strings.ContainsAny(s, "?#") {
		return t, errors.New("must not hold ? or #: parameters go into query")
	}
	for {
		literal, rest, found := strings.Cut(s, "{")
		if strings.Contains(literal, "}") {
			return t, errors.New("has a } without a {")
		}
		t.literals = append(t.literals, literal)
		if !found {
			return t, nil
		}
		field, after, closed := strings.Cut(rest, "}")
		if !closed {
			return t, errors.New("has a { without a }")
		}
		p, err := record.ParsePath(field)
		if err != nil {
			return t, fmt.Errorf("has a field %q that is no path: %w", field, err)
		}
		t.fields, s = append(t.fields, p), after
	}
}

// expand puts texts, escaped, in place of the fields.
func (t template) expand(texts []string) string {
	var b strings.Builder
	for i, literal := range t.literals {
		b.WriteString(literal)
		if i < len(texts) {
			b.WriteString(url.PathEscape(texts[i]))
		}
	}
	return b.String()
}
