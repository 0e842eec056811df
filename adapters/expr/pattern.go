package expr

import (
	"fmt"
	"regexp"
	"regexp/syntax"

	"github.com/dray-sync/dray/adapters/record"
)

// maxPatternSize bounds the instructions of a pattern, on which the time for one character depends.
const maxPatternSize = 2000

// matches compiles text matches "pattern". The pattern is written out, so that it is judged before the first record.
func (c *compiler) matches(a, b node, at span) node {
	switch {
	case !a.typ.mayBe(record.String):
		return c.fail(a.at, CodeType, fmt.Sprintf("%s where string is needed for matches", a.typ), "")
	case b.konst == nil || b.konst.Kind() != record.String:
		return c.fail(b.at, CodeNotAllowed, "a pattern must be written out", `write it in quotes: name matches "^A[0-9]+$"`)
	}
	pattern, size, err := compilePattern(b.konst.Text())
	switch {
	case err != nil:
		return c.fail(b.at, CodeSyntax, "pattern does not parse: "+err.Error(), "patterns are RE2; inside quotes a backslash is written twice")
	case size > maxPatternSize:
		return c.fail(b.at, CodeTooLarge, "pattern is too large", "repeat less: {1000} counts a thousand times")
	}
	c.warnNull(&a)
	return node{
		eval: func(m *Machine) (record.Value, error) {
			s, err := a.text(m)
			if err != nil {
				return record.Value{}, err
			}
			if err := m.spend(1+len(s)*size/64, at.from); err != nil {
				return record.Value{}, err
			}
			return record.BoolValue(pattern.MatchString(s)), nil
		},
		typ:  Type{Kind: record.Bool},
		at:   a.at.join(b.at),
		size: a.size + b.size + 1,
	}
}

// compilePattern returns a pattern and how many instructions it has. One that is too large comes back nil.
func compilePattern(s string) (*regexp.Regexp, int, error) {
	tree, err := syntax.Parse(s, syntax.Perl)
	if err != nil {
		return nil, 0, err
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, 0, err
	}
	if len(program.Inst) > maxPatternSize {
		return nil, len(program.Inst), nil
	}
	pattern, err := regexp.Compile(s)
	return pattern, len(program.Inst), err
}
