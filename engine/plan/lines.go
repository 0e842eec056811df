package plan

import (
	"fmt"
	"strings"
)

// A mark says what a line of a plan is about.
type mark int

const (
	plainLine mark = iota
	addedLine
	removedLine
	changedLine
	safeLine
	reviewLine
	dangerousLine
)

var signs = map[mark]string{plainLine: " ", addedLine: "+", removedLine: "-", changedLine: "~", safeLine: " ", reviewLine: "?", dangerousLine: "!"}

// A line is one line of a plan, before it is painted, escaped or put into Markdown.
type line struct {
	mark   mark
	indent int
	text   string
	// before and after follow the text of a changed line.
	before, after string
}

func (r ResourceChange) mark() mark { return actionMark(r.Action) }

func actionMark(a Action) mark {
	switch a {
	case Create:
		return addedLine
	case Delete:
		return removedLine
	default:
		return changedLine
	}
}

// title names a resource.
func (r ResourceChange) title() string {
	if r.RenamedFrom != "" {
		return r.Kind + " " + r.RenamedFrom + " → " + r.Name
	}
	return r.Kind + " " + r.Name
}

// lines writes down what is below the title of a resource.
func (r ResourceChange) lines() []line {
	out := fieldLines(r.Fields)
	if r.More > 0 {
		out = append(out, line{text: fmt.Sprintf("… and %d more", r.More)})
	}
	out = append(out, effectLines(r.Effects)...)
	if r.By != "" {
		out = append(out, line{text: r.By})
	}
	return out
}

// fieldLines writes down changed values, those of one field of a mapping or one row of a lookup together.
func fieldLines(fields []FieldChange) (out []line) {
	of := ""
	for _, f := range fields {
		b, a := pairWords(f.Before, f.After)
		l := line{mark: changedLine, text: f.Name, before: b, after: a}
		switch {
		case b == none:
			l.mark, l.text, l.before, l.after = addedLine, nameAnd(f.Name, a), "", ""
		case a == none:
			l.mark, l.text, l.before, l.after = removedLine, nameAnd(f.Name, b), "", ""
		}
		switch {
		case f.Of == "":
		case f.Name == "":
			l.text = nameAnd(f.Of, l.text)
		case f.Of != of:
			out = append(out, line{text: f.Of})
			fallthrough
		default:
			l.indent = 1
		}
		of = f.Of
		if l.mark == changedLine {
			l.text = strings.TrimSuffix(l.text, ": ")
		}
		out = append(out, l)
	}
	return out
}

func nameAnd(name, value string) string {
	if name == "" {
		return value
	}
	return name + ": " + value
}

func effectLines(effects []Effect) []line {
	out := make([]line, len(effects))
	for i, e := range effects {
		out[i] = line{mark: map[Risk]mark{Safe: safeLine, Review: reviewLine, Dangerous: dangerousLine}[e.Risk], text: e.Text}
	}
	return out
}

// title names a flow.
func (c TouchpointChange) title() string {
	if c.RenamedFrom != "" {
		return c.RenamedFrom + " → " + c.Name
	}
	return c.Name
}

// lines writes down what is below the title of a flow.
func (c TouchpointChange) lines() []line {
	var through []string
	for _, cause := range c.Causes {
		if cause != ref("Touchpoint", c.Name) {
			through = append(through, cause)
		}
	}
	out := effectLines(c.Effects)
	if c.Existing != nil {
		out = append(out, c.existingLine())
	}
	if c.Samples != nil {
		out = append(out, c.Samples.line())
	}
	if len(c.Mapping) > 0 {
		out = append(append(out, line{text: "with the other mapping:"}), fieldLines(c.Mapping)...)
	}
	if len(through) > 0 && c.Action != Create {
		out = append(out, line{text: "through " + list(through)})
	}
	return out
}

// existingLine says what becomes of what an agent holds.
func (c TouchpointChange) existingLine() line {
	e := *c.Existing
	var parts []string
	if e.Checkpoint {
		parts = append(parts, "a checkpoint of "+e.CheckpointAt.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	for _, n := range []struct {
		n        int64
		one, all string
	}{
		{e.Records, "1 delivered record in its ledger", "%d delivered records in its ledger"},
		{e.DeadLetters, "1 dead letter", "%d dead letters"},
		{int64(e.Runs), "a run under way", "%d runs under way"},
	} {
		if n.n == 1 {
			parts = append(parts, n.one)
		} else if n.n > 1 {
			parts = append(parts, fmt.Sprintf(n.all, n.n))
		}
	}
	if len(parts) == 0 {
		return line{text: "the agent holds nothing of it"}
	}
	l := line{text: "the agent holds " + list(parts)}
	switch c.State {
	case StatePruned:
		l = line{mark: dangerousLine, text: l.text + ": all of it is destroyed"}
	case StateReset:
		l = line{mark: dangerousLine, text: l.text + ": the checkpoint is dropped"}
	case StateNew:
		l.text += ", from before it was in the repository"
	}
	if e.Suspended {
		l.text += "; it is suspended"
	}
	return l
}

// Summary returns one line with the counts.
func (c Changes) Summary() string {
	n := map[Action]int{}
	for _, r := range c.Resources {
		n[r.Action]++
	}
	state := map[StateEffect]int{}
	for _, t := range c.Touchpoints {
		state[t.State]++
	}
	return fmt.Sprintf("Plan: %d to create, %d to update, %d to rename, %d to delete", n[Create], n[Update], n[Rename], n[Delete]) +
		fmt.Sprintf("; state of flows: %d new, %d kept, %d renamed, %d reset, %d pruned.",
			state[StateNew], state[StateKept], state[StateRenamed], state[StateReset], state[StatePruned])
}
