package maptest

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

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
