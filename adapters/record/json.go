package record

import (
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"
)

// AppendJSON appends v as JSON on one line: numbers exact and with their scale, dates and times in ISO 8601, bytes and files' references
// as base64 and text. An absent value is null; members of an object that are absent are left out.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.kind {
	case Absent, Null:
		return append(dst, "null"...)
	case Bool:
		if v.num != 0 {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case Int, Decimal:
		return v.AppendNumber(dst)
	case String, File:
		return AppendJSONString(dst, v.text)
	case Bytes:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, bytesOf(v.text))
		return append(dst, '"')
	case Date, Time, Timestamp:
		dst = append(dst, '"')
		dst = v.AppendISO(dst)
		return append(dst, '"')
	case Raw:
		return appendCompact(dst, v.text)
	case List:
		dst = append(dst, '[')
		for i := range v.box.values {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = v.box.values[i].AppendJSON(dst)
		}
		return append(dst, ']')
	default:
		return AppendJSONObject(dst, v.box.names, v.box.values)
	}
}

// AppendJSONObject appends an object with these members, in order, those that are absent left out.
func AppendJSONObject(dst []byte, names []string, values []Value) []byte {
	dst = append(dst, '{')
	from := len(dst)
	for i := range values {
		if values[i].kind == Absent {
			continue
		}
		if len(dst) > from {
			dst = append(dst, ',')
		}
		dst = append(AppendJSONString(dst, names[i]), ':')
		dst = values[i].AppendJSON(dst)
	}
	return append(dst, '}')
}

// AppendISO appends a Date (2026-01-31), Time (23:59:59.5) or Timestamp (2026-01-31T23:59:59.5+01:00, Z for UTC) in ISO 8601, with
// as many digits of a second as there are. Other kinds append nothing.
func (v Value) AppendISO(dst []byte) []byte {
	switch v.kind {
	case Date:
		return v.Time().AppendFormat(dst, time.DateOnly)
	case Time:
		return time.Unix(0, v.num).UTC().AppendFormat(dst, "15:04:05.999999999")
	case Timestamp:
		return v.Time().AppendFormat(dst, time.RFC3339Nano)
	default:
		return dst
	}
}

const hexDigits = "0123456789abcdef"

// AppendJSONString appends s as a JSON string. Bytes that are not UTF-8, which no record holds, become U+FFFD.
func AppendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), "\uFFFD"...)
				from = i + 1
			}
			i += n
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}

// appendCompact appends JSON without the blanks between its parts.
func appendCompact(dst []byte, json string) []byte {
	if !strings.ContainsAny(json, " \n\r\t") {
		return append(dst, json...)
	}
	inString := false
	for i := 0; i < len(json); i++ {
		c := json[i]
		switch {
		case inString && c == '\\':
			dst = append(dst, c)
			i++
			c = json[i]
		case c == '"':
			inString = !inString
		case !inString && (c == ' ' || c == '\n' || c == '\r' || c == '\t'):
			continue
		}
		dst = append(dst, c)
	}
	return dst
}
