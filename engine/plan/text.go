package plan

import (
	"io"
	"strings"

	"github.com/dray-sync/dray/engine/untrusted"
)

// A Style paints parts of the text for a terminal. The zero Style paints nothing.
type Style struct {
	Added, Removed, Changed, Bold func(string) string
}

func (s Style) paint(m mark, text string) string {
	f := map[mark]func(string) string{
		addedLine: s.Added, removedLine: s.Removed, changedLine: s.Changed, reviewLine: s.Changed, dangerousLine: s.Removed,
	}[m]
	return painted(f, text)
}

func painted(f func(string) string, text string) string {
	if f == nil {
		return text
	}
	return f(text)
}

// WriteText writes the changes for people to read.
func (c Changes) WriteText(w io.Writer, s Style) error {
	_, err := io.WriteString(w, c.text(s))
	return err
}

func (c Changes) text(s Style) string {
	if c.Empty() {
		return "No changes.\n"
	}
	var b strings.Builder
	b.WriteString(painted(s.Bold, "Configuration") + "\n")
	for _, r := range c.Resources {
		b.WriteString("  " + s.paint(r.mark(), signs[r.mark()]) + " " + untrusted.Terminal(r.title()) + "\n")
		writeLines(&b, s, r.lines())
	}
	if len(c.Touchpoints) > 0 {
		b.WriteString("\n" + painted(s.Bold, "Flows") + "\n")
	}
	for _, t := range c.Touchpoints {
		m := actionMark(t.Action)
		risk := line{mark: effectLines([]Effect{{t.Risk, ""}})[0].mark}
		b.WriteString("  " + s.paint(m, signs[m]) + " " + untrusted.Terminal(t.title()) + "  state " + string(t.State) + ", " + s.paint(risk.mark, string(t.Risk)) + "\n")
		writeLines(&b, s, t.lines())
	}
	for _, reason := range c.Blocked {
		b.WriteString("\n" + s.paint(removedLine, "Blocked: ") + untrusted.Terminal(reason) + "\n")
	}
	b.WriteString("\n" + c.Summary() + "\n")
	return b.String()
}

func writeLines(b *strings.Builder, s Style, lines []line) {
	for _, l := range lines {
		b.WriteString("      " + strings.Repeat("  ", l.indent) + s.paint(l.mark, signs[l.mark]) + " " + untrusted.Terminal(l.text))
		if l.mark == changedLine {
			b.WriteString(": " + s.paint(removedLine, untrusted.Terminal(l.before)) + " → " + s.paint(addedLine, untrusted.Terminal(l.after)))
		}
		b.WriteString("\n")
	}
}
