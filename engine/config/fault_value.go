package config

import (
	"bytes"
	"fmt"
	"strings"
)

// value reads a value from a column on, on this line and on those below that it takes.
func (f *faultFinder) value(at int) *fault {
	line := f.lines[f.at]
	for at < len(line) && (line[at] == ' ' || line[at] == '\t') {
		at++
	}
	if at >= len(line) || (line[at] == '#' && line[at-1] != ':') {
		return nil
	}
	start := f.at
	f.last.line, f.last.open, f.last.plain = f.at, false, false
	switch c := line[at]; {
	case c == '|' || c == '>':
		return f.block(at)
	case c == '"' || c == '\'':
		end, found := f.quoted(at)
		if found != nil {
			return found
		}
		return f.after(end, start, at, "the closing quote", func() string { return strings.TrimRight(string(f.lines[start][at:]), " ") })
	case c == '{' || c == '[':
		end, found := f.flow(at)
		if found != nil {
			return found
		}
		return f.after(end, start, at, "the closing "+closing(c), nil)
	case c == '-' && at+1 < len(line) && line[at+1] == ' ' && f.last.key:
		return f.fault(f.at, at, "a list begins on the line below its field", "write the element on a line of its own, or the list in brackets: [a, b]")
	}
	text := string(line[at:])
	if i := strings.Index(text, " #"); i >= 0 {
		text = text[:i]
	}
	text = strings.TrimRight(text, " \t")
	if found := f.start(f.at, at, text); found != nil {
		return found
	}
	f.last.plain = true
	if n := colonIn(text); n >= 0 && (f.last.key || strings.Contains(text[:n], " ")) {
		return f.secondColon(at, n, text)
	}
	return nil
}

// secondColon reports a text that YAML reads as a field within a field.
func (f *faultFinder) secondColon(at, n int, text string) *fault {
	x := f.fault(f.at, at+n, "a second colon in one line: what stands before it would be a field inside a text", "quote the text that holds the colon: "+singleQuoted(text))
	return x.quote(f.at, at, text)
}

// colonIn returns where a colon stands that begins a value, or -1.
func colonIn(text string) int {
	if n := strings.Index(text, ": "); n >= 0 {
		return n
	}
	if strings.HasSuffix(text, ":") {
		return len(text) - 1
	}
	return -1
}

// start judges the first character of a plain text.
func (f *faultFinder) start(line, at int, text string) *fault {
	switch c := text[0]; {
	case c == '@' || c == '`' || c == '%':
		return f.fault(line, at, fmt.Sprintf("a text cannot start with %c", c), "").quote(line, at, text)
	case c == '*' && (len(text) == 1 || !isWord(text[1])):
		return f.fault(line, at, "a text cannot start with *, which is an alias to YAML", "").quote(line, at, text)
	case c == '*' && strings.Contains(text, " "):
		return f.fault(line, at, "a text cannot start with *, which is an alias to YAML", "").quote(line, at, text)
	case c == '*' && f.anchored(text[1:]):
		return nil // said where it is read
	case c == '*':
		x := f.fault(line, at, fmt.Sprintf("the alias %s names an anchor that is not there, and aliases are not allowed", text), aliasHint(text))
		x.code = codeAlias
		return x
	case c == '#':
		return f.fault(line, at, "a text that starts with # must be quoted: it is read as a comment", "").quote(line, at, text)
	}
	return nil
}

// anchored reports whether the text has an anchor of that name.
func (f *faultFinder) anchored(name string) bool {
	return bytes.Contains(bytes.Join(f.lines, []byte("\n")), []byte("&"+name))
}

