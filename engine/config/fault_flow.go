package config

import (
	"fmt"
	"strings"
)

// An opening is a bracket that waits for its end.
type opening struct {
	char     byte
	line, at int
}

// A flowReader reads an object in { } or a list in [ ]. Not safe for concurrent use.
type flowReader struct {
	*faultFinder
	open    []opening
	at      int  // the column
	value   bool // a value has just ended: a comma, a colon or an end must follow
	plain   bool // … and it is a plain text, which may go on on the next line
	inValue bool // behind the colon of a field
	comment int  // the line, from 1, on which a comment took the rest; 0: none
}

// flow passes over an object or list in brackets and returns the column behind it.
func (f *faultFinder) flow(at int) (int, *fault) {
	if found := f.template(at); found != nil {
		return 0, found
	}
	r := &flowReader{faultFinder: f, at: at}
	for {
		line := f.lines[f.at]
		for r.at < len(line) {
			if found := r.next(line); found != nil {
				return 0, found
			}
			if len(r.open) == 0 {
				return r.at, nil
			}
			line = f.lines[f.at]
		}
		if f.at+1 == len(f.lines) || r.leaves(f.lines[f.at+1]) {
			return 0, r.unclosed()
		}
		f.at, r.at = f.at+1, 0
	}
}

// template reports the {{ of a text template.
func (f *faultFinder) template(at int) *fault {
	if strings.HasPrefix(string(f.lines[f.at][at:]), "{{") {
		return f.fault(f.at, at, "there are no text templates: {{ }} is not filled in", "vary a value by environment with a patch (spec.environments of the repository), or build the resource in CUE")
	}
	return nil
}

// leaves reports whether a line is one of those outside of the brackets, which are then not closed.
func (r *flowReader) leaves(line []byte) bool {
	first := r.faultFinder.lines[r.open[0].line]
	indent := len(first) - len(strings.TrimLeft(string(first), " "))
	lead := len(line) - len(strings.TrimLeft(string(line), " "))
	return isMarker(line) || (lead <= indent && fieldStart.Match(line) && strings.TrimSpace(string(first[:r.open[0].at])) != "")
}

// unclosed reports the innermost bracket that has no end.
func (r *flowReader) unclosed() *fault {
	o := r.open[len(r.open)-1]
	x := r.fault(o.line, o.at, fmt.Sprintf("the %c that opens here is not closed", o.char), fmt.Sprintf("write %s where it ends", closing(o.char)))
	if r.comment > 0 {
		x.hint = fmt.Sprintf("the # on line %d begins a comment, which takes the rest of the line: quote the text that holds it", r.comment)
		return x
	}
	if end := len(strings.TrimRight(string(r.lines[o.line]), " \t")); r.faultFinder.at == o.line {
		var closers strings.Builder
		for i := len(r.open) - 1; i >= 0; i-- {
			closers.WriteString(closing(r.open[i].char))
		}
		x.insert("write "+closers.String()+" at the end", o.line, end, closers.String())
	}
	return x
}

// next reads one mark or text.
func (r *flowReader) next(line []byte) *fault {
	switch c := line[r.at]; c {
	case ' ', '\t':
		r.at++
	case '#':
		if r.at > 0 && line[r.at-1] != ' ' && line[r.at-1] != '\t' {
			return r.fault(r.line(), r.at, "a text that starts with # must be quoted", "").quote(r.line(), r.at, r.extent(r.at))
		}
		r.comment, r.at = r.line()+1, len(line)
	case ',':
		r.at, r.value, r.inValue = r.at+1, false, false
	case ':':
		return r.colon()
	case '{', '[':
		return r.opens(c)
	case '}', ']':
		return r.closes(c)
	case '"', '\'':
		return r.text()
	default:
		return r.plainText(line)
	}
	return nil
}

func (r *flowReader) line() int { return r.faultFinder.at }

func (r *flowReader) colon() *fault {
	if r.value && r.inValue {
		return r.fault(r.line(), r.at, "a second colon in one value", "quote the text that holds the colon, or write a comma before the next field")
	}
	r.at, r.value, r.inValue = r.at+1, false, true
	return nil
}

