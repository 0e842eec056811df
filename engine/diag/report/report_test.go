package report

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/diag"
)

var codes = []diag.CodeDoc{
	{Code: "x/name", Doc: "There is no such name.", Hint: "check the spelling", Wrong: "\na: b\n", Right: "\na: c\n"},
	{Code: "x/secret", Doc: "A secret.", Hint: "move it", Hidden: true},
}

func example() (diag.List, *Source) {
	files := fstest.MapFS{
		"a.yaml":  {Data: []byte("kind: Schedule\r\nnäme: \"ünter, x\" # 100%\r\n")},
		"s.yaml":  {Data: []byte("token: canary-52f1\n")},
		"ok.yaml": {Data: []byte("kind: Schedule\n")},
		"_.md":    {Data: []byte("no configuration\n")},
	}
	list := diag.List{
		{
			Code: "x/name", Severity: diag.Error, Pos: diag.Pos{File: "a.yaml", Line: 2, Col: 8}, Path: "näme", Message: "there is no \"ünter\x1b[0m\", 100%", Hint: "did you mean unter?",
			Related: []diag.Pos{{File: "ok.yaml", Line: 1, Col: 1}},
			Fix:     &diag.Fix{Title: "write unter", Safe: true, Edits: []diag.Edit{{File: "a.yaml", Line: 2, Col: 9, EndLine: 2, EndCol: 15, Text: "unter"}}},
		},
		{Code: "x/name", Severity: diag.Warning, Pos: diag.Pos{File: "a.yaml"}, Message: "the whole file"},
		{Code: "x/secret", Severity: diag.Error, Pos: diag.Pos{File: "s.yaml", Line: 1, Col: 8}, Message: "a secret", Hint: "move it"},
		{Code: "x/other", Severity: diag.Error, Message: "no place"},
	}
	return list, &Source{Files: files, Base: "conf"}
}

