package report

import (
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

// Explain writes what a code means as plain text, with its examples.
func Explain(c diag.CodeDoc) string {
	var b strings.Builder
	b.WriteString(c.Code + "\n\n" + c.Doc + "\n")
	for _, example := range []struct{ head, text string }{{"Wrong", c.Wrong}, {"Right", c.Right}} {
		if example.text != "" {
			b.WriteString("\n" + example.head + ":\n\n" + indent(Example(example.text)) + "\n")
		}
	}
	b.WriteString("\nTo mend it: " + c.Hint + ".\n")
	return b.String()
}

// Page writes what a code means as Markdown, without its heading.
func Page(c diag.CodeDoc) string {
	var b strings.Builder
	b.WriteString(c.Doc + "\n")
	for _, example := range []struct{ head, text string }{{"Wrong", c.Wrong}, {"Right", c.Right}} {
		if example.text != "" {
			b.WriteString("\n" + example.head + ":\n\n```yaml\n" + Example(example.text) + "\n```\n")
		}
	}
	b.WriteString("\nTo mend it: " + c.Hint + ".\n")
	return b.String()
}

// Example returns an example of a code as it is shown, without blank lines around it.
func Example(text string) string { return strings.Trim(text, "\n") }

func indent(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = "    " + l
		}
	}
	return strings.Join(lines, "\n")
}

// Find returns the explanation of a code, which may be named without its package where that is enough. false: there is none, and near
// is the code that was perhaps meant, or empty.
func Find(codes []diag.CodeDoc, name string) (found diag.CodeDoc, near string, ok bool) {
	names, short := make([]string, len(codes)), make([]string, len(codes))
	var last []diag.CodeDoc
	for i, c := range codes {
		if c.Code == name {
			return c, "", true
		}
		names[i] = c.Code
		_, short[i], _ = strings.Cut(c.Code, "/")
		if short[i] == name {
			last = append(last, c)
		}
	}
	if len(last) > 0 {
		return last[0], "", true
	}
	if near = diag.Nearest(name, names); near == "" {
		if s := diag.Nearest(name, short); s != "" {
			c, _, _ := Find(codes, s)
			near = c.Code
		}
	}
	return diag.CodeDoc{}, near, false
}
