// Package untrusted makes text that somebody else wrote fit to be shown: on a terminal, and in Markdown. It is a leaf.
package untrusted

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Terminal returns text that a terminal shows and does not obey: control characters, those that turn the direction of writing, those that
// cannot be seen, and bytes that are not text become visible.
func Terminal(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hidden reports whether a rune does something else than to be seen.
func hidden(r rune) bool {
	return r < ' ' || (r >= 0x7f && r < 0xa0) || r == 0xad || r == 0x61c || (r >= 0x200b && r <= 0x200f) || (r >= 0x2028 && r <= 0x202e) ||
		(r >= 0x2060 && r <= 0x206f) || r == 0xfeff || (r >= 0xe0000 && r <= 0xe0fff)
}

// Markdown returns text as one line of code in Markdown, fit for a paragraph, a heading or a cell of a table. It names nobody, links
// nowhere, and ends nothing that it stands in, whatever it holds: GitHub and GitLab look for neither mentions nor references inside code.
func Markdown(s string) string {
	var b strings.Builder
	b.WriteString("<code>")
	last := ""
	for _, r := range Terminal(s) {
		plain := strings.ContainsRune(" -,;()=+'\"?%/", r) || (r >= '0' && r <= '9') || (r >= 'A' && r <= 'Z') || (r >= 'a' && r <= 'z') || r > 0x7f
		if plain || (r == '.' && !strings.HasSuffix(strings.ToLower(last), "www")) { // which would be a link
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "&#%d;", r)
		}
		last = last[max(0, len(last)-2):] + string(r)
	}
	b.WriteString("</code>")
	return b.String()
}

// Fence returns lines as a block of code in Markdown, in a language. Nothing in the lines can end it.
func Fence(language string, lines []string) string {
	longest := 2
	for _, line := range lines {
		run := 0
		for _, r := range line {
			if r != '`' {
				run = 0
				continue
			}
			run++
			longest = max(longest, run)
		}
	}
	fence := strings.Repeat("`", longest+1)
	var b strings.Builder
	b.WriteString(fence + language + "\n")
	for _, line := range lines {
		b.WriteString(Terminal(line) + "\n")
	}
	b.WriteString(fence + "\n")
	return b.String()
}
