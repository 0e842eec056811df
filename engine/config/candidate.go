package config

import (
	"slices"
	"sync"
	"weak"

	"github.com/dray-sync/dray/engine/diag"
)

// A candidate is a document that is meant to be a resource. Its verdict is made when it is first asked for: a patch has none. Once
// it is found to be without mistakes its tree is let go, since a repository has millions of nodes and hardly ever needs one
// again: tree reads it anew. Safe for concurrent use.
type candidate struct {
	kind, name, renamedFrom string // as written; "" where they are not texts
	id                      string // kind and name, or "" where one is missing
	line, col               int32
	origin                  uint16
	read                    func() *node // reads the tree anew; nil: it is never let go

	once sync.Once
	v    *verdict

	mu   sync.Mutex
	kept *node // nil: let go
	held weak.Pointer[node]
}

// newCandidate returns the candidate of a tree.
func newCandidate(root *node, read func() *node) *candidate {
	metadata := root.get("metadata")
	c := &candidate{
		kind: root.str("kind"), name: metadata.str("name"), renamedFrom: metadata.str("renamedFrom"),
		line: root.line, col: root.col, origin: root.origin, read: read, kept: root,
	}
	if c.kind != "" && c.name != "" {
		c.id = c.kind + "/" + c.name
	}
	return c
}

// verdict judges the document, once.
func (c *candidate) verdict(t *table) *verdict {
	c.once.Do(func() {
		c.v = judge(c.tree(), t)
		c.v.faulty = slices.ContainsFunc(c.v.problems, func(p problem) bool { return p.severity != diag.Warning })
		if c.read == nil || len(c.v.problems) > 0 || len(c.v.bad) > 0 {
			return // its nodes are spoken of
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.held, c.kept = weak.Make(c.kept), nil
	})
	return c.v
}

// tree returns the document itself.
func (c *candidate) tree() *node {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept != nil {
		return c.kept
	}
	root := c.held.Value()
	if root == nil {
		root = c.read()
		c.held = weak.Make(root)
	}
	return root
}

// key is kind and name, or "" where one is missing.
func (c *candidate) key() string { return c.id }
