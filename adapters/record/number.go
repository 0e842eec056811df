package record

import (
	"errors"
	"strconv"
	"strings"
)

// ErrNumber is what [ParseNumber] returns (wrapped in nothing) for text that is no number within bounds.
var ErrNumber = errors.New("not a decimal number of at most 1000 digits")

// ParseNumber reads the text of a JSON number exactly: Int where it has neither point nor exponent, else Decimal.
// 1.10 keeps its scale; 1e3 is the Decimal 1000 with scale 0. Text that is no JSON number, has more than [MaxDigits]
// digits or an exponent beyond ±[MaxExponent] is [ErrNumber]. A number that is large keeps s.
func ParseNumber(s string) (Value, error) {
	if n, ok := smallInt(s); ok {
		return IntValue(n), nil
	}
	if v, ok := smallDecimal(s); ok {
		return v, nil
	}
	p, ok := splitNumber(s)
	if !ok {
		return Value{}, ErrNumber
	}
	if !p.point && !p.hasExp {
		if len(p.whole) <= 19 {
			if n, err := strconv.ParseInt(s, 10, 64); err == nil {
				return IntValue(n), nil
			}
		}
		return textValue(tag{kind: Int, big: true}, s), nil // canonical: the grammar has but one form for it
	}
	scale := int64(len(p.frac)) - int64(p.exp)
	digits := p.whole + p.frac
	if scale < 0 { // 1e3: written out, so that a scale is never negative
		if int64(len(digits))-scale > MaxDigits {
			return Value{}, ErrNumber
		}
		digits += strings.Repeat("0", int(-scale))
		scale = 0
	}
	if scale > MaxDigits+MaxExponent {
		return Value{}, ErrNumber
	}
	if digits = strings.TrimLeft(digits, "0"); digits == "" {
		digits = "0"
	}
	if len(digits) <= 18 {
		c, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return Value{}, ErrNumber
		}
		if p.neg {
			c = -c
		}
		return DecimalValue(c, int32(scale)), nil
	}
	return textValue(tag{kind: Decimal, big: true, scale: int32(scale)}, pointed(p.neg, digits, int(scale))), nil
}

// smallInt reads the most common number: up to 18 digits, no leading zero.
func smallInt(s string) (int64, bool) {
	i, neg := 0, false
	if i < len(s) && s[0] == '-' {
		neg, i = true, 1
	}
	n := len(s) - i
	if n == 0 || n > 18 || (n > 1 && s[i] == '0') {
		return 0, false
	}
	var v int64
	for ; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		v = v*10 + int64(c)
	}
	if neg {
		v = -v
	}
	return v, true
}

// smallDecimal reads the most common fraction: up to 18 digits around a point.
func smallDecimal(s string) (Value, bool) {
	digits := strings.TrimPrefix(s, "-")
	point := strings.IndexByte(digits, '.')
	if point < 1 || point == len(digits)-1 || len(digits) > 19 || (point > 1 && digits[0] == '0') {
		return Value{}, false
	}
	var n int64
	for i := range len(digits) {
		if i == point {
			continue
		}
		c := digits[i] - '0'
		if c > 9 {
			return Value{}, false
		}
		n = n*10 + int64(c)
	}
	if len(digits) != len(s) {
		n = -n
	}
	return DecimalValue(n, int32(len(digits)-1-point)), true
}

type numberParts struct {
	neg           bool
	whole, frac   string
	point, hasExp bool
	exp           int
}

// splitNumber checks the grammar of RFC 8259 section 6 and the bounds of this package.
func splitNumber(s string) (p numberParts, ok bool) {
	if strings.HasPrefix(s, "-") {
		p.neg, s = true, s[1:]
	}
	p.whole, s = digitRun(s)
	if p.whole == "" || (len(p.whole) > 1 && p.whole[0] == '0') {
		return p, false
	}
	if strings.HasPrefix(s, ".") {
		p.point = true
		if p.frac, s = digitRun(s[1:]); p.frac == "" {
			return p, false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		p.hasExp = true
		e := strings.TrimPrefix(s[1:], "+")
		digits := strings.TrimPrefix(e, "-")
		run, rest := digitRun(digits)
		if run == "" || rest != "" || (len(e) > 1 && len(s[1:]) != len(e) && e[0] == '-') {
			return p, false
		}
		n, err := strconv.Atoi(e)
		if err != nil || n > MaxExponent || n < -MaxExponent {
			return p, false
		}
		p.exp, s = n, ""
	}
	return p, s == "" && len(p.whole)+len(p.frac) <= MaxDigits
}

func digitRun(s string) (digits, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

// pointed writes digits with scale digits after the point.
func pointed(neg bool, digits string, scale int) string {
	var b strings.Builder
	if neg {
		b.WriteByte('-')
	}
	if scale == 0 {
		b.WriteString(digits)
		return b.String()
	}
	if pad := scale - len(digits) + 1; pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	b.WriteString(digits[:len(digits)-scale])
	b.WriteByte('.')
	b.WriteString(digits[len(digits)-scale:])
	return b.String()
}

// AppendNumber appends the exact text of an Int or Decimal: no exponent, the decimal's own scale.
func (v Value) AppendNumber(dst []byte) []byte {
	switch {
	case v.big:
		return append(dst, v.text()...)
	case v.kind == Int || v.scale == 0 || v.num == 0 && v.scale < 0:
		return strconv.AppendInt(dst, v.num, 10)
	case v.scale < 0:
		dst = strconv.AppendInt(dst, v.num, 10)
		for range -v.scale {
			dst = append(dst, '0')
		}
		return dst
	default:
		return appendScaled(dst, v.num, int(v.scale))
	}
}

func appendScaled(dst []byte, n int64, scale int) []byte {
	var buf [20]byte
	u := uint64(n)
	if n < 0 {
		dst = append(dst, '-')
		u = -u
	}
	digits := strconv.AppendUint(buf[:0], u, 10)
	if len(digits) > scale {
		dst = append(dst, digits[:len(digits)-scale]...)
		dst = append(dst, '.')
		return append(dst, digits[len(digits)-scale:]...)
	}
	dst = append(dst, '0', '.')
	for range scale - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}

// AsDecimal returns an Int as a Decimal of scale 0, and anything else as it is.
func (v Value) AsDecimal() Value {
	if v.kind == Int {
		v.kind, v.scale = Decimal, 0
	}
	return v
}
