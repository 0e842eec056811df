package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	cueformat "cuelang.org/go/cue/format"
	"gopkg.in/yaml.v3"

	"github.com/dray-sync/dray/engine/config"
)

// resource matches a file in which there may be a resource.
var resource = regexp.MustCompile(`(?m)^(?:--- *|[{] *)?["']?(?:apiVersion|kind)["']? *:`)

// YAML returns a YAML file in canonical form. Documents that are no resources, and those that only commands write (credentials and key
// rings), stay as they are. The error is an [*Error]: the file holds something that is not formatted.
func YAML(src []byte, d *config.Definitions) ([]byte, error) {
	text := strings.ReplaceAll(strings.TrimPrefix(string(src), "\ufeff"), "\r\n", "\n")
	if !resource.MatchString(text) {
		return src, nil
	}
	docs, err := parse(text)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for i, doc := range docs {
		if doc.marked || i > 0 {
			b.WriteString(strings.TrimSpace("--- "+doc.marker) + "\n")
		}
		b.WriteString(doc.format(d))
	}
	out := []byte(b.String())
	if err := same(text, out, docs); err != nil {
		return nil, err
	}
	return out, nil
}

// CUE returns a CUE file in CUE's own canonical form.
func CUE(src []byte) ([]byte, error) { return cueformat.Source(src) }

// format returns the document without its marker.
func (d *document) format(defs *config.Definitions) string {
	if d.root != nil && (!d.isResource() || d.str("kind") == "Credential" || d.str("kind") == "KeyRing") {
		lines := d.lines
		if d.marked {
			lines = lines[1:]
		}
		return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
	}
	p := &printer{}
	p.trivia(d.head, 0, false)
	if d.root != nil {
		application := ""
		if spec := d.root.field("spec"); spec != nil {
			application = spec.str("application")
		}
		p.block(d.root, defs.Resource(d.str("kind"), application), 0)
	}
	p.trivia(d.foot, 0, true)
	for len(p.lines) > 0 && p.lines[len(p.lines)-1].text == "" {
		p.lines = p.lines[:len(p.lines)-1]
	}
	return p.String()
}

// isResource reports whether the document is configuration: others are data that happens to be YAML.
func (d *document) isResource() bool {
	return d.root.kind == mapping && d.root.field("apiVersion") != nil && d.root.field("kind") != nil
}

func (d *document) str(name string) string { return d.root.str(name) }

// field returns the value of a field, or nil.
func (n *node) field(name string) *node {
	if i := slices.IndexFunc(n.entries, func(e *entry) bool { return e.name == name }); i >= 0 {
		return n.entries[i].value
	}
	return nil
}

// str returns the text of a field of one line, or "".
func (n *node) str(name string) string {
	v := n.field(name)
	if v == nil || v.kind != scalar {
		return ""
	}
	text, _ := unquote(v.text)
	return text
}

// same holds that the result means what the source meant and has all of its comments.
func same(src string, out []byte, docs []*document) error {
	before, err := values([]byte(src))
	if err != nil {
		return &Error{1, "it is not well-formed"}
	}
	after, err := values(out)
	if err != nil || len(before) != len(after) {
		return unfaithful(1)
	}
	for i := range before {
		if line := differs(before[i], after[i]); line > 0 {
			return unfaithful(line)
		}
	}
	again, err := parse(string(out))
	if err != nil {
		return unfaithful(1)
	}
	if !slices.Equal(comments(docs), comments(again)) {
		return unfaithful(1)
	}
	return nil
}

func unfaithful(line int) error {
	return &Error{line, "something here is written in a way that cannot be formatted without changing it"}
}

func comments(docs []*document) []string {
	var all []string
	for _, d := range docs {
		all = append(all, d.comments()...)
	}
	slices.Sort(all)
	return all
}

// values reads the documents of a text that are not empty.
func values(text []byte) (docs []*yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil { // the parser reports some malformed input so
			err = fmt.Errorf("malformed: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var n yaml.Node
		err := dec.Decode(&n)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, err
		}
		if len(n.Content) > 0 && n.Content[0].Tag != "!!null" {
			docs = append(docs, n.Content[0])
		}
	}
}

// differs returns the line, in the first, where two values are not the same, or 0. The order of fields does not count.
func differs(a, b *yaml.Node) int {
	if a.Kind != b.Kind || len(a.Content) != len(b.Content) || a.Anchor != b.Anchor || a.Value != b.Value || tag(a) != tag(b) {
		return max(a.Line, 1)
	}
	if a.Kind != yaml.MappingNode {
		for i := range a.Content {
			if line := differs(a.Content[i], b.Content[i]); line > 0 {
				return line
			}
		}
		return 0
	}
	fields := make(map[string]*yaml.Node, len(b.Content)/2)
	for i := 0; i+1 < len(b.Content); i += 2 {
		fields[b.Content[i].Value] = b.Content[i+1]
	}
	if len(fields)*2 != len(b.Content) {
		return max(a.Line, 1)
	}
	for i := 0; i+1 < len(a.Content); i += 2 {
		other, ok := fields[a.Content[i].Value]
		if !ok {
			return max(a.Content[i].Line, 1)
		}
		if line := differs(a.Content[i+1], other); line > 0 {
			return line
		}
	}
	return 0
}

// tag returns the type of a value. Times are texts to Dray.
func tag(n *yaml.Node) string {
	if n.Tag == "!!timestamp" {
		return "!!str"
	}
	return n.Tag
}
