package mapping

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Names of formats that are not made of tokens.
const (
	formatISO    = "iso"
	formatUnix   = "unix"
	formatUnixMs = "unix-ms"
)

// dateFormat is a date format of tokens: YYYY MM DD HH mm ss, S for each digit of a fraction of a second, Z for an offset. Anything else
// that is no letter stands for itself, and so does T.
type dateFormat struct {
	text  string // as written
	parts []datePart
	has   dateSet // what the tokens say
}

type datePart struct {
	token   byte // 'Y' 'M' 'D' 'H' 'm' 's' 'S' 'Z', or 0 for a literal
	width   int  // digits of a number
	literal string
}

// dateSet is a set of parts of a date.
type dateSet uint8

const (
	hasYear dateSet = 1 << iota
	hasMonth
	hasDay
	hasHour
	hasMinute
	hasSecond
	hasFraction
	hasOffset

	hasDate = hasYear | hasMonth | hasDay
	hasTime = hasHour | hasMinute
)

var dateTokens = []struct {
	text string
	set  dateSet
}{{"YYYY", hasYear}, {"MM", hasMonth}, {"DD", hasDay}, {"HH", hasHour}, {"mm", hasMinute}, {"ss", hasSecond}, {"Z", hasOffset}}

// parseFormat reads a format. The error says what to write instead.
func parseFormat(s string) (*dateFormat, error) {
	f := &dateFormat{text: s}
	for s != "" {
		part, set, n := nextDatePart(s)
		switch {
		case n == 0:
			return nil, fmt.Errorf("%q is no token at %q", s[:1], s)
		case part.token == 0 && len(f.parts) > 0 && f.parts[len(f.parts)-1].token == 0:
			f.parts[len(f.parts)-1].literal += part.literal
		case f.has&set != 0:
			return nil, fmt.Errorf("%q is there twice", s[:n])
		default:
			f.parts = append(f.parts, part)
		}
		f.has |= set
		s = s[n:]
	}
	return f, nil
}

func nextDatePart(s string) (part datePart, set dateSet, n int) {
	for _, t := range dateTokens {
		if strings.HasPrefix(s, t.text) {
			return datePart{token: t.text[0], width: len(t.text)}, t.set, len(t.text)
		}
	}
	if s[0] == 'S' {
		n = len(s) - len(strings.TrimLeft(s, "S"))
		if n > 9 {
			return part, 0, 0
		}
		return datePart{token: 'S', width: n}, hasFraction, n
	}
	if c := s[0]; c != 'T' && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
		return part, 0, 0
	}
	return datePart{literal: s[:1]}, 0, 1
}

// civil is a date and time as written: without a zone unless offset says so.
type civil struct {
	year, month, day     int
	hour, minute, second int
	nanosecond           int
	offset               int // seconds east of UTC, with hasOffset
	has                  dateSet
}

