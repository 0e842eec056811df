package record

import (
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"strings"
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
		return AppendJSONString(dst, v.text())
	case Bytes:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, bytesOf(v.text()))
		return append(dst, '"')
	case Date, Time, Timestamp:
		dst = append(dst, '"')
		dst = v.AppendISO(dst)
		return append(dst, '"')
	case Raw:
		return appendCompact(dst, v.text())
	case List:
		dst = append(dst, '[')
		for i, element := range v.box().values {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = element.AppendJSON(dst)
		}
		return append(dst, ']')
	default:
		b := v.box()
		if b.labels != nil {
			return b.labels.appendJSON(dst, b.values)
		}
		return AppendJSONObject(dst, b.names, b.values)
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

const hexDigits = "0123456789abcdef"

// AppendJSONString appends s as a JSON string. Bytes that are not UTF-8, which no record holds, become U+FFFD.
func AppendJSONString(dst []byte, s string) []byte {
	n := plainLength(s)
	if n < len(s) {
		return appendQuoted(append(dst, '"'), s, n)
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// plainLength returns how much of s, from its start, is ASCII that stands for itself in a JSON string.
func plainLength(s string) int {
	text := bytesOf(s)
	i := 0
	for ; i+8 <= len(text); i += 8 {
		if m := special(binary.LittleEndian.Uint64(text[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	if i > 0 && i < len(text) { // the last eight bytes, some of them anew
		i = len(text) - 8
		if m := special(binary.LittleEndian.Uint64(text[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		return len(text)
	}
	for i < len(text) && isPlain(text[i]) {
		i++
	}
	return i
}

func isPlain(c byte) bool { return c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' }

// appendQuoted appends s, of which n bytes are plain, and the quote at its end.
func appendQuoted(dst []byte, s string, n int) []byte {
	from := 0
	for i := n; i < len(s); {
		c := s[i]
		switch {
		case isPlain(c):
			i += plainLength(s[i:])
			continue
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), "\uFFFD"...)
				from = i + 1
			}
			i += n
			continue
		}
		dst = appendEscaped(append(dst, s[from:i]...), c)
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}

func appendEscaped(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
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