func (r *flowReader) opens(c byte) *fault {
	if r.value {
		return r.noComma()
	}
	if found := r.template(r.at); found != nil && len(r.open) > 0 {
		return found
	}
	r.open = append(r.open, opening{c, r.line(), r.at})
	r.at, r.inValue = r.at+1, false
	return nil
}

func (r *flowReader) closes(c byte) *fault {
	o := r.open[len(r.open)-1]
	if closing(o.char) != string(c) {
		x := r.fault(r.line(), r.at, fmt.Sprintf("this %c comes where a %s is due: the %c on line %d, column %d, is not closed", c, closing(o.char), o.char, o.line+1, o.at+1), fmt.Sprintf("write %s before it", closing(o.char)))
		return x.insert("write "+closing(o.char)+" before it", r.line(), r.at, closing(o.char))
	}
	r.open = r.open[:len(r.open)-1]
	r.at, r.value, r.plain = r.at+1, true, false
	r.inValue = len(r.open) > 0
	return nil
}

func (r *flowReader) noComma() *fault {
	line := r.line()
	before := strings.TrimRight(string(r.lines[line][:r.at]), " \t")
	for before == "" && line > 0 {
		line--
		before = strings.TrimRight(string(r.lines[line]), " \t")
	}
	x := r.fault(line, max(0, len(before)-1), "there is no comma behind this", "write a comma between fields or elements, or quote the text as a whole")
	return x.insert("write a comma", line, len(before), ",")
}

func (r *flowReader) text() *fault {
	if r.value {
		return r.noComma()
	}
	end, found := r.quoted(r.at)
	if found != nil {
		return found
	}
	r.at, r.value, r.plain = end, true, false
	return nil
}

// plainText passes over a text without quotes.
func (r *flowReader) plainText(line []byte) *fault {
	if r.value && (!r.plain || strings.TrimSpace(string(line[:r.at])) != "") {
		return r.noComma()
	}
	from := r.at
	if line[from] == '!' {
		return r.tag(line)
	}
	whole := r.extent(from)
	if line[from] != '#' {
		if found := r.start(r.line(), from, whole); found != nil {
			return found
		}
	}
	for ; r.at < len(line); r.at++ {
		c := line[r.at]
		next := byte(' ')
		if r.at+1 < len(line) {
			next = line[r.at+1]
		}
		switch {
		case c == '[' || c == '{', c == '?' && next == ' ':
			return r.fault(r.line(), r.at, fmt.Sprintf("inside { } and [ ] a text with %c must be quoted", c), "").quote(r.line(), from, whole)
		case c == ',' || c == ']' || c == '}', c == ':' && strings.IndexByte(" ,]}[{\t", next) >= 0, c == '#' && r.at > from && line[r.at-1] == ' ':
			r.value, r.plain = true, true
			return nil
		}
	}
	r.value, r.plain = true, true
	return nil
}

// tag passes over a tag, which is refused elsewhere, unless it was meant as a text.
func (r *flowReader) tag(line []byte) *fault {
	from := r.at
	for r.at < len(line) && line[r.at] != ' ' {
		if strings.IndexByte(",{}[]", line[r.at]) >= 0 {
			return r.fault(r.line(), from, "a text cannot start with !, which is a tag to YAML", "").quote(r.line(), from, r.extent(from))
		}
		r.at++
	}
	return nil
}

// extent returns the text that was perhaps meant, from a column to the next comma or end that no bracket within it takes.
func (r *flowReader) extent(from int) string {
	line := string(r.lines[r.line()])
	depth := 0
	for i := from; i < len(line); i++ {
		switch line[i] {
		case '[', '(', '{':
			depth++
		case ']', ')', '}':
			if depth--; depth < 0 {
				return line[from:i]
			}
		case ',':
			if depth == 0 {
				return line[from:i]
			}
		}
	}
	return line[from:]
}
