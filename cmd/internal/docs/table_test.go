package docs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/config"
)

// A row is one field of a table.
type row struct {
	id    string // of the field, wherever the type that has it is used
	path  string
	when  string // the alternative it belongs to
	field config.FieldDefinition
}

// A flattener lists the fields below a type, each once.
type flattener struct {
	rows  []row
	above []string // the named types around
}

func (f *flattener) typ(t *config.Type, path, when string) {
	if t == nil || slices.Contains(f.above, t.Name) {
		return
	}
	if t.Name != "" {
		f.above = append(f.above, t.Name)
		defer func() { f.above = f.above[:len(f.above)-1] }()
	}
	choice := when == oneOf
	for _, field := range t.Fields {
		at := join(path, field.Name)
		field.Required = field.Required && !choice // of what can be left out altogether
		if when != "" && strings.HasPrefix(when, field.Name+": ") {
			continue // it has a row of its own
		}
		f.rows = append(f.rows, row{id: identity(field, at, when), path: at, when: when, field: field})
		f.typ(field.Type, at, "")
	}
	f.typ(t.Named, join(path, "*"), "")
	f.typ(t.Element, path+"[]", "")
	for i, first := range t.First {
		if t.Element == nil || first != t.Element {
			f.typ(first, fmt.Sprintf("%s[%d]", path, i), "")
		}
	}
	if t.Tag != "" {
		f.tag(t, path)
	}
	for _, a := range t.Alternatives {
		f.typ(a, path, alternative(t, a))
	}
}

// oneOf stands for an alternative that no field names.
const oneOf = "one of"

// whichOne explains the field that names an alternative.
const whichOne = "Which of these it is."

// tag adds the field that tells alternatives apart.
func (f *flattener) tag(t *config.Type, path string) {
	all := &config.Type{Default: nil}
	for _, a := range t.Alternatives {
		all.Values = append(all.Values, a.Field(t.Tag).Type.Values...)
	}
	slices.SortStableFunc(all.Values, func(a, b json.RawMessage) int { return strings.Compare(string(a), string(b)) })
	all.Values = slices.CompactFunc(all.Values, func(a, b json.RawMessage) bool { return string(a) == string(b) })
	field := config.FieldDefinition{Name: t.Tag, Doc: whichOne, Required: t.Default == nil, Type: all}
	f.rows = append(f.rows, row{id: identity(field, join(path, t.Tag), ""), path: join(path, t.Tag), field: field})
}

// alternative says which alternative of a tagged type this is.
func alternative(t, a *config.Type) string {
	if t.Tag == "" {
		return oneOf
	}
	var only []string
	for _, v := range a.Field(t.Tag).Type.Values {
		only = append(only, plain(v))
	}
	return t.Tag + ": " + strings.Join(only, " or ")
}

// identity names a field wherever it stands: fields of one definition that others embed are one.
func identity(f config.FieldDefinition, path, when string) string {
	if f.Doc == "" || (when != "" && when != oneOf) {
		return path + " " + when
	}
	return f.Name + ": " + f.Doc
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func plain(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil && s != "" {
		return s
	}
	return string(v)
}

// fieldTable returns the fields below a type as a Markdown table.
func fieldTable(t *config.Type, prefix string, up string) string {
	f := &flattener{}
	f.typ(t, prefix, "")
	var b strings.Builder
	b.WriteString("| Field | Holds | Unsaid | Meaning |\n|---|---|---|---|\n")
	seen := map[string]bool{}
	for _, r := range f.rows {
		if r.path == "spec" || r.path == "apiVersion" || r.path == "kind" || strings.HasPrefix(r.path, "metadata") {
			continue
		}
		line := fmt.Sprintf("| %s | %s | %s | %s |\n", name(r), holds(r.field.Type, r.field.Ref, up), unsaid(r.field), cell(meaning(r.field)))
		if !seen[line] {
			b.WriteString(line)
		}
		seen[line] = true
	}
	return b.String()
}

func name(r row) string {
	text := "`" + r.path + "`"
	if r.when != "" && r.when != oneOf {
		text += " (" + r.when + ")"
	}
	return text
}

func meaning(f config.FieldDefinition) string { return f.Doc }

func unsaid(f config.FieldDefinition) string {
	switch {
	case f.Required:
		return "**required**"
	case f.Type.Default == nil:
		return ""
	case string(f.Type.Default) == `""`:
		return "an empty text"
	case string(f.Type.Default) == "{}" || string(f.Type.Default) == "[]":
		return ""
	}
	return "`" + plain(f.Type.Default) + "`"
}

// cell makes a text fit for a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(s)
}

