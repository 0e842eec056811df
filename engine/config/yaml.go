package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/dray-sync/dray/engine/diag"
)

// A document is one YAML document, or one resource of a CUE package.
type document struct {
	root *node
}

// parseYAML reads the documents of a file. A document that is not well-formed does not hide the others.
func parseYAML(src []byte, limits LoadLimits) ([]document, []problem) {
	if len(src) > limits.FileBytes {
		return nil, []problem{{code: codeTooLarge, message: fmt.Sprintf("the file is larger than %d KiB", limits.FileBytes>>10)}}
	}
	if !utf8.Valid(src) {
		return nil, []problem{{code: codeSyntax, line: int32(badLine(src)), message: "the file is not UTF-8 text", hint: "save it as UTF-8"}}
	}
	p := &yamlParser{src: src, limits: limits, ascii: isASCII(src)}
	for _, part := range splitDocuments(src) {
		for i, resource := range splitResources(part) {
			if i > 0 {
				p.problems = append(p.problems, unseparated(resource))
			}
			p.part(resource)
		}
	}
	return p.docs, p.problems
}

type yamlParser struct {
	src      []byte
	limits   LoadLimits
	ascii    bool
	lines    []int // offsets of line starts; filled when needed
	base     int   // lines before the part being read
	nodes    int
	docs     []document
	problems []problem
}

func (p *yamlParser) part(part yamlPart) {
	p.base = part.line
	dec := yaml.NewDecoder(bytes.NewReader(part.text))
	for {
		var root yaml.Node
		err := decodeNode(dec, &root)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			p.problems = append(p.problems, syntaxProblem(part, err))
			return
		}
		if root.Kind != yaml.DocumentNode || len(root.Content) == 0 {
			continue
		}
		if n := p.node(root.Content[0], 1); n.kind != nullNode {
			p.docs = append(p.docs, document{root: n})
			p.strange(n)
		}
		if p.nodes > p.limits.Nodes {
			p.problems = append(p.problems, problem{code: codeTooLarge, message: fmt.Sprintf("the file has more than %d values", p.limits.Nodes)})
			p.docs = nil
			return
		}
	}
}

// decodeNode reads the next document. The parser reports some malformed input by panicking; that is a syntax error too.
func decodeNode(dec *yaml.Decoder, into *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("yaml: the document is malformed")
		}
	}()
	return dec.Decode(into)
}

// node converts a parsed node. What is refused becomes a broken node, and a problem says why.
func (p *yamlParser) node(y *yaml.Node, depth int) *node {
	p.nodes++
	n := &node{line: int32(y.Line + p.base), commented: y.LineComment != ""}
	n.col = p.column(int(n.line), y.Column)
	switch {
	case depth > p.limits.Depth:
		p.refuse(n, codeTooLarge, fmt.Sprintf("values are nested more than %d deep", p.limits.Depth), "")
		return n
	case p.nodes > p.limits.Nodes:
		n.broken = true
		return n
	case y.Kind == yaml.AliasNode:
		p.refuse(n, codeAlias, fmt.Sprintf("the alias *%s is not allowed", y.Value), aliasHint("*"+y.Value))
		return n
	case y.Anchor != "":
		p.report(n, codeAlias, fmt.Sprintf("the anchor &%s is not allowed", y.Anchor), aliasHint("&"+y.Anchor))
	case y.Style&yaml.TaggedStyle != 0:
		p.refuse(n, codeTag, fmt.Sprintf("%s is read as a YAML tag, and tags are not allowed", y.Tag), "if a text was meant, quote it: '"+strings.TrimSpace(y.Tag+" "+y.Value)+"'")
		return n
	}
	switch y.Kind {
	case yaml.MappingNode:
		p.object(n, y, depth)
	case yaml.SequenceNode:
		n.kind, n.items = listNode, make([]*node, 0, len(y.Content))
		for _, c := range y.Content {
			n.items = append(n.items, p.node(c, depth+1))
		}
	default:
		p.scalar(n, y)
	}
	if y.Style&yaml.FlowStyle != 0 {
		n.style = flowStyle
	}
	return n
}

