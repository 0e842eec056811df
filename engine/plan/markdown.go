package plan

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/untrusted"
)

// MarkdownLimit is how many bytes a plan in Markdown has at most: a comment on GitHub holds 65,536 characters.
const MarkdownLimit = 60_000

// Marker is the first line of a plan in Markdown, by which a workflow finds its comment again.
const Marker = "<!-- dray plan -->"

// reserve is kept free for what says that something was left out.
const reserve = 500

// WriteMarkdown writes the report as a comment for a pull request: what matters first, the rest folded away, never more than
// [MarkdownLimit] bytes. What did not fit is counted. Nothing that the repository says can mention, link or format anything in it.
func (r Report) WriteMarkdown(w io.Writer) error {
	d := &document{left: MarkdownLimit - reserve}
	d.add(fmt.Sprintf("%s\n### Dray plan: %s\n\nFrom %s to %s.\n", Marker, headline(r), untrusted.Markdown(cut(r.From.String())), untrusted.Markdown(cut(r.To.String()))))
	groups := r.groups()
	for i, g := range groups {
		d.share(d.left / (len(groups) - i))
		d.group(g, len(r.Environments) > 1 || len(r.Gone) > 0)
	}
	d.share(d.left)
	for _, name := range r.Gone {
		d.add(fmt.Sprintf("\n#### %s\n\n**%s.**\n", untrusted.Markdown(name), goneText))
	}
	d.findings(r.Findings)
	if d.omitted {
		d.text.WriteString("\nThis is not all of it: what is counted as more is in the output of `dray plan`.\n")
	}
	_, err := io.WriteString(w, d.text.String())
	return err
}

// mostFindings are listed one by one.
const mostFindings = 20

// findings lists what is newly warned of.
func (d *document) findings(found []diag.Diagnostic) {
	if len(found) == 0 {
		return
	}
	d.add(fmt.Sprintf("\n#### %s\n\n", findingsTitle))
	for _, f := range found[:min(len(found), mostFindings)] {
		line := fmt.Sprintf("- %s: %s (%s)\n", untrusted.Markdown(cut(f.Pos.String())), untrusted.Markdown(cut(f.Message+f.Where())), untrusted.Markdown(cut(f.Code)))
		if len(line) > d.left {
			d.omitted = true
			return
		}
		d.add(line)
	}
	if more := len(found) - mostFindings; more > 0 {
		d.omitted = true
		d.add(fmt.Sprintf("- and %d more\n", more))
	}
}

func headline(r Report) string {
	switch {
	case r.Empty():
		return "no changes"
	case r.Blocked():
		return "🛑 blocked"
	default:
		return icon(r.Risk()) + string(r.Risk())
	}
}

func icon(r Risk) string {
	return map[Risk]string{Safe: "🟢 ", Review: "🟡 ", Dangerous: "🔴 "}[r]
}

// cut shortens what somebody else wrote.
func cut(s string) string {
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}

// A document is Markdown under way, with how much may still be added.
type document struct {
	text    strings.Builder
	left    int // bytes, in all
	quota   int // bytes, of the share at hand
	omitted bool
}

// share bounds what is added from now on.
func (d *document) share(n int) { d.quota = n }

// add adds a text whatever the share says. It is for what is short.
func (d *document) add(text string) {
	d.text.WriteString(text)
	d.left -= len(text)
	d.quota -= len(text)
}

// all adds texts as long as they fit into a part of the share, and says how many did not.
func (d *document) all(part int, texts []string, more func(n int) string) {
	limit := d.quota - part
	for i, t := range texts {
		if d.quota-len(t) < limit || len(t) > d.left {
			d.add(more(len(texts) - i))
			d.omitted = true
			return
		}
		d.add(t)
	}
}

