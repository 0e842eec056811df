package cli

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/dray-sync/dray/engine/maptest"
)

// The form of test results that CI systems read.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes a report as JUnit's XML, one suite for each test.
func (a *app) writeJUnit(r maptest.Report) error {
	out := junitSuites{Name: "dray test", Tests: len(r.Results), Failures: r.Failed}
	for i := range r.Results {
		c := &r.Results[i]
		if n := len(out.Suites); n == 0 || out.Suites[n-1].Name != c.Test+suffix(" in ", c.Environment) {
			out.Suites = append(out.Suites, junitSuite{Name: c.Test + suffix(" in ", c.Environment)})
		}
		s := &out.Suites[len(out.Suites)-1]
		one := junitCase{Class: c.Mapping, Name: c.Name, File: c.Pos.File, Line: c.Pos.Line}
		if s.Tests++; !c.Passed {
			s.Failures++
			one.Failure = junitFailed(c)
		}
		s.Cases = append(s.Cases, one)
	}
	return a.xml(out)
}

func junitFailed(c *maptest.Result) *junitFailure {
	var lines []string
	if c.Failure != "" {
		lines = append(lines, fmt.Sprintf("%s: %s", c.Pos, c.Failure))
	}
	for _, d := range c.Differences {
		lines = append(lines, fmt.Sprintf("%s: %s", d.Pos, d))
	}
	f := &junitFailure{Message: c.Failure, Text: strings.Join(lines, "\n")}
	if f.Message == "" {
		f.Message = c.Differences[0].String()
	}
	return f
}

// xml writes v as an indented XML document.
func (a *app) xml(v any) error {
	a.printf("%s", xml.Header)
	enc := xml.NewEncoder(a.out)
	enc.Indent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	a.printf("\n")
	return nil
}
