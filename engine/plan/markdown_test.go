package plan_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/plan"
)

func markdown(t *testing.T, r plan.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > plan.MarkdownLimit {
		t.Errorf("%d bytes, and %d are allowed", b.Len(), plan.MarkdownLimit)
	}
	if !utf8.ValidString(b.String()) {
		t.Error("it is not valid UTF-8")
	}
	return b.String()
}

// shown removes what is inside of code: what remains has a meaning to Markdown.
func shown(text string) string {
	for {
		fence := regexp.MustCompile("(?m)^`{3,}").FindString(text)
		if fence == "" {
			break
		}
		begin := strings.Index(text, "\n"+fence)
		end := strings.Index(text[begin+1+len(fence):], "\n"+fence+"\n")
		if begin < 0 || end < 0 {
			break
		}
		text = text[:begin] + text[begin+1+len(fence)+end+1+len(fence):]
	}
	return text
}

// TestMarkdownIsNotTakenOver has a repository say everything that means something to Markdown, HTML, GitHub or a terminal.
func TestMarkdownIsNotTakenOver(t *testing.T) {
	hostile := "x @acme/admins #1 [a](https://evil.example) ![i](https://evil.example/p.png) <img src=x onerror=alert(1)> `` ``` </details></code> | --> \u202e \x1b[31m www.evil.example\n\n# head\n- [ ] task\n```\n@all"
	m := func(object string, key []string) *config.Model {
		r := &config.Resource[config.Touchpoint]{Metadata: config.Metadata{Name: "orders", Annotations: map[string]string{object: object}}, Digest: object}
		r.Spec.Source = config.SourceSpec{Connection: "shop", Object: object, Start: "now", Where: object}
		r.Spec.Destination = config.DestinationSpec{Connection: "erp", Object: "o", Key: key}
		c := &config.Resource[config.Connection]{Metadata: config.Metadata{Name: "erp"}, Spec: config.Connection{Endpoint: "https://" + object}}
		l := &config.Resource[config.Lookup]{Metadata: config.Metadata{Name: "l"}, Digest: object, Spec: config.Lookup{Key: []string{"k"}, Rows: []map[string]string{{"k": object, "v": object}}}}
		return &config.Model{
			Digest: object, Environment: object, Touchpoints: map[string]*config.Resource[config.Touchpoint]{"orders": r},
			Connections: map[string]*config.Resource[config.Connection]{"erp": c}, Lookups: map[string]*config.Resource[config.Lookup]{"l": l},
		}
	}
	c := plan.Diff(m("plain", []string{"a"}), m(hostile, []string{hostile}))
	c.Resources[0].By = hostile
	text := markdown(t, plan.Report{From: plan.Revision{Name: hostile, Commit: "abc"}, Environments: []plan.Changes{c, {Environment: "other"}}, Gone: []string{hostile}})
	open := shown(text)
	for _, bad := range []string{"@", "](", "<img", "\x1b", "\u202e", "https:", "# head", "- [ ]", "www."} {
		if strings.Contains(open, bad) {
			t.Errorf("%q has a meaning in\n%s", bad, open)
		}
	}
	if strings.ContainsAny(text, "\x1b\u202e") {
		t.Error("something is there that a terminal obeys")
	}
	if a, b := strings.Count(open, "<details>"), strings.Count(open, "</details>"); a != b || a == 0 {
		t.Errorf("%d sections begin and %d end", a, b)
	}
	if strings.Count(open, "```") != 0 {
		t.Errorf("a block does not end:\n%s", open)
	}
	for line := range strings.Lines(open) {
		if cells := strings.Count(line, "|"); strings.HasPrefix(line, "|") && cells != 5 {
			t.Errorf("a row of %d cells: %s", cells-1, line)
		}
	}
}

// TestMarkdownSaysWhatItLeavesOut has more change than a comment holds.
func TestMarkdownSaysWhatItLeavesOut(t *testing.T) {
	many := func(n int, object string) *config.Model {
		m := &config.Model{Digest: object, Touchpoints: map[string]*config.Resource[config.Touchpoint]{}}
		for i := range n {
			name := fmt.Sprintf("flow-%04d", i)
			r := &config.Resource[config.Touchpoint]{Metadata: config.Metadata{Name: name}, Digest: object}
			r.Spec.Source = config.SourceSpec{Connection: "shop", Object: strings.Repeat(object, 300), Start: "now"}
			m.Touchpoints[name] = r
		}
		return m
	}
	for _, n := range []int{1, 400, 5000} {
		changes := plan.Diff(many(n, "a"), many(n, "b"))
		text := markdown(t, plan.Report{Environments: []plan.Changes{changes, {Environment: "x", Resources: changes.Resources, Risk: plan.Review}}})
		said := strings.Contains(text, "This is not all of it")
		if (n >= 400) != said {
			t.Errorf("%d flows: it says that something is left out: %v", n, said)
		}
		if n < 400 {
			continue
		}
		rows, more := strings.Count(text, "| <code>flow-"), 0
		if m := regexp.MustCompile(`\| and (\d+) more`).FindStringSubmatch(text); m != nil {
			_, _ = fmt.Sscan(m[1], &more)
		}
		if rows == 0 || rows+more != n {
			t.Errorf("%d flows: %d rows and %d more", n, rows, more)
		}
	}
}

func TestReportGroupsWhatIsAlike(t *testing.T) {
	a := plan.Changes{Environment: "a", From: "1", To: "2", Risk: plan.Safe, Resources: []plan.ResourceChange{{Kind: "Schedule", Name: "s", Action: plan.Delete, Risk: plan.Safe}}}
	b := a
	b.Environment, b.From = "b", "3"
	var text strings.Builder
	r := plan.Report{Environments: []plan.Changes{a, b, {Environment: "c"}}, Gone: []string{"d"}}
	if err := r.WriteText(&text, plan.Style{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# a, b\n", "# c\n\nNo changes.\n", "# d\n\nthis environment is no longer there"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("there is no %q in\n%s", want, text.String())
		}
	}
	if strings.Count(text.String(), "Schedule s") != 1 {
		t.Errorf("it says the same twice:\n%s", text.String())
	}
}