func (d *document) group(g group, titled bool) {
	if title := g.title(); titled && title != "" {
		d.add("\n#### " + untrusted.Markdown(cut(title)) + "\n")
	}
	c := g.changes
	if c.Empty() {
		d.add("\nNo changes.\n")
		return
	}
	blocked := make([]string, len(c.Blocked))
	for i, reason := range c.Blocked {
		blocked[i] = "\n> 🛑 **Blocked:** " + untrusted.Markdown(cut(reason)) + "\n"
	}
	d.all(d.quota/4, blocked, func(n int) string { return fmt.Sprintf("\n> and %d more reasons\n", n) })
	d.add("\n" + c.Summary() + "\n")
	flows := slices.Clone(c.Touchpoints)
	slices.SortStableFunc(flows, func(a, b TouchpointChange) int { return cmp.Compare(b.Risk.level(), a.Risk.level()) })
	d.table(flows)
	d.details(flows)
	d.configuration(c.Resources)
}

// table lists the flows with the first reason of each.
func (d *document) table(flows []TouchpointChange) {
	if len(flows) == 0 {
		return
	}
	rows := make([]string, len(flows))
	for i, t := range flows {
		why := ""
		if len(t.Effects) > 0 {
			why = untrusted.Markdown(cut(t.Effects[0].Text))
		}
		rows[i] = fmt.Sprintf("| %s | %s | %s%s | %s |\n", untrusted.Markdown(t.title()), t.State, icon(t.Risk), t.Risk, why)
	}
	d.add("\n| flow | state | risk | why |\n|---|---|---|---|\n")
	d.all(d.quota/3, rows, func(n int) string { return fmt.Sprintf("| and %d more | | | |\n", n) })
}

// details folds all that is known of each flow away.
func (d *document) details(flows []TouchpointChange) {
	texts := make([]string, len(flows))
	for i, t := range flows {
		texts[i] = folded(fmt.Sprintf("%s%s: state %s", icon(t.Risk), untrusted.Markdown(t.title()), t.State), t.lines())
	}
	d.all(d.quota/2, texts, func(n int) string { return fmt.Sprintf("\nand %d more flows\n", n) })
}

// configuration folds the changed resources away, the most dangerous first.
func (d *document) configuration(resources []ResourceChange) {
	resources = slices.Clone(resources)
	slices.SortStableFunc(resources, func(a, b ResourceChange) int { return cmp.Compare(b.Risk.level(), a.Risk.level()) })
	texts := make([]string, len(resources))
	for i, r := range resources {
		text := fmt.Sprintf("%s%s: %s", icon(r.Risk), untrusted.Markdown(r.title()), r.Action)
		if lines := r.lines(); len(lines) > 0 {
			texts[i] = folded(text, lines)
		} else {
			texts[i] = "\n" + text + "\n"
		}
	}
	d.all(d.quota, texts, func(n int) string { return fmt.Sprintf("\nand %d more resources\n", n) })
}

// folded is a section that opens when somebody wants to read it.
func folded(title string, lines []line) string {
	const most = 100
	var text []string
	for _, l := range lines {
		text = append(text, diffLines(l)...)
	}
	if n := len(text) - most; n > 0 {
		text = append(text[:most], fmt.Sprintf("  and %d more lines", n))
	}
	for i := range text {
		text[i] = limit(text[i])
	}
	return "\n<details><summary>" + title + "</summary>\n\n" + untrusted.Fence("diff", text) + "\n</details>\n"
}

// limit bounds a line; values are short already.
func limit(s string) string {
	const most = 1000
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + fmt.Sprintf("… (%d more characters)", len(r)-most)
	}
	return s
}

// diffLines writes a line as diff colours it: + and - at its start, ! for what is dangerous.
func diffLines(l line) []string {
	text := strings.Repeat("  ", l.indent) + l.text
	switch l.mark {
	case changedLine:
		return []string{"- " + text + ": " + l.before, "+ " + text + ": " + l.after}
	case addedLine:
		return []string{"+ " + text}
	case removedLine:
		return []string{"- " + text}
	case dangerousLine:
		return []string{"! dangerous: " + text}
	case reviewLine:
		return []string{"# review: " + text}
	default:
		return []string{"  " + text}
	}
}