func aliasHint(name string) string {
	return "write the value out; if a text was meant that starts so, quote it (" + strconv.Quote(name) + ")"
}

func (p *yamlParser) object(n *node, y *yaml.Node, depth int) {
	n.kind = objectNode
	n.keys, n.items = make([]*node, 0, len(y.Content)/2), make([]*node, 0, len(y.Content)/2)
	seen := make(map[string]*node, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, ok := p.fieldName(y.Content[i])
		v := p.node(y.Content[i+1], depth+1)
		if !ok {
			n.broken = n.broken || y.Content[i].Kind == yaml.MappingNode
			continue
		}
		if first, dup := seen[k.text]; dup {
			d := problemAt(k, codeDuplicateKey, fmt.Sprintf("the field %q is here already", k.text), "remove one of the two")
			d.related = []*node{first}
			if equal := n.get(k.text); equal != nil && bytes.Equal(equal.appendJSON(nil, true), v.appendJSON(nil, true)) {
				d.hint = "both say the same: remove one of the two"
				d.mended = p.without(k, v, y.Style&yaml.FlowStyle != 0)
			}
			p.problems = append(p.problems, d)
			continue
		}
		seen[k.text] = k
		n.keys, n.items = append(n.keys, k), append(n.items, v)
	}
}

// without is the change that takes a field away whose name and value stand on one line, or nil.
func (p *yamlParser) without(k, v *node, flow bool) *diag.Fix {
	line := lineOf(p.src, p.lineStarts(), int(k.line))
	at, whole := int(k.col)-1, string(line)
	if v.line != k.line || at > len(line) {
		return nil
	}
	edit := diag.Edit{Line: int(k.line), Col: 1, EndLine: int(k.line) + 1, EndCol: 1}
	if flow {
		before := strings.TrimRight(whole[:at], " ")
		value := scalarAt(line, int(v.col))
		if !strings.HasSuffix(before, ",") || value == "" || v.kind >= listNode {
			return nil
		}
		edit = diag.Edit{Line: int(k.line), Col: len(before), EndLine: int(k.line), EndCol: int(v.col) + len(value)}
	} else if strings.TrimSpace(whole[:at]) != "" || !wellFormed([]byte(whole)) || v.style == literalStyle || v.style == foldedStyle {
		return nil
	}
	return &diag.Fix{Title: "remove " + k.text + ", which is here already", Safe: true, Edits: []diag.Edit{edit}}
}

// fieldName reads the name of a field. Numbers and the like are taken as the text they are.
func (p *yamlParser) fieldName(y *yaml.Node) (*node, bool) {
	k := &node{kind: stringNode, line: int32(y.Line + p.base), text: y.Value}
	k.col = p.column(int(k.line), y.Column)
	p.nodes++
	switch {
	case y.Kind == yaml.MappingNode:
		p.report(k, codeSyntax, "there are no text templates: {{ }} is not filled in", "vary a value by environment with a patch (spec.environments of the repository), or build the resource in CUE")
	case y.Kind != yaml.ScalarNode:
		p.report(k, codeWrongType, "a field's name must be a text", "inside { } a text with [ ] { } or , must be quoted")
	case y.Tag == "!!merge":
		p.report(k, codeAlias, "the merge key << is not allowed", "write the fields out, or build the resource in CUE")
	case y.Style&yaml.TaggedStyle != 0:
		p.report(k, codeTag, fmt.Sprintf("%s is read as a YAML tag, and tags are not allowed", y.Tag), "if a text was meant, quote it")
	case y.Anchor != "":
		p.report(k, codeAlias, fmt.Sprintf("the anchor &%s is not allowed", y.Anchor), "write the value out")
	case y.Value == "":
		p.report(k, codeSyntax, "a field without a name", "check the colons and commas around it")
	default:
		return k, true
	}
	return k, false
}

var (
	jsonInt   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	jsonFloat = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
)

