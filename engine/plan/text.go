package plan

import (
	"fmt"
	"io"
	"strings"
)

// A Style paints parts of the text for a terminal. The zero Style paints nothing.
type Style struct {
	Added, Removed, Changed, Bold func(string) string
}

func (s Style) paint(f func(string) string, text string) string {
	if f == nil {
		return text
	}
	return f(text)
}

var signs = map[Action]string{Create: "+", Update: "~", Delete: "-", Rename: "→"}

// WriteText writes the changes for people to read.
func (c Changes) WriteText(w io.Writer, s Style) error {
	var b strings.Builder
	if c.Empty() {
		b.WriteString("No changes.\n")
	}
	if len(c.Resources) > 0 {
		b.WriteString(s.paint(s.Bold, "Configuration") + "\n")
	}
	for _, r := range c.Resources {
		writeResource(&b, s, r)
	}
	if len(c.Touchpoints) > 0 {
		b.WriteString("\n" + s.paint(s.Bold, "Flows") + "\n")
	}
	for _, t := range c.Touchpoints {
		writeTouchpoint(&b, s, t)
	}
	for _, reason := range c.Blocked {
		b.WriteString("\n" + s.paint(s.Removed, "Blocked: ") + reason + "\n")
	}
	if !c.Empty() {
		fmt.Fprintf(&b, "\n%s\n", c.Summary())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary returns one line with the counts.
func (c Changes) Summary() string {
	n := map[Action]int{}
	for _, r := range c.Resources {
		n[r.Action]++
	}
	line := fmt.Sprintf("Plan: %d to create, %d to update, %d to rename, %d to delete", n[Create], n[Update], n[Rename], n[Delete])
	state := map[StateEffect]int{}
	for _, t := range c.Touchpoints {
		state[t.State]++
	}
	return line + fmt.Sprintf("; state of flows: %d new, %d kept, %d renamed, %d reset, %d pruned.",
		state[StateNew], state[StateKept], state[StateRenamed], state[StateReset], state[StatePruned])
}

func writeResource(b *strings.Builder, s Style, r ResourceChange) {
	name := r.Kind + " " + r.Name
	if r.RenamedFrom != "" {
		name = r.Kind + " " + r.RenamedFrom + " → " + r.Name
	}
	fmt.Fprintf(b, "  %s %s\n", paintAction(s, r.Action, signs[r.Action]), name)
	for _, f := range r.Fields {
		fmt.Fprintf(b, "      %s: %s → %s\n", f.Path, s.paint(s.Removed, short(f.Before)), s.paint(s.Added, short(f.After)))
	}
}

func writeTouchpoint(b *strings.Builder, s Style, t TouchpointChange) {
	fmt.Fprintf(b, "  %s %s  state %s, %s\n", paintAction(s, t.Action, signs[t.Action]), t.Name, t.State, t.Risk)
	for _, c := range t.Causes {
		if c != ref("Touchpoint", t.Name) {
			fmt.Fprintf(b, "      through %s\n", c)
		}
	}
	for _, n := range t.Notes {
		fmt.Fprintf(b, "      %s\n", n)
	}
}

func paintAction(s Style, a Action, text string) string {
	switch a {
	case Create:
		return s.paint(s.Added, text)
	case Delete:
		return s.paint(s.Removed, text)
	default:
		return s.paint(s.Changed, text)
	}
}

// short cuts a long value, so that a line stays one. Control characters cannot occur: the value is JSON.
func short(json []byte) string {
	const most = 120
	text := []rune(string(json))
	switch {
	case string(json) == "null":
		return "(none)"
	case len(text) > most:
		return string(text[:most]) + "…"
	default:
		return string(text)
	}
}