// valid reports whether such a day and time exist on some calendar and clock. Second 60 does not.
func (c *civil) valid() bool {
	if c.has&hasDate != hasDate || c.month < 1 || c.month > 12 || c.day < 1 || c.hour > 23 || c.minute > 59 || c.second > 59 {
		return false
	}
	return c.day <= time.Date(c.year, time.Month(c.month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// parse reads a text that is exactly as the format says.
func (f *dateFormat) parse(s string) (c civil, ok bool) {
	c.has = f.has
	for _, p := range f.parts {
		switch p.token {
		case 0:
			if !strings.HasPrefix(s, p.literal) {
				return c, false
			}
			s = s[len(p.literal):]
			continue
		case 'Z':
			n := 0
			if c.offset, n = parseOffset(s); n == 0 {
				return c, false
			}
			s = s[n:]
			continue
		}
		if len(s) < p.width || !allDigits(s[:p.width]) {
			return c, false
		}
		n, _ := strconv.Atoi(s[:p.width])
		s = s[p.width:]
		switch p.token {
		case 'Y':
			c.year = n
		case 'M':
			c.month = n
		case 'D':
			c.day = n
		case 'H':
			c.hour = n
		case 'm':
			c.minute = n
		case 's':
			c.second = n
		case 'S':
			c.nanosecond = n * int(powers[9-p.width])
		}
	}
	return c, s == "" && c.valid()
}

// parseOffset reads Z, +01:00, +0100 or +01 and returns its length, 0 when it is none.
func parseOffset(s string) (seconds, n int) {
	if strings.HasPrefix(s, "Z") {
		return 0, 1
	}
	if len(s) < 3 || (s[0] != '+' && s[0] != '-') || !allDigits(s[1:3]) {
		return 0, 0
	}
	hours, _ := strconv.Atoi(s[1:3])
	minutes, n := 0, 3
	switch {
	case len(s) >= 6 && s[3] == ':' && allDigits(s[4:6]):
		minutes, _ = strconv.Atoi(s[4:6])
		n = 6
	case len(s) >= 5 && allDigits(s[3:5]):
		minutes, _ = strconv.Atoi(s[3:5])
		n = 5
	}
	if hours > 23 || minutes > 59 {
		return 0, 0
	}
	if seconds = hours*3600 + minutes*60; s[0] == '-' {
		seconds = -seconds
	}
	return seconds, n
}

// parseISO reads ISO 8601 as records hold it: a day, or a day and a time with T or a blank between, seconds and fraction optional,
// with or without an offset.
func parseISO(s string) (c civil, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' || !allDigits(s[:4]) || !allDigits(s[5:7]) || !allDigits(s[8:10]) {
		return c, false
	}
	c.year, c.month, c.day = digits(s[:4]), digits(s[5:7]), digits(s[8:10])
	c.has = hasDate
	if s = s[10:]; s == "" {
		return c, c.valid()
	}
	if len(s) < 6 || (s[0] != 'T' && s[0] != 't' && s[0] != ' ') || s[3] != ':' || !allDigits(s[1:3]) || !allDigits(s[4:6]) {
		return c, false
	}
	c.hour, c.minute = digits(s[1:3]), digits(s[4:6])
	c.has |= hasTime
	if s = s[6:]; len(s) >= 3 && s[0] == ':' && allDigits(s[1:3]) {
		c.second = digits(s[1:3])
		if s = s[3:]; len(s) >= 2 && (s[0] == '.' || s[0] == ',') {
			n := 1
			for n < len(s) && s[n] >= '0' && s[n] <= '9' {
				n++
			}
			if n == 1 || n > 10 {
				return c, false
			}
			c.nanosecond = digits(s[1:n]) * int(powers[10-n])
			s = s[n:]
		}
	}
	if s != "" {
		if s == "z" {
			s = "Z"
		}
		n := 0
		if c.offset, n = parseOffset(s); n == 0 || n != len(s) {
			return c, false
		}
		c.has |= hasOffset
	}
	return c, c.valid()
}

// digits returns the number of a few digits.
func digits(s string) (n int) {
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// append writes t as the format says.
func (f *dateFormat) append(dst []byte, t time.Time) []byte {
	for _, p := range f.parts {
		n := 0
		switch p.token {
		case 0:
			dst = append(dst, p.literal...)
			continue
		case 'Z':
			dst = t.AppendFormat(dst, "Z07:00")
			continue
		case 'Y':
			n = t.Year()
		case 'M':
			n = int(t.Month())
		case 'D':
			n = t.Day()
		case 'H':
			n = t.Hour()
		case 'm':
			n = t.Minute()
		case 's':
			n = t.Second()
		case 'S':
			n = t.Nanosecond() / int(powers[9-p.width])
		}
		for i := p.width - 1; i >= 0; i-- {
			dst = append(dst, byte('0'+n/int(powers[i])%10))
		}
	}
	return dst
}
