package mapping

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
)

// An ApplyFunc is a function that apply knows.
type ApplyFunc struct {
	Name string
	Arg  string // what its argument is, as an example: 254, {length: 8, with: "0"}; empty for none
	Doc  string
}

// maxText bounds the bytes of a text that a function makes.
const maxText = 1 << 20

// ApplyFuncs returns the functions that apply knows, in the order documentation lists them. They work on texts; a number is its exact text.
func ApplyFuncs() []ApplyFunc {
	fs := make([]ApplyFunc, len(functions))
	for i, f := range functions {
		fs[i] = f.ApplyFunc
	}
	return fs
}

// change makes one text of another: a part of it, or something in the executor's arena. false means that it would be too long.
type change func(e *Executor, s string) (string, bool)

type function struct {
	ApplyFunc
	compile func(arg json.RawMessage) (change, error)
}

var functions = []function{
	{ApplyFunc{"trim", "", "without blanks at both ends"}, plain(strings.TrimSpace)},
	{ApplyFunc{"collapse", "", "trimmed, and runs of blanks within become one space"}, built(collapse)},
	{ApplyFunc{"lower", "", "in lower case"}, built(lower)},
	{ApplyFunc{"upper", "", "in upper case"}, built(upper)},
	{ApplyFunc{"digits", "", "the digits 0 to 9 alone"}, built(onlyDigits)},
	{ApplyFunc{"emptyToNull", "", "null when the text is empty, which default, required and ifAbsent then see"}, nil},
	{ApplyFunc{"truncate", "254", "at most so many characters"}, truncate},
	{ApplyFunc{"padLeft", `{length: 8, with: "0"}`, "filled at the left to so many characters"}, pad(true)},
	{ApplyFunc{"padRight", `{length: 8, with: " "}`, "filled at the right to so many characters"}, pad(false)},
	{ApplyFunc{"prefix", `"WEB-"`, "with this before it"}, around(func(s, arg string) (string, string) { return arg, s })},
	{ApplyFunc{"suffix", `"-DE"`, "with this behind it"}, around(func(s, arg string) (string, string) { return s, arg })},
	{ApplyFunc{"stripPrefix", `"gid://shopify/Order/"`, "without this before it"}, strip(strings.TrimPrefix)},
	{ApplyFunc{"stripSuffix", `".csv"`, "without this behind it"}, strip(strings.TrimSuffix)},
	{ApplyFunc{"replace", `{find: ",", with: "."}`, "each find becomes with"}, replace},
}

// apply compiles one function. nil when it is wrong.
func (c *compiler) apply(at string, a config.Apply) step {
	names := make([]string, len(functions))
	for i, f := range functions {
		if names[i] = f.Name; f.Name != a.Func {
			continue
		}
		if f.Arg == "" && a.Arg != nil {
			c.problem(CodeApply, at, fmt.Sprintf("%s takes no argument", f.Name), "write "+f.Name)
			return nil
		}
		if f.compile == nil {
			return emptyToNull
		}
		fn, err := f.compile(a.Arg)
		if err != nil {
			c.problem(CodeApply, at, fmt.Sprintf("%s: %v", f.Name, err), fmt.Sprintf("for example {%s: %s}", f.Name, f.Arg))
			return nil
		}
		return onText(fn)
	}
	hint := didYouMean(a.Func, names)
	if hint == "" {
		hint = "the functions are " + strings.Join(names, ", ")
	}
	c.problem(CodeApply, at, fmt.Sprintf("unknown function %q", a.Func), hint)
	return nil
}

// onText applies a change to a text, or to a number's.
func onText(fn change) step {
	return func(e *Executor, v record.Value) (record.Value, Rule) {
		switch v.Kind() {
		case record.String:
		case record.Int, record.Decimal:
			v = e.text(v.AppendNumber(e.arena.Grow(32)))
		default:
			return v, RuleType
		}
		s, ok := fn(e, v.Text())
		if !ok {
			return v, RuleLength
		}
		return record.StringValue(s), ""
	}
}

func emptyToNull(_ *Executor, v record.Value) (record.Value, Rule) {
	if v.Kind() == record.String && v.Text() == "" {
		return record.NullValue, ""
	}
	return v, ""
}

// plain is a function without an argument that returns a part of the text.
func plain(fn func(string) string) func(json.RawMessage) (change, error) {
	return func(json.RawMessage) (change, error) {
		return func(_ *Executor, s string) (string, bool) { return fn(s), true }, nil
	}
}

// built is a function without an argument that may need room.
func built(fn change) func(json.RawMessage) (change, error) {
	return func(json.RawMessage) (change, error) { return fn, nil }
}

func lower(e *Executor, s string) (string, bool) {
	if isASCII(s) {
		return flipped(e, s, 'A')
	}
	return mapped(e, s, unicode.ToLower)
}

