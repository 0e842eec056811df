package config

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

// A fault is what makes a text no YAML, as far as reading it line by line can tell: where it begins, which is often well before the place
// where a parser gives up. Lines count from 1 within the text, columns from 1 in bytes.
type fault struct {
	line, col     int
	code          string // codeSyntax when empty
	message, hint string
	title         string      // of the edits
	edits         []diag.Edit // that mend it, without their file; nil: a person must
}

// A faultFinder reads a text that is no YAML as people lay it out, a field a line. Not safe for concurrent use.
type faultFinder struct {
	lines  [][]byte
	levels []blockLevel
	last   lastLine
	at     int // the line being read, from 0
}

// A blockLevel is a column at which fields or elements of one object or list begin.
type blockLevel struct {
	indent int
	list   bool
}

// lastLine is how the last line that says something ended.
type lastLine struct {
	line, indent int
	key          bool // it is a field
	open         bool // its value is still to come, on the lines below
	plain        bool // it ends with a text that may go on below
	bare         bool // it is no field and no element, but a text by itself
}

// findFault returns the first fault of a text, or nil where none of those known is found.
func findFault(text []byte) *fault {
	f := &faultFinder{lines: bytes.Split(text, []byte("\n"))}
	for i, l := range f.lines {
		f.lines[i] = bytes.TrimSuffix(l, []byte("\r"))
	}
	f.last = lastLine{line: -1, open: true}
	for f.at = 0; f.at < len(f.lines); f.at++ {
		if found := f.read(); found != nil {
			return found
		}
	}
	return nil
}

func (f *faultFinder) fault(line, at int, message, hint string) *fault {
	return &fault{line: line + 1, col: at + 1, message: message, hint: hint}
}

// insert proposes a text at a place.
func (x *fault) insert(title string, line, at int, text string) *fault {
	x.title, x.edits = title, append(x.edits, diag.Edit{Line: line + 1, Col: at + 1, EndLine: line + 1, EndCol: at + 1, Text: text})
	return x
}

// instead proposes a text instead of a part of a line.
func (x *fault) instead(title string, line, from, to int, text string) *fault {
	x.title, x.edits = title, append(x.edits, diag.Edit{Line: line + 1, Col: from + 1, EndLine: line + 1, EndCol: to + 1, Text: text})
	return x
}

// quote proposes to quote a part of a line.
func (x *fault) quote(line, from int, text string) *fault {
	text = strings.TrimRight(text, " \t")
	if x.hint == "" {
		x.hint = "quote the text: " + singleQuoted(text)
	}
	return x.instead("quote the text", line, from, from+len(text), singleQuoted(text))
}

func singleQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

