package mapping

import (
	"time"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
)

// moment reads dates and times: where they are from, how they are written, where they go.
type moment struct {
	format *dateFormat // nil: ISO 8601
	unix   int64       // units a second of a number since 1970; 0: texts
	zone   *time.Location
	said   bool           // the field itself says the zone
	to     *time.Location // nil: as it was
}

func (c *compiler) moment(at string, in config.Form) *moment {
	m := &moment{zone: c.location(at+".zone", in.Zone), to: c.location(at+".to", in.To)}
	if m.said = m.zone != nil; !m.said {
		m.zone = c.zone
	}
	switch in.Format {
	case "", formatISO:
	case formatUnix:
		m.unix = 1
	case formatUnixMs:
		m.unix = 1000
	default:
		m.format = c.format(at, in.Format)
	}
	return m
}

func (c *compiler) format(at, text string) *dateFormat {
	f, err := parseFormat(text)
	if err != nil {
		c.problem(CodeFormat, at+".format", "not a date format: "+err.Error(), formatHint(text))
		return nil
	}
	return f
}

// wants reports a format that does not say enough.
func (c *compiler) wants(at string, f *dateFormat, set dateSet, what string) {
	if f != nil && f.has&set != set {
		c.problem(CodeFormat, at+".format", "the format lacks "+what, formatHint(f.text))
	}
}

func (c *compiler) asDate(at string, in *config.Field) step {
	m := c.moment(at, in.Form())
	c.wants(at, m.format, hasDate, "year, month or day")
	return func(_ *Executor, v record.Value) (record.Value, Rule) {
		switch v.Kind() {
		case record.Date:
			return v, ""
		case record.Timestamp:
			return record.DateValue(m.move(v.Time())), ""
		}
		written, t, rule := m.read(v)
		switch {
		case rule != "":
			return v, rule
		case m.unix != 0:
			return record.DateValue(m.move(t)), ""
		case written.has&hasOffset == 0 && (m.to == nil || written.has&hasTime == 0): // the day that is written
			return record.DateValue(time.Date(written.year, time.Month(written.month), written.day, 0, 0, 0, 0, time.UTC)), ""
		}
		if t, rule = m.instant(&written); rule != "" {
			return v, rule
		}
		return record.DateValue(m.move(t)), ""
	}
}

func (c *compiler) asDatetime(at string, in *config.Field) step {
	m := c.moment(at, in.Form())
	c.wants(at, m.format, hasDate, "year, month or day")
	return func(_ *Executor, v record.Value) (record.Value, Rule) {
		t, rule := m.time(v)
		if rule != "" {
			return v, rule
		}
		return record.TimestampValue(m.move(t)), ""
	}
}

// time returns the instant that a value says.
func (m *moment) time(v record.Value) (time.Time, Rule) {
	switch v.Kind() {
	case record.Timestamp:
		return v.Time(), ""
	case record.Date:
		if !m.said {
			return time.Time{}, RuleZone
		}
		y, mo, d := v.Time().Date()
		return local(&civil{year: y, month: int(mo), day: d}, m.zone)
	}
	written, t, rule := m.read(v)
	if rule != "" || m.unix != 0 {
		return t, rule
	}
	if m.format == nil && written.has&hasTime == 0 && !m.said { // a day is no instant unless the field says where it begins
		return t, RuleDate
	}
	return m.instant(&written)
}

// read reads a text as written, or with unix a number as an instant.
func (m *moment) read(v record.Value) (civil, time.Time, Rule) {
	if m.unix != 0 {
		t, rule := m.fromUnix(v)
		return civil{}, t, rule
	}
	if v.Kind() != record.String {
		return civil{}, time.Time{}, RuleType
	}
	var c civil
	var ok bool
	if m.format != nil {
		c, ok = m.format.parse(v.Text())
	} else {
		c, ok = parseISO(v.Text())
	}
	if !ok {
		return civil{}, time.Time{}, RuleDate
	}
	return c, time.Time{}, ""
}

// Bounds of dates: years 1 to 9999.
const (
	minUnix = -62135596800
	maxUnix = 253402300799
)

