package config

import (
	"bytes"
	"encoding/json"
	"fmt"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	cueerrors "cuelang.org/go/cue/errors"
)

// settingsSchema is what an application says of its settings. It is safe for concurrent use.
type settingsSchema struct {
	text           string
	config, object *typ // nil: it has none
	declared       *typ // of a declarer: the spec of a kind: Application
	opaque         bool // the table cannot say all of it
}

// newSettingsSchema makes the table of an application's CUE text.
func newSettingsSchema(text string) (*settingsSchema, error) {
	t, err := newTable(map[string][]byte{"settings.cue": []byte(text)})
	if err != nil {
		return nil, err
	}
	s := &settingsSchema{text: text, config: t.defs["#Config"], object: t.defs["#Object"], declared: t.defs["#ApplicationSpec"]}
	for _, d := range t.defs {
		s.opaque = s.opaque || d.anyOpaque(map[*typ]bool{})
	}
	return s, nil
}

// anyOpaque reports whether the type, or one inside it, is one that the table cannot say.
func (t *typ) anyOpaque(seen map[*typ]bool) bool {
	if t == nil || seen[t] {
		return false
	}
	seen[t] = true
	if t.opaque || t.elem.anyOpaque(seen) {
		return true
	}
	for _, a := range append(append([]*typ(nil), t.alts...), t.prefix...) {
		if a.anyOpaque(seen) {
			return true
		}
	}
	if t.object == nil {
		return false
	}
	for _, f := range t.object.fields {
		if f.typ.anyOpaque(seen) {
			return true
		}
	}
	for _, p := range t.object.patterns {
		if p.field.typ.anyOpaque(seen) || p.name.anyOpaque(seen) {
			return true
		}
	}
	return false
}

// judge checks a value against a definition, asking CUE where the table cannot say. It returns the JSON with defaults, sorted by
// name.
func (s *settingsSchema) judge(c *checker, n *node, definition string, t *typ) json.RawMessage {
	before := len(c.problems)
	c.check(n, t)
	doc := encode(nil, n, t, c.bad)
	if s.opaque && len(c.problems) == before {
		doc = s.ask(c, n, definition, doc)
	}
	return sortedJSON(doc)
}

// ask has CUE judge what the table accepts. Its context is thrown away: contexts grow with every value.
func (s *settingsSchema) ask(c *checker, n *node, definition string, doc []byte) []byte {
	ctx := cuecontext.New()
	v := ctx.CompileString(s.text).LookupPath(cue.ParsePath(definition)).Unify(ctx.CompileBytes(doc))
	for _, e := range cueerrors.Errors(v.Validate(cue.Concrete(true), cue.Final())) {
		path := e.Path()
		if len(path) > 0 && path[0] == definition {
			path = path[1:]
		}
		at, steps := n.follow(path)
		c.path = append(c.path, steps...)
		c.fail(at, codeBadValue, "the value is not one that the application takes", fmt.Sprintf("its definition says: %s", schemaWords(e)))
		c.path = c.path[:len(c.path)-len(steps)]
	}
	if out, err := v.MarshalJSON(); err == nil {
		return out
	}
	return doc
}

// schemaWords returns CUE's message without the values in it, which may be anything.
func schemaWords(e cueerrors.Error) string {
	format, _ := e.Msg()
	if bytes.ContainsRune([]byte(format), '%') {
		return "another value is wanted here"
	}
	return format
}

// sortedJSON writes JSON with names in order and numbers as they are.
func sortedJSON(doc []byte) json.RawMessage {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		panic(fmt.Sprintf("config: internal error: settings that are no JSON: %v", err))
	}
	out, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("config: internal error: encoding settings: %v", err))
	}
	return out
}
