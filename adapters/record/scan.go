package record

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math/bits"
	"sync"
	"unicode/utf8"
)

// Bounds of one document. Beyond them it is an error, so that no record can exhaust stack or memory.
const (
	MaxDepth    = 512      // lists and objects within each other
	MaxDocument = 64 << 20 // bytes
)

// What a [ScanError] says, in its field What. The texts are stable.
const (
	BadSyntax    = "not JSON"
	BadEnd       = "ends too early"
	BadTrailing  = "more after the end"
	BadKey       = "duplicate key"
	BadUTF8      = "invalid UTF-8"
	BadSurrogate = "half a surrogate pair"
	BadEscape    = "invalid escape"
	BadControl   = "control character in a string"
	BadNumber    = "not a number within bounds"
	BadDepth     = "nested too deeply"
	BadSize      = "too large"
)

// A ScanError says why a text is no document. It never holds content.
type ScanError struct {
	Offset int    // in bytes from the start of the document
	What   string // one of the Bad texts
}

// Error returns offset and reason.
func (e *ScanError) Error() string {
	return fmt.Sprintf("invalid JSON at offset %d: %s", e.Offset, e.What)
}

// Scan judges a document as all input is judged: JSON of RFC 8259 in UTF-8, no name twice in an object, no half surrogate pairs,
// numbers within [MaxDigits] and [MaxExponent], nesting within [MaxDepth], size within [MaxDocument]. Errors are [*ScanError].
func Scan(json []byte) error {
	s := scanners.Get().(*scanner)
	defer s.free()
	s.start(view(json))
	return s.whole(s.skip)
}

// scanners are those that are free, so that a scan allocates nothing.
var scanners = sync.Pool{New: func() any { return &scanner{} }}

// free lets go of the document, for another one.
func (s *scanner) free() {
	clear(s.keys.entries[:cap(s.keys.entries)])
	s.arena.Reset()
	s.src, s.err = "", nil
	scanners.Put(s)
}

// scanner walks over one document. Methods that return bool report whether to go on; the error is in err.
type scanner struct {
	src   string
	pos   int
	depth int
	keys  keySet
	arena Arena // unescaped names and strings
	err   *ScanError
}

func (s *scanner) start(src string) {
	s.src, s.pos, s.depth, s.err = src, 0, 0, nil
	s.keys.reset()
	if s.keys.seed == (maphash.Seed{}) {
		s.keys.seed = maphash.MakeSeed()
	}
}

// whole runs a scan of one value and demands that nothing but blanks surrounds it.
func (s *scanner) whole(value func() bool) error {
	if len(s.src) > MaxDocument {
		s.fail(MaxDocument, BadSize)
		return s.err
	}
	s.space()
	if value() {
		if s.space(); s.pos == len(s.src) {
			return nil
		}
		s.fail(s.pos, BadTrailing)
	}
	return s.err
}

func (s *scanner) fail(at int, what string) bool {
	if at >= len(s.src) && what == BadSyntax {
		at, what = len(s.src), BadEnd
	}
	s.err = &ScanError{Offset: at, What: what}
	return false
}

func (s *scanner) space() {
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case ' ', '\n', '\r', '\t':
			s.pos++
		default:
			return
		}
	}
}

// peek returns the byte at the cursor, or 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.src) {
		return s.src[s.pos]
	}
	return 0
}

// skip validates the value at the cursor.
func (s *scanner) skip() bool {
	switch c := s.peek(); c {
	case '{':
		return s.skipObject()
	case '[':
		return s.skipList()
	case '"':
		_, _, ok := s.rawString()
		return ok
	case 't', 'f', 'n':
		_, ok := s.word()
		return ok
	default:
		_, ok := s.number()
		return ok
	}
}

func (s *scanner) skipObject() bool {
	if !s.enter() {
		return false
	}
	f := s.keys.open()
	for more := s.first('}'); more; more = s.next('}') {
		if _, ok := s.key(&f); !ok || !s.skip() {
			return false
		}
	}
	s.keys.close(&f)
	s.depth--
	return s.err == nil
}

func (s *scanner) skipList() bool {
	if !s.enter() {
		return false
	}
	for more := s.first(']'); more; more = s.next(']') {
		if !s.skip() {
			return false
		}
	}
	s.depth--
	return s.err == nil
}

// enter steps over an opening bracket.
func (s *scanner) enter() bool {
	if s.depth == MaxDepth {
		return s.fail(s.pos, BadDepth)
	}
	s.depth++
	s.pos++
	return true
}

// first moves to the first member or element and reports whether there is one.
func (s *scanner) first(end byte) bool {
	s.space()
	if s.peek() == end {
		s.pos++
		return false
	}
	return true
}

// next moves to the next member or element and reports whether there is one. What is neither sets err.
func (s *scanner) next(end byte) bool {
	if s.peek() <= ' ' {
		s.space()
	}
	switch s.peek() {
	case ',':
		if s.pos++; s.peek() <= ' ' {
			s.space()
		}
		return true
	case end:
		s.pos++
		return false
	}
	return s.fail(s.pos, BadSyntax)
}

// key scans a member's name, refuses it when it is there already, and moves to the value.
func (s *scanner) key(f *keyFrame) (string, bool) {
	at := s.pos
	if s.peek() != '"' {
		return "", s.fail(at, BadSyntax)
	}
	name, ok := s.text()
	if !ok {
		return "", false
	}
	if !s.keys.add(f, name) {
		return "", s.fail(at, BadKey)
	}
	return name, s.colon()
}