// scalar reads a value that is no list and no object.
func (p *yamlParser) scalar(n *node, y *yaml.Node) {
	n.text = y.Value
	switch {
	case y.Style&yaml.SingleQuotedStyle != 0:
		n.style = singleStyle
	case y.Style&yaml.DoubleQuotedStyle != 0:
		n.style = doubleStyle
	case y.Style&yaml.LiteralStyle != 0:
		n.style = literalStyle
	case y.Style&yaml.FoldedStyle != 0:
		n.style = foldedStyle
	}
	n.kind = stringNode
	if n.style != plainStyle {
		return
	}
	switch y.Tag {
	case "!!null":
		n.kind, n.text = nullNode, ""
	case "!!bool":
		n.kind, n.text = boolNode, strings.ToLower(y.Value)
	case "!!int", "!!float":
		p.number(n, y.Value)
	}
}

// number keeps a number as its text. What other YAML readers, or JSON, would read otherwise is refused.
func (p *yamlParser) number(n *node, text string) {
	switch {
	case jsonInt.MatchString(text):
		n.kind = intNode
	case jsonFloat.MatchString(text):
		n.kind = floatNode
	default:
		hint := "if a text is meant, quote it: '" + text + "'; if a number is meant, write it in plain decimal digits"
		p.refuse(n, codeAmbiguous, text+" is read as different numbers by different YAML readers", hint)
		p.problems[len(p.problems)-1].repair = &repair{node: n, safe: leadingZero.MatchString(text)}
		return
	}
	if len(text) > maxNumberDigits {
		p.refuse(n, codeTooLarge, fmt.Sprintf("a number of more than %d digits", maxNumberDigits), "")
	}
}

// leadingZero is a number that nobody writes so: a code, a postcode, a number of a branch.
var leadingZero = regexp.MustCompile(`^0[0-9]+$`)

const maxNumberDigits = 1000

// refuse reports a value that cannot be read.
func (p *yamlParser) refuse(n *node, code, message, hint string) {
	p.report(n, code, message, hint)
	n.kind, n.text, n.broken = nullNode, "", true
}

func (p *yamlParser) report(n *node, code, message, hint string) {
	p.problems = append(p.problems, problemAt(n, code, message, hint))
}

// column turns a column in characters into one in bytes.
func (p *yamlParser) column(line, col int) int32 {
	if p.ascii || line < 1 {
		return int32(col)
	}
	text := lineOf(p.src, p.lineStarts(), line)
	offset := 0
	for range col - 1 {
		if offset >= len(text) {
			break
		}
		_, size := utf8.DecodeRune(text[offset:])
		offset += size
	}
	return int32(offset + 1)
}

func (p *yamlParser) lineStarts() []int {
	if p.lines == nil {
		p.lines = lineStarts(p.src)
	}
	return p.lines
}

