package expr

import (
	"fmt"
	"strings"
	"time"

	"github.com/dray-sync/dray/adapters/record"
)

// clock writes a time of day, with as many digits of a second as it has.
func clock(v record.Value) string {
	return time.Unix(0, 0).UTC().Add(v.TimeOfDay()).Format("15:04:05.999999999")
}

func dateFunctions() []function {
	date := Type{Kind: record.Date}
	when := param{"date", day}
	return []function{
		{
			Function: Function{
				"date", "date(value, format?)", "The day of an instant, in its own offset, or of text: YYYY-MM-DD, or as the format says.",
				`date("31.12.2026", "DD.MM.YYYY") == date("2026-12-31")`, `true`,
			},
			params: []param{{"value", day | str}, {"format", str}}, required: 1, result: date, written: 1, bind: bindDate,
			run: runDate("2006-01-02"),
		},
		{
			Function: Function{"datetime", "datetime(text)", "The instant in text as RFC 3339 writes it.", `datetime("2026-04-01T00:00:00+02:00") < datetime("2026-04-01T00:00:00Z")`, `true`},
			params:   []param{{"value", str | 1<<record.Timestamp}}, required: 1, result: Type{Kind: record.Timestamp}, run: runDatetime,
		},
		{
			Function: Function{"addDays", "addDays(date, days)", "The date or instant so many days later, of 24 hours each.", `string(addDays(date("2026-02-27"), 2))`, `"2026-03-01"`},
			params:   []param{when, {"days", integer}}, required: 2, resultOf: sameDay, run: runAddDays,
		},
		{
			Function: Function{
				"addMonths", "addMonths(date, months)", "The same day so many months later, or the last day of that month where it has no such day.",
				`string(addMonths(date("2026-01-31"), 1))`, `"2026-02-28"`,
			},
			params: []param{{"date", 1 << record.Date}, {"months", integer}}, required: 2, result: date, run: runAddMonths,
		},
		{
			Function: Function{"daysBetween", "daysBetween(from, to)", "The days from one date to another; negative when it is earlier.", `daysBetween(date("2026-02-01"), date("2026-03-01"))`, `28`},
			params:   []param{{"from", 1 << record.Date}, {"to", 1 << record.Date}}, required: 2, result: intType,
			run: func(_ *Machine, _ int, args []record.Value) (record.Value, error) {
				return record.IntValue((args[1].Time().Unix() - args[0].Time().Unix()) / 86400), nil
			},
		},
		{
			Function: Function{
				"formatDate", "formatDate(date, format)", "The date or instant as text. The format has the tokens YYYY MM DD HH mm ss.",
				`formatDate(date("2026-04-01"), "DD.MM.YYYY")`, `"01.04.2026"`,
			},
			params: []param{when, {"format", str}}, required: 2, result: stringType, written: 1, bind: bindFormat, run: unbound,
		},
		{
			Function: Function{
				"inZone", "inZone(instant, zone)", "The same instant with the offset that the zone has then.",
				`string(date(inZone(datetime("2026-06-30T22:30:00Z"), "Europe/Berlin")))`, `"2026-07-01"`,
			},
			params: []param{{"instant", 1 << record.Timestamp}, {"zone", str}}, required: 2, result: Type{Kind: record.Timestamp},
			written: 1, bind: bindZone, run: unbound,
		},
		part("year", "The year of a date or instant, in its own offset.", `2026`, time.Time.Year),
		part("month", "The month of a date or instant, from 1.", `4`, func(t time.Time) int { return int(t.Month()) }),
		part("day", "The day of the month of a date or instant, from 1.", `9`, time.Time.Day),
		part("weekday", "The day of the week of a date or instant: 1 is Monday, 7 Sunday.", `4`, func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }),
	}
}

// part is a function that takes a number out of a date.
func part(name, doc, result string, of func(time.Time) int) function {
	return function{
		Function: Function{name, name + "(date)", doc, name + `(date("2026-04-09"))`, result},
		params:   []param{{"date", day}}, required: 1, result: intType,
		run: func(_ *Machine, _ int, args []record.Value) (record.Value, error) {
			return record.IntValue(int64(of(args[0].Time()))), nil
		},
	}
}

// sameDay is the type of what is of the type of the first argument.
func sameDay(args []node) Type {
	t := args[0].typ
	t.Nullable = false
	return t
}