func isWord(c byte) bool {
	return c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// block passes over the lines of a text that begins below.
func (f *faultFinder) block(at int) *fault {
	indent := f.last.indent
	f.last.plain = false
	first := true
	for f.at+1 < len(f.lines) {
		line := f.lines[f.at+1]
		trimmed := strings.TrimSpace(string(line))
		lead := len(line) - len(strings.TrimLeft(string(line), " "))
		if trimmed != "" && lead <= indent {
			if _, field := f.peekName(f.at+1, lead); first && !field && trimmed[0] != '-' && trimmed[0] != '#' {
				return f.fault(f.at+1, lead, fmt.Sprintf("the text of the block that begins on line %d is not indented", f.at+1), fmt.Sprintf("indent it deeper than its field: with %s at least", spaceCount(indent+1)))
			}
			return nil
		}
		if trimmed != "" {
			first = false
		}
		f.at++
	}
	return nil
}

// peekName is name on another line.
func (f *faultFinder) peekName(line, at int) (int, bool) {
	was := f.at
	f.at = line
	defer func() { f.at = was }()
	return f.name(at)
}

// escapes are what may follow a backslash in double quotes.
const escapes = "0abtnvfre \"/\\N_LPxuU\t"

// quoted passes over a quoted text, which may take several lines, and returns the column behind it.
func (f *faultFinder) quoted(at int) (int, *fault) {
	start, from := f.at, at
	q := f.lines[f.at][at]
	for at++; ; at++ {
		line := f.lines[f.at]
		for ; at < len(line); at++ {
			switch {
			case line[at] == '\\' && q == '"':
				if at+1 < len(line) && !strings.ContainsRune(escapes, rune(line[at+1])) {
					return 0, f.fault(f.at, at, fmt.Sprintf(`\%c means nothing inside double quotes`, line[at+1]), `write \\ for a backslash, or use single quotes, in which it stands for itself`)
				}
				at++
			case line[at] == q && q == '\'' && at+1 < len(line) && line[at+1] == '\'':
				at++
			case line[at] == q:
				return at + 1, nil
			}
		}
		if f.at+1 == len(f.lines) || (f.at > start && fieldStart.Match(line)) || (f.at == start && fieldStart.Match(f.lines[f.at+1]) && !closes(f.lines[f.at+1], q)) {
			return 0, f.fault(start, from, fmt.Sprintf("the quote %c that opens here is not closed", q), fmt.Sprintf("write %c at the end of the text", q))
		}
		f.at, at = f.at+1, -1
	}
}

// closes reports whether a line ends a quoted text that began above: its quotes are odd in number.
func closes(line []byte, q byte) bool { return strings.Count(string(line), string(q))%2 == 1 }

// after judges what follows a value on its line. whole returns the text that was perhaps meant to be quoted as one.
func (f *faultFinder) after(end, start, at int, what string, whole func() string) *fault {
	rest := strings.TrimRight(string(f.lines[f.at][end:]), " \t")
	trimmed := strings.TrimLeft(rest, " \t")
	if trimmed == "" || (trimmed[0] == '#' && rest[0] != '#') {
		return nil
	}
	from := end + len(rest) - len(trimmed)
	switch {
	case trimmed == "," || trimmed == ";":
		return f.fault(f.at, from, fmt.Sprintf("nothing stands between fields that are each on a line: remove the %s", trimmed), "remove it").instead("remove it", f.at, from, from+1, "")
	case strings.HasPrefix(trimmed, "}") || strings.HasPrefix(trimmed, "]"):
		return f.fault(f.at, from, fmt.Sprintf("this %c closes nothing", trimmed[0]), "remove it, or open what it closes").instead("remove it", f.at, from, from+1, "")
	}
	x := f.fault(f.at, from, "the line goes on behind "+what, "")
	if whole == nil || start != f.at {
		x.hint = "put what follows on a line of its own, or quote the whole value"
		return x
	}
	text := whole()
	if strings.Contains(text, " #") {
		x.hint = "quote the whole value, in the other kind of quotes"
		return x
	}
	if text[0] == '\'' && !strings.HasSuffix(text, "'") || text[0] == '"' {
		return x.quote(f.at, at, text)
	}
	x.hint = "inside single quotes write '' for an apostrophe, or use double quotes"
	return x.instead("quote the text", f.at, at, at+len(text), `"`+strings.Trim(text, "'")+`"`)
}

func closing(c byte) string {
	if c == '{' {
		return "}"
	}
	return "]"
}
