package editor

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/schema"
)

// draft is the newest that every release of yaml-language-server reads.
const draft = "http://json-schema.org/draft-07/schema#"

// object is an object of a JSON Schema.
type object = map[string]any

// JSONSchema returns the JSON Schema of one resource. Its kind chooses what else it may hold, and a connection's application its settings.
func JSONSchema(d *config.Definitions) ([]byte, error) {
	w := &writer{definitions: object{}}
	kinds, docs := w.kinds(d)
	choices := make([]any, len(kinds))
	for i, k := range d.Kinds {
		then := w.schema("", k.Type)
		if k.Name == "Connection" {
			then = object{"allOf": append([]any{then}, w.applications(d)...)}
		}
		choices[i] = object{"if": isKind(k.Name), "then": then}
	}
	root := object{
		"title":    "Dray resource",
		"type":     "object",
		"required": []string{"apiVersion", "kind", "metadata"},
		"properties": object{
			"apiVersion": apiVersion(),
			"kind":       object{"enum": kinds, "enumDescriptions": docs, "description": "The kind of resource."},
			"metadata":   object{}, "spec": object{},
		},
		"allOf":           choices,
		"defaultSnippets": skeletons(d),
	}
	return w.finish(root)
}

// PatchSchema returns the JSON Schema of one patch of an environment: a resource of which only kind and name must be there, and in
// which null removes a field.
func PatchSchema(d *config.Definitions) ([]byte, error) {
	w := &writer{definitions: object{}, patch: true}
	kinds, docs := w.kinds(d)
	choices := make([]any, len(kinds))
	for i, k := range d.Kinds {
		choices[i] = object{"if": isKind(k.Name), "then": w.schema("", k.Type)}
	}
	root := object{
		"title":    "Dray patch",
		"type":     "object",
		"required": []string{"apiVersion", "kind", "metadata"},
		"properties": object{
			"apiVersion": apiVersion(),
			"kind":       object{"enum": kinds, "enumDescriptions": docs, "description": "The kind of the resource that is changed."},
			"metadata":   object{"type": "object", "required": []string{"name"}},
			"spec":       object{},
		},
		"allOf": choices,
	}
	return w.finish(root)
}

func apiVersion() object {
	return object{"type": "string", "enum": []string{schema.APIVersion}, "default": schema.APIVersion, "description": "The version of the format."}
}

// isKind is true of a resource of that kind. Editors offer what it needs under its title.
func isKind(name string) object {
	out := has("kind", name)
	out["title"] = name
	return out
}

// has is true of an object whose field has that value.
func has(field, value string) object {
	return object{"required": []string{field}, "properties": object{field: object{"const": value}}}
}

// A writer collects the named definitions that a schema refers to. Not safe for concurrent use.
type writer struct {
	definitions object
	patch       bool // nothing is required, and null removes a field
}

func (w *writer) kinds(d *config.Definitions) (names, docs []string) {
	for _, k := range d.Kinds {
		names, docs = append(names, k.Name), append(docs, k.Type.Doc)
	}
	return names, docs
}

