package config

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// nodeKind is what a node of a document is.
type nodeKind uint8

const (
	nullNode nodeKind = iota
	boolNode
	intNode
	floatNode
	stringNode
	listNode
	objectNode
)

var nodeKindNames = [...]string{"nothing", "true or false", "a whole number", "a number", "a text", "a list", "an object"}

func (k nodeKind) String() string { return nodeKindNames[k] }

// nodeStyle is how a scalar is written.
type nodeStyle uint8

const (
	plainStyle nodeStyle = iota
	singleStyle
	doubleStyle
	literalStyle
	foldedStyle
	flowStyle // of lists and objects
)

// A node is a value of a document with its place. Numbers are kept as the text they are. Nodes are immutable once parsed, and know
// no path of their file, so that equal files share them.
type node struct {
	kind      nodeKind
	style     nodeStyle
	commented bool // a comment follows on the same line
	broken    bool // it could not be read, which has been reported; kind is null
	origin    uint16
	line, col int32   // from 1; col in bytes
	text      string  // of scalars: what they mean; of numbers: as JSON writes them
	keys      []*node // of objects, beside items
	items     []*node // elements, or values of an object
	gone      []*node // of objects: names of fields that a patch took away
}

// get returns the value of a field of an object, or nil.
func (n *node) get(name string) *node {
	if n == nil || n.kind != objectNode {
		return nil
	}
	for i, k := range n.keys {
		if k.text == name {
			return n.items[i]
		}
	}
	return nil
}

// key returns the node of a field's name, or nil.
func (n *node) key(name string) *node {
	if n == nil || n.kind != objectNode {
		return nil
	}
	for _, k := range n.keys {
		if k.text == name {
			return k
		}
	}
	return nil
}

// str returns the text of a field that holds one, else "".
func (n *node) str(name string) string {
	if v := n.get(name); v != nil && v.kind == stringNode {
		return v.text
	}
	return ""
}

// size returns how many values the node holds, itself included.
func (n *node) size() int {
	size := 1
	for _, item := range n.items {
		size += item.size()
	}
	return size
}

// at returns the node that path leads to and how many steps of it exist.
func (n *node) at(path []segment) (*node, int) {
	for i, s := range path {
		next := (*node)(nil)
		switch {
		case s.name != "" && n.kind == objectNode:
			next = n.get(s.name)
		case s.name == "" && n.kind == listNode && s.index >= 0 && s.index < len(n.items):
			next = n.items[s.index]
		}
		if next == nil {
			return n, i
		}
		n = next
	}
	return n, len(path)
}

// appendJSON appends the node as JSON. sorted orders the names of objects.
func (n *node) appendJSON(b []byte, sorted bool) []byte {
	switch n.kind {
	case nullNode:
		return append(b, "null"...)
	case boolNode, intNode, floatNode:
		return append(b, n.text...)
	case stringNode:
		return appendJSONString(b, n.text)
	case listNode:
		b = append(b, '[')
		for i, item := range n.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.appendJSON(b, sorted)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	for i, at := range n.order(sorted) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONString(b, n.keys[at].text)
		b = append(b, ':')
		b = n.items[at].appendJSON(b, sorted)
	}
	return append(b, '}')
}

// order returns the indexes of an object's fields, as written or by name.
func (n *node) order(sorted bool) []int {
	order := make([]int, len(n.keys))
	for i := range order {
		order[i] = i
	}
	if sorted {
		slices.SortFunc(order, func(a, b int) int { return strings.Compare(n.keys[a].text, n.keys[b].text) })
	}
	return order
}

func appendJSONString(b []byte, s string) []byte {
	if plainJSON(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return append(b, bytes.TrimRight(buf.Bytes(), "\n")...)
}

// plainJSON reports whether a text is written in JSON as it is.
func plainJSON(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// A segment is one step of a path inside a resource: a field's name, or with name empty an element's index.
type segment struct {
	name  string
	index int
}

// pathString writes a path as diagnostics show it, as record.Path does: spec.fields."Art.-Nr.".from, cases[0].name.
func pathString(path []segment) string {
	var b strings.Builder
	for i, s := range path {
		if s.name == "" {
			b.WriteByte('[')
			b.WriteString(strconv.Itoa(s.index))
			b.WriteByte(']')
			continue
		}
		if i > 0 {
			b.WriteByte('.')
		}
		if plainName(s.name) {
			b.WriteString(s.name)
		} else {
			b.WriteString(strconv.Quote(s.name))
		}
	}
	return b.String()
}

func plainName(s string) bool {
	for _, r := range s {
		if r != '_' && r != '-' && r != '$' && r != '/' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r < 0x80 {
			return false
		}
	}
	return s != ""
}

// parsePath reads what pathString wrote. What it cannot read it leaves out: the path then ends there.
func parsePath(s string) []segment {
	var path []segment
	for s != "" {
		switch s[0] {
		case '.':
			s = s[1:]
		case '[':
			end := strings.IndexByte(s, ']')
			if end < 0 {
				return path
			}
			n, err := strconv.Atoi(s[1:end])
			if err != nil {
				return path
			}
			path, s = append(path, segment{index: n}), s[end+1:]
		case '"':
			q, err := strconv.QuotedPrefix(s)
			if err != nil {
				return path
			}
			name, err := strconv.Unquote(q)
			if err != nil || name == "" {
				return path
			}
			path, s = append(path, segment{name: name}), s[len(q):]
		default:
			end := strings.IndexAny(s, ".[")
			if end < 0 {
				end = len(s)
			}
			path, s = append(path, segment{name: s[:end]}), s[end:]
		}
	}
	return path
}