func upper(e *Executor, s string) (string, bool) {
	if isASCII(s) {
		return flipped(e, s, 'a')
	}
	return mapped(e, s, unicode.ToUpper)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// flipped changes the case of the letters of the alphabet that starts with first, in a text of ASCII alone.
func flipped(e *Executor, s string, first byte) (string, bool) {
	b := append(e.arena.Grow(len(s)), s...)
	same := true
	for i, c := range b {
		if c-first < 26 {
			b[i], same = c^0x20, false
		}
	}
	if same {
		return s, true
	}
	return e.arena.Text(b), true
}

// mapped changes each rune.
func mapped(e *Executor, s string, fn func(rune) rune) (string, bool) {
	at := strings.IndexFunc(s, func(r rune) bool { return fn(r) != r })
	if at < 0 {
		return s, true
	}
	b := append(e.arena.Grow(len(s)+utf8.UTFMax), s[:at]...)
	for _, r := range s[at:] {
		b = utf8.AppendRune(b, fn(r))
	}
	return e.arena.Text(b), true
}

func collapse(e *Executor, s string) (string, bool) {
	b := e.arena.Grow(len(s))
	blank := false
	for _, r := range strings.TrimSpace(s) {
		if unicode.IsSpace(r) {
			blank = true
			continue
		}
		if blank {
			b, blank = append(b, ' '), false
		}
		b = utf8.AppendRune(b, r)
	}
	return e.arena.Text(b), true
}

func onlyDigits(e *Executor, s string) (string, bool) {
	if allDigits(s) {
		return s, true
	}
	b := e.arena.Grow(len(s))
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			b = append(b, s[i])
		}
	}
	return e.arena.Text(b), true
}

func truncate(arg json.RawMessage) (change, error) {
	var limit int
	if err := strictArg(arg, &limit); err != nil || limit < 1 {
		return nil, fmt.Errorf("its argument is a number of characters, from 1")
	}
	return func(_ *Executor, s string) (string, bool) {
		if len(s) <= limit {
			return s, true
		}
		n := 0
		for i := range s {
			if n == limit {
				return s[:i], true
			}
			n++
		}
		return s, true
	}, nil
}

func pad(left bool) func(json.RawMessage) (change, error) {
	return func(arg json.RawMessage) (change, error) {
		var a struct {
			Length int    `json:"length"`
			With   string `json:"with"`
		}
		if err := strictArg(arg, &a); err != nil || a.Length < 1 || a.Length > 10_000 || utf8.RuneCountInString(a.With) != 1 {
			return nil, fmt.Errorf("its argument is a length of 1 to 10000 and one character to fill with")
		}
		return func(e *Executor, s string) (string, bool) {
			missing := a.Length - utf8.RuneCountInString(s)
			if missing <= 0 {
				return s, true
			}
			b := e.arena.Grow(len(s) + missing*len(a.With))
			if !left {
				b = append(b, s...)
			}
			for range missing {
				b = append(b, a.With...)
			}
			if left {
				b = append(b, s...)
			}
			return e.arena.Text(b), true
		}, nil
	}
}

func around(order func(s, arg string) (string, string)) func(json.RawMessage) (change, error) {
	return func(arg json.RawMessage) (change, error) {
		var text string
		if err := strictArg(arg, &text); err != nil || text == "" {
			return nil, fmt.Errorf("its argument is a text")
		}
		return func(e *Executor, s string) (string, bool) {
			if len(s)+len(text) > maxText {
				return s, false
			}
			first, second := order(s, text)
			return e.arena.Text(append(append(e.arena.Grow(len(s)+len(text)), first...), second...)), true
		}, nil
	}
}

func strip(fn func(s, arg string) string) func(json.RawMessage) (change, error) {
	return func(arg json.RawMessage) (change, error) {
		var text string
		if err := strictArg(arg, &text); err != nil || text == "" {
			return nil, fmt.Errorf("its argument is a text")
		}
		return func(_ *Executor, s string) (string, bool) { return fn(s, text), true }, nil
	}
}

func replace(arg json.RawMessage) (change, error) {
	var a struct {
		Find string  `json:"find"`
		With *string `json:"with"`
	}
	if err := strictArg(arg, &a); err != nil || a.Find == "" || a.With == nil {
		return nil, fmt.Errorf("its argument is what to find and with what to replace it")
	}
	with := *a.With
	return func(e *Executor, s string) (string, bool) {
		n := strings.Count(s, a.Find)
		if n == 0 {
			return s, true
		}
		size := len(s) + n*(len(with)-len(a.Find))
		if size > maxText {
			return s, false
		}
		b := e.arena.Grow(size)
		for {
			before, after, found := strings.Cut(s, a.Find)
			if b = append(b, before...); !found {
				return e.arena.Text(b), true
			}
			b = append(b, with...)
			s = after
		}
	}, nil
}

// strictArg reads an argument without anything unknown in it.
func strictArg(arg json.RawMessage, into any) error {
	dec := json.NewDecoder(bytes.NewReader(arg))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}
