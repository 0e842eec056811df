package maptest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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

// start returns where a node's text begins. Columns of the library count characters.
func (f *yamlFile) start(n *yaml.Node) int {
	at := f.lines[n.Line-1]
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(f.src[at:])
		at += size
	}
	return at
}

// end returns where a node's text ends.
func (f *yamlFile) end(n *yaml.Node, flow bool) (int, error) {
	at := f.start(n)
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0:
		return at, errWritten
	case isContainer(n) && isFlow(n):
		return f.brackets(at)
	case isContainer(n) && len(n.Content) > 0:
		return f.end(n.Content[len(n.Content)-1], false)
	case isContainer(n):
		return at, errWritten
	case n.Style&yaml.DoubleQuotedStyle != 0, n.Style&yaml.SingleQuotedStyle != 0:
		return f.quoted(at)
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return f.block(n)
	}
	return f.plain(n, at, flow)
}

// plain returns the end of a text without quotes, which must be on one line.
func (f *yamlFile) plain(n *yaml.Node, at int, flow bool) (int, error) {
	if n.Value == "" {
		return at, nil
	}
	end := at + len(n.Value)
	if end > len(f.src) || string(f.src[at:end]) != n.Value {
		return at, errWritten
	}
	rest := strings.TrimLeft(string(f.src[end:]), " \t\r")
	if rest == "" || strings.ContainsRune("\n#", rune(rest[0])) || (flow && strings.ContainsRune(",]}", rune(rest[0]))) {
		return end, nil
	}
	return at, errWritten
}

// quoted returns the end of a text in quotes.
func (f *yamlFile) quoted(at int) (int, error) {
	q := f.src[at]
	for i := at + 1; i < len(f.src); i++ {
		switch {
		case q == '"' && f.src[i] == '\\':
			i++
		case f.src[i] != q:
		case q == '\'' && i+1 < len(f.src) && f.src[i+1] == q:
			i++
		default:
			return i + 1, nil
		}
	}
	return at, errWritten
}

// brackets returns the end of a list or object in brackets.
func (f *yamlFile) brackets(at int) (int, error) {
	depth := 0
	for i := at; i < len(f.src); i++ {
		switch c := f.src[i]; {
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1, nil
			}
		case (c == '"' || c == '\'') && strings.IndexByte(" \t\n{[,:", f.src[i-1]) >= 0: // elsewhere it is a character of a plain text
			end, err := f.quoted(i)
			if err != nil {
				return at, err
			}
			i = end - 1
		case c == '#' && strings.IndexByte(" \t\n", f.src[i-1]) >= 0:
			for i < len(f.src) && f.src[i] != '\n' {
				i++
			}
		}
	}
	return at, errWritten
}

// block returns the end of a literal or folded text: before the first line that is not indented more than the line it begins on.
func (f *yamlFile) block(n *yaml.Node) (int, error) {
	indent := f.indent(n.Line)
	end := f.lineEnd(n.Line)
	for line := n.Line + 1; line <= len(f.lines); line++ {
		text := f.src[f.lines[line-1]:f.lineEnd(line)]
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if f.indent(line) <= indent {
			break
		}
		end = f.lineEnd(line)
	}
	return end, nil
}

// indent returns how many spaces and dashes a line begins with.
func (f *yamlFile) indent(line int) int {
	text := f.src[f.lines[line-1]:f.lineEnd(line)]
	return len(text) - len(bytes.TrimLeft(text, " -"))
}

// lineEnd returns where a line ends, without its end mark.
func (f *yamlFile) lineEnd(line int) int {
	end := len(f.src)
	if line < len(f.lines) {
		end = f.lines[line] - 1
	}
	if end > 0 && end <= len(f.src) && f.src[end-1] == '\r' {
		end--
	}
	return end
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