func (w *writer) finish(root object) ([]byte, error) {
	root["$schema"], root["definitions"] = draft, w.definitions
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// applications has a connection's config and objects be what its application takes.
func (w *writer) applications(d *config.Definitions) []any {
	names := make([]string, len(d.Applications))
	var choices []any
	for i, a := range d.Applications {
		names[i] = a.Spec.Name
		then := object{"properties": object{}}
		if a.Config != nil {
			then["properties"].(object)["config"] = w.schema(a.Spec.Name, a.Config)
			if slices.ContainsFunc(a.Config.Fields, func(f config.FieldDefinition) bool { return f.Required }) {
				then["required"] = []string{"config"}
			}
		}
		if a.Object != nil {
			then["properties"].(object)["objects"] = object{"additionalProperties": w.schema(a.Spec.Name, a.Object)}
		}
		choices = append(choices, object{"properties": object{"spec": object{"if": has("application", a.Spec.Name), "then": then}}})
	}
	if len(names) > 0 {
		choices = append(choices, object{"properties": object{"spec": object{"properties": object{
			"application": object{"anyOf": []any{object{"enum": names}, object{"type": "string"}}},
		}}}})
	}
	return choices
}

// schema returns the schema of a type: a reference where it has a name of its own. scope keeps the names of applications apart.
func (w *writer) schema(scope string, t *config.Type) object {
	if t.Name == "" {
		return w.body(scope, t)
	}
	name := t.Name
	if scope != "" {
		name = scope + "." + name
	}
	if _, known := w.definitions[name]; !known {
		w.definitions[name] = object{} // it may refer to itself
		w.definitions[name] = w.body(scope, t)
	}
	return object{"$ref": "#/definitions/" + name}
}

func (w *writer) body(scope string, t *config.Type) object {
	out := object{}
	if !t.Any {
		out = w.choice(w.arms(scope, t))
	}
	if t.Doc != "" {
		out["description"] = t.Doc
	}
	if t.Name != "" && slices.Contains(t.Kinds, config.Struct) {
		out["title"] = t.Name // by which editors head what they show, and what they offer to insert
	}
	if pattern, ok := patterns[t.Format]; ok {
		out["pattern"] = pattern
	}
	if out["pattern"] != nil && t.Words != "" {
		out["patternErrorMessage"] = "This must be " + t.Words + "."
	}
	return out
}

// patterns are the forms that are checked in Go, as far as a pattern can say them.
var patterns = map[string]string{
	"duration": `^([0-9]+d|(([0-9]+([.][0-9]*)?|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+|[+]?0)$`,
	"instant":  `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$`,
	"cron":     `^\s*[^@\s]\S*(\s+\S+){4}\s*$`,
	"file":     `^[^/]`,
}

// arms are the alternatives of a type.
func (w *writer) arms(scope string, t *config.Type) []object {
	var arms []object
	if len(t.Values) > 0 {
		enum := object{"enum": t.Values}
		if !slices.ContainsFunc(t.Values, func(v json.RawMessage) bool { return v[0] != '"' }) {
			enum["type"] = config.String // editors quote, and insert what there is only one of, where they know the type
		}
		arms = append(arms, enum)
	}
	for _, k := range t.Kinds {
		arms = append(arms, w.kind(scope, t, k))
	}
	for _, a := range t.Alternatives {
		arm := w.schema(scope, a)
		if t.Tag != "" { // the field that tells them apart is never guessed
			arm = object{"allOf": []any{arm, object{"required": []string{t.Tag}}}}
		}
		arms = append(arms, arm)
	}
	return arms
}

func (w *writer) choice(arms []object) object {
	switch len(arms) {
	case 0:
		return object{}
	case 1:
		return arms[0]
	}
	return object{"anyOf": arms}
}

func (w *writer) kind(scope string, t *config.Type, k config.Kind) object {
	out := object{"type": k}
	switch k {
	case config.String:
		w.text(out, t)
	case config.Integer, config.Number:
		for _, b := range t.Bounds {
			out[boundNames[b.Op]] = json.Number(b.Limit)
		}
	case config.List:
		w.list(out, scope, t)
	case config.Struct:
		w.object(out, scope, t)
	}
	return out
}

var boundNames = map[string]string{"<": "exclusiveMaximum", "<=": "maximum", ">": "exclusiveMinimum", ">=": "minimum"}

func (w *writer) text(out object, t *config.Type) {
	if t.NotEmpty {
		out["minLength"] = 1
	}
	switch len(t.Patterns) {
	case 0:
	case 1:
		out["pattern"] = t.Patterns[0]
	default:
		all := make([]any, len(t.Patterns))
		for i, p := range t.Patterns {
			all[i] = object{"pattern": p}
		}
		out["allOf"] = all
	}
}

func (w *writer) list(out object, scope string, t *config.Type) {
	if len(t.First) > 0 {
		out["minItems"] = len(t.First)
	}
	switch {
	case t.Element != nil:
		out["items"] = w.schema(scope, t.Element)
	case len(t.First) > 0:
		out["items"], out["maxItems"] = w.schema(scope, t.First[0]), len(t.First)
	default:
		out["maxItems"] = 0
	}
}

func (w *writer) object(out object, scope string, t *config.Type) {
	fields := object{}
	var required []string
	for _, f := range t.Fields {
		fields[f.Name] = w.field(scope, f)
		if f.Required && !w.patch {
			required = append(required, f.Name)
		}
	}
	if len(fields) > 0 {
		out["properties"] = fields
	}
	if len(required) > 0 {
		out["required"] = required
	}
	switch {
	case t.Open:
	case t.Named == nil:
		out["additionalProperties"] = false
	default:
		named := w.removable(w.schema(scope, t.Named))
		if len(t.Names.Patterns) == 1 {
			out["propertyNames"] = object{"pattern": t.Names.Patterns[0]}
		}
		out["additionalProperties"] = named
	}
}

// field returns what a field may hold, with what people should know of it.
func (w *writer) field(scope string, f config.FieldDefinition) object {
	out := maps.Clone(w.schema(scope, f.Type))
	out = w.removable(out)
	var words []string
	for _, s := range []string{f.Doc, said(f)} {
		if s != "" {
			words = append(words, s)
		}
	}
	if len(words) > 0 {
		out["description"] = strings.Join(words, "\n\n")
	}
	if f.Type.Default != nil {
		out["default"] = f.Type.Default
	}
	return out
}

// said says in words what a text refers to or looks like.
func said(f config.FieldDefinition) string {
	switch {
	case f.Ref != "":
		return "The name of a kind: " + f.Ref + "."
	case f.Type.Name != "" && len(f.Type.Kinds) == 1 && f.Type.Kinds[0] == config.String:
		return "It is " + f.Type.Words + "."
	}
	return ""
}

// removable has null stand for nothing, in a patch.
func (w *writer) removable(s object) object {
	if !w.patch {
		return s
	}
	return object{"anyOf": []any{s, object{"type": "null"}}}
}