// layout turns a format of tokens into Go's. Letters that are no token and digits are refused, as Go would read them its own way.
func layout(format string) (string, *Error) {
	tokens := []struct{ token, layout string }{
		{"YYYY", "2006"}, {"MM", "01"}, {"DD", "02"}, {"HH", "15"}, {"mm", "04"}, {"ss", "05"},
	}
	var b strings.Builder
next:
	for i := 0; i < len(format); {
		for _, t := range tokens {
			if strings.HasPrefix(format[i:], t.token) {
				b.WriteString(t.layout)
				i += len(t.token)
				continue next
			}
		}
		if !strings.ContainsRune(" -./:_,TZ", rune(format[i])) {
			return "", &Error{
				Code:    CodeArguments,
				Message: fmt.Sprintf("format %q has %q, which is no token", format, format[i:i+1]),
				Hint:    "tokens are YYYY MM DD HH mm ss; between them stand blanks and - . / : _ , T Z",
			}
		}
		b.WriteByte(format[i])
		i++
	}
	return b.String(), nil
}

func bindDate(format string) (runner, *Error) {
	l, err := layout(format)
	return runDate(l), err
}

func runDate(layout string) runner {
	return func(_ *Machine, at int, args []record.Value) (record.Value, error) {
		if args[0].Kind() != record.String {
			return record.DateValue(args[0].Time()), nil
		}
		t, err := time.Parse(layout, args[0].Text())
		if err != nil {
			return args[0], &RunError{Rule: RuleNotADate, Offset: at}
		}
		return record.DateValue(t), nil
	}
}

func runDatetime(_ *Machine, at int, args []record.Value) (record.Value, error) {
	if args[0].Kind() == record.Timestamp {
		return args[0], nil
	}
	t, err := time.Parse(time.RFC3339Nano, args[0].Text())
	if err != nil {
		return args[0], &RunError{Rule: RuleNotADate, Offset: at}
	}
	return record.TimestampValue(t), nil
}

// maxDays bounds how far a date moves: about ten thousand years.
const maxDays = 3_652_425

func runAddDays(_ *Machine, at int, args []record.Value) (record.Value, error) {
	n, err := whole(args[1], at, -maxDays, maxDays, "days")
	if err != nil {
		return args[0], err
	}
	if args[0].Kind() == record.Date {
		return dated(args[0].Time().AddDate(0, 0, n), at)
	}
	t := args[0].Time()
	for range 100 { // in hundredths, as a Duration holds under 300 years
		t = t.Add(time.Duration(n/100) * 24 * time.Hour)
	}
	t = t.Add(time.Duration(n%100) * 24 * time.Hour)
	if t.Year() < 1 || t.Year() > 9999 {
		return args[0], &RunError{Rule: RuleArgument, Offset: at, Detail: "a date outside the years 1 to 9999"}
	}
	return record.TimestampValue(t), nil
}

func runAddMonths(_ *Machine, at int, args []record.Value) (record.Value, error) {
	n, err := whole(args[1], at, -12*10_000, 12*10_000, "months")
	if err != nil {
		return args[0], err
	}
	t := args[0].Time()
	first := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, n, 0)
	end := first.AddDate(0, 1, -1).Day()
	return dated(first.AddDate(0, 0, min(t.Day(), end)-1), at)
}

// dated returns a day within the years that every application can write.
func dated(t time.Time, at int) (record.Value, error) {
	if t.Year() < 1 || t.Year() > 9999 {
		return record.Value{}, &RunError{Rule: RuleArgument, Offset: at, Detail: "a date outside the years 1 to 9999"}
	}
	return record.DateValue(t), nil
}

func bindFormat(format string) (runner, *Error) {
	l, err := layout(format)
	return func(m *Machine, at int, args []record.Value) (record.Value, error) {
		return m.newText(args[0].Time().Format(l), at)
	}, err
}

func bindZone(zone string) (runner, *Error) {
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" {
		return unbound, &Error{Code: CodeArguments, Message: fmt.Sprintf("there is no zone %q", zone), Hint: `zones are named as "Europe/Berlin" or "UTC"`}
	}
	return func(_ *Machine, _ int, args []record.Value) (record.Value, error) {
		return record.TimestampValue(args[0].Time().In(location)), nil
	}, nil
}
