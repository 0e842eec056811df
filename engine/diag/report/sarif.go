package report

import (
	"io"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

const (
	sarifSchema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	sarifVersion = "2.1.0"
)

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool     `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string     `json:"id"`
	ShortDescription sarifText  `json:"shortDescription"`
	FullDescription  sarifText  `json:"fullDescription"`
	Help             sarifWords `json:"help"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifWords struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown"`
}

type sarifResult struct {
	RuleID              string            `json:"ruleId"`
	RuleIndex           *int              `json:"ruleIndex,omitempty"`
	Level               string            `json:"level"`
	Message             sarifText         `json:"message"`
	Locations           []sarifLocation   `json:"locations,omitempty"`
	RelatedLocations    []sarifLocation   `json:"relatedLocations,omitempty"`
	PartialFingerprints map[string]string `json:"partialFingerprints"`
	Fixes               []sarifFix        `json:"fixes,omitempty"`
}

type sarifLocation struct {
	PhysicalLocation sarifPlace `json:"physicalLocation"`
}

type sarifPlace struct {
	ArtifactLocation sarifArtifact `json:"artifactLocation"`
	Region           *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI       string `json:"uri"`
	URIBaseID string `json:"uriBaseId"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndLine     int `json:"endLine,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"`
}

type sarifFix struct {
	Description     sarifText     `json:"description"`
	ArtifactChanges []sarifChange `json:"artifactChanges"`
}

type sarifChange struct {
	ArtifactLocation sarifArtifact      `json:"artifactLocation"`
	Replacements     []sarifReplacement `json:"replacements"`
}

type sarifReplacement struct {
	DeletedRegion   sarifRegion `json:"deletedRegion"`
	InsertedContent sarifText   `json:"insertedContent"`
}

// SARIF writes the diagnostics as a log of SARIF 2.1.0, with a rule for every code in codes. version is the program's.
func SARIF(w io.Writer, list diag.List, codes []diag.CodeDoc, version string, source *Source) error {
	run := sarifRun{ColumnKind: "utf16CodeUnits", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "dray", Version: version, Rules: []sarifRule{}}
	index := map[string]int{}
	for i, c := range codes {
		index[c.Code] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID: c.Code, ShortDescription: sarifText{c.Doc}, FullDescription: sarifText{c.Doc},
			Help: sarifWords{Text: Explain(c), Markdown: Page(c)},
		})
	}
	prints := fingerprints(list)
	for i, d := range list {
		r := sarifResult{RuleID: d.Code, Level: string(d.Severity), Message: sarifText{sentence(d)}, PartialFingerprints: map[string]string{"dray/v1": prints[i]}}
		if at, ok := index[d.Code]; ok {
			r.RuleIndex = &at
		}
		if d.Pos.File != "" {
			r.Locations = []sarifLocation{sarifAt(d.Pos, source)}
		}
		for _, p := range d.Related {
			r.RelatedLocations = append(r.RelatedLocations, sarifAt(p, source))
		}
		if d.Fix != nil {
			r.Fixes = []sarifFix{sarifChanges(d.Fix, source)}
		}
		run.Results = append(run.Results, r)
	}
	return encode(w, sarifLog{sarifSchema, sarifVersion, []sarifRun{run}})
}

func sarifAt(p diag.Pos, source *Source) sarifLocation {
	place := sarifPlace{ArtifactLocation: sarifFile(p.File, source)}
	if p.Line > 0 {
		place.Region = &sarifRegion{StartLine: p.Line, StartColumn: source.characters(p.File, p.Line, p.Col)}
		if line, ok := source.line(p.File, p.Line); ok && p.Col > 0 {
			place.Region.EndColumn = source.characters(p.File, p.Line, end(line, p.Col))
		}
	}
	return sarifLocation{place}
}

func sarifFile(file string, source *Source) sarifArtifact {
	return sarifArtifact{URI: uri(source.path(file)), URIBaseID: "%SRCROOT%"}
}

// uri escapes what a relative reference cannot hold.
func uri(path string) string {
	return strings.NewReplacer("%", "%25", " ", "%20", "#", "%23", "?", "%3F", "[", "%5B", "]", "%5D").Replace(path)
}

func sarifChanges(f *diag.Fix, source *Source) sarifFix {
	out := sarifFix{Description: sarifText{f.Title}}
	at := map[string]int{}
	for _, e := range f.Edits {
		i, ok := at[e.File]
		if !ok {
			i = len(out.ArtifactChanges)
			at[e.File] = i
			out.ArtifactChanges = append(out.ArtifactChanges, sarifChange{ArtifactLocation: sarifFile(e.File, source)})
		}
		region := sarifRegion{
			StartLine: e.Line, StartColumn: source.characters(e.File, e.Line, e.Col),
			EndLine: e.EndLine, EndColumn: source.characters(e.File, e.EndLine, e.EndCol),
		}
		out.ArtifactChanges[i].Replacements = append(out.ArtifactChanges[i].Replacements, sarifReplacement{region, sarifText{e.Text}})
	}
	return out
}
