package postgres

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/dray-sync/dray/adapters/record"
)

// An encoder writes values as PostgreSQL reads them. A value that cannot be written comes back as the rule it breaks.
type encoder struct {
	zone    *time.Location // what a column without a zone is in
	scratch []byte
}

// copyField appends v as a field of COPY's text format.
func (e *encoder) copyField(dst []byte, t *pgType, v record.Value) ([]byte, string) {
	if v.IsNull() {
		return append(dst, `\N`...), ""
	}
	from := len(dst)
	switch v.Kind() { // what needs no escaping goes straight
	case record.Int, record.Decimal:
		if !t.isJSON() && t.elem == nil {
			return v.AppendNumber(dst), ""
		}
	case record.String:
		if !t.isJSON() && t.elem == nil && t.oid != oidBytea {
			return appendCopyString(dst, t, v.Text())
		}
	}
	var rule string
	if e.scratch, rule = e.text(e.scratch[:0], t, v); rule != "" {
		return dst[:from], rule
	}
	return appendCopy(dst, e.scratch), ""
}

func appendCopyString(dst []byte, t *pgType, s string) ([]byte, string) {
	if rule := badText(t, s); rule != "" {
		return dst, rule
	}
	start := 0
	for i := 0; i < len(s); i++ {
		if esc := copyEscape(s[i]); esc != 0 {
			dst = append(dst, s[start:i]...)
			dst = append(dst, '\\', esc)
			start = i + 1
		}
	}
	return append(dst, s[start:]...), ""
}

func appendCopy(dst, text []byte) []byte {
	for _, c := range text {
		if esc := copyEscape(c); esc != 0 {
			dst = append(dst, '\\', esc)
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

func copyEscape(c byte) byte {
	switch c {
	case '\\':
		return '\\'
	case '\t':
		return 't'
	case '\n':
		return 'n'
	case '\r':
		return 'r'
	default:
		return 0
	}
}

// badText returns what is wrong with a text for the type.
func badText(t *pgType, s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		return "text with a zero byte"
	}
	if t.isNumber() {
		switch strings.ToLower(strings.TrimLeft(s, "+- ")) {
		case "nan", "inf", "infinity":
			return "not a finite number"
		}
	}
	return ""
}

// element appends v as an element of an array literal.
func (e *encoder) element(dst []byte, t *pgType, v record.Value) ([]byte, string) {
	if v.IsNull() {
		return append(dst, "NULL"...), ""
	}
	text, rule := e.text(nil, t, v)
	if rule != "" {
		return dst, rule
	}
	if t.elem != nil {
		return append(dst, text...), "" // an array within an array stands as it is
	}
	dst = append(dst, '"')
	for _, c := range text {
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"'), ""
}

// text appends v as the input text of the type, without any escaping around it.
func (e *encoder) text(dst []byte, t *pgType, v record.Value) ([]byte, string) {
	if t.isJSON() {
		return v.AppendJSON(dst), ""
	}
	if v.Kind() == record.Raw {
		whole, err := v.Expand()
		if err != nil {
			return dst, "not JSON"
		}
		return e.text(dst, t, whole)
	}
	if t.elem != nil {
		return e.array(dst, t, v)
	}
	switch v.Kind() {
	case record.Bool:
		if v.Bool() {
			return append(dst, "true"...), ""
		}
		return append(dst, "false"...), ""
	case record.Int, record.Decimal:
		return v.AppendNumber(dst), ""
	case record.String:
		if rule := badText(t, v.Text()); rule != "" {
			return dst, rule
		}
		return append(dst, v.Text()...), ""
	case record.Bytes:
		if t.oid != oidBytea {
			return dst, "bytes do not fit a column of type " + t.name
		}
		return hex.AppendEncode(append(dst, `\x`...), []byte(v.Text())), ""
	case record.Date, record.Time, record.Timestamp:
		return e.temporal(dst, t, v)
	default:
		return dst, v.Kind().String() + " does not fit a column of type " + t.name
	}
}

// temporal writes an instant as the local time of the zone where the column has none.
func (e *encoder) temporal(dst []byte, t *pgType, v record.Value) ([]byte, string) {
	if v.Kind() != record.Timestamp {
		if y := v.Time().Year(); v.Kind() == record.Date && (y < 1 || y > 9999) {
			return dst, "year out of range"
		}
		return v.AppendISO(dst), ""
	}
	at := v.Time()
	if y := at.Year(); y < 2 || y > 9998 {
		return dst, "year out of range"
	}
	switch t.oid {
	case oidTimestamp:
		return at.In(e.zone).AppendFormat(dst, "2006-01-02 15:04:05.999999999"), ""
	case oidDate:
		return at.In(e.zone).AppendFormat(dst, time.DateOnly), ""
	case oidTime:
		return dst, "an instant does not fit a column of type " + t.name
	default:
		return v.AppendISO(dst), ""
	}
}

func (e *encoder) array(dst []byte, t *pgType, v record.Value) ([]byte, string) {
	if v.Kind() == record.String { // an array literal, or the database refuses it
		return append(dst, v.Text()...), badText(t, v.Text())
	}
	if v.Kind() != record.List {
		return dst, v.Kind().String() + " does not fit a column of type " + t.name
	}
	dst = append(dst, '{')
	var rule string
	for i, el := range v.Elements() {
		if i > 0 {
			dst = append(dst, ',')
		}
		of := t.elem
		if el.Kind() == record.List { // PostgreSQL has one type for arrays of every number of dimensions
			of = t
		}
		if dst, rule = e.element(dst, of, el); rule != "" {
			return dst, rule
		}
	}
	return append(dst, '}'), ""
}
