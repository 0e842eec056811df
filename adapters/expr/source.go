package expr

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"

	"github.com/dray-sync/dray/adapters/record"
)

// text is the source of an expression with what the syntax tree does not hold.
type text struct {
	source   string
	bytes    []int           // byte offset of each rune; nil for ASCII, where they are the same
	numbers  map[int]written // number literals by the byte offset they start at
	brackets []span          // from each opening bracket to its closing one, which is included
}

// written is a number literal with the byte offset it ends at.
type written struct {
	value record.Value
	to    int
}

// span is a range of bytes in the source.
type span struct{ from, to int }

// join returns the span from the first to the last of both.
func (s span) join(o span) span { return span{min(s.from, o.from), max(s.to, o.to)} }

// parse reads the source into a syntax tree in which every number literal is the integer 1: the numbers themselves are in
// t.numbers, exact, so that no literal ever passes through the parser's floats.
func parse(source string) (*text, ast.Node, Errors) {
	if err := checkSource(source); err != nil {
		return nil, nil, Errors{err}
	}
	t := &text{source: source, bytes: runeOffsets(source), numbers: map[int]written{}}
	masked, errs := t.mask()
	if len(errs) > 0 {
		return nil, nil, errs
	}
	config := conf.CreateNew()
	config.MaxNodes = MaxNodes
	tree, err := parser.ParseWithConfig(masked, config)
	if err != nil {
		return nil, nil, Errors{t.syntax(err)}
	}
	return t, tree.Node, nil
}

func checkSource(source string) *Error {
	switch {
	case len(source) > MaxSource:
		return &Error{
			Offset: MaxSource, Length: len(source) - MaxSource, Code: CodeTooLarge,
			Message: fmt.Sprintf("expression is longer than %d bytes", MaxSource), Hint: "compute parts of it in fields of their own",
		}
	case !utf8.ValidString(source):
		at := strings.IndexFunc(source, func(r rune) bool { return r == utf8.RuneError })
		return &Error{Offset: at, Length: 1, Code: CodeSyntax, Message: "expression is not valid UTF-8"}
	case strings.TrimSpace(source) == "":
		return &Error{Code: CodeSyntax, Length: len(source), Message: "expression is empty"}
	}
	return nil
}

// runeOffsets returns the byte offset of each rune and of the end, or nil when all runes are one byte.
func runeOffsets(s string) []int {
	if utf8.RuneCountInString(s) == len(s) {
		return nil
	}
	offsets := make([]int, 0, len(s)+1)
	for i := range s {
		offsets = append(offsets, i)
	}
	return append(offsets, len(s))
}

// offset returns the byte offset of a rune offset.
func (t *text) offset(rune int) int {
	if t.bytes == nil {
		return max(0, min(rune, len(t.source)))
	}
	return t.bytes[max(0, min(rune, len(t.bytes)-1))]
}

// span returns the bytes of a location.
func (t *text) span(l file.Location) span {
	s := span{t.offset(l.From), t.offset(l.To)}
	s.to = max(s.from, s.to, t.numbers[s.from].to)
	return s
}

// whole returns a span that has no bracket without its pair.
func (t *text) whole(s span) span {
	for grown := true; grown; {
		grown = false
		for _, b := range t.brackets {
			opens, closes := b.from >= s.from && b.from < s.to, b.to > s.from && b.to <= s.to
			if opens != closes {
				s, grown = s.join(b), true
			}
		}
	}
	return s
}

// mask returns the source with each number literal replaced by a 1 and blanks of the same length, and notes numbers and brackets.
func (t *text) mask() (string, Errors) {
	tokens, err := lexer.Lex(file.NewSource(t.source))
	if err != nil {
		return "", Errors{t.syntax(err)}
	}
	masked := []byte(t.source)
	var errs Errors
	var open []int
	for _, token := range tokens {
		at := t.span(token.Location)
		if token.Kind == lexer.Bracket {
			open = t.bracket(open, token.Value, at)
		}
		if token.Kind != lexer.Number {
			continue
		}
		v, err := literal(token.Value)
		if err != nil {
			err.Offset, err.Length, err.Code = at.from, at.to-at.from, CodeNumber
			errs = append(errs, err)
		}
		t.numbers[at.from] = written{v, at.to}
		for i := at.from; i < at.to; i++ {
			masked[i] = ' '
		}
		masked[at.from] = '1'
	}
	return string(masked), errs
}

