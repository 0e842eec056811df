package sample

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/dray-sync/dray/engine/config"
)

// Words are texts that samples keep as they are.
type Words map[string]bool

// maxWord is how long a word is at most.
const maxWord = 40

// Has reports whether a text is one of the words, whatever its case and the spaces around it.
func (w Words) Has(s string) bool { return w[fold(s)] }

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func (w Words) add(s string) {
	if f := fold(s); f != "" && len(f) <= maxWord {
		w[f] = true
	}
}

// literal is a text inside of an expression.
var literal = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|`[^`]*`")

// WordsOf returns the words that a touchpoint's configuration names, and that stand in the repository for everybody to read: literals of its
// expressions, keys of its lookups, values of enumerations.
func WordsOf(m *config.Model, touchpoint string) Words {
	w := Words{}
	t := m.Touchpoints[touchpoint].Spec
	w.expressions(t)
	lookups := t.Lookups()
	for _, name := range t.Mappings() {
		if r := m.Mappings[name]; r != nil {
			w.expressions(r.Spec)
			lookups = append(lookups, r.Spec.Fields.Lookups()...)
		}
	}
	for _, name := range lookups {
		l := m.Lookups[name]
		if l == nil {
			continue
		}
		for _, row := range l.Spec.Rows {
			for _, k := range l.Spec.Key {
				w.add(row[k])
			}
		}
	}
	for _, o := range m.Objects {
		for _, f := range o.Spec.Fields {
			for _, v := range f.Enum {
				w.add(v)
			}
		}
	}
	return w
}

// expressions adds the literals of every text in a resource that can be an expression. A text that only looks like one adds what stands in
// the repository all the same.
func (w Words) expressions(spec any) {
	text, err := json.Marshal(spec)
	if err != nil {
		panic("sample: internal error: a resource does not marshal")
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		panic("sample: internal error: a marshalled resource does not decode")
	}
	w.walk(v)
}

func (w Words) walk(v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if s, ok := e.(string); ok && (k == "expr" || k == "where" || k == "when") {
				for _, l := range literal.FindAllString(s, -1) {
					w.add(unquote(l))
				}
			}
			w.walk(e)
		}
	case []any:
		for _, e := range v {
			w.walk(e)
		}
	}
}
