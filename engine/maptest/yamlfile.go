package maptest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/dray-sync/dray/adapters/record"
)

// errWritten is why a value is left as it is.
var errWritten = errors.New("it is written in a way that cannot be rewritten here; change it by hand")

// A yamlFile is the text of a file of which parts are replaced, so that everything else stays as it is written.
type yamlFile struct {
	src   []byte
	lines []int // where lines start
	docs  []*yaml.Node
	edits []edit
}

// edit replaces the text from one offset to another.
type edit struct {
	from, to int
	text     string
}

// A yamlValue is a value of a file, and how it is written.
type yamlValue struct {
	key  *yaml.Node // the name before it; nil: it is an element or the document
	node *yaml.Node
	flow bool // it is inside brackets
	up   *yamlValue
}

func readYAML(src []byte) (*yamlFile, error) {
	f := &yamlFile{src: src, lines: []int{0}}
	for i, c := range src {
		if c == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	for dec := yaml.NewDecoder(bytes.NewReader(src)); ; {
		var doc yaml.Node
		if err := dec.Decode(&doc); err != nil {
			if len(f.docs) == 0 {
				return nil, err
			}
			return f, nil // the end; what cannot be read was refused before
		}
		f.docs = append(f.docs, doc.Content[0])
	}
}

// resource returns the resource of a kind and name, or nil.
func (f *yamlFile) resource(kind, name string) *yamlValue {
	for _, d := range f.docs {
		v := &yamlValue{node: d, flow: isFlow(d)}
		k, n := v.member("kind"), v.member("metadata")
		if k != nil && k.node.Value == kind && n != nil {
			if n = n.member("name"); n != nil && n.node.Value == name {
				return v
			}
		}
	}
	return nil
}

func isFlow(n *yaml.Node) bool { return n.Style&yaml.FlowStyle != 0 }

func isContainer(n *yaml.Node) bool { return n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode }

// member returns the value of a field, or nil.
func (v *yamlValue) member(name string) *yamlValue {
	if v.node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		if v.node.Content[i].Value == name {
			return v.inside(v.node.Content[i], v.node.Content[i+1])
		}
	}
	return nil
}

// element returns an element of a list, or nil.
func (v *yamlValue) element(i int) *yamlValue {
	if v.node.Kind != yaml.SequenceNode || i >= len(v.node.Content) {
		return nil
	}
	return v.inside(nil, v.node.Content[i])
}

func (v *yamlValue) inside(key, node *yaml.Node) *yamlValue {
	return &yamlValue{key: key, node: node, flow: v.flow || isFlow(v.node), up: v}
}

// at returns the value that a path leads to, or nil.
func (v *yamlValue) at(p record.Path) *yamlValue {
	for _, s := range p {
		if s.IsIndex() {
			v = v.element(s.Index)
		} else {
			v = v.member(s.Name)
		}
		if v == nil {
			return nil
		}
	}
	return v
}

// replace writes another value in place of one.
func (f *yamlFile) replace(v *yamlValue, w record.Value) error {
	from := f.start(v.node)
	to, err := f.end(v.node, v.flow)
	if err != nil {
		return err
	}
	inBlock := isContainer(v.node) && !isFlow(v.node)
	text := flowText(w)
	switch {
	case v.flow || !isFull(w), !inBlock && fits(f.src[f.lines[v.node.Line-1]:from], text):
		if inBlock && v.key != nil { // it stood on lines of its own
			from, text = f.afterKey(v.key), " "+text
		}
	case inBlock || v.key == nil:
		text = strings.TrimLeft(blockText(w, v.node.Column-1), " \n")
	default:
		text = "\n" + strings.TrimRight(blockText(w, v.key.Column+1), "\n")
	}
	f.edits = append(f.edits, edit{from, to, strings.TrimRight(text, "\n")})
	return nil
}

// afterKey returns where the colon after a name ends.
func (f *yamlFile) afterKey(key *yaml.Node) int {
	end, err := f.end(key, true)
	if err != nil {
		end = f.start(key)
	}
	if colon := bytes.IndexByte(f.src[end:], ':'); colon >= 0 {
		end += colon + 1
	}
	return end
}

// rename replaces a field, its name too.
func (f *yamlFile) rename(v *yamlValue, name string, w record.Value) error {
	to, err := f.end(v.node, v.flow)
	if err != nil {
		return err
	}
	from := f.start(v.key)
	text := name + ": " + flowText(w)
	if !v.flow && isFull(w) && !fits(nil, text) {
		text = name + ":\n" + strings.TrimRight(blockText(w, v.key.Column+1), "\n")
	}
	f.edits = append(f.edits, edit{from, to, text})
	return nil
}

// add adds a field to an object that has some.
func (f *yamlFile) add(v *yamlValue, name string, w record.Value) error {
	if v.node.Kind != yaml.MappingNode || len(v.node.Content) == 0 {
		return errWritten
	}
	if isFlow(v.node) {
		end, err := f.end(v.node, v.flow)
		if err != nil {
			return err
		}
		for end--; strings.IndexByte(" \t\r\n,", f.src[end-1]) >= 0; end-- {
		}
		f.edits = append(f.edits, edit{end, end, ", " + name + ": " + flowText(w)})
		return nil
	}
	end, err := f.end(v.node, false)
	if err != nil {
		return err
	}
	if eol := bytes.IndexByte(f.src[end:], '\n'); eol >= 0 { // a comment may follow
		end += eol
	} else {
		end = len(f.src)
	}
	f.edits = append(f.edits, edit{end, end, "\n" + strings.Repeat(" ", v.node.Column-1) + name + ": " + flowText(w)})
	return nil
}

// text returns the file with all edits done.
func (f *yamlFile) text() ([]byte, error) {
	slices.SortFunc(f.edits, func(a, b edit) int { return b.from - a.from })
	out := slices.Clone(f.src)
	for i, e := range f.edits {
		if i > 0 && e.to > f.edits[i-1].from {
			return nil, fmt.Errorf("two changes of one value: %w", errWritten)
		}
		out = slices.Replace(out, e.from, e.to, []byte(e.text)...)
	}
	return out, nil
}
