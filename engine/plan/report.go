package plan

import (
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/untrusted"
)

// ReportVersion is the version of the form of a [Report] in JSON. It grows when a field goes or changes its meaning, not when one is added.
const ReportVersion = 1

// A Report is the plan of a repository for all of its environments.
type Report struct {
	Version int      `json:"version"`
	From    Revision `json:"from"`
	To      Revision `json:"to"`
	// Environments are the changes, by the name of the environment. One that is new begins with nothing.
	Environments []Changes `json:"environments"`
	// Gone are environments that are no longer there: agents that serve them refuse the revision and go on with what they have.
	Gone []string `json:"gone,omitempty"`
	// Findings are warnings of validation and of policies that the revision to go to has and the other has not.
	Findings []diag.Diagnostic `json:"findings,omitempty"`
}

// A Revision says what was compared.
type Revision struct {
	// Name is what it was called: a branch, a tag, a commit. Empty: nothing at all, or the files in a folder.
	Name string `json:"name,omitempty"`
	// Commit is the git commit. Empty: nothing at all, or the files in a folder.
	Commit string `json:"commit,omitempty"`
	// Files reports that it is the files in a folder as they lie there.
	Files bool `json:"files,omitempty"`
}

// String names the revision for people.
func (r Revision) String() string {
	const most = 8
	switch {
	case r.Files:
		return "the files"
	case r.Commit == "":
		return "nothing"
	case r.Name == "" || strings.HasPrefix(r.Commit, r.Name):
		return r.Commit[:min(most, len(r.Commit))]
	default:
		return r.Name + " (" + r.Commit[:min(most, len(r.Commit))] + ")"
	}
}

// Empty reports whether nothing changes in any environment.
func (r Report) Empty() bool {
	return len(r.Gone) == 0 && !slices.ContainsFunc(r.Environments, func(c Changes) bool { return !c.Empty() })
}

// Blocked reports whether the changes may not be applied in some environment.
func (r Report) Blocked() bool {
	return slices.ContainsFunc(r.Environments, func(c Changes) bool { return len(c.Blocked) > 0 })
}

// Risk is the greatest of all environments; empty when nothing changes.
func (r Report) Risk() Risk {
	var risk Risk
	for _, c := range r.Environments {
		risk = risk.atLeast(c.Risk)
	}
	if len(r.Gone) > 0 {
		risk = risk.atLeast(Dangerous)
	}
	return risk
}

// A group is environments in which the same changes.
type group struct {
	names   []string
	changes Changes
}

// groups puts environments together in which the same changes, so that it is read once.
func (r Report) groups() (out []group) {
	for _, c := range r.Environments {
		alike := slices.IndexFunc(out, func(g group) bool {
			a, b := g.changes, c
			a.Environment, a.From, a.To, b.Environment, b.From, b.To = "", "", "", "", "", ""
			return reflect.DeepEqual(a, b)
		})
		if alike < 0 {
			out = append(out, group{nil, c})
			alike = len(out) - 1
		}
		out[alike].names = append(out[alike].names, c.Environment)
	}
	return out
}

// title names the environments of a group.
func (g group) title() string { return strings.Join(g.names, ", ") }

const goneText = "this environment is no longer there: agents that serve it refuse the revision and go on with what they have"

// WriteText writes the report for people to read on a terminal.
func (r Report) WriteText(w io.Writer, s Style) error {
	var b strings.Builder
	groups := r.groups()
	for i, g := range groups {
		if title := g.title(); title != "" && (len(r.Environments) > 1 || len(r.Gone) > 0) {
			if i > 0 {
				b.WriteString("\n")
			}
			b.WriteString(painted(s.Bold, "# "+untrusted.Terminal(title)) + "\n\n")
		}
		b.WriteString(g.changes.text(s))
	}
	for _, name := range r.Gone {
		b.WriteString("\n" + painted(s.Bold, "# "+untrusted.Terminal(name)) + "\n\n" + s.paint(dangerousLine, goneText) + "\n")
	}
	if len(r.Findings) > 0 {
		b.WriteString("\n" + painted(s.Bold, findingsTitle) + "\n\n")
	}
	for _, f := range r.Findings {
		for line := range strings.Lines(f.Error()) {
			b.WriteString("  " + untrusted.Terminal(strings.TrimSuffix(line, "\n")) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

const findingsTitle = "What is warned of since this change"

// NewFindings returns those of after that before has not: lines may have moved, and what was said there already is not new.
func NewFindings(before, after diag.List) []diag.Diagnostic {
	type key struct{ code, file, path, message string }
	known := map[key]int{}
	for _, d := range before {
		known[key{d.Code, d.Pos.File, d.Path, d.Message}]++
	}
	var found []diag.Diagnostic
	for _, d := range after {
		k := key{d.Code, d.Pos.File, d.Path, d.Message}
		if known[k]--; known[k] < 0 {
			found = append(found, d)
		}
	}
	return found
}
