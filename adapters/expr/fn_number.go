package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters/record"
)

var (
	intType     = Type{Kind: record.Int}
	decimalType = Type{Kind: record.Decimal}
)

func numberFunctions() []function {
	x := param{"number", number}
	return []function{
		{
			Function: Function{
				"int", "int(value)", "The value, a whole number or text of one, as an integer. A fraction is an error; round says how to lose it.",
				`int("0042") + int(1.00)`, `43`,
			},
			params: []param{{"value", number | str}}, required: 1, result: intType, run: runInt,
		},
		{
			Function: Function{"decimal", "decimal(value)", "The value, a number or text of one with a point, as an exact number.", `decimal("12.50") * 2`, `25.00`},
			params:   []param{{"value", number | str}}, required: 1, result: decimalType, run: runDecimal,
		},
		{
			Function: Function{
				"string", "string(value)", "The value as text: a number with its own digits, a date as YYYY-MM-DD, an instant as RFC 3339.",
				`"WEB-" + string(1001)`, `"WEB-1001"`,
			},
			params: []param{{"value", number | str | 1<<record.Bool | 1<<record.Date | 1<<record.Time | 1<<record.Timestamp}}, required: 1,
			result: stringType, run: runString,
		},
		{
			Function: Function{
				"round", "round(number, scale, mode)",
				"The number with so many digits after the point. mode is one of " + strings.Join(roundingModes(), ", ") + ".",
				`round(2.345, 2, "half-even")`, `2.34`,
			},
			params: []param{x, {"scale", integer}, {"mode", str}}, required: 3, written: 2, bind: bindRound, run: unbound,
			resultOf: func(args []node) Type { return roundedTo(args[1]) },
		},
		{
			Function: Function{
				"div", "div(a, b, scale, mode)", "a divided by b, with so many digits after the point. mode is as for round.",
				`div(10, 3, 2, "half-even")`, `3.33`,
			},
			params: []param{{"a", number}, {"b", number}, {"scale", integer}, {"mode", str}}, required: 4, written: 3, bind: bindDiv, run: unbound,
			resultOf: func(args []node) Type { return roundedTo(args[2]) },
		},
		{
			Function: Function{"abs", "abs(number)", "The number without its sign.", `abs(-1.50)`, `1.50`},
			params:   []param{x}, required: 1, resultOf: func(args []node) Type { return numeric(args[0].typ) },
			run: func(m *Machine, at int, args []record.Value) (record.Value, error) {
				zero := record.IntValue(0)
				if order, err := m.order(args[0], zero, at); err != nil || order >= 0 {
					return args[0], err
				}
				return m.compute(subtract, zero, args[0], at, "abs")
			},
		},
	}
}

// roundedTo returns the type of a number that was rounded to a scale: with none it is whole.
func roundedTo(scale node) Type {
	t := decimalType
	t.Loose = true
	if scale.konst != nil {
		digits, ok := scale.konst.Int64()
		t.Loose = !ok || digits <= 0
	}
	return t
}

// unbound stands for a runner that only a written-out argument makes: it runs only where compiling already failed.
func unbound(_ *Machine, at int, _ []record.Value) (record.Value, error) {
	return record.Value{}, &RunError{Rule: RuleArgument, Offset: at, Detail: "an argument is not written out"}
}

// checkMode returns an error with the nearest mode for one that does not exist.
func checkMode(mode string) *Error {
	modes := roundingModes()
	if slices.Contains(modes, mode) {
		return nil
	}
	hint := "one of " + listed(roundingModes())
	if near := nearest(mode, modes); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", near, hint)
	}
	return &Error{Code: CodeRounding, Message: fmt.Sprintf("there is no way to round %q", mode), Hint: hint}
}

func bindRound(mode string) (runner, *Error) {
	if err := checkMode(mode); err != nil {
		return unbound, err
	}
	return func(m *Machine, at int, args []record.Value) (record.Value, error) {
		scale, err := whole(args[1], at, 0, record.MaxDigits, "scale")
		if err != nil {
			return args[0], err
		}
		if err := m.weigh(args[0], args[0], at); err != nil {
			return args[0], err
		}
		if err := m.spend(scale, at); err != nil {
			return args[0], err
		}
		v, rule := round(args[0], int32(scale), mode)
		return v, runError(rule, at, "round")
	}, nil
}

func bindDiv(mode string) (runner, *Error) {
	if err := checkMode(mode); err != nil {
		return unbound, err
	}
	return func(m *Machine, at int, args []record.Value) (record.Value, error) {
		scale, err := whole(args[2], at, 0, record.MaxDigits, "scale")
		if err != nil {
			return args[0], err
		}
		if err := m.weigh(args[0], args[1], at); err != nil {
			return args[0], err
		}
		if err := m.spend(scale, at); err != nil {
			return args[0], err
		}
		v, rule := divide(args[0], args[1], int32(scale), mode)
		return v, runError(rule, at, "div")
	}, nil
}

// numberIn reads a number from text. Leading zeros and a leading plus are what people write in files, and mean nothing.
func numberIn(s string) (record.Value, bool) {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	} else {
		s = strings.TrimPrefix(s, "+")
	}
	for len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9' {
		s = s[1:]
	}
	v, err := record.ParseNumber(sign + s)
	return v, err == nil
}

func runDecimal(m *Machine, at int, args []record.Value) (record.Value, error) {
	if args[0].Kind() != record.String {
		return args[0], nil
	}
	s := args[0].Text()
	if err := m.scan(len(s), at); err != nil {
		return args[0], err
	}
	v, ok := numberIn(s)
	if !ok {
		return v, &RunError{Rule: RuleNotANumber, Offset: at}
	}
	return v, m.weigh(v, v, at)
}

func runInt(m *Machine, at int, args []record.Value) (record.Value, error) {
	v, err := runDecimal(m, at, args)
	if err != nil || v.Kind() == record.Int {
		return v, err
	}
	if err := m.weigh(v, v, at); err != nil {
		return v, err
	}
	truncated, rule := round(v, 0, "down")
	if rule == "" && compareNumbers(truncated, v) != 0 {
		rule = RuleNotWhole
	}
	return truncated, runError(rule, at, "int")
}

func runString(m *Machine, at int, args []record.Value) (record.Value, error) {
	v := args[0]
	switch v.Kind() {
	case record.String:
		return v, nil
	case record.Bool:
		if v.Bool() {
			return record.StringValue("true"), nil
		}
		return record.StringValue("false"), nil
	case record.Date:
		return record.StringValue(v.Time().Format("2006-01-02")), nil
	case record.Timestamp:
		return record.StringValue(v.Time().Format("2006-01-02T15:04:05.999999999Z07:00")), nil
	case record.Time:
		return record.StringValue(clock(v)), nil
	}
	return m.newText(v.Text(), at)
}
