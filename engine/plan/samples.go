package plan

import (
	"fmt"
	"strings"
)

// Samples says what a change does to records that an agent keeps as samples: names and counts, never a value.
type Samples struct {
	Compared int `json:"compared"` // samples
	Changed  int `json:"changed"`  // come out differently
	// Fields are those that differ, where a sample is mapped both before and after, the most frequent first.
	Fields []SampleField `json:"fields,omitempty"`
	// Rejected are the reasons for which samples are newly rejected, the most frequent first.
	Rejected []SampleReason `json:"rejected,omitempty"`
	Accepted int            `json:"accepted,omitempty"` // no longer rejected
	LeftOut  int            `json:"leftOut,omitempty"`  // newly filtered or skipped
	LetIn    int            `json:"letIn,omitempty"`    // no longer filtered or skipped
	Parked   int            `json:"parked,omitempty"`   // newly parked, or no longer
	// Note says why nothing was compared.
	Note string `json:"note,omitempty"`
}

// SampleField is a field that differs.
type SampleField struct {
	Name    string `json:"name"`
	Changed int    `json:"changed"` // in how many samples
}

// SampleReason is why samples are newly rejected.
type SampleReason struct {
	Field string `json:"field,omitempty"` // of the mapping
	Rule  string `json:"rule"`
	Count int    `json:"count"`
}

// line says it in a sentence.
func (s Samples) line() line {
	switch {
	case s.Note != "":
		return line{text: "samples: " + s.Note}
	case s.Compared == 0:
		return line{text: "the agent keeps no samples of it yet"}
	case s.Changed == 0:
		return line{text: fmt.Sprintf("of %d samples, none comes out differently", s.Compared)}
	}
	var parts []string
	for _, f := range s.Fields {
		parts = append(parts, fmt.Sprintf("%d in %s", f.Changed, f.Name))
	}
	rejected := 0
	for _, r := range s.Rejected {
		rejected += r.Count
		what := "rule " + r.Rule
		if r.Field != "" {
			what = "field " + r.Field + ", " + what
		}
		parts = append(parts, fmt.Sprintf("%d newly rejected (%s)", r.Count, what))
	}
	for _, n := range []struct {
		n    int
		what string
	}{{s.Accepted, "no longer rejected"}, {s.LeftOut, "newly left out"}, {s.LetIn, "newly let in"}, {s.Parked, "parked or no longer"}} {
		if n.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n.n, n.what))
		}
	}
	const most = 12
	if n := len(parts) - most; n > 0 {
		parts = append(parts[:most], fmt.Sprintf("and %d more", n))
	}
	l := line{mark: reviewLine, text: fmt.Sprintf("of %d samples, %d come out differently: %s", s.Compared, s.Changed, strings.Join(parts, ", "))}
	if rejected > 0 {
		l.mark = dangerousLine
	}
	return l
}
