package report

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/untrusted"
)

// A Text is how diagnostics are written for people.
type Text struct {
	Colour   bool           // paint with ANSI sequences
	Excerpts bool           // show the line of each diagnostic and mark the place in it
	Codes    []diag.CodeDoc // which lines are never shown is said here
}

// Write writes each diagnostic and a last line that counts them. Nothing is written for an empty list.
func (t Text) Write(w io.Writer, list diag.List, source *Source) error {
	var b strings.Builder
	hide := hiddenLines(list, t.Codes)
	for i, d := range list {
		if i > 0 && t.Excerpts {
			b.WriteByte('\n')
		}
		t.one(&b, d, source, hide)
	}
	if len(list) > 0 {
		b.WriteString(Count(list) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Count says how many errors and warnings there are, and how many of them can be mended by a program.
func Count(list diag.List) string {
	errs, warnings := list.Count()
	text := plural(errs, "error") + ", " + plural(warnings, "warning")
	if _, n := list.Fixes(false); n > 0 {
		text += fmt.Sprintf("; dray validate --fix mends %d", n)
	}
	return text
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// The colours: what to look at, what is wrong, what may be wrong, what helps.
const (
	bold   = "1"
	red    = "1;31"
	yellow = "1;33"
	cyan   = "36"
)

func (t Text) paint(colour, s string) string {
	if !t.Colour {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

func (t Text) one(b *strings.Builder, d diag.Diagnostic, source *Source, hide hidden) {
	if p := d.Pos.String(); p != "" {
		b.WriteString(t.paint(bold, untrusted.Terminal(p)) + ": ")
	}
	switch {
	case d.Severity == diag.Warning:
		b.WriteString(t.paint(yellow, "warning:") + " ")
	case t.Colour:
		b.WriteString(t.paint(red, "error:") + " ")
	}
	if d.Path != "" {
		b.WriteString(untrusted.Terminal(d.Path) + ": ")
	}
	fmt.Fprintf(b, "%s [%s]\n", untrusted.Terminal(d.Message+d.Where()), d.Code)
	if t.Excerpts && !hide.has(d.Pos) {
		t.excerpt(b, d, source)
	}
	if d.Hint != "" {
		hint := strings.Split(d.Hint, "\n")
		for i := range hint {
			hint[i] = untrusted.Terminal(hint[i])
		}
		b.WriteString("    " + t.paint(cyan, "hint:") + " " + strings.Join(hint, "\n          ") + "\n")
	}
	for _, p := range d.Related {
		b.WriteString("    " + t.paint(cyan, "see:") + " " + untrusted.Terminal(p.String()) + "\n")
	}
}

// mostExcerpt is how many bytes of a line are shown.
const mostExcerpt = 160

// excerpt shows the line with a mark under the place.
func (t Text) excerpt(b *strings.Builder, d diag.Diagnostic, source *Source) {
	line, ok := source.line(d.Pos.File, d.Pos.Line)
	if !ok || d.Pos.Col < 1 || d.Pos.Col-1 > len(line) {
		return
	}
	from, to := d.Pos.Col-1, end(line, d.Pos.Col)-1
	start := 0
	if from > mostExcerpt/2 && len(line) > mostExcerpt {
		start = from - mostExcerpt/2
	}
	stop := min(len(line), start+mostExcerpt)
	to = min(max(to, from+1), max(stop, from+1))
	shown := untrusted.Terminal(strings.ToValidUTF8(string(line[start:stop]), ""))
	before := untrusted.Terminal(strings.ToValidUTF8(string(line[start:from]), ""))
	marked := 1
	if to <= len(line) {
		marked = max(1, width(untrusted.Terminal(strings.ToValidUTF8(string(line[from:to]), ""))))
	}
	number := fmt.Sprintf("%5d | ", d.Pos.Line)
	fmt.Fprintf(b, "%s%s\n%s%s\n", number, shown, strings.Repeat(" ", len(number)-2)+"| "+strings.Repeat(" ", width(before)), t.paint(red, strings.Repeat("^", marked)))
}

// width is how many columns of a terminal a text takes, near enough to point at a place.
func width(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			n += 2
		default:
			n++
		}
	}
	return n
}
