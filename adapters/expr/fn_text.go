package expr

import (
	"strings"
	"unicode/utf8"

	"github.com/dray-sync/dray/adapters/record"
)

// runes returns how many characters a text has.
func runes(s string) int { return utf8.RuneCountInString(s) }

// substring returns the characters from (included) to to (excluded), which lie within the text.
func substring(s string, from, to int) string {
	start, end, n := len(s), len(s), 0
	for i := range s {
		if n == from {
			start = i
		}
		if n == to {
			end = i
			break
		}
		n++
	}
	return s[min(start, end):end]
}

// whole returns an argument as an int within bounds.
func whole(v record.Value, at, low, high int, name string) (int, error) {
	n, ok := v.Int64()
	if !ok || n < int64(low) || n > int64(high) {
		return 0, &RunError{Rule: RuleArgument, Offset: at, Detail: name + " is out of bounds"}
	}
	return int(n), nil
}

// text1 makes a runner of a function of one text.
func text1(f func(string) string) runner {
	return func(m *Machine, at int, args []record.Value) (record.Value, error) {
		return m.newText(f(args[0].Text()), at)
	}
}

// newText takes the budget for a text and returns it.
func (m *Machine) newText(s string, at int) (record.Value, error) {
	if err := m.grow(len(s), at); err != nil {
		return record.Value{}, err
	}
	return record.StringValue(s), nil
}

var stringType = Type{Kind: record.String}

func textFunctions() []function {
	text := param{"text", str}
	return []function{
		{
			Function: Function{"lower", "lower(text)", "The text in lower case.", `lower("Straße A")`, `"straße a"`},
			params:   []param{text}, required: 1, result: stringType, run: text1(strings.ToLower),
		},
		{
			Function: Function{"upper", "upper(text)", "The text in upper case.", `upper("de")`, `"DE"`},
			params:   []param{text}, required: 1, result: stringType, run: text1(strings.ToUpper),
		},
		{
			Function: Function{
				"trim", "trim(text, characters?)", "The text without white space, or without these characters, at both ends.",
				`trim("  A1 ")`, `"A1"`,
			},
			params: []param{text, {"characters", str}}, required: 1, result: stringType, run: runTrim,
		},
		{
			Function: Function{"trimPrefix", "trimPrefix(text, prefix)", "The text without the prefix, if it has it.", `trimPrefix("WEB-1", "WEB-")`, `"1"`},
			params:   []param{text, {"prefix", str}}, required: 2, result: stringType,
			run: func(m *Machine, at int, args []record.Value) (record.Value, error) {
				return m.newText(strings.TrimPrefix(args[0].Text(), args[1].Text()), at)
			},
		},
		{
			Function: Function{"trimSuffix", "trimSuffix(text, suffix)", "The text without the suffix, if it has it.", `trimSuffix("12 kg", " kg")`, `"12"`},
			params:   []param{text, {"suffix", str}}, required: 2, result: stringType,
			run: func(m *Machine, at int, args []record.Value) (record.Value, error) {
				return m.newText(strings.TrimSuffix(args[0].Text(), args[1].Text()), at)
			},
		},
		{
			Function: Function{"replace", "replace(text, old, new)", "The text with every occurrence of old replaced.", `replace("1.234", ".", "")`, `"1234"`},
			params:   []param{text, {"old", str}, {"new", str}}, required: 3, result: stringType, run: runReplace,
		},
		{
			Function: Function{
				"substring", "substring(text, from, length?)", "The characters from a position, which counts from 0, at most length of them.",
				`substring("DE-4711", 3, 2)`, `"47"`,
			},
			params: []param{text, {"from", integer}, {"length", integer}}, required: 2, result: stringType, run: runSubstring,
		},
		{
			Function: Function{"truncate", "truncate(text, length)", "The text cut to at most so many characters.", `truncate("Müller", 3)`, `"Mül"`},
			params:   []param{text, {"length", integer}}, required: 2, result: stringType,
			run: func(m *Machine, at int, args []record.Value) (record.Value, error) {
				n, err := whole(args[1], at, 0, MaxResultSize, "length")
				if err != nil {
					return record.Value{}, err
				}
				return m.newText(substring(args[0].Text(), 0, n), at)
			},
		},
		{
			Function: Function{
				"padLeft", "padLeft(text, length, pad)", "The text, filled up on the left with pad to a length in characters.",
				`padLeft("42", 6, "0")`, `"000042"`,
			},
			params: []param{text, {"length", integer}, {"pad", str}}, required: 3, result: stringType, run: runPad(true),
		},
		{
			Function: Function{
				"padRight", "padRight(text, length, pad)", "The text, filled up on the right with pad to a length in characters.",
				`padRight("A", 3, ".")`, `"A.."`,
			},
			params: []param{text, {"length", integer}, {"pad", str}}, required: 3, result: stringType, run: runPad(false),
		},
		{
			Function: Function{"split", "split(text, separator)", "The parts of the text between separators.", `split("a,b", ",")`, `["a", "b"]`},
			params:   []param{text, {"separator", str}}, required: 2, result: Type{Kind: record.List, Elem: &stringType}, run: runSplit,
		},
		{
			Function: Function{"join", "join(list, separator)", "The texts of a list as one, with a separator between them.", `join(["a", "b"], "-")`, `"a-b"`},
			params:   []param{{"list", list}, {"separator", str}}, required: 2, result: stringType, run: runJoin,
		},
	}
}

