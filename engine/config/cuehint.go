package config

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/schema"
)

// cueHints say how to mend what the evaluator says. The first that matches counts; %s is what the pattern caught.
var cueHints = []struct {
	message *regexp.Regexp
	hint    string
}{
	{regexp.MustCompile(`cannot find package|cannot find module|import failed`), "packages of this repository can be imported, and " + schema.ModulePath + "; nothing is fetched"},
	{regexp.MustCompile(`^reference "([^"]+)" not found`), "declare %[1]s, or check its spelling; a text is written in double quotes: \"%[1]s\""},
	{regexp.MustCompile(`^undefined field: "?([^" ]+)"?`), "add %s there, or check its spelling"},
	{regexp.MustCompile(`^imported and not used`), "use it, or remove the import"},
	{regexp.MustCompile(`index out of range`), "elements are counted from 0: take one that is there"},
	{regexp.MustCompile(`division by zero`), "divide by something else than 0"},
	{regexp.MustCompile(`incomplete value|non-concrete value|non-ground value|must be concrete`), "in the end every value of a resource must be concrete: give it one"},
	{regexp.MustCompile(`^conflicting values`), "two places give it values that differ: keep the one that is meant"},
	{regexp.MustCompile(`not allowed`), "the definition around it has no such field: check its spelling, or add it there"},
	{regexp.MustCompile(`out of bound|does not satisfy|invalid value`), "write a value that the definition allows"},
	{regexp.MustCompile(`missing ','`), "a comma or a line break is missing, or a brace before here is not closed"},
	{regexp.MustCompile(`expected '[}\])]', found 'EOF'|found 'EOF'`), "a brace or bracket is not closed"},
	{regexp.MustCompile(`not terminated|unclosed`), "close the quotes"},
	{regexp.MustCompile(`cycle`), "a value cannot be made of itself: give one of them a value of its own"},
	{regexp.MustCompile(`found newline|expected (operand|label|expression)`), "something is missing here: a value, or the name of a field"},
}

// cueHint says how to mend a problem of the evaluator. names are those that may have been meant.
func cueHint(message string, names func() []string) string {
	for _, h := range cueHints {
		m := h.message.FindStringSubmatch(message)
		switch {
		case m == nil:
		case len(m) == 1:
			return h.hint
		default:
			near := diag.Nearest(m[1], names())
			if strings.TrimLeft(near, "#_") == m[1] && near != m[1] {
				return fmt.Sprintf("a text is written in double quotes: %q; a definition with its #: %s", m[1], near)
			}
			if near != "" && near != m[1] {
				return diag.DidYouMean(near)
			}
			return fmt.Sprintf(h.hint, m[1])
		}
	}
	return defaultHint(codeCUE)
}

var cueName = regexp.MustCompile(`[#_]*[A-Za-z][A-Za-z0-9_]*`)

// cueNames returns the names that the package of a file uses, and those of the definitions.
func (e *environment) cueNames(file string) []string {
	seen := map[string]bool{}
	var names []string
	add := func(text string) {
		for _, name := range cueName.FindAllString(text, -1) {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	for name, text := range e.cueFiles {
		if path.Dir(name) == path.Dir(file) {
			for line := range strings.Lines(text) {
				if label, _, ok := strings.Cut(line, ":"); ok { // what is declared, not what is referred to
					add(label)
				}
			}
		}
	}
	for _, kind := range e.table.kindNames() {
		add("#" + kind)
	}
	return names
}
