package format

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dray-sync/dray/engine/config"
)

// A line is one line of the result.
type line struct {
	text    string
	comment string
	space   int
	group   *group
}

// A printer writes a document. Not safe for concurrent use.
type printer struct{ lines []line }

func (p *printer) add(text string) *line {
	p.lines = append(p.lines, line{text: text})
	return &p.lines[len(p.lines)-1]
}

func spaces(n int) string { return strings.Repeat(" ", n) }

// trivia writes comments at an indentation. Several blank lines become one; none is first unless it may be.
func (p *printer) trivia(list []trivia, indent int, blankFirst bool) {
	for i, t := range list {
		switch {
		case t.text != "":
			p.add(spaces(indent) + t.text)
		case (i > 0 || blankFirst) && (i == 0 || list[i-1].text != ""):
			p.add("")
		}
	}
}

// block writes the entries of a collection that stands on lines of its own.
func (p *printer) block(n *node, t *config.Type, indent int) {
	t = choose(t, n)
	entries := ordered(n, t)
	pads := padding(entries, n.padded)
	for i, e := range entries {
		p.trivia(e.lead, indent, i > 0)
		if n.kind == sequence {
			p.element(e, elementType(t, i), indent)
			continue
		}
		p.field(e, fieldType(t, e.name), indent, pads[i])
	}
	p.trivia(n.foot, indent, true)
}

// field writes one field.
func (p *printer) field(e *entry, t *config.Type, indent, pad int) {
	head := spaces(indent) + e.key + ":"
	n := e.value
	switch {
	case n == nil:
		p.commented(p.add(head), e)
		p.trivia(e.under, indent+2, true)
	case (n.kind == mapping || n.kind == sequence) && !n.flow:
		p.commented(p.add(head), e)
		p.block(n, t, indent+2)
	default:
		p.value(head+spaces(pad), e, t, indent)
	}
}

// element writes one element of a list.
func (p *printer) element(e *entry, t *config.Type, indent int) {
	n := e.value
	switch {
	case n == nil:
		p.commented(p.add(spaces(indent)+"-"), e)
		p.trivia(e.under, indent+2, true)
	case (n.kind == mapping || n.kind == sequence) && !n.flow:
		inner := &printer{}
		inner.block(n, t, indent+2)
		dashed := false
		for _, l := range inner.lines {
			text := strings.TrimLeft(l.text, " ")
			switch {
			case dashed:
			case text == "":
				continue // no blank line between the comments of an element and its dash
			case text[0] == '#':
				l.text = spaces(indent) + text
			default:
				l.text = spaces(indent) + "- " + l.text[indent+2:]
				dashed = true
			}
			p.lines = append(p.lines, l)
		}
	default:
		p.value(spaces(indent)+"- ", e, t, indent)
	}
}

// value writes a value behind its field's name or its dash.
func (p *printer) value(head string, e *entry, t *config.Type, indent int) {
	n := e.value
	switch {
	case n.style == block:
		p.commented(p.add(head+n.text), e)
		for _, text := range n.more {
			if text != "" {
				text = spaces(indent+2) + text
			}
			p.add(text)
		}
	case len(n.more) > 0:
		p.add(head + n.text)
		for _, text := range n.more {
			p.add(continued(n, text, indent))
		}
		p.commented(&p.lines[len(p.lines)-1], e)
	default:
		p.commented(p.add(head+inlineText(n, t, false)), e)
	}
}

// continued indents a further line of a value anew.
func continued(n *node, text string, indent int) string {
	if n.kind == scalar {
		if text == "" {
			return ""
		}
		return spaces(indent+2) + text
	}
	bare := strings.TrimLeft(text, " \t")
	if bare == "" {
		return ""
	}
	return spaces(max(len(text)-len(bare)+indent-max(n.base, 0), indent)) + bare
}

func (p *printer) commented(l *line, e *entry) {
	l.comment, l.space, l.group = e.comment, max(e.space, 1), e.group
}

// inlineText returns a value of one line.
func inlineText(n *node, t *config.Type, inFlow bool) string {
	t = choose(t, n)
	switch n.kind {
	case scalar:
		return scalarText(n, t, inFlow)
	case opaque:
		return n.text
	}
	parts := make([]string, 0, len(n.entries))
	for i, e := range ordered(n, t) {
		part, of := e.key, elementType(t, i)
		if n.kind == mapping {
			part, of = part+":", fieldType(t, e.name)
		}
		if n.kind == mapping {
			part += " " // also where nothing follows: {a:} is another thing to some readers
		}
		if e.value != nil {
			part += inlineText(e.value, of, true)
		}
		parts = append(parts, part)
	}
	if n.kind == mapping {
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// padding returns for each field how many spaces stand between its colon and its value: one, or where the author aligned values, as
// many as keep neighbours so.
func padding(entries []*entry, aligned bool) []int {
	pads := make([]int, len(entries))
	for start := 0; start < len(entries); {
		end, widest := start+1, entries[start].width()
		for aligned && entries[start].oneLine() && end < len(entries) && entries[end].oneLine() && !blank(entries[end].lead) {
			widest = max(widest, entries[end].width())
			end++
		}
		for i := start; i < end; i++ {
			pads[i] = widest - entries[i].width() + 1
		}
		start = end
	}
	return pads
}

// blank reports whether a blank line is among them.
func blank(list []trivia) bool {
	return slices.ContainsFunc(list, func(t trivia) bool { return t.text == "" })
}

// String returns the text, with comments aligned that were.
func (p *printer) String() string {
	var b strings.Builder
	for i := 0; i < len(p.lines); {
		end, width, space := i, 0, 1<<30
		for end < len(p.lines) && p.lines[end].group != nil && p.lines[end].group == p.lines[i].group {
			width, space = max(width, utf8.RuneCountInString(p.lines[end].text)), min(space, p.lines[end].space)
			end++
		}
		for ; i < end; i++ {
			l := p.lines[i]
			b.WriteString(l.text + spaces(width-utf8.RuneCountInString(l.text)+space) + l.comment + "\n")
		}
		if i < len(p.lines) {
			l := p.lines[i]
			b.WriteString(l.text)
			if l.comment != "" {
				b.WriteString(spaces(l.space) + l.comment)
			}
			b.WriteByte('\n')
			i++
		}
	}
	return b.String()
}