func (s *scanner) colon() bool {
	if s.peek() <= ' ' {
		s.space()
	}
	if s.peek() != ':' {
		return s.fail(s.pos, BadSyntax)
	}
	if s.pos++; s.peek() <= ' ' {
		s.space()
	}
	return true
}

// text scans the string at the cursor and returns its content: a part of the document where nothing is escaped.
func (s *scanner) text() (string, bool) {
	raw, escaped, ok := s.rawString()
	if !ok || !escaped {
		return raw, ok
	}
	return s.arena.Text(unescape(s.arena.Grow(len(raw)), raw)), true
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special returns a word whose lowest bit that is set marks the first of eight bytes that is a quote, a backslash, a control character or not
// ASCII; 0: there is none.
func special(w uint64) uint64 {
	q, b := w^('"'*ones), w^('\\'*ones)
	return ((q-ones)&^q | (b-ones)&^b | (w-0x20*ones)&^w | w) & highs
}

// rawString scans the string at the cursor and returns what stands between its quotes, and whether something in it is escaped.
func (s *scanner) rawString() (raw string, escaped, ok bool) {
	src, text := s.src, bytesOf(s.src)
	start := s.pos + 1
	i := start
	for i < len(src) {
		if i+8 <= len(src) {
			m := special(binary.LittleEndian.Uint64(text[i:]))
			if m == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(m) >> 3
		}
		switch c := src[i]; {
		case c == '"':
			s.pos = i + 1
			return src[start:i], escaped, true
		case c == '\\':
			escaped = true
			n := s.escape(i)
			if n == 0 {
				return "", false, false
			}
			i += n
		case c < 0x20:
			return "", false, s.fail(i, BadControl)
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRuneInString(src[i:])
			if r == utf8.RuneError && n == 1 {
				return "", false, s.fail(i, BadUTF8)
			}
			i += n
		}
	}
	return "", false, s.fail(len(src), BadEnd)
}

// escape judges the escape at i and returns its length, or 0.
func (s *scanner) escape(i int) int {
	if i+1 == len(s.src) {
		s.fail(i+1, BadEnd)
		return 0
	}
	switch s.src[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		r, ok := hex4(s.src, i+2)
		switch {
		case !ok:
		case r < 0xD800 || r > 0xDFFF:
			return 6
		case r < 0xDC00 && len(s.src) >= i+8 && s.src[i+6] == '\\' && s.src[i+7] == 'u':
			if low, ok := hex4(s.src, i+8); ok && low >= 0xDC00 && low <= 0xDFFF {
				return 12
			}
			fallthrough
		default:
			s.fail(i, BadSurrogate)
			return 0
		}
	}
	s.fail(i, BadEscape)
	return 0
}

func hex4(s string, i int) (r rune, ok bool) {
	if len(s) < i+4 {
		return 0, false
	}
	for _, c := range []byte(s[i : i+4]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unescape appends the content of a raw string that rawString has accepted.
func unescape(dst []byte, raw string) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		switch c = raw[i+1]; c {
		case 'u':
			r, _ := hex4(raw, i+2)
			i += 6
			if r >= 0xD800 && r < 0xDC00 {
				low, _ := hex4(raw, i+2)
				r = 0x10000 + (r-0xD800)<<10 + (low - 0xDC00)
				i += 6
			}
			dst = utf8.AppendRune(dst, r)
			continue
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		}
		dst = append(dst, c)
		i += 2
	}
	return dst
}

// word scans true, false or null.
func (s *scanner) word() (Value, bool) {
	rest := s.src[s.pos:]
	switch {
	case len(rest) >= 4 && rest[:4] == "true":
		s.pos += 4
		return BoolValue(true), true
	case len(rest) >= 5 && rest[:5] == "false":
		s.pos += 5
		return BoolValue(false), true
	case len(rest) >= 4 && rest[:4] == "null":
		s.pos += 4
		return NullValue, true
	}
	return Value{}, s.fail(s.pos, BadSyntax)
}

// number scans a number and returns its text.
func (s *scanner) number() (string, bool) {
	start := s.pos
	i := start
	if i < len(s.src) && s.src[i] == '-' {
		i++
	}
	whole := i
	i = s.digits(i)
	n := i - whole
	if n == 0 || (n > 1 && s.src[whole] == '0') {
		return "", s.fail(start, BadSyntax)
	}
	if i < len(s.src) && s.src[i] == '.' {
		from := i + 1
		i = s.digits(from)
		n += i - from
		if i == from {
			return "", s.fail(i, BadSyntax)
		}
	}
	exp := i < len(s.src) && s.src[i]|0x20 == 'e'
	if exp {
		if i++; i < len(s.src) && (s.src[i] == '+' || s.src[i] == '-') {
			i++
		}
		from := i
		if i = s.digits(i); i == from {
			return "", s.fail(i, BadSyntax)
		}
	}
	s.pos = i
	text := s.src[start:i]
	if n > MaxDigits {
		return "", s.fail(start, BadNumber)
	}
	if exp {
		if _, err := ParseNumber(text); err != nil {
			return "", s.fail(start, BadNumber)
		}
	}
	return text, true
}

func (s *scanner) digits(i int) int {
	for i < len(s.src) && s.src[i]-'0' <= 9 {
		i++
	}
	return i
}