func runTrim(m *Machine, at int, args []record.Value) (record.Value, error) {
	if len(args) == 2 {
		return m.newText(strings.Trim(args[0].Text(), args[1].Text()), at)
	}
	return m.newText(strings.TrimSpace(args[0].Text()), at)
}

func runReplace(m *Machine, at int, args []record.Value) (record.Value, error) {
	s, old, replacement := args[0].Text(), args[1].Text(), args[2].Text()
	if old == "" {
		return args[0], &RunError{Rule: RuleArgument, Offset: at, Detail: "old is empty"}
	}
	if err := m.scan(len(s), at); err != nil {
		return args[0], err
	}
	if err := m.grow(len(s)+strings.Count(s, old)*(len(replacement)-len(old)), at); err != nil {
		return args[0], err
	}
	return record.StringValue(strings.ReplaceAll(s, old, replacement)), nil
}

func runSubstring(m *Machine, at int, args []record.Value) (record.Value, error) {
	s := args[0].Text()
	from, err := whole(args[1], at, 0, MaxResultSize, "from")
	if err != nil {
		return args[0], err
	}
	length := len(s)
	if len(args) == 3 {
		if length, err = whole(args[2], at, 0, MaxResultSize, "length"); err != nil {
			return args[0], err
		}
	}
	return m.newText(substring(s, from, from+length), at)
}

func runPad(left bool) runner {
	return func(m *Machine, at int, args []record.Value) (record.Value, error) {
		s, pad := args[0].Text(), args[2].Text()
		length, err := whole(args[1], at, 0, MaxResultSize, "length")
		if err != nil {
			return args[0], err
		}
		if runes(pad) != 1 {
			return args[0], &RunError{Rule: RuleArgument, Offset: at, Detail: "pad is not one character"}
		}
		missing := max(0, length-runes(s))
		if err := m.grow(len(s)+missing*len(pad), at); err != nil {
			return args[0], err
		}
		fill := strings.Repeat(pad, missing)
		if left {
			return record.StringValue(fill + s), nil
		}
		return record.StringValue(s + fill), nil
	}
}

func runSplit(m *Machine, at int, args []record.Value) (record.Value, error) {
	s, separator := args[0].Text(), args[1].Text()
	if separator == "" {
		return args[0], &RunError{Rule: RuleArgument, Offset: at, Detail: "separator is empty"}
	}
	if err := m.grow((strings.Count(s, separator)+1)*valueSize, at); err != nil {
		return args[0], err
	}
	parts := strings.Split(s, separator)
	values := make([]record.Value, len(parts))
	for i, part := range parts {
		values[i] = record.StringValue(part)
	}
	return record.ListValue(values), nil
}

func runJoin(m *Machine, at int, args []record.Value) (record.Value, error) {
	parts, size := make([]string, args[0].Len()), 0
	for i := range parts {
		v, err := m.expand(args[0].Index(i), at)
		if err != nil {
			return v, err
		}
		if v.Kind() != record.String {
			return v, elementError(v, at, "string")
		}
		parts[i] = v.Text()
		if size += len(parts[i]) + len(args[1].Text()); size > 2*MaxResultSize {
			break
		}
	}
	if err := m.grow(max(0, size-len(args[1].Text())), at); err != nil {
		return args[0], err
	}
	return record.StringValue(strings.Join(parts, args[1].Text())), nil
}

// elementError is the error of a list's element that is nil or not of the kind wanted.
func elementError(v record.Value, at int, want string) error {
	if v.IsNull() {
		return &RunError{Rule: RuleNull, Offset: at, Detail: "an element of the list"}
	}
	return &RunError{Rule: RuleType, Offset: at, Detail: v.Kind().String() + " in a list where " + want + " is needed"}
}
