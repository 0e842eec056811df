package sample

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// MaxBytes is how large a record may be that is kept as a sample.
const MaxBytes = 32 << 10

// A Hash is a keyed hash of a text: the same text gives the same noise in all samples of a touchpoint, and nowhere else.
type Hash func(text string) [16]byte

// Pseudonymise returns a JSON record with noise in the place of what could name somebody. What remains is the form: names of fields, truth
// values, null, small numbers and amounts, codes of up to three capitals, and the words that the configuration itself names, for it could not
// be told otherwise which way a record goes. Texts keep their length, case and punctuation; days stay days. It reports false for what is
// too large, or no JSON object.
func Pseudonymise(doc []byte, hash Hash, keep Words) ([]byte, bool) {
	if len(doc) > MaxBytes {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var v map[string]any
	if err := dec.Decode(&v); err != nil || v == nil {
		return nil, false
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, false
	}
	out, err := json.Marshal((&pseudonyms{hash, keep}).value(v))
	return out, err == nil
}

type pseudonyms struct {
	hash Hash
	keep Words
}

func (p *pseudonyms) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if !fieldName.MatchString(k) && !p.keep.Has(k) {
				k = p.scramble(k)
			}
			out[k] = p.value(e)
		}
		return out
	case []any:
		for i := range v {
			v[i] = p.value(v[i])
		}
		return v
	case json.Number:
		if plainNumber.MatchString(v.String()) {
			return v
		}
		return json.Number(p.number(v.String()))
	case string:
		return p.text(v)
	default:
		return v
	}
}

var (
	fieldName = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$-]{0,63}$`)
	// plainNumber is a quantity or an amount. Longer ones number somebody, as telephones and customers are.
	plainNumber = regexp.MustCompile(`^-?([0-9]{1,4}|[0-9]{1,6}\.[0-9]{1,6})$`)
	plainText   = regexp.MustCompile(`^([A-Z]{1,3}|-?[0-9]{1,3}|-?[0-9]{1,6}\.[0-9]{1,6})$`)
	dayOrTime   = regexp.MustCompile(`^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:([T ])([0-9]{2}):([0-9]{2})(:[0-9]{2})?(\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$`)
)

func (p *pseudonyms) text(s string) string {
	if s == "" || plainText.MatchString(s) || p.keep.Has(s) {
		return s
	}
	if m := dayOrTime.FindStringSubmatch(s); m != nil {
		return p.day(s, m)
	}
	return p.scramble(s)
}

// day returns another day, and time of day, written the same way.
func (p *pseudonyms) day(s string, m []string) string {
	n := p.noise(s)
	out := fmt.Sprintf("%04d-%02d-%02d", 1960+n(80), 1+n(12), 1+n(28))
	if m[4] == "" {
		return out
	}
	out += m[4] + fmt.Sprintf("%02d:%02d", n(24), n(60))
	if m[7] != "" {
		out += fmt.Sprintf(":%02d", n(60))
	}
	if m[8] != "" {
		out += "." + p.digits(m[8][1:], n)
	}
	return out + m[9]
}

// number returns a number of as many digits.
func (p *pseudonyms) number(s string) string {
	mantissa, exponent := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], s[i:]
	}
	out := p.digits(mantissa, p.noise(s))
	whole := strings.TrimPrefix(out, "-")
	if len(whole) > 1 && whole[0] == '0' && whole[1] != '.' { // which would be no number
		out = strings.Replace(out, "0", "1", 1)
	}
	return out + exponent
}

func (p *pseudonyms) digits(s string, n func(int) int) string {
	b := []byte(s)
	for i := range b {
		if b[i] >= '0' && b[i] <= '9' {
			b[i] = byte('0' + n(10))
		}
	}
	return string(b)
}

// scramble returns a text of the same shape: letters for letters of the same case, digits for digits, and all else as it is.
func (p *pseudonyms) scramble(s string) string {
	n := p.noise(s)
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return rune('0' + n(10))
		case unicode.IsUpper(r):
			return rune('A' + n(26))
		case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsNumber(r), r > unicode.MaxASCII:
			return rune('a' + n(26))
		default:
			return r
		}
	}, s)
}

// noise returns numbers below a bound that follow from the keyed hash of a text.
func (p *pseudonyms) noise(s string) func(below int) int {
	seed, counter, pool := p.hash(s), uint64(0), []byte(nil)
	return func(below int) int {
		if len(pool) < 4 {
			block := sha256.Sum256(binary.BigEndian.AppendUint64(seed[:], counter))
			counter++
			pool = block[:]
		}
		n := binary.BigEndian.Uint32(pool)
		pool = pool[4:]
		return int(n % uint32(below))
	}
}

// unquote returns the text of a literal as expressions write it.
func unquote(literal string) string {
	if literal[0] == '`' {
		return strings.Trim(literal, "`")
	}
	if literal[0] == '\'' {
		literal = `"` + strings.ReplaceAll(strings.ReplaceAll(literal[1:len(literal)-1], `\'`, `'`), `"`, `\"`) + `"`
	}
	s, err := strconv.Unquote(literal)
	if err != nil {
		return ""
	}
	return s
}
