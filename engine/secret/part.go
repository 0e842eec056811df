package secret

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// The types of a key part. They are part of every stored hash: append only.
const (
	typeNull   = 'z'
	typeBool   = 'b'
	typeNumber = 'n'
	typeString = 's'
	typeBytes  = 'x'
	typeDate   = 'd'
	typeTime   = 't'
	typeStamp  = 'i'
)

// Part is one typed part of a business key. Parts of different types never hash
// alike, but an integer and the decimal of equal value do: whether a system
// answers 7 or 7.0 is no difference of key. The zero Part is null. A Part shares
// the memory it was made from.
type Part struct {
	typ  byte
	text string
	raw  []byte
	num  int64
	// isNum says that num is the content, so that no text need be made.
	isNum bool
}

// NullPart is a part that is null.
func NullPart() Part { return Part{typ: typeNull} }

// BoolPart is a truth value.
func BoolPart(v bool) Part {
	if v {
		return Part{typ: typeBool, text: "t"}
	}
	return Part{typ: typeBool, text: "f"}
}

// IntPart is a number that is whole.
func IntPart(v int64) Part { return Part{typ: typeNumber, num: v, isNum: true} }

// StringPart is a text, byte for byte: no folding, no trimming.
func StringPart(v string) Part { return Part{typ: typeString, text: v} }

// StringBytesPart is a text given as bytes; it equals [StringPart] of the same bytes.
func StringBytesPart(v []byte) Part { return Part{typ: typeString, raw: v} }

// BytesPart is binary data.
func BytesPart(v []byte) Part { return Part{typ: typeBytes, raw: v} }

// DatePart is a calendar date as YYYY-MM-DD.
func DatePart(v string) Part { return Part{typ: typeDate, text: v} }

// TimePart is a time of day in the caller's canonical text.
func TimePart(v string) Part { return Part{typ: typeTime, text: v} }

// TimestampPart is an instant in the caller's canonical text, as RFC 3339 in UTC.
func TimestampPart(v string) Part { return Part{typ: typeStamp, text: v} }

// maxNumber bounds the digits and the exponent of a decimal.
const maxNumber = 1000

// DecimalPart is a number of any size, as its exact text: "7", "7.50", "-1e3".
// Texts of equal value hash alike. Its error does not repeat the text.
func DecimalPart(text string) (Part, error) {
	norm, ok := normalDecimal(text)
	if !ok {
		return Part{}, &Error{Reason: Malformed, What: "key part", Text: "not a number of at most 1,000 digits and an exponent within 1,000"}
	}
	return Part{typ: typeNumber, text: norm}, nil
}

// normalDecimal writes a number without sign of zero, leading and trailing zeros
// and exponent. It returns text itself when that is normal already.
func normalDecimal(text string) (string, bool) {
	digits, neg := strings.CutPrefix(text, "-")
	mantissa, exp, ok := splitExponent(digits)
	if !ok {
		return "", false
	}
	whole, frac, dotted := strings.Cut(mantissa, ".")
	if !isDigits(whole) || (dotted && !isDigits(frac)) || len(whole)+len(frac) > maxNumber {
		return "", false
	}
	if mantissa == digits && isNormal(whole, frac, dotted, neg) {
		return text, true
	}
	all, point := whole+frac, len(whole)+exp
	if point < 0 {
		all, point = strings.Repeat("0", -point)+all, 0
	}
	if point > len(all) {
		all += strings.Repeat("0", point-len(all))
	}
	whole, frac = strings.TrimLeft(all[:point], "0"), strings.TrimRight(all[point:], "0")
	if whole == "" {
		whole = "0"
	}
	if frac != "" {
		whole += "." + frac
	}
	if neg && whole != "0" {
		whole = "-" + whole
	}
	return whole, true
}

// isNormal reports whether a number without exponent is in its normal form.
func isNormal(whole, frac string, dotted, neg bool) bool {
	if len(whole) > 1 && whole[0] == '0' {
		return false
	}
	if !dotted {
		return !neg || whole != "0"
	}
	return frac[len(frac)-1] != '0'
}

// splitExponent splits "12.5e-3" into mantissa and exponent.
func splitExponent(text string) (mantissa string, exp int, ok bool) {
	at := strings.IndexAny(text, "eE")
	if at < 0 {
		return text, 0, true
	}
	exp, err := strconv.Atoi(text[at+1:])
	return text[:at], exp, err == nil && exp >= -maxNumber && exp <= maxNumber
}

// isDigits reports whether s is one or more decimal digits.
func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// appendTo appends the part's type and content, each length-prefixed.
func (p Part) appendTo(dst []byte) []byte {
	typ := p.typ
	if typ == 0 {
		typ = typeNull
	}
	dst = append(dst, 0, 0, 0, 1, typ)
	if !p.isNum {
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(p.text)+len(p.raw)))
		return append(append(dst, p.text...), p.raw...)
	}
	start := len(dst)
	dst = strconv.AppendInt(append(dst, 0, 0, 0, 0), p.num, 10)
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

// Blank reports whether the part is null, or a text without anything but white
// space: no record is identified by it.
func (p Part) Blank() bool {
	switch p.typ {
	case 0, typeNull:
		return true
	case typeString:
		return strings.TrimSpace(p.text) == "" && len(bytes.TrimSpace(p.raw)) == 0
	}
	return false
}
