package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/schema"
)

// A verdict is all that is known of one resource by itself, without its file's name, its neighbours or the applications. It is
// immutable and shared by all loads that see the same content.
type verdict struct {
	kind, name string
	def        *typ // of the kind; nil when it is unknown
	problems   []problem
	refs       []reference
	faulty     bool // one of the problems is an error
	bad        map[*node]bool
	resource   any // *Resource[T] of the kind without Source; nil when the kind is unknown
}

// isResource reports whether a document is meant to be a resource: others are data that happens to be YAML.
func isResource(root *node) bool {
	if root.kind != objectNode {
		return false
	}
	if root.key("apiVersion") != nil || root.key("kind") != nil {
		return true
	}
	return root.key("metadata") != nil && root.key("spec") != nil
}

// judge checks one resource against the definition of its kind, then what the definition cannot say.
func judge(root *node, t *table) *verdict {
	v := &verdict{kind: root.str("kind"), name: root.get("metadata").str("name")}
	c := &checker{bad: map[*node]bool{}}
	v.def = t.kind(v.kind)
	if c.head(root, t); v.def == nil {
		v.problems = c.problems
		return v
	}
	c.check(root, v.def)
	v.bad, v.refs = c.bad, c.refs
	if spec := root.get("spec"); spec != nil && spec.kind == objectNode {
		(&semantics{checker: c, root: root, spec: spec}).judge(v.kind)
	}
	v.problems = withoutVersion(c.problems)
	v.resource = build(v, root)
	return v
}

// head judges version and kind, with better words than the table has.
func (c *checker) head(root *node, t *table) {
	version, kind := root.get("apiVersion"), root.get("kind")
	if version != nil && !version.broken && version.text != schema.APIVersion {
		c.under(segment{name: "apiVersion"}, func() {
			c.fail(version, codeUnknownVersion, fmt.Sprintf("%s is not an apiVersion that this version of Dray knows", version.shown()), "write apiVersion: "+schema.APIVersion)
			c.mend(&repair{node: version, text: schema.APIVersion, word: true, safe: strings.EqualFold(version.text, schema.APIVersion)})
		})
	}
	switch {
	case kind == nil:
		hint := "add kind: with one of " + orList(t.kindNames())
		if k := nearestKey(root, "kind"); k != nil {
			c.under(segment{name: k.text}, func() { c.fail(k, codeUnknownField, "there is no such field here", diag.DidYouMean("kind")) })
			return
		}
		c.fail(root, codeMissingField, `the field "kind" is missing`, hint)
		delete(c.bad, root)
	case kind.broken:
	case t.kind(kind.text) == nil || kind.kind != stringNode:
		hint := "the kinds are " + strings.Join(t.kindNames(), ", ")
		if near := diag.Nearest(kind.text, t.kindNames()); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		c.under(segment{name: "kind"}, func() {
			c.fail(kind, codeUnknownKind, fmt.Sprintf("there is no kind %s", kind.shown()), hint)
		})
	}
}

// nearestKey returns the name of a field that was perhaps meant to be this one, or nil.
func nearestKey(n *node, name string) *node {
	if n == nil || n.kind != objectNode {
		return nil
	}
	for _, k := range n.keys {
		if k.text != name && diag.Nearest(k.text, []string{name}) != "" {
			return k
		}
	}
	return nil
}

// withoutVersion drops what the table says of apiVersion, where head has said it.
func withoutVersion(problems []problem) []problem {
	said := false
	kept := problems[:0]
	for _, p := range problems {
		if p.path == "apiVersion" && said {
			continue
		}
		said = said || p.code == codeUnknownVersion
		kept = append(kept, p)
	}
	return kept
}

// build makes the typed resource of what is right about the document.
func build(v *verdict, root *node) any {
	doc := encode(nil, root, v.def, v.bad)
	switch v.kind {
	case "Repository":
		return typed[Repository](v.kind, doc)
	case "Agent":
		return typed[Agent](v.kind, doc)
	case "KeyRing":
		r := typed[KeyRing](v.kind, doc)
		r.Spec.Raw = root.appendJSON(nil, false)
		return r.sealed(v.kind)
	case "Connection":
		return typed[Connection](v.kind, doc)
	case "Credential":
		r := typed[Credential](v.kind, doc)
		r.Spec.Raw = root.appendJSON(nil, false)
		return r.sealed(v.kind)
	case "Schedule":
		return typed[Schedule](v.kind, doc)
	case "Lookup":
		return buildLookup(doc, root, v.bad)
	case "Mapping":
		return typed[Mapping](v.kind, doc)
	case "MappingTest":
		return typed[MappingTest](v.kind, doc)
	case "Touchpoint":
		return typed[Touchpoint](v.kind, doc)
	case "Object":
		return typed[Object](v.kind, doc)
	case "Application":
		return buildApplication(doc)
	}
	panic("config: internal error: kind " + strconv.Quote(v.kind) + " has a definition and no type")
}

// typed decodes a document that the table has accepted.
func typed[T any](kind string, doc []byte) *Resource[T] {
	r := new(Resource[T])
	if err := json.Unmarshal(doc, r); err != nil {
		panic(fmt.Sprintf("config: internal error: the definition of %s and its Go type differ: %v", kind, err))
	}
	return r.sealed(kind)
}

// buildLookup takes the cells of rows as the texts they are, numbers too.
func buildLookup(doc []byte, root *node, bad map[*node]bool) *Resource[Lookup] {
	type spec struct {
		Lookup
		Rows json.RawMessage `json:"rows"`
	}
	in := typed[spec]("Lookup", doc)
	out := &Resource[Lookup]{Metadata: in.Metadata, Spec: in.Spec.Lookup}
	if rows := root.get("spec").get("rows"); rows != nil && !bad[rows] {
		for _, row := range rows.items {
			if row.kind != objectNode || bad[row] {
				continue
			}
			cells := make(map[string]string, len(row.keys))
			for i, k := range row.keys {
				cells[k.text] = row.items[i].text
			}
			out.Spec.Rows = append(out.Spec.Rows, cells)
		}
	}
	return out.sealed("Lookup")
}

func buildApplication(doc []byte) *Resource[Application] {
	in := typed[json.RawMessage]("Application", doc)
	return (&Resource[Application]{Metadata: in.Metadata, Spec: Application{Declaration: in.Spec}}).sealed("Application")
}

// sealed sets the digest of what the resource holds and returns it.
func (r *Resource[T]) sealed(kind string) *Resource[T] {
	content, err := json.Marshal(struct {
		Kind     string   `json:"kind"`
		Metadata Metadata `json:"metadata"`
		Spec     T        `json:"spec"`
	}{kind, r.Metadata, r.Spec})
	if err != nil {
		panic(fmt.Sprintf("config: internal error: encoding a %s: %v", kind, err))
	}
	r.Digest = digestOf(content)
	return r
}

func digestOf(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}
