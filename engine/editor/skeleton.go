package editor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/schema"
)

// byCommand are the kinds that commands write: nobody begins one by hand.
var byCommand = []string{"Credential", "KeyRing", "Object"}

// usual are the fields of a spec that need not be there, and nearly always are.
var usual = map[string][]string{
	"Connection": {"config", "credential"},
	"Lookup":     {"file", "value"},
	"Schedule":   {"every"},
	"Touchpoint": {"mapping", "destination", "schedule"},
}

// skeletons returns what editors offer to insert into an empty document: each kind with all that it must have, and what it usually has.
func skeletons(d *config.Definitions) []any {
	var all []any
	for _, k := range d.Kinds {
		if slices.Contains(byCommand, k.Name) {
			continue
		}
		s := &skeleton{}
		s.fields(k.Type, k.Name, 0)
		all = append(all, object{"label": "new " + k.Name, "description": k.Type.Doc, "body": strings.TrimRight(s.text.String(), "\n")})
	}
	return all
}

// A skeleton is a snippet under way. Not safe for concurrent use.
type skeleton struct {
	text strings.Builder
	stop int // the last place where the editor stops for input
}

func (s *skeleton) fields(t *config.Type, kind string, depth int) {
	for _, f := range t.Fields {
		if !f.Required && (depth != 1 || !slices.Contains(usual[kind], f.Name)) {
			continue
		}
		fmt.Fprintf(&s.text, "%s%s:", strings.Repeat("  ", depth), f.Name)
		switch {
		case f.Name == "apiVersion":
			s.text.WriteString(" " + schema.APIVersion + "\n")
		case f.Name == "kind" && depth == 0:
			s.text.WriteString(" " + kind + "\n")
		case f.Name == "spec" && usual[kind] != nil, slices.ContainsFunc(f.Type.Fields, func(f config.FieldDefinition) bool { return f.Required }):
			s.text.WriteByte('\n')
			s.fields(f.Type, kind, depth+1)
		default:
			s.stop++
			fmt.Fprintf(&s.text, " %s\n", s.place(f.Type))
		}
	}
}

// place returns where a value goes: a choice where only some values can be.
func (s *skeleton) place(t *config.Type) string {
	var values []string
	for _, v := range t.Values {
		var text string
		if json.Unmarshal(v, &text) == nil {
			values = append(values, text)
		}
	}
	switch {
	case len(values) > 0 && len(t.Kinds)+len(t.Alternatives) == 0:
		return fmt.Sprintf("${%d|%s|}", s.stop, strings.Join(values, ","))
	case slices.Contains(t.Kinds, config.List):
		return fmt.Sprintf("[$%d]", s.stop)
	case slices.Contains(t.Kinds, config.Struct):
		return fmt.Sprintf("{$%d}", s.stop)
	}
	return fmt.Sprintf("$%d", s.stop)
}
