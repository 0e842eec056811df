package config

import (
	"encoding/json"
	"fmt"

	"github.com/dray-sync/dray/engine/cuebuild"
	"github.com/dray-sync/dray/engine/policy"
)

// cueVersion is the version of what parent and child say to each other.
const cueVersion = 1

// A cueRequest asks for the resources of a repository's CUE packages, or for what its policies say.
type cueRequest struct {
	Version  int               `json:"version"`
	Files    map[string]string `json:"files,omitempty"` // by path
	Tags     map[string]string `json:"tags,omitempty"`
	Policies *policy.Request   `json:"policies,omitempty"`
}

// A cueResponse is the resources found, and what is wrong.
type cueResponse struct {
	Version   int           `json:"version"`
	Resources []cueResource `json:"resources"`
	Problems  []cueProblem  `json:"problems"`

	Policies *policy.Response `json:"policies,omitempty"`

	built []*candidate // the resources, in the same order
}

// A cueResource is one resource with the files its parts stand in. A node's file is an index into Files.
type cueResource struct {
	Files []string  `json:"files"`
	Root  *wireNode `json:"root"`
}

// A cueProblem is an error of the evaluator.
type cueProblem struct {
	cuebuild.Problem
	Tag string `json:"tag,omitempty"` // the tag that it is about
	// Spare: it counts only where loading finds nothing wrong in the package. It comes of the definitions that loading itself goes by, in
	// other words.
	Spare bool   `json:"spare,omitempty"`
	hint  string // where the parent has a better one than the code's
}

// A wireNode is a node on its way from the child.
type wireNode struct {
	Kind  nodeKind    `json:"k"`
	Text  string      `json:"t,omitempty"`
	File  uint16      `json:"f,omitempty"`
	Line  int32       `json:"l"`
	Col   int32       `json:"c"`
	Keys  []*wireNode `json:"n,omitempty"`
	Items []*wireNode `json:"i,omitempty"`
}

// readCUEResponse decodes and checks what a child has said: it evaluated what strangers wrote.
func readCUEResponse(data []byte) (*cueResponse, error) {
	var r cueResponse
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("reading the answer of the CUE child: %w", err)
	}
	if r.Version != cueVersion {
		return nil, fmt.Errorf("the CUE child speaks version %d, and version %d is spoken here", r.Version, cueVersion)
	}
	for _, res := range r.Resources {
		if err := res.Root.valid(0); err != nil || len(res.Files) == 0 {
			return nil, fmt.Errorf("reading the answer of the CUE child: malformed resource")
		}
		r.built = append(r.built, newCandidate(res.Root.node(), nil))
	}
	return &r, nil
}

func (w *wireNode) valid(depth int) error {
	if w == nil || w.Kind > objectNode || depth > 1000 || (w.Kind == objectNode && len(w.Keys) != len(w.Items)) {
		return fmt.Errorf("malformed node")
	}
	for _, list := range [][]*wireNode{w.Keys, w.Items} {
		for _, c := range list {
			if err := c.valid(depth + 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// node converts the node.
func (w *wireNode) node() *node {
	n := &node{kind: w.Kind, style: doubleStyle, text: w.Text, origin: w.File, line: w.Line, col: w.Col}
	if w.Kind == objectNode || w.Kind == listNode {
		n.style = flowStyle // it begins at its bracket
	}
	for _, k := range w.Keys {
		n.keys = append(n.keys, k.node())
	}
	for _, v := range w.Items {
		n.items = append(n.items, v.node())
	}
	return n
}
