package maptest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
)

// keys adds the keys of a lookup's rows, the first few.
func (s *shape) keys(l *config.Lookup, column string) {
	const most = 20
	for _, row := range l.Rows[:min(len(l.Rows), most)] {
		if row[column] != "*" {
			s.pool = append(s.pool, record.StringValue(row[column]))
		}
	}
}

// hint notes what a field makes of the value it reads.
func (r *reader) hint(s *shape, f *config.Field) {
	switch f.As {
	case "int":
		s.texts = append(s.texts, numberTexts(f, "0", "1", "-7", "12345678901234567890", "1.5")...)
	case "decimal", "money":
		s.texts = append(s.texts, numberTexts(f, "0", "1.10", "-2.5", "1234.005", "1234567890123456.78")...)
	case "bool":
		s.texts = append(s.texts, "true", "false", "1", "0")
	case "date", "datetime":
		s.texts = append(s.texts, dateTexts(f)...)
	}
	if f.As == "money" {
		currency := f.Form().Currency
		if c := r.path(currency); c != nil && !isCurrency(currency) {
			for _, code := range []string{"EUR", "JPY", "KWD"} {
				c.pool = append(c.pool, record.StringValue(code))
			}
		}
	}
}

func isCurrency(s string) bool { return len(s) == 3 && strings.ToUpper(s) == s }

// numberTexts returns numbers as the field reads them from texts.
func numberTexts(f *config.Field, numbers ...string) []string {
	out := make([]string, len(numbers))
	for i, n := range numbers {
		out[i] = strings.Replace(n, ".", cmp.Or(f.Form().DecimalMark, "."), 1)
	}
	return out
}

// dateTexts returns dates as the field reads them, at the edges of years and of clock changes.
func dateTexts(f *config.Field) []string {
	moments := [][6]string{
		{"2026", "04", "02", "10", "00", "00"}, {"2024", "02", "29", "23", "59", "59"}, {"2026", "03", "29", "02", "30", "00"}, // skipped in Berlin
		{"2026", "10", "25", "02", "30", "00"}, {"1999", "12", "31", "00", "00", "00"}, {"9999", "12", "31", "23", "59", "59"},
	}
	var out []string
	form := f.Form()
	for _, m := range moments {
		date, clock := m[0]+"-"+m[1]+"-"+m[2], m[3]+":"+m[4]+":"+m[5]
		switch form.Format {
		case "", "iso":
			if f.As == "date" && form.To == "" {
				out = append(out, date)
			}
			if out = append(out, date+"T"+clock+"Z"); form.Zone != "" {
				out = append(out, date+"T"+clock)
			}
		case "unix":
			out = append(out, "1775124000")
		case "unix-ms":
			out = append(out, "1775124000000")
		default:
			out = append(out, strings.NewReplacer("YYYY", m[0], "MM", m[1], "DD", m[2], "HH", m[3], "mm", m[4], "ss", m[5]).Replace(form.Format))
		}
	}
	return slices.Compact(out)
}
