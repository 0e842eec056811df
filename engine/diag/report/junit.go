package report

import (
	"encoding/xml"
	"io"
	"slices"

	"github.com/dray-sync/dray/engine/diag"
)

type junitSuites struct {
	XMLName  xml.Name   `xml:"testsuites"`
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Suite    junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name     string         `xml:"name,attr"`
	Class    string         `xml:"classname,attr"`
	File     string         `xml:"file,attr"`
	Failures []junitFailure `xml:"failure"`
	Out      string         `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes a test case for each of these files and for each other file that has a diagnostic. A file with errors has failed; what is
// a warning is in its output.
func JUnit(w io.Writer, list diag.List, files []string, source *Source) error {
	const name = "dray validate"
	for _, d := range list {
		files = append(files, d.Pos.File)
	}
	slices.Sort(files)
	files = slices.Compact(files)
	suite := junitSuite{Name: name, Tests: len(files)}
	for _, f := range files {
		c := junitCase{Name: source.path(f), Class: name, File: source.path(f)}
		if f == "" {
			c.Name = "repository"
		}
		for _, d := range list {
			switch {
			case d.Pos.File != f:
			case d.Severity == diag.Warning:
				c.Out += d.Error() + "\n"
			default:
				c.Failures = append(c.Failures, junitFailure{Message: d.Message, Type: d.Code, Text: d.Error()})
			}
		}
		if len(c.Failures) > 0 {
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(junitSuites{Name: name, Tests: suite.Tests, Failures: suite.Failures, Suite: suite}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
