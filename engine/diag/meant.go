package diag

import (
	"fmt"
	"regexp"
)

// DidYouMean is the hint that proposes a name for one that does not exist.
func DidYouMean(name string) string { return fmt.Sprintf("did you mean %s?", name) }

var didYouMean = regexp.MustCompile(`^did you mean "?([^"?\s(,]+)(?:"|\([^?]*)?\?`)

// Meant returns the name that the hint begins with proposing, as [DidYouMean] does, or "". Of a function it is the name alone.
func (d Diagnostic) Meant() string {
	if m := didYouMean.FindStringSubmatch(d.Hint); m != nil {
		return m[1]
	}
	return ""
}
