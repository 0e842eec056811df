package record

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Step is one step of a [Path]: a member's name, or with Name empty and Index ≥ 0 an element's index from the start.
type Step struct {
	Name  string
	Index int
}

// A Path leads to a value inside a record: a.b[0].c, with odd names quoted: "Art.-Nr.".price. A first step that starts with $
// names a root ($root, $parent, $out …); without one the path starts at the current element.
type Path []Step

// MaxPathSteps bounds the length of a path.
const MaxPathSteps = 64

// ParsePath reads a path as users write it. The error says at which byte offset (from 0) it went wrong.
func ParsePath(s string) (Path, error) {
	if s == "" {
		return nil, errors.New("empty path")
	}
	var p Path
	for i := 0; i < len(s); {
		if len(p) == MaxPathSteps {
			return nil, fmt.Errorf("path has more than %d steps", MaxPathSteps)
		}
		step, n, err := parseStep(s[i:], len(p) == 0)
		if err != nil {
			return nil, fmt.Errorf("%w at offset %d", err, i)
		}
		p = append(p, step)
		if i += n; i == len(s) {
			return p, nil
		}
		switch s[i] {
		case '[':
		case '.':
			if i++; i == len(s) {
				return nil, fmt.Errorf("path ends with a dot at offset %d", i-1)
			}
			if s[i] == '[' {
				return nil, fmt.Errorf("an index follows its list without a dot at offset %d", i)
			}
		default:
			return nil, fmt.Errorf("unexpected %q at offset %d; quote names with other characters: \"…\"", s[i], i)
		}
	}
	return p, nil
}

func parseStep(s string, first bool) (Step, int, error) {
	switch {
	case s[0] == '"':
		q, err := strconv.QuotedPrefix(s)
		if err != nil {
			return Step{}, 0, errors.New("quoted name does not end")
		}
		name, err := strconv.Unquote(q)
		if err != nil || name == "" {
			return Step{}, 0, errors.New("quoted name is not valid")
		}
		return Step{Name: name, Index: -1}, len(q), nil
	case s[0] == '[' && !first:
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return Step{}, 0, errors.New("index does not end with ]")
		}
		n, err := strconv.ParseUint(s[1:end], 10, 31)
		if err != nil {
			return Step{}, 0, errors.New("index is not a whole number from 0")
		}
		return Step{Index: int(n)}, end + 1, nil
	}
	n := nameLength(s, first)
	if n == 0 {
		return Step{}, 0, errors.New("expected a name")
	}
	return Step{Name: s[:n], Index: -1}, n, nil
}

func nameLength(s string, first bool) int {
	for i, r := range s {
		switch {
		case r == utf8.RuneError:
			return i
		case r == '_' || unicode.IsLetter(r) || (r == '$' && i == 0 && first):
		case i > 0 && (r == '-' || unicode.IsDigit(r)):
		default:
			return i
		}
	}
	return len(s)
}

// IsIndex reports whether the step is an element's index.
func (s Step) IsIndex() bool { return s.Name == "" }

// Root returns the reserved root the path starts with ("$root", "$parent", …), or "" for the current element.
func (p Path) Root() string {
	if len(p) > 0 && strings.HasPrefix(p[0].Name, "$") {
		return p[0].Name
	}
	return ""
}

// String writes the path as [ParsePath] reads it.
func (p Path) String() string {
	var b strings.Builder
	for i, s := range p {
		switch {
		case s.IsIndex():
			b.WriteByte('[')
			b.WriteString(strconv.Itoa(s.Index))
			b.WriteByte(']')
			continue
		case i > 0:
			b.WriteByte('.')
		}
		if nameLength(s.Name, i == 0) == len(s.Name) {
			b.WriteString(s.Name)
		} else {
			b.WriteString(strconv.Quote(s.Name))
		}
	}
	return b.String()
}

// In returns the value at the path in a list or object, or an absent one where there is none. What is Raw on the way is expanded; the value itself may be
// Raw.
func (p Path) In(v Value) Value {
	for _, s := range p {
		if v.Kind() == Raw {
			expanded, err := v.Expand()
			if err != nil {
				return Value{}
			}
			v = expanded
		}
		switch {
		case !s.IsIndex():
			v = v.Get(s.Name)
		case v.Kind() == List && s.Index < v.Len():
			v = v.Index(s.Index)
		default:
			return Value{}
		}
	}
	return v
}
