package format

import (
	"strings"
	"unicode/utf8"
)

// parse reads the documents of a text whose lines end in \n.
func parse(text string) ([]*document, error) {
	var docs []*document
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	start := 0
	for i := 0; i <= len(lines); i++ {
		if i < len(lines) && (i == start || !isMarker(lines[i])) {
			continue
		}
		d, err := parseDocument(lines[start:i], start)
		if err != nil {
			return nil, err
		}
		if d != nil {
			docs = append(docs, d)
		}
		start = i
	}
	return docs, nil
}

func isMarker(line string) bool {
	return strings.HasPrefix(line, "---") && (len(line) == 3 || line[3] == ' ' || line[3] == '\t')
}

func parseDocument(lines []string, before int) (*document, error) {
	p := &parser{lines: lines, before: before}
	d := &document{lines: lines}
	if len(lines) > 0 && isMarker(lines[0]) {
		d.marked = true
		d.marker = strings.TrimSpace(lines[0][3:])
		if d.marker != "" && d.marker[0] != '#' {
			return nil, p.refuse("a value on the line of ---")
		}
		p.at = 1
	}
	for _, line := range lines {
		if strings.HasPrefix(line, "...") || strings.HasPrefix(line, "%") {
			return nil, p.refuse("a YAML directive or an end of document")
		}
	}
	p.skip()
	d.head, p.pending = p.pending, nil
	if p.end() {
		if d.marker == "" && !hasComment(d.head) {
			return nil, nil // nothing at all
		}
		return d, nil
	}
	holder := &entry{}
	if err := p.block(holder, -1); err != nil {
		return nil, err
	}
	p.skip()
	if !p.end() {
		return nil, p.refuse("a value that belongs to nothing above it")
	}
	if holder.comment != "" {
		return nil, p.refuse("a document that is a single value")
	}
	d.root, d.foot = holder.value, p.pending
	return d, nil
}

func hasComment(list []trivia) bool {
	for _, t := range list {
		if t.text != "" {
			return true
		}
	}
	return false
}

// A parser reads one document. Not safe for concurrent use.
type parser struct {
	lines   []string
	before  int // lines of the file before them
	at      int // the line being read
	pending []trivia
}

func (p *parser) refuse(message string) error {
	return &Error{Line: p.before + min(p.at, len(p.lines)-1) + 1, Message: message}
}

func (p *parser) end() bool { return p.at >= len(p.lines) }

// skip collects lines without values.
func (p *parser) skip() {
	for ; !p.end(); p.at++ {
		text := strings.TrimSpace(p.lines[p.at])
		if text != "" && text[0] != '#' {
			return
		}
		p.pending = append(p.pending, trivia{text: text, col: p.indent()})
	}
}

// indent returns how far the line is indented.
func (p *parser) indent() int {
	line := p.lines[p.at]
	return len(line) - len(strings.TrimLeft(line, " "))
}

// next returns how far the next value is indented; -1 when there is none.
func (p *parser) next() int {
	if p.end() {
		return -1
	}
	return p.indent()
}

func (p *parser) lead() []trivia {
	list := p.pending
	p.pending = nil
	return list
}

// foot takes those pending comments that stand deeper than the next value and not left of col: they end what stands at col.
func (p *parser) foot(col int) []trivia {
	col = max(col, p.next()+1)
	for i := len(p.pending) - 1; i >= 0; i-- {
		if p.pending[i].text != "" && p.pending[i].col >= col {
			list := p.pending[:i+1]
			p.pending = p.pending[i+1:]
			return list
		}
	}
	return nil
}

// block reads the value that the current line begins with into e. parent is the indentation of what holds it.
func (p *parser) block(e *entry, parent int) error {
	return p.value(e, p.indent(), parent)
}

// value reads the value at a column of the current line.
func (p *parser) value(e *entry, col, parent int) (err error) {
	line := p.lines[p.at]
	if line[col] == '\t' {
		return p.refuse("a tab")
	}
	if isDash(line[col:]) {
		e.value, err = p.sequence(col)
		return err
	}
	if _, _, _, ok := findKey(line, col); ok {
		e.value, err = p.mapping(col)
		return err
	}
	return p.inline(e, col, parent)
}

func isDash(s string) bool {
	return s == "-" || strings.HasPrefix(s, "- ")
}

