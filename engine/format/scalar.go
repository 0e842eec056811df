package format

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// findKey reads the name of a field at a column of a line: as it is written, what it means, and where its colon ends.
func findKey(line string, col int) (key, name string, after int, ok bool) {
	end := col
	switch line[col] {
	case '"', '\'':
		if end = closeQuote(line, col); end < 0 {
			return "", "", 0, false
		}
		key = line[col:end]
		end += len(line[end:]) - len(strings.TrimLeft(line[end:], " "))
		if !isColon(line, end) {
			return "", "", 0, false
		}
		name, ok = unquote(key)
		return key, name, end + 1, ok
	case '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '%', '@', '`', ',':
		return "", "", 0, false
	case '?':
		if col+1 == len(line) || line[col+1] == ' ' {
			return "", "", 0, false
		}
	}
	for ; end < len(line); end++ {
		if isColon(line, end) {
			key = strings.TrimRight(line[col:end], " ")
			return key, key, end + 1, key != ""
		}
		if line[end] == '#' && end > col && (line[end-1] == ' ' || line[end-1] == '\t') {
			break
		}
	}
	return "", "", 0, false
}

// isColon reports whether a colon that ends a name is there.
func isColon(line string, i int) bool {
	return i < len(line) && line[i] == ':' && (i+1 == len(line) || line[i+1] == ' ' || line[i+1] == '\t')
}

// closeQuote returns where the quoted text that begins at a column ends, or -1 when that is on another line.
func closeQuote(line string, col int) int {
	quote := line[col]
	for i := col + 1; i < len(line); i++ {
		switch {
		case line[i] == '\\' && quote == '"':
			i++
		case line[i] == quote && quote == '\'' && i+1 < len(line) && line[i+1] == '\'':
			i++
		case line[i] == quote:
			return i + 1
		}
	}
	return -1
}

// unquote returns what a scalar of one line means.
func unquote(text string) (string, bool) {
	if text == "" || (text[0] != '"' && text[0] != '\'') {
		return text, true
	}
	var s string
	err := yaml.Unmarshal([]byte(text), &s)
	return s, err == nil
}

// inline reads a scalar or a flow collection that begins at a column of the current line, and the comment behind it.
func (p *parser) inline(e *entry, col, parent int) error {
	line := p.lines[p.at]
	switch line[col] {
	case '|', '>':
		return p.blockScalar(e, col, parent)
	case '"', '\'':
		return p.quoted(e, col)
	case '{', '[':
		return p.flow(e, col, parent)
	case '&', '*', '!':
		return p.refuse("an anchor, an alias or a tag")
	case '%', '@', '`', ']', '}', ',':
		return p.refuse("a text that must be quoted")
	}
	return p.plain(e, col, parent)
}

// plain reads a text without quotes.
func (p *parser) plain(e *entry, col, parent int) error {
	line := p.lines[p.at]
	end := plainEnd(line, col)
	n := &node{text: strings.TrimRight(line[col:end], " \t")}
	e.value = n
	for end == len(line) {
		next := p.at + 1
		for next < len(p.lines) && strings.TrimSpace(p.lines[next]) == "" {
			next++
		}
		if next == len(p.lines) {
			break
		}
		text := strings.TrimLeft(p.lines[next], " ")
		if len(p.lines[next])-len(text) <= parent || text[0] == '#' {
			break
		}
		for p.at++; p.at < next; p.at++ {
			n.more = append(n.more, "")
		}
		line = p.lines[p.at]
		end = plainEnd(line, 0)
		n.more = append(n.more, strings.TrimSpace(line[:end]))
	}
	return p.rest(e, len(strings.TrimRight(line[:end], " \t")))
}

// plainEnd returns where a text without quotes ends: before a comment, or at the end of the line.
func plainEnd(line string, col int) int {
	for i := col + 1; i < len(line); i++ {
		if line[i] == '#' && (line[i-1] == ' ' || line[i-1] == '\t') {
			return i
		}
	}
	return len(line)
}

// quoted reads a text in quotes.
func (p *parser) quoted(e *entry, col int) error {
	line := p.lines[p.at]
	n := &node{style: single}
	if line[col] == '"' {
		n.style = double
	}
	e.value = n
	if end := closeQuote(line, col); end >= 0 {
		n.text = line[col:end]
		return p.rest(e, end)
	}
	n.text = line[col:]
	quote := line[col : col+1]
	for p.at++; !p.end(); p.at++ {
		line = p.lines[p.at]
		text := strings.TrimLeft(line, " \t")
		if end := closeQuote(quote+text, 0); end >= 0 {
			end += len(line) - len(text) - 1
			n.more = append(n.more, strings.TrimLeft(line[:end], " \t"))
			return p.rest(e, end)
		}
		n.more = append(n.more, text)
	}
	return p.refuse("a quoted text that does not end")
}

// blockScalar reads a text below | or >.
func (p *parser) blockScalar(e *entry, col, parent int) error {
	line := p.lines[p.at]
	end := col + 1
	for end < len(line) && strings.IndexByte("+-0123456789", line[end]) >= 0 {
		end++
	}
	n := &node{style: block, text: line[col:end]}
	e.value = n
	if err := p.rest(e, end); err != nil {
		return err
	}
	indent := -1
	if i := strings.IndexAny(n.text, "123456789"); i >= 0 {
		indent = max(parent, 0) + int(n.text[i]-'0')
		n.text = n.text[:i] + "2" + n.text[i+1:]
	}
	first := p.at
	for ; !p.end(); p.at++ {
		line = p.lines[p.at]
		if strings.TrimLeft(line, " ") == "" {
			continue
		}
		if p.indent() <= parent || p.indent() < indent {
			break
		}
		if indent < 0 {
			indent = p.indent()
		}
	}
	n.more = make([]string, 0, p.at-first)
	for _, line := range p.lines[first:p.at] {
		if indent < 0 || len(line) <= indent {
			line = ""
		} else {
			line = line[indent:]
		}
		n.more = append(n.more, line)
	}
	if !strings.Contains(n.text, "+") { // blank lines behind it are not part of it
		for len(n.more) > 0 && n.more[len(n.more)-1] == "" {
			n.more = n.more[:len(n.more)-1]
			p.at--
		}
	}
	return nil
}