var (
	mergeMarker = regexp.MustCompile(`^(<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|)( |$)|^=======$`)
	fieldStart  = regexp.MustCompile(`^\s*(- +)?("[^"]*"|'[^']*'|[\pL0-9_$][^\s:#{}\[\],"']*)\s*:(\s|$)`)
	stuckColon  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*:[^\s:/]`)
)

// read reads one line, and those that belong to a value that begins on it.
func (f *faultFinder) read() *fault {
	line := f.lines[f.at]
	trimmed := strings.TrimSpace(string(line))
	indent := len(line) - len(bytes.TrimLeft(line, " "))
	switch {
	case trimmed == "" || (trimmed[0] == '#' && line[indent] == '#'):
		return nil
	case mergeMarker.Match(line):
		return f.fault(f.at, 0, "a mark of a merge that was not finished", "decide between the two versions, and remove the lines <<<<<<<, ======= and >>>>>>>")
	case isMarker(line), trimmed == "..." && indent == 0:
		f.levels, f.last = nil, lastLine{line: -1, open: true}
		return nil
	case line[indent] == '\t':
		return f.tabs(indent)
	case trimmed == "--" || trimmed == "----":
		return f.fault(f.at, indent, fmt.Sprintf("%s does not separate documents", trimmed), "write --- at the start of the line").instead("write ---", f.at, 0, len(line), "---")
	case trimmed == "---" && f.last.line >= 0:
		return f.fault(f.at, indent, "a line that separates documents starts at the first column", "remove the spaces before ---").instead("remove the spaces before ---", f.at, 0, indent, "")
	case bytes.HasPrefix(line[indent:], []byte("\u00a0")):
		return f.spaces(indent)
	case bytes.HasPrefix(line, []byte("%")) && f.last.line < 0:
		return nil // a directive
	}
	return f.content(indent)
}

// tabs reports indentation by tabs, and proposes spaces for all of it.
func (f *faultFinder) tabs(indent int) *fault {
	x := f.fault(f.at, indent, "a tab in the indentation, which YAML does not take", "indent with spaces, two for each level")
	for i, line := range f.lines[f.at:] {
		rest := bytes.TrimLeft(line, " \t")
		if lead := line[:len(line)-len(rest)]; len(rest) > 0 && bytes.ContainsRune(lead, '\t') {
			x.instead("indent with spaces", f.at+i, 0, len(lead), strings.ReplaceAll(string(lead), "\t", "  "))
		}
	}
	return x
}

// spaces reports indentation by spaces that are none to YAML.
func (f *faultFinder) spaces(indent int) *fault {
	line := f.lines[f.at]
	end := len(line) - len(bytes.TrimLeft(line, " \u00a0"))
	text := strings.ReplaceAll(string(line[:end]), "\u00a0", " ")
	return f.fault(f.at, indent, "a space that does not break (U+00A0) in the indentation", "replace it by plain spaces").instead("write plain spaces", f.at, 0, end, text)
}

// content reads what a line says at its indentation.
func (f *faultFinder) content(indent int) *fault {
	line := f.lines[f.at]
	at := indent
	if found := f.enter(indent); found != nil {
		return found
	}
	for at < len(line) && line[at] == '-' && (at+1 == len(line) || line[at+1] == ' ') {
		f.level(at, true)
		f.last = lastLine{line: f.at, indent: at, open: true}
		for at++; at < len(line) && line[at] == ' '; at++ {
		}
	}
	if at >= len(line) || line[at] == '#' {
		return nil
	}
	end, ok := f.name(at)
	if ok {
		f.level(at, false)
		f.last = lastLine{line: f.at, indent: at, key: true, open: true}
		return f.value(end)
	}
	if at == indent && !f.last.open {
		return f.noField(indent)
	}
	if bare := at == indent; bare {
		f.last.indent, f.last.bare = indent, true
	}
	return f.value(at)
}

// level notes that fields or elements begin at a column.
func (f *faultFinder) level(indent int, list bool) {
	for n := len(f.levels); n > 0 && f.levels[n-1].indent > indent; n-- {
		f.levels = f.levels[:n-1]
	}
	if n := len(f.levels); n > 0 && f.levels[n-1].indent == indent {
		if f.levels[n-1].list && !list {
			f.levels[n-1].list = false
		}
		return
	}
	f.levels = append(f.levels, blockLevel{indent, list})
}

// enter judges the indentation of a line.
func (f *faultFinder) enter(indent int) *fault {
	line := f.lines[f.at]
	isField := fieldStart.Match(line)
	if f.last.bare && isField && indent == f.last.indent {
		return f.noColon(f.last.line, indent)
	}
	n := len(f.levels)
	if n == 0 {
		return nil
	}
	isElement := line[indent] == '-' && (indent+1 == len(line) || line[indent+1] == ' ')
	top := f.levels[n-1].indent
	switch {
	case indent > top && f.last.open, indent > top && f.last.bare && !isField, indent == top && !f.last.bare:
		return nil
	case indent > top && f.last.plain && !isField && !isElement:
		return nil // the text above goes on
	case indent > top && (isField || isElement):
		return f.deeper(indent, top)
	}
	for _, l := range f.levels {
		if l.indent == indent {
			return nil
		}
	}
	if indent > top {
		return nil
	}
	return f.between(indent)
}

// deeper reports a line that is indented below one whose value is there already.
func (f *faultFinder) deeper(indent, top int) *fault {
	x := f.fault(f.at, indent, fmt.Sprintf("this line is indented deeper than line %d, which has its value already", f.last.line+1),
		fmt.Sprintf("indent it with %s, as the fields beside it", spaceCount(top)))
	return x.instead("indent as the fields beside it", f.at, 0, indent, strings.Repeat(" ", top))
}

// between reports a line that begins where nothing above does.
func (f *faultFinder) between(indent int) *fault {
	near, words := -1, []string{}
	for _, l := range f.levels {
		words = append(words, fmt.Sprint(l.indent))
		if near < 0 || abs(l.indent-indent) < abs(near-indent) || (abs(l.indent-indent) == abs(near-indent) && l.indent > near) {
			near = l.indent
		}
	}
	x := f.fault(f.at, indent, fmt.Sprintf("this line is indented with %s, and no line above it is", spaceCount(indent)),
		fmt.Sprintf("indent it with as many spaces as what it belongs to: %s", orList(words)))
	return x.instead("indent as the nearest lines above", f.at, 0, indent, strings.Repeat(" ", near))
}

func spaceCount(n int) string {
	switch n {
	case 0:
		return "no space"
	case 1:
		return "1 space"
	}
	return fmt.Sprintf("%d spaces", n)
}

func abs(n int) int { return max(n, -n) }

// name returns where the value of a field begins whose name begins at a column. false: no field begins there.
func (f *faultFinder) name(at int) (int, bool) {
	line := f.lines[f.at]
	rest := string(line[at:])
	switch rest[0] {
	case '"', '\'':
		n := strings.IndexByte(rest[1:], rest[0])
		if n < 0 {
			return 0, false
		}
		after := strings.TrimLeft(rest[n+2:], " ")
		if !strings.HasPrefix(after, ":") || (len(after) > 1 && after[1] != ' ') {
			return 0, false
		}
		return len(line) - len(after) + 1, true
	case '{', '[', '#', '|', '>', '@', '`', '%', '!', '&', '*':
		return 0, false
	}
	text, _, _ := strings.Cut(rest, " #")
	n := strings.Index(text, ": ")
	if n < 0 && strings.HasSuffix(text, ":") {
		n = len(text) - 1
	}
	if n < 0 {
		return 0, false
	}
	return at + n + 1, true
}

