package format

import "strings"

// flow reads a collection in brackets. One that ends on its line is read into parts, any other is kept as it is written.
func (p *parser) flow(e *entry, col, parent int) error {
	line := p.lines[p.at]
	f := &flowReader{line: line, at: col}
	if n, ok := f.collection(); ok {
		e.value = n
		return p.rest(e, f.at)
	}
	first, open := p.at, 0
	for c := col; !p.end(); p.at, c = p.at+1, 0 {
		line = p.lines[p.at]
		end := bracketEnd(line, c, &open)
		if end == unclosed {
			return p.refuse("a quoted text of several lines in brackets")
		}
		if end < 0 {
			continue
		}
		e.value = &node{kind: opaque, flow: true, base: parent}
		if p.at == first {
			e.value.text = line[col:end]
		} else {
			e.value.text = strings.TrimRight(p.lines[first][col:], " \t")
			for _, between := range p.lines[first+1 : p.at] {
				e.value.more = append(e.value.more, strings.TrimRight(between, " \t"))
			}
			e.value.more = append(e.value.more, line[:end])
		}
		return p.rest(e, end)
	}
	return p.refuse("brackets that do not close")
}

const unclosed = -2

// bracketEnd returns where the outermost bracket closes, -1 when that is on another line, or unclosed when a quoted text is not over
// at the end of the line. open counts the brackets.
func bracketEnd(line string, col int, open *int) int {
	fresh := true // a value begins here
	for i := col; i < len(line); i++ {
		switch c := line[i]; {
		case c == ' ' || c == '\t':
			continue
		case c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			return -1
		case (c == '"' || c == '\'') && fresh:
			end := closeQuote(line, i)
			if end < 0 {
				return unclosed
			}
			i, fresh = end-1, false
		case c == '{' || c == '[':
			*open++
			fresh = true
		case c == '}' || c == ']':
			if *open--; *open == 0 {
				return i + 1
			}
			fresh = false
		default:
			fresh = c == ',' || c == ':'
		}
	}
	return -1
}

// A flowReader reads a flow collection of one line. What it does not know it leaves to others.
type flowReader struct {
	line string
	at   int
}

func (f *flowReader) space() {
	for f.at < len(f.line) && f.line[f.at] == ' ' {
		f.at++
	}
}

func (f *flowReader) is(c byte) bool { return f.at < len(f.line) && f.line[f.at] == c }

func (f *flowReader) collection() (*node, bool) {
	n := &node{kind: mapping, flow: true}
	closing := byte('}')
	if f.line[f.at] == '[' {
		n.kind, closing = sequence, ']'
	}
	f.at++
	for {
		f.space()
		if f.is(closing) {
			f.at++
			return n, true
		}
		e := &entry{}
		if n.kind == mapping && !f.key(e) {
			return nil, false
		}
		if !f.item(e) {
			return nil, false
		}
		n.entries = append(n.entries, e)
		f.space()
		switch {
		case f.is(','):
			f.at++
		case !f.is(closing):
			return nil, false
		}
	}
}

// key reads the name of a field with its colon.
func (f *flowReader) key(e *entry) bool {
	if f.at == len(f.line) {
		return false
	}
	text, ok := f.text()
	if !ok || text == "" {
		return false
	}
	e.key = text
	if e.name, ok = unquote(text); !ok {
		return false
	}
	f.space()
	if !f.is(':') {
		return false
	}
	f.at++
	return f.at < len(f.line) && (f.line[f.at] == ' ' || f.line[f.at] == ',' || f.line[f.at] == '}')
}

// item reads the value of a field, or an element.
func (f *flowReader) item(e *entry) bool {
	f.space()
	if f.at == len(f.line) {
		return false
	}
	if f.is('{') || f.is('[') {
		n, ok := f.collection()
		e.value = n
		return ok
	}
	text, ok := f.text()
	if !ok {
		return false
	}
	if text == "" {
		return e.key != "" // a field without a value
	}
	n := &node{text: text}
	switch text[0] {
	case '"':
		n.style = double
	case '\'':
		n.style = single
	}
	e.value = n
	f.space()
	return !f.is(':') // a pair in a list, or a text that is read in another way
}

// text reads a scalar as it is written.
func (f *flowReader) text() (string, bool) {
	start := f.at
	switch f.line[f.at] {
	case '"', '\'':
		end := closeQuote(f.line, f.at)
		if end < 0 {
			return "", false
		}
		f.at = end
		return f.line[start:end], true
	case '&', '*', '!', '|', '>', '%', '@', '`', '?', '#':
		return "", false
	}
	for f.at < len(f.line) {
		c := f.line[f.at]
		if strings.IndexByte(",[]{}", c) >= 0 || (c == '#' && f.line[f.at-1] == ' ') {
			break
		}
		if c == ':' && (f.at+1 == len(f.line) || strings.IndexByte(" ,[]{}", f.line[f.at+1]) >= 0) {
			break
		}
		f.at++
	}
	return strings.TrimRight(f.line[start:f.at], " "), true
}