func (p *parser) mapping(col int) (*node, error) {
	n := &node{kind: mapping}
	for {
		e := &entry{lead: p.lead()}
		n.entries = append(n.entries, e)
		if err := p.field(e, col); err != nil {
			return nil, err
		}
		p.skip()
		if p.next() != col || isDash(p.lines[p.at][col:]) {
			break
		}
	}
	if p.next() > col {
		return nil, p.refuse("a line that is indented too far")
	}
	n.foot = p.foot(col)
	n.padded = markAligned(n.entries)
	return n, nil
}

// field reads one field that begins at col.
func (p *parser) field(e *entry, col int) error {
	line := p.lines[p.at]
	key, name, after, ok := findKey(line, col)
	if !ok {
		return p.refuse("a field whose name is not a plain or quoted text")
	}
	e.key, e.name = key, name
	rest := strings.TrimLeft(line[after:], " \t")
	if rest != "" && (rest[0] != '#' || len(rest) == len(line[after:])) {
		e.gap = len(line[after:]) - len(rest)
		return p.inline(e, len(line)-len(rest), col)
	}
	if err := p.rest(e, after); err != nil {
		return err
	}
	return p.below(e, col)
}

// below reads a value that stands below its field's name or its dash.
func (p *parser) below(e *entry, col int) error {
	p.skip()
	n := p.next()
	switch {
	case n > col, n == col && e.key != "" && isDash(p.lines[p.at][n:]):
		comments := p.pending
		if err := p.block(e, col); err != nil {
			return err
		}
		if e.value.kind != mapping && e.value.kind != sequence && (hasComment(comments) || e.value.style == block) {
			return p.refuse("a comment between a field and its value")
		}
		if e.value.kind != mapping && e.value.kind != sequence {
			p.pending, e.gap = nil, 1
		}
	default:
		e.under = p.foot(col + 1)
	}
	return nil
}

func (p *parser) sequence(col int) (*node, error) {
	n := &node{kind: sequence}
	for {
		e := &entry{lead: p.lead()}
		n.entries = append(n.entries, e)
		if err := p.element(e, col); err != nil {
			return nil, err
		}
		p.skip()
		if p.next() != col || !isDash(p.lines[p.at][col:]) {
			break
		}
	}
	if p.next() > col {
		return nil, p.refuse("a line that is indented too far")
	}
	n.foot = p.foot(col)
	markAligned(n.entries)
	return n, nil
}

// element reads one element whose dash is at col.
func (p *parser) element(e *entry, col int) error {
	line := p.lines[p.at]
	rest := strings.TrimLeft(line[col+1:], " \t")
	if rest != "" && rest[0] != '#' {
		return p.value(e, len(line)-len(rest), col)
	}
	if err := p.rest(e, col+1); err != nil {
		return err
	}
	if err := p.below(e, col); err != nil {
		return err
	}
	if e.comment != "" && e.value != nil { // there is no line of its own for it any more
		e.lead = append(e.lead, trivia{text: e.comment, col: col})
		e.comment = ""
	}
	return nil
}

// rest reads what follows a value on its line: a comment, or nothing.
func (p *parser) rest(e *entry, end int) error {
	line := p.lines[p.at]
	text := strings.TrimLeft(line[end:], " \t")
	if text != "" {
		if text[0] != '#' || len(text) == len(line[end:]) || e.comment != "" {
			return p.refuse("a text behind a value")
		}
		e.comment = strings.TrimRight(text, " \t")
		e.space = len(line[end:]) - len(text)
		e.col = utf8.RuneCountInString(line[:len(line)-len(text)])
	}
	p.at++
	return nil
}

// markAligned finds comments that stand below one another, and reports whether values do, by more than chance.
func markAligned(entries []*entry) bool {
	values := false
	for i := 1; i < len(entries); i++ {
		a, b := entries[i-1], entries[i]
		if blank(b.lead) || !a.oneLine() || !b.oneLine() {
			continue
		}
		values = values || (a.gap+a.width() == b.gap+b.width() && a.gap+b.gap > 2)
		if a.comment != "" && b.comment != "" && a.col == b.col && len(b.lead) == 0 {
			if a.group == nil {
				a.group = new(group)
			}
			b.group = a.group
		}
	}
	return values
}