// noField reports a line that is neither a field nor an element nor part of a text, or nothing where it may be.
func (f *faultFinder) noField(indent int) *fault {
	line := f.lines[f.at]
	n := len(f.levels)
	if n > 0 && indent > f.levels[n-1].indent && f.last.plain {
		return nil // the text above goes on
	}
	text := string(line[indent:])
	if n > 0 && f.levels[n-1].list && f.levels[n-1].indent == indent && text[0] != '-' {
		return f.fault(f.at, indent, "an element of a list without its -", "write - before it").insert("write - before it", f.at, indent, "- ")
	}
	return f.noColon(f.at, indent)
}

// noColon reports a line that should be a field and is none.
func (f *faultFinder) noColon(at, indent int) *fault {
	text := string(f.lines[at][indent:])
	if stuckColon.MatchString(text) {
		n := strings.IndexByte(text, ':')
		return f.fault(at, indent+n, "there is no space after this colon", "write a space after the colon: "+text[:n]+": "+text[n+1:]).insert("write a space after the colon", at, indent+n+1, " ")
	}
	if name, rest, ok := strings.Cut(text, "="); ok && !strings.ContainsAny(strings.TrimSpace(name), " ") {
		return f.fault(at, indent, "a field is written name: value", fmt.Sprintf("write %s: %s", strings.TrimSpace(name), strings.TrimSpace(rest)))
	}
	if text[0] == '-' && len(text) > 1 && text[1] != '-' {
		return f.fault(at, indent, "there is no space after this -", "write a space after the -").insert("write a space after the -", at, indent+1, " ")
	}
	word, _, more := strings.Cut(text, " ")
	x := f.fault(at, indent, "a field without a colon", fmt.Sprintf("write %s: if that is a field; a text that goes on from above is indented deeper", word))
	if !more {
		return x.insert("write a colon", at, len(bytes.TrimRight(f.lines[at], " ")), ":")
	}
	return x.insert("write a colon", at, indent+len(word), ":")
}