// code makes a text fit for a table, inside of backquotes.
func code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }

// formats are the types with a section of their own in common.md, by name and by format.
var formats = map[string]string{
	"Name": "name", "Duration": "duration", "Instant": "instant", "Zone": "zone", "Cron": "cron", "Path": "path",
	"Expression": "expression", "Condition": "condition", "File": "file",
}

// holds says what a value may be, with links.
func holds(t *config.Type, ref, up string) string {
	if ref != "" {
		var text strings.Builder
		text.WriteString("name of a [" + ref + "](" + up + strings.ToLower(ref) + ".md)")
		for _, a := range t.Alternatives {
			if slices.Contains(a.Kinds, config.Struct) {
				text.WriteString(", or an object")
			}
		}
		return text.String()
	}
	if section, ok := formats[t.Name]; ok {
		return "[" + section + "](" + up + "common.md#" + section + ")"
	}
	if t.Name != "" && len(t.Alternatives) > 0 && !slices.ContainsFunc(t.Alternatives, compound) {
		return cell(t.Words)
	}
	var parts []string
	for _, v := range t.Values {
		parts = append(parts, "`"+plain(v)+"`")
	}
	for _, k := range t.Kinds {
		parts = append(parts, kind(t, k, up))
	}
	for _, a := range t.Alternatives {
		if text := holds(a, "", up); !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	if t.Any || len(parts) == 0 {
		return "any value"
	}
	return strings.Join(parts, ", ")
}

// compound reports whether a type has values with parts.
func compound(t *config.Type) bool {
	return t.Any || slices.Contains(t.Kinds, config.Struct) || slices.Contains(t.Kinds, config.List)
}

func kind(t *config.Type, k config.Kind, up string) string {
	switch k {
	case config.List:
		of := t.Element
		if of == nil && len(t.First) > 0 {
			of = t.First[0]
		}
		if of == nil {
			return "list"
		}
		text := "list: " + holds(of, "", up)
		if len(t.First) > 0 {
			text = fmt.Sprintf("list of at least %d: %s", len(t.First), holds(of, "", up))
		}
		return text
	case config.Struct:
		if t.Named != nil && len(t.Fields) == 0 {
			if t.Named.Name != "" && t.Named.Fields != nil {
				return "by name: " + t.Named.Name
			}
			return "by name: " + holds(t.Named, "", up)
		}
		return "object"
	}
	only := *t
	only.Values, only.Alternatives, only.Kinds = nil, nil, []config.Kind{k}
	return cell(words(&only, k))
}

// words says in words what a scalar may be.
func words(t *config.Type, k config.Kind) string {
	var base strings.Builder
	base.WriteString(map[config.Kind]string{config.String: "text", config.Integer: "whole number", config.Number: "number", config.Boolean: "true or false", config.Null: "nothing"}[k])
	if k == config.String && (len(t.Patterns) > 0 || t.Format != "") && t.Words != "a text" {
		return t.Words
	}
	const largest = "9007199254740991"
	for _, b := range t.Bounds {
		if b.Limit != largest && (k == config.Integer || k == config.Number) {
			base.WriteString(" " + map[string]string{"<": "below", "<=": "up to", ">": "above", ">=": "from"}[b.Op] + " " + b.Limit)
		}
	}
	if t.NotEmpty && k == config.String {
		base.WriteString(", not empty")
	}
	return base.String()
}
