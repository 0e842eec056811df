package untrusted

import (
	"strings"
	"testing"
)

func TestTerminal(t *testing.T) {
	for in, want := range map[string]string{
		"plain text, ünïcode and 中文": "plain text, ünïcode and 中文",
		"\x1b[31mred":                `\u001b[31mred`,
		"a\nb\tc":                    `a\u000ab\u0009c`,
		"abc\u202edcba":              `abc\u202edcba`,
		"zero\u200bwidth":            `zero\u200bwidth`,
		"soft\u00adhyphen":           `soft\u00adhyphen`,
		"tag\U000e0041":              `tag\ue0041`,
		"bad\xffbyte":                `bad\xffbyte`,
		"honest \ufffd":              "honest \ufffd",
	} {
		if got := Terminal(in); got != want {
			t.Errorf("Terminal(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	hostile := "@everyone #1 [x](http://evil) <script>alert(1)</script> `code` | cell | *b* _i_ </code> www.evil.example &amp; \n# head"
	got := Markdown(hostile)
	inside := strings.TrimSuffix(strings.TrimPrefix(got, "<code>"), "</code>")
	if strings.ContainsAny(inside, "@[]{}<>`|*_:\n!\\~") || strings.Contains(inside, "www.") {
		t.Errorf("something of it still has a meaning: %s", inside)
	}
	if strings.Contains(inside, "# ") {
		t.Errorf("a heading: %s", inside)
	}
}

func TestFence(t *testing.T) {
	got := Fence("diff", []string{"+ a", "````` five", "- ``` </details> @you\nnext"})
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if len(lines) != 5 || lines[0] != "``````diff" || lines[4] != "``````" {
		t.Errorf("got\n%s", got)
	}
}