func (m *moment) fromUnix(v record.Value) (time.Time, Rule) {
	n, rule := numberText{decimal: "."}.number(v)
	if rule != "" {
		return time.Time{}, rule
	}
	if n, rule = rescale(n, 0, exact); rule != "" {
		return time.Time{}, RuleDate
	}
	units, _, ok := n.SmallDecimal()
	if seconds := units / m.unix; !ok || seconds < minUnix || seconds > maxUnix {
		return time.Time{}, RuleDate
	}
	if m.unix == 1 {
		return time.Unix(units, 0).UTC(), ""
	}
	return time.UnixMilli(units).UTC(), ""
}

// instant returns the instant of what is written, in its own offset or the zone it is in.
func (m *moment) instant(c *civil) (time.Time, Rule) {
	if c.has&hasOffset == 0 {
		if m.zone == nil {
			return time.Time{}, RuleZone
		}
		return local(c, m.zone)
	}
	at := time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, c.nanosecond, time.UTC)
	at = at.Add(-time.Duration(c.offset) * time.Second)
	if c.offset == 0 {
		return at, ""
	}
	return at.In(time.FixedZone("", c.offset)), ""
}

// move returns t where the output is in.
func (m *moment) move(t time.Time) time.Time {
	if m.to == nil {
		return t
	}
	return t.In(m.to)
}

// local returns the instant of a local time. One that a clock change skipped or repeated is refused.
func local(c *civil, zone *time.Location) (time.Time, Rule) {
	asUTC := time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, c.nanosecond, time.UTC)
	var found time.Time
	for _, by := range [...]time.Duration{-24 * time.Hour, 24 * time.Hour} { // the offsets before and after any change nearby
		_, offset := asUTC.Add(by).In(zone).Zone()
		t := asUTC.Add(-time.Duration(offset) * time.Second).In(zone)
		if _, o := t.Zone(); o != offset {
			continue
		}
		if !found.IsZero() && !found.Equal(t) {
			return t, RuleLocalTimeTwice
		}
		found = t
	}
	if found.IsZero() {
		return found, RuleLocalTimeGap
	}
	return found, ""
}

// asString writes any single value as text: numbers exact, dates in ISO 8601 or as the format says.
func (c *compiler) asString(at string, in *config.Field) step {
	form := in.Form()
	if form.Format == "" && form.To == "" && form.Zone == "" {
		return toString
	}
	m := c.moment(at, config.Form{Zone: form.Zone, To: form.To})
	format := &dateFormat{}
	switch form.Format {
	case formatUnix, formatUnixMs:
		c.problem(CodeFormat, at+".format", "a number is no text", "write it with tokens, or iso")
	case "", formatISO:
		format = nil
	default:
		format = c.format(at, form.Format)
	}
	dateOnly := format != nil && format.has&^hasDate == 0
	return func(e *Executor, v record.Value) (record.Value, Rule) {
		t, rule := m.written(v, dateOnly)
		if rule != "" {
			return v, rule
		}
		if format == nil {
			return e.text(record.TimestampValue(t).AppendISO(e.arena.Grow(40))), ""
		}
		return e.text(format.append(e.arena.Grow(64), t)), ""
	}
}

// written returns the time to write out. A day that is only written as a day needs no zone.
func (m *moment) written(v record.Value, dateOnly bool) (time.Time, Rule) {
	if dateOnly {
		if v.Kind() == record.Date {
			return v.Time(), ""
		}
		if c, _, rule := m.read(v); rule == "" && c.has&(hasTime|hasOffset) == 0 {
			return time.Date(c.year, time.Month(c.month), c.day, 0, 0, 0, 0, time.UTC), ""
		}
	}
	t, rule := m.time(v)
	return m.move(t), rule
}

// toString writes a single value as text.
func toString(e *Executor, v record.Value) (record.Value, Rule) {
	switch v.Kind() {
	case record.String:
		return v, ""
	case record.Int, record.Decimal:
		return e.text(v.AppendNumber(e.arena.Grow(32))), ""
	case record.Bool:
		if v.Bool() {
			return record.StringValue("true"), ""
		}
		return record.StringValue("false"), ""
	case record.Date, record.Time, record.Timestamp:
		return e.text(v.AppendISO(e.arena.Grow(40))), ""
	}
	return v, RuleType
}

// text returns b, which was appended to the arena's free text, as a String.
func (e *Executor) text(b []byte) record.Value { return record.StringValue(e.arena.Text(b)) }