// bracket notes a pair when it is closed. open are the brackets that are not yet; that pairs are of one sort is the parser's to see.
func (t *text) bracket(open []int, value string, at span) []int {
	switch {
	case strings.Contains("([{", value):
		return append(open, at.from)
	case len(open) > 0:
		t.brackets = append(t.brackets, span{open[len(open)-1], at.to})
		return open[:len(open)-1]
	}
	return open
}

// literal reads a number as expr-lang writes them: 1_000, .5, 0xff, 1e3.
func literal(s string) (record.Value, *Error) {
	digits := strings.ReplaceAll(s, "_", "")
	if len(digits) > 1 && digits[0] == '0' && strings.ContainsRune("xXoObB", rune(digits[1])) {
		n, ok := new(big.Int).SetString(digits, 0)
		if !ok {
			return record.Value{}, &Error{Message: fmt.Sprintf("%q is not a number", s)}
		}
		return bigInt(n)
	}
	if strings.HasPrefix(digits, ".") {
		digits = "0" + digits
	}
	v, err := record.ParseNumber(digits)
	switch {
	case err == nil:
		return v, nil
	case len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9':
		return v, &Error{Message: fmt.Sprintf("number %q starts with a zero", s), Hint: "quote it if it is text"}
	case strings.HasSuffix(digits, "."):
		return v, &Error{Message: fmt.Sprintf("number %q ends with a point", s)}
	}
	return v, &Error{
		Message: fmt.Sprintf("number is out of bounds: at most %d digits and exponents within ±%d", record.MaxDigits, record.MaxExponent),
	}
}

func bigInt(n *big.Int) (record.Value, *Error) {
	v, rule := wholeValue(n)
	if rule != "" {
		return v, &Error{Message: fmt.Sprintf("number has more than %d digits", record.MaxDigits)}
	}
	return v, nil
}

// syntax turns an error of the lexer or parser into ours.
func (t *text) syntax(err error) *Error {
	var e *file.Error
	if !errors.As(err, &e) {
		return &Error{Code: CodeSyntax, Length: len(t.source), Message: "expression does not parse"}
	}
	at := t.span(e.Location)
	found := t.source[at.from:at.to]
	out := &Error{Offset: at.from, Length: at.to - at.from, Code: CodeSyntax}
	switch {
	case strings.Contains(e.Message, "EOF") || strings.Contains(e.Message, "unexpected end"):
		out.Offset, out.Length, out.Message = len(t.source), 0, "expression ends too early"
	case strings.Contains(e.Message, "maximum allowed nodes"):
		out.Code, out.Message = CodeTooLarge, fmt.Sprintf("expression has more than %d parts", MaxNodes)
		out.Hint = "compute parts of it in fields of their own"
	case strings.Contains(e.Message, "(??) cannot be mixed"):
		out.Message, out.Hint = fmt.Sprintf("%q follows ?? without parentheses", found), "write (a ?? b) in parentheses"
	case strings.Contains(e.Message, "not terminated"):
		out.Message, out.Hint = "text does not end", "close it with the quote it starts with"
	case found == "=":
		out.Message, out.Hint = `unexpected "="`, "equality is written =="
	case found == "#" || found == ".":
		out.Message = fmt.Sprintf("unexpected %q", found)
		out.Hint = "outside the predicate of a function like filter or sum there is no element; name a field or $this"
	case strings.HasPrefix(e.Message, "unexpected token"):
		out.Message = fmt.Sprintf("unexpected %q", found)
	default:
		out.Message = e.Message
	}
	return out
}
