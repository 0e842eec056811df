package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

// GitHub writes workflow commands, which GitHub Actions shows as annotations of the lines.
func GitHub(w io.Writer, list diag.List, source *Source) error {
	var b strings.Builder
	for _, d := range list {
		fmt.Fprintf(&b, "::%s ", d.Severity)
		if d.Pos.File != "" {
			b.WriteString("file=" + githubProperty(source.path(d.Pos.File)) + ",")
		}
		if d.Pos.Line > 0 {
			fmt.Fprintf(&b, "line=%d,", d.Pos.Line)
		}
		if d.Pos.Col > 0 {
			fmt.Fprintf(&b, "col=%d,", source.characters(d.Pos.File, d.Pos.Line, d.Pos.Col))
		}
		fmt.Fprintf(&b, "title=%s::%s\n", githubProperty(d.Code), githubMessage.Replace(sentence(d)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var githubMessage = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")

func githubProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(githubMessage.Replace(s))
}

// sentence is all that a diagnostic says, without its place.
func sentence(d diag.Diagnostic) string {
	text := d.Message + d.Where()
	if d.Path != "" {
		text = d.Path + ": " + text
	}
	if d.Hint != "" {
		text += " (" + d.Hint + ")"
	}
	return text
}

// A gitlabIssue is one issue of GitLab's code quality report.
type gitlabIssue struct {
	Description string         `json:"description"`
	CheckName   string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"`
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"`
}

// GitLab writes a code quality report. An issue keeps its fingerprint when lines above it come and go.
func GitLab(w io.Writer, list diag.List, source *Source) error {
	issues := make([]gitlabIssue, 0, len(list))
	prints := fingerprints(list)
	for i, d := range list {
		severity := "major"
		if d.Severity == diag.Warning {
			severity = "minor"
		}
		issues = append(issues, gitlabIssue{
			Description: sentence(d), CheckName: d.Code, Fingerprint: prints[i], Severity: severity,
			Location: gitlabLocation{Path: source.path(d.Pos.File), Lines: gitlabLines{Begin: max(1, d.Pos.Line)}},
		})
	}
	return encode(w, issues)
}

// fingerprints returns for each diagnostic what tells it from all others, whatever its line.
func fingerprints(list diag.List) []string {
	seen := map[string]int{}
	out := make([]string, len(list))
	for i, d := range list {
		id := strings.Join([]string{d.Code, d.Pos.File, d.Path, d.Message}, "\x00")
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", id, seen[id]))
		seen[id]++
		out[i] = hex.EncodeToString(sum[:16])
	}
	return out
}