func TestText(t *testing.T) {
	list, source := example()
	var b strings.Builder
	if err := (Text{Excerpts: true, Codes: codes}).Write(&b, list, source); err != nil {
		t.Fatal(err)
	}
	want := `a.yaml:2:8: näme: there is no "ünter\u001b[0m", 100% [x/name]
    2 | näme: "ünter, x" # 100%
      |       ^^^^^^^^^^
    hint: did you mean unter?
    see: ok.yaml:1:1

a.yaml: warning: the whole file [x/name]

s.yaml:1:8: a secret [x/secret]
    hint: move it

no place [x/other]
3 errors, 1 warning; dray validate --fix mends 1
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestTextInColour(t *testing.T) {
	list, source := example()
	var b strings.Builder
	if err := (Text{Colour: true}).Write(&b, list, source); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "\x1b[1;31merror:\x1b[0m") || strings.Count(got, "\x1b[0m")*2 != strings.Count(got, "\x1b[") {
		t.Errorf("colours that do not end:\n%q", got)
	}
}

func TestExcerptOfALongLine(t *testing.T) {
	line := strings.Repeat("a", 300) + " bad " + strings.Repeat("b", 300)
	source := &Source{Files: fstest.MapFS{"a": {Data: []byte(line)}}}
	for _, col := range []int{1, 301, 302, 605, 606, 607, 5000} {
		var b strings.Builder
		if err := (Text{Excerpts: true}).Write(&b, diag.List{{Code: "x/y", Severity: diag.Error, Pos: diag.Pos{File: "a", Line: 1, Col: col}}}, source); err != nil {
			t.Fatal(err)
		}
		for l := range strings.Lines(b.String()) {
			if len(l) > 2*mostExcerpt {
				t.Errorf("column %d: a line of %d bytes", col, len(l))
			}
		}
	}
}

func TestGitHub(t *testing.T) {
	list, source := example()
	var b strings.Builder
	if err := GitHub(&b, list, source); err != nil {
		t.Fatal(err)
	}
	want := "::error file=conf/a.yaml,line=2,col=7,title=x/name::näme: there is no \"ünter\x1b[0m\", 100%25 (did you mean unter?)\n" +
		"::warning file=conf/a.yaml,title=x/name::the whole file\n" +
		"::error file=conf/s.yaml,line=1,col=8,title=x/secret::a secret (move it)\n" +
		"::error title=x/other::no place\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := githubProperty("a:b,c%\n"); got != "a%3Ab%2Cc%25%0A" {
		t.Errorf("property %q", got)
	}
}

func TestGitLabFingerprints(t *testing.T) {
	list, source := example()
	list = append(list, list[1])
	report := func() (issues []gitlabIssue) {
		var b strings.Builder
		if err := GitLab(&b, list, source); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(b.String()), &issues); err != nil {
			t.Fatal(err)
		}
		return issues
	}
	before := report()
	seen := map[string]bool{}
	for _, i := range before {
		if i.Description == "" || i.CheckName == "" || i.Location.Lines.Begin < 1 || seen[i.Fingerprint] || (i.Severity != "major" && i.Severity != "minor") {
			t.Errorf("bad issue: %+v", i)
		}
		seen[i.Fingerprint] = true
	}
	list[0].Pos.Line += 10
	if after := report(); after[0].Fingerprint != before[0].Fingerprint {
		t.Error("the fingerprint depends on the line")
	}
}

// TestSARIFHasWhatItsSchemaDemands holds the properties that the schema of SARIF 2.1.0 requires or bounds.
func TestSARIFHasWhatItsSchemaDemands(t *testing.T) {
	list, source := example()
	var b strings.Builder
	if err := SARIF(&b, list, codes, "1.2.3", source); err != nil {
		t.Fatal(err)
	}
	var log map[string]any
	if err := json.Unmarshal([]byte(b.String()), &log); err != nil {
		t.Fatal(err)
	}
	need := func(v any, names ...string) map[string]any {
		t.Helper()
		o, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("%v is no object", v)
		}
		for _, n := range names {
			if o[n] == nil || o[n] == "" {
				t.Errorf("%q is missing in %v", n, o)
			}
		}
		return o
	}
	place := func(v any) {
		t.Helper()
		p := need(need(v, "physicalLocation")["physicalLocation"], "artifactLocation")
		need(p["artifactLocation"], "uri")
		if r, ok := p["region"].(map[string]any); ok {
			for name, n := range r {
				if n.(float64) < 1 {
					t.Errorf("%s is %v", name, n)
				}
			}
		}
	}
	need(log, "version", "runs", "$schema")
	if log["version"] != "2.1.0" {
		t.Errorf("version %v", log["version"])
	}
	run := need(log["runs"].([]any)[0], "tool", "results")
	driver := need(need(run["tool"], "driver")["driver"], "name", "rules")
	rules := driver["rules"].([]any)
	for _, r := range rules {
		rule := need(r, "id", "shortDescription", "help")
		need(rule["shortDescription"], "text")
		need(rule["help"], "text", "markdown")
	}
	for i, r := range run["results"].([]any) {
		result := need(r, "message", "ruleId", "level", "partialFingerprints")
		need(result["message"], "text")
		if at, ok := result["ruleIndex"]; ok && rules[int(at.(float64))].(map[string]any)["id"] != result["ruleId"] {
			t.Errorf("result %d: the rule at its index is another", i)
		}
		for _, name := range []string{"locations", "relatedLocations"} {
			all, _ := result[name].([]any)
			for _, l := range all {
				place(l)
			}
		}
		fixes, _ := result["fixes"].([]any)
		for _, f := range fixes {
			for _, c := range need(f, "artifactChanges")["artifactChanges"].([]any) {
				for _, r := range need(c, "artifactLocation", "replacements")["replacements"].([]any) {
					need(r, "deletedRegion")
				}
			}
		}
		if i == 0 && len(fixes) != 1 {
			t.Error("the fix is missing")
		}
	}
}

func TestJUnit(t *testing.T) {
	list, source := example()
	var b strings.Builder
	if err := JUnit(&b, list, []string{"ok.yaml", "a.yaml"}, source); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Suite    struct {
			Cases []struct {
				Name     string     `xml:"name,attr"`
				Failures []struct{} `xml:"failure"`
				Out      string     `xml:"system-out"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	var cases []string
	for _, c := range got.Suite.Cases {
		cases = append(cases, c.Name+strings.Repeat("!", len(c.Failures))+strings.Repeat("?", strings.Count(c.Out, "warning")))
	}
	if d := cmp.Diff([]string{"repository!", "conf/a.yaml!?", "conf/ok.yaml", "conf/s.yaml!"}, cases); d != "" || got.Tests != 4 || got.Failures != 3 {
		t.Errorf("%d tests, %d failures, cases (-want +got):\n%s", got.Tests, got.Failures, d)
	}
}

func TestNoFormShowsALineWithASecret(t *testing.T) {
	list, source := example()
	list = append(list, diag.Diagnostic{Code: "x/name", Severity: diag.Error, Pos: diag.Pos{File: "s.yaml", Line: 1, Col: 1}, Message: "there is no such field"})
	var b strings.Builder
	for name, write := range map[string]func() error{
		"text":   func() error { return Text{Excerpts: true, Colour: true, Codes: codes}.Write(&b, list, source) },
		"json":   func() error { return JSON(&b, list) },
		"github": func() error { return GitHub(&b, list, source) },
		"gitlab": func() error { return GitLab(&b, list, source) },
		"sarif":  func() error { return SARIF(&b, list, codes, "", source) },
		"junit":  func() error { return JUnit(&b, list, nil, source) },
	} {
		b.Reset()
		if err := write(); err != nil {
			t.Fatal(err)
		}
		if b.Len() == 0 || strings.Contains(b.String(), "canary") {
			t.Errorf("%s shows a secret, or nothing:\n%s", name, b.String())
		}
	}
}

func TestFind(t *testing.T) {
	for name, want := range map[string]string{"x/name": "x/name", "secret": "x/secret", "x/nmae": "~x/name", "secrt": "~x/secret", "nothing at all": "~"} {
		c, near, ok := Find(codes, name)
		got := c.Code
		if !ok {
			got = "~" + near
		}
		if got != want {
			t.Errorf("Find(%q) = %q, want %q", name, got, want)
		}
	}
}
