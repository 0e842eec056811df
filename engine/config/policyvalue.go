package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// A policyValue is a part of what policies see of a resource.
type policyValue interface {
	// field returns a field, or nil where there is none or the value is no object.
	field(name string) policyValue
	isObject() bool
	appendJSON(b []byte) []byte
}

// A nodeValue is a value of a document. With a type it has the type's defaults; without, it is as written.
type nodeValue struct {
	n *node
	t *typ
}

func (v nodeValue) isObject() bool { return v.n.kind == objectNode }

func (v nodeValue) field(name string) policyValue {
	if v.n.kind != objectNode {
		return nil
	}
	t := v.t
	if t != nil && len(t.alts) > 0 {
		t = t.choose(v.n)
	}
	var f *fieldTyp
	if t != nil && t.object != nil {
		f = t.object.field(name)
	}
	child := v.n.get(name)
	switch {
	case child != nil && f == nil:
		return nodeValue{n: child}
	case child != nil:
		return nodeValue{child, f.typ}
	case f == nil || f.optional || f.required || f.typ.def == nil:
		return nil
	}
	return nodeValue{f.typ.def, f.typ}
}

func (v nodeValue) appendJSON(b []byte) []byte {
	if v.t == nil {
		return v.n.appendJSON(b, false)
	}
	return encode(b, v.n, v.t, nil)
}

// An objectValue is an object that no document holds.
type objectValue map[string]policyValue

func (v objectValue) isObject() bool { return true }

func (v objectValue) field(name string) policyValue { return v[name] }

func (v objectValue) appendJSON(b []byte) []byte {
	b = append(b, '{')
	first := true
	for _, name := range slices.Sorted(maps.Keys(v)) {
		b = append(appendJSONString(comma(b, &first), name), ':')
		b = v[name].appendJSON(b)
	}
	return append(b, '}')
}

func textValue(s string) policyValue { return nodeValue{n: &node{kind: stringNode, text: s}} }

func numberValue(i int) policyValue {
	return nodeValue{n: &node{kind: intNode, text: strconv.Itoa(i)}}
}

func boolValue(b bool) policyValue {
	return nodeValue{n: &node{kind: boolNode, text: strconv.FormatBool(b)}}
}

func textsValue(texts []string) policyValue {
	n := &node{kind: listNode}
	for _, s := range texts {
		n.items = append(n.items, &node{kind: stringNode, text: s})
	}
	return nodeValue{n: n}
}

// jsonNode reads a JSON text, whose parts have no place.
func jsonNode(text []byte) (*node, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	return nodeOf(v), nil
}

func nodeOf(v any) *node {
	switch v := v.(type) {
	case bool:
		return &node{kind: boolNode, text: strconv.FormatBool(v)}
	case json.Number:
		if jsonInt.MatchString(v.String()) {
			return &node{kind: intNode, text: v.String()}
		}
		return &node{kind: floatNode, text: v.String()}
	case string:
		return &node{kind: stringNode, text: v}
	case []any:
		n := &node{kind: listNode}
		for _, item := range v {
			n.items = append(n.items, nodeOf(item))
		}
		return n
	case map[string]any:
		n := &node{kind: objectNode}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			n.keys = append(n.keys, &node{kind: stringNode, text: name})
			n.items = append(n.items, nodeOf(v[name]))
		}
		return n
	}
	return &node{kind: nullNode}
}