func lineStarts(src []byte) []int {
	starts := []int{0}
	for i, c := range src {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// lineOf returns a line without its end. Lines count from 1.
func lineOf(src []byte, starts []int, line int) []byte {
	if line < 1 || line > len(starts) {
		return nil
	}
	end := len(src)
	if line < len(starts) {
		end = starts[line] - 1
	}
	return bytes.TrimSuffix(src[starts[line-1]:end], []byte("\r"))
}

func isASCII(src []byte) bool {
	for _, c := range src {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// badLine returns the line of the first byte that is not UTF-8.
func badLine(src []byte) int {
	line := 1
	for len(src) > 0 {
		r, size := utf8.DecodeRune(src)
		if r == utf8.RuneError && size == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		src = src[size:]
	}
	return line
}

var yamlErrorLine = regexp.MustCompile(`^yaml: line (\d+): `)

// syntaxProblem says what is wrong with a text that is no YAML: what reading it line by line finds, else what the parser says.
func syntaxProblem(part yamlPart, err error) problem {
	x := findFault(part.text)
	if x == nil {
		return parserProblem(part, err)
	}
	p := problem{code: x.code, line: int32(part.line + x.line), col: int32(x.col), message: x.message, hint: x.hint}
	if p.code == "" {
		p.code = codeSyntax
	}
	if mended, err := diag.Apply(part.text, x.edits); err == nil && len(x.edits) > 0 && wellFormed(mended) {
		fix := diag.Fix{Title: x.title, Safe: true, Edits: x.edits}
		for i := range fix.Edits {
			fix.Edits[i].Line += part.line
			fix.Edits[i].EndLine += part.line
		}
		p.mended = &fix
	}
	return p
}

// wellFormed reports whether a text is YAML, of as many documents as may be.
func wellFormed(text []byte) bool {
	for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
		if err := decodeNode(dec, new(yaml.Node)); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// parserProblem places a parser's error, whose own line is often that of the construct around it.
func parserProblem(part yamlPart, err error) problem {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if m := yamlErrorLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = err.Error()[len(m[0]):]
	}
	switch {
	case strings.Contains(message, "expected key"), strings.Contains(message, "'-' indicator"), strings.Contains(message, "node content"), strings.Contains(message, "<document start>"):
		line = firstFailing(part.text, message)
	case strings.Contains(message, "expected ',' or"):
		line++
	case strings.Contains(message, "control characters"):
		at := bytes.IndexFunc(part.text, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f })
		line = 1 + bytes.Count(part.text[:max(at, 0)], []byte("\n"))
	}
	line = min(line, bytes.Count(part.text, []byte("\n"))+1)
	text := lineOf(part.text, lineStarts(part.text), line)
	p := problem{code: codeSyntax, line: int32(part.line + line), message: yamlMessage(message), hint: syntaxHint(string(text), message)}
	p.col = int32(len(text) - len(bytes.TrimLeft(text, " ")) + 1)
	return p
}

// firstFailing returns the line without which the message would not have come.
func firstFailing(text []byte, message string) int {
	starts := append(lineStarts(text), len(text))
	n := sort.Search(len(starts)-1, func(i int) bool {
		err := decodeNode(yaml.NewDecoder(bytes.NewReader(text[:starts[i+1]])), new(yaml.Node))
		return err != nil && strings.HasSuffix(err.Error(), message)
	})
	return n + 1
}

// yamlMessage puts the parser's words into ours.
func yamlMessage(m string) string {
	switch {
	case strings.Contains(m, "control characters"):
		return "a control character, which no text of a file can hold"
	case strings.Contains(m, "mapping values are not allowed"):
		return "a second colon in one line, or a line that is indented too far"
	case strings.Contains(m, "expected key"):
		return "a line that is neither a field nor part of what stands above; often the indentation is wrong"
	case strings.Contains(m, "'-' indicator"):
		return "a line that is no element of the list above; often the indentation is wrong"
	case strings.Contains(m, "',' or '}'"):
		return "the object in { } does not go on or end as it should"
	case strings.Contains(m, "',' or ']'"):
		return "the list in [ ] does not go on or end as it should"
	case strings.Contains(m, "character that cannot start any token"):
		return "a character that cannot stand there unquoted"
	case strings.Contains(m, "end of stream"):
		return "a quoted text does not end"
	case strings.Contains(m, "could not find expected ':'"):
		return "a field without a colon"
	}
	return "not well-formed YAML: " + m
}

// syntaxHint says what the trap may be.
func syntaxHint(line, message string) string {
	switch {
	case strings.Contains(line, "\t"):
		return "indent with spaces; YAML takes no tabs"
	case strings.Contains(message, "',' or"):
		return "inside { } and [ ] a text with [ ] { } , : or # must be quoted: {from: 'lines[0].sku'}"
	case strings.Contains(message, "mapping values"):
		return "quote a text that has a colon followed by a space; put a space after each field's colon"
	case strings.Contains(message, "cannot start any token"):
		return "quote a text that starts with @ % ` or a tab"
	case strings.Contains(message, "end of stream"), strings.Contains(message, "expected ':'"):
		return "check the quotes and colons on this line and the ones before it"
	}
	return "check the indentation of this line against the ones before it"
}
