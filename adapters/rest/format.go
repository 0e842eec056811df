package rest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A timeFormat writes and reads instants as an API does.
type timeFormat struct {
	kind  string        // iso, unix, unix-ms, or tokens
	parts []string      // of tokens: a token, or a literal character
	unit  time.Duration // the smallest difference it can show
	utc   bool          // the format says so itself
}

// tokens are what a format may hold, with their digits.
var tokens = [...]string{"YYYY", "MM", "DD", "HH", "mm", "ss"}

func parseFormat(s string) (timeFormat, error) {
	switch s {
	case "iso", "unix":
		return timeFormat{kind: s, unit: time.Second, utc: true}, nil
	case "unix-ms":
		return timeFormat{kind: s, unit: time.Millisecond, utc: true}, nil
	}
	f := timeFormat{kind: "tokens", unit: 24 * time.Hour}
	seen := map[string]bool{}
	for rest := s; rest != ""; {
		part := rest[:1]
		for _, token := range tokens {
			if strings.HasPrefix(rest, token) {
				part = token
			}
		}
		switch {
		case len(part) > 1 && seen[part]:
			return f, fmt.Errorf("holds %s twice", part)
		case part == "Z" && len(rest) == 1:
			f.utc = true
		case len(part) == 1 && part != "T" && (part[0] >= 'a' && part[0] <= 'z' || part[0] >= 'A' && part[0] <= 'Z' || part[0] >= '0' && part[0] <= '9' || part[0] >= 0x80):
			return f, fmt.Errorf("holds %q, which is none of iso, unix, unix-ms and the tokens YYYY MM DD HH mm ss", part)
		}
		seen[part] = true
		f.parts, rest = append(f.parts, part), rest[len(part):]
	}
	if !seen["YYYY"] || !seen["MM"] || !seen["DD"] {
		return f, errors.New("must be iso, unix, unix-ms, or hold the tokens YYYY, MM and DD")
	}
	for token, unit := range map[string]time.Duration{"HH": time.Hour, "mm": time.Minute, "ss": time.Second} {
		if seen[token] {
			f.unit = min(f.unit, unit)
		}
	}
	return f, nil
}

// format writes an instant, cut to the format's unit.
func (f timeFormat) format(t time.Time, zone *time.Location) string {
	switch f.kind {
	case "iso":
		return t.UTC().Truncate(time.Second).Format(time.RFC3339)
	case "unix":
		return strconv.FormatInt(t.Unix(), 10)
	case "unix-ms":
		return strconv.FormatInt(t.UnixMilli(), 10)
	}
	t = t.In(f.zone(zone))
	numbers := map[string]int{"MM": int(t.Month()), "DD": t.Day(), "HH": t.Hour(), "mm": t.Minute(), "ss": t.Second()}
	var b strings.Builder
	for _, part := range f.parts {
		switch n, isNumber := numbers[part]; {
		case part == "YYYY":
			fmt.Fprintf(&b, "%04d", t.Year())
		case isNumber:
			fmt.Fprintf(&b, "%02d", n)
		default:
			b.WriteString(part)
		}
	}
	return b.String()
}

func (f timeFormat) zone(zone *time.Location) *time.Location {
	if f.utc {
		return time.UTC
	}
	return zone
}

// parse reads an instant.
func (f timeFormat) parse(s string, zone *time.Location) (time.Time, bool) {
	switch f.kind {
	case "iso":
		t, err := time.Parse(time.RFC3339Nano, s)
		return t, err == nil
	case "unix", "unix-ms":
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n > 1<<50 || n < -(1<<50) {
			return time.Time{}, false
		}
		if f.kind == "unix" {
			return time.Unix(n, 0).UTC(), true
		}
		return time.UnixMilli(n).UTC(), true
	}
	numbers := map[string]int{"MM": 1, "DD": 1}
	for _, part := range f.parts {
		if len(s) < len(part) {
			return time.Time{}, false
		}
		head := s[:len(part)]
		s = s[len(part):]
		if len(part) == 1 {
			if head != part {
				return time.Time{}, false
			}
			continue
		}
		n, err := strconv.ParseUint(head, 10, 16)
		if err != nil {
			return time.Time{}, false
		}
		numbers[part] = int(n)
	}
	t := time.Date(numbers["YYYY"], time.Month(numbers["MM"]), numbers["DD"], numbers["HH"], numbers["mm"], numbers["ss"], 0, f.zone(zone))
	return t, s == ""
}

// hidden returns how far local times go back shortly before or after t: in that hour they do not tell instants apart.
func (f timeFormat) hidden(t time.Time, zone *time.Location) time.Duration {
	if f.utc {
		return 0
	}
	_, before := t.Add(-3 * time.Hour).In(zone).Zone()
	_, after := t.Add(3 * time.Hour).In(zone).Zone()
	return time.Duration(max(before-after, 0)) * time.Second
}
