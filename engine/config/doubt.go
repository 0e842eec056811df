package config

import (
	"bytes"
	"slices"
)

// doubts are what could not be told: files that are not well-formed, and resources that do not say their kind or their name. What may
// be among it is not reported as missing elsewhere, so that one slip is one diagnostic.
type doubts struct {
	files    [][]byte
	kindless []*node
	nameless map[string]bool // kinds of which a resource has no name
}

// file takes in the content of a file that is not well-formed.
func (d *doubts) file(content []byte) { d.files = append(d.files, content) }

// unnamed takes in a resource without a name.
func (d *doubts) unnamed(kind string) {
	if d.nameless == nil {
		d.nameless = map[string]bool{}
	}
	d.nameless[kind] = true
}

// mayName reports whether a resource of that name may be named in what could not be read.
func (d *doubts) mayName(name string) bool {
	return slices.ContainsFunc(d.files, func(content []byte) bool { return holdsWord(content, []byte(name)) })
}

// mayHold reports whether there may be a resource of that kind and name after all.
func (d *doubts) mayHold(kind, name string) bool {
	return d.nameless[kind] || d.mayName(name) ||
		slices.ContainsFunc(d.kindless, func(root *node) bool { return root.get("metadata").str("name") == name })
}

// mayHoldRepository reports whether the settings of the repository may be among it.
func (d *doubts) mayHoldRepository() bool {
	return d.mayName("Repository") ||
		slices.ContainsFunc(d.kindless, func(root *node) bool { return root.get("spec").key("environments") != nil })
}

// holdsWord reports whether a text holds a name as a word.
func holdsWord(content, word []byte) bool {
	if len(word) == 0 {
		return false
	}
	for from := 0; ; {
		at := bytes.Index(content[from:], word)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(word)
		if (at == 0 || !nameByte(content[at-1])) && (end == len(content) || !nameByte(content[end])) {
			return true
		}
		from = at + 1
	}
}

func nameByte(c byte) bool {
	return c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
