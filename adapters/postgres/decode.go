package postgres

import (
	"bytes"
	"encoding/hex"
	"time"
	"unicode/utf8"

	"github.com/dray-sync/dray/adapters/record"
)

// A decoder turns PostgreSQL's text into values. Their texts live in the arena.
type decoder struct {
	arena record.Arena
	zone  *time.Location // what a timestamp without a zone means
}

// value decodes one column. raw is nil for null. What has no exact counterpart comes back as its text.
func (d *decoder) value(t *pgType, raw []byte) record.Value {
	if raw == nil {
		return record.NullValue
	}
	if t.elem != nil {
		if v, rest, ok := d.list(t.elem, raw); ok && len(rest) == 0 {
			return v
		}
		return d.text(raw)
	}
	v, ok := d.scalar(t, raw)
	if !ok {
		return d.text(raw)
	}
	return v
}

func (d *decoder) scalar(t *pgType, raw []byte) (record.Value, bool) {
	switch t.kind() {
	case record.Bool:
		return record.BoolValue(raw[0] == 't'), true
	case record.Int:
		v, err := record.ParseNumber(d.copy(raw))
		return v, err == nil
	case record.Decimal:
		return d.decimal(raw)
	case record.Bytes:
		return decodeBytes(raw)
	case record.Date:
		return decodeDate(raw)
	case record.Time:
		return decodeTime(raw)
	case record.Timestamp:
		return d.timestamp(t, raw)
	case record.Raw:
		if record.Scan(raw) != nil {
			return record.Value{}, false
		}
		return record.RawValue(d.copy(raw)), true
	default:
		return record.Value{}, false
	}
}

func (d *decoder) copy(raw []byte) string {
	return d.arena.Text(append(d.arena.Grow(len(raw)), raw...))
}

// text keeps raw as it is: as a string, or as bytes where a database without an encoding delivers what is no UTF-8.
func (d *decoder) text(raw []byte) record.Value {
	if !utf8.Valid(raw) {
		return record.BytesValue(raw)
	}
	return record.StringValue(d.copy(raw))
}

// decimal keeps the scale. A whole number is written with an exponent of zero to be read as a decimal too: the column's type
// does not change from row to row.
func (d *decoder) decimal(raw []byte) (record.Value, bool) {
	text := append(d.arena.Grow(len(raw)+2), raw...)
	if !bytes.ContainsAny(raw, ".eE") {
		text = append(text, "e0"...)
	}
	v, err := record.ParseNumber(d.arena.Text(text))
	return v, err == nil
}

func decodeBytes(raw []byte) (record.Value, bool) {
	if !bytes.HasPrefix(raw, []byte(`\x`)) {
		return record.Value{}, false
	}
	out := make([]byte, hex.DecodedLen(len(raw)-2))
	if _, err := hex.Decode(out, raw[2:]); err != nil {
		return record.Value{}, false
	}
	return record.BytesValue(out), true
}

// decodeDate reads 2026-01-31. Longer years, dates before Christ and infinity have no counterpart.
func decodeDate(raw []byte) (record.Value, bool) {
	y, m, day, ok := splitDate(raw)
	if !ok || len(raw) != 10 {
		return record.Value{}, false
	}
	return record.DateValue(time.Date(y, time.Month(m), day, 0, 0, 0, 0, time.UTC)), true
}

func splitDate(raw []byte) (y, m, d int, ok bool) {
	if len(raw) < 10 || raw[4] != '-' || raw[7] != '-' {
		return 0, 0, 0, false
	}
	y, okY := digits(raw[:4])
	m, okM := digits(raw[5:7])
	d, okD := digits(raw[8:10])
	return y, m, d, okY && okM && okD
}

// decodeTime reads 23:59:59.123456. 24:00:00 is no time of day.
func decodeTime(raw []byte) (record.Value, bool) {
	t, ok := splitTime(raw)
	if !ok || t >= 24*time.Hour {
		return record.Value{}, false
	}
	return record.TimeOfDayValue(t), true
}

func splitTime(raw []byte) (time.Duration, bool) {
	if len(raw) < 8 || len(raw) > 15 || raw[2] != ':' || raw[5] != ':' {
		return 0, false
	}
	h, okH := digits(raw[:2])
	m, okM := digits(raw[3:5])
	s, okS := digits(raw[6:8])
	if !okH || !okM || !okS {
		return 0, false
	}
	t := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	if len(raw) == 8 {
		return t, true
	}
	frac, ok := digits(raw[9:])
	if !ok || raw[8] != '.' {
		return 0, false
	}
	for range 15 - len(raw) {
		frac *= 10
	}
	return t + time.Duration(frac)*time.Microsecond, true
}

// timestamp reads 2026-01-31 23:59:59.5 with +00 behind it where the type has a zone: the session's zone is UTC.
func (d *decoder) timestamp(t *pgType, raw []byte) (record.Value, bool) {
	zone := d.zone
	if t.oid == oidTimestamptz {
		var ok bool
		if raw, ok = bytes.CutSuffix(raw, []byte("+00")); !ok {
			return record.Value{}, false
		}
		zone = time.UTC
	}
	y, m, day, ok := splitDate(raw)
	if !ok || len(raw) < 19 || raw[10] != ' ' {
		return record.Value{}, false
	}
	of, ok := splitTime(raw[11:])
	if !ok {
		return record.Value{}, false
	}
	h, rest := int(of/time.Hour), of%time.Hour
	return record.TimestampValue(time.Date(y, time.Month(m), day, h, int(rest/time.Minute), int(rest%time.Minute/time.Second), int(rest%time.Second), zone)), true
}

func digits(raw []byte) (int, bool) {
	n := 0
	for _, c := range raw {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// list reads an array: {1,NULL,"a \"b\"",{…}}. Bounds in front ([2:3]=) say nothing about the elements.
func (d *decoder) list(elem *pgType, raw []byte) (v record.Value, rest []byte, ok bool) {
	if len(raw) > 0 && raw[0] == '[' {
		at := bytes.IndexByte(raw, '=')
		if at < 0 {
			return record.Value{}, nil, false
		}
		raw = raw[at+1:]
	}
	if len(raw) < 2 || raw[0] != '{' {
		return record.Value{}, nil, false
	}
	var values []record.Value
	for raw = raw[1:]; len(raw) > 0; {
		switch raw[0] {
		case '}':
			return record.ListValue(values), raw[1:], true
		case ',':
			raw = raw[1:]
			continue
		case '{':
			v, raw, ok = d.list(elem, raw)
		default:
			v, raw, ok = d.element(elem, raw)
		}
		if !ok {
			return record.Value{}, nil, false
		}
		values = append(values, v)
	}
	return record.Value{}, nil, false
}

func (d *decoder) element(elem *pgType, raw []byte) (record.Value, []byte, bool) {
	if raw[0] != '"' {
		end := bytes.IndexAny(raw, ",}")
		if end < 0 {
			return record.Value{}, nil, false
		}
		if bytes.EqualFold(raw[:end], []byte("null")) {
			return record.NullValue, raw[end:], true
		}
		return d.value(elem, raw[:end]), raw[end:], true
	}
	var text []byte
	for i := 1; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			if i++; i < len(raw) {
				text = append(text, raw[i])
			}
		case '"':
			if text == nil {
				text = []byte{}
			}
			return d.value(elem, text), raw[i+1:], true
		default:
			text = append(text, raw[i])
		}
	}
	return record.Value{}, nil, false
}
