package record

import (
	"fmt"
	"math/big"
	"strconv"
	"time"
	"unsafe"

	"github.com/cockroachdb/apd/v3"
)

// Kind says what a [Value] holds.
type Kind uint8

// The kinds of a value. The zero Kind is Absent: the field was not there at all, which is not the same as null.
const (
	Absent Kind = iota
	Null
	Bool
	Int       // an integer of any size
	Decimal   // a decimal fraction of any size, never binary
	String    // valid UTF-8
	Bytes     // anything
	Date      // a calendar day without a zone
	Time      // a time of day without a zone, to the nanosecond
	Timestamp // an instant, with the UTC offset it was written in
	List
	Object
	Raw  // a complete, already validated JSON value that nobody had to look into
	File // a reference to a file's content, opened by the adapter that reads it
)

var kindNames = [...]string{
	"absent", "null", "bool", "int", "decimal", "string", "bytes", "date", "time", "timestamp", "list", "object", "raw", "file",
}

// String returns the kind's name as diagnostics and errors print it.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind(" + strconv.Itoa(int(k)) + ")"
}

// MaxDigits is the largest number of digits in one number. More is an error, so that no record can make arithmetic slow.
const MaxDigits = 1000

// MaxExponent bounds the decimal exponent of a number written with an exponent, in either direction.
const MaxExponent = 1000

// A Value is one value of a record: a tagged union of 24 bytes that never holds a float. It is of three words so that the compiler
// keeps it in registers.
//
// The zero Value is absent. Values are immutable and safe for concurrent use; those read from a [Batch] are
// valid until its next Reset.
type Value struct {
	tag
	// num is, of a Bool, 0 or 1; of an Int or Decimal that is not big, its digits; of a Date, days since 1970-01-01; of a Time, nanoseconds; of a
	// Timestamp, Unix seconds; of what has a text, its length.
	num int64
	ptr unsafe.Pointer // *box of a List or Object; the bytes of what has a text
}

// tag says what the other words of a value are.
type tag struct {
	kind   Kind
	big    bool  // Int and Decimal: too large for num, so that it is held as its canonical text
	offset int16 // Timestamp: minutes east of UTC
	scale  int32 // Decimal: digits after the point (may be negative); Timestamp: nanoseconds within the second
}

type box struct {
	names  []string // Object only, parallel to values
	values []Value
	labels *Labels // nil, or the names as they were made once
}

// textValue returns a value that is held as a text.
func textValue(t tag, text string) Value {
	return Value{t, int64(len(text)), unsafe.Pointer(unsafe.StringData(text))}
}

// boxValue returns a List or Object.
func boxValue(kind Kind, b *box) Value { return Value{tag{kind: kind}, 0, unsafe.Pointer(b)} }

// text returns the text of a value that has one: String, Bytes, Raw, File, and what is big.
func (v Value) text() string { return unsafe.String((*byte)(v.ptr), int(v.num)) }

// box returns what a List or Object holds.
func (v Value) box() *box { return (*box)(v.ptr) }

// hasText reports whether text may be called.
func (v Value) hasText() bool {
	return v.big || v.kind == String || v.kind == Raw || v.kind == Bytes || v.kind == File
}

// hasBox reports whether box may be called.
func (v Value) hasBox() bool { return v.kind == List || v.kind == Object }

// NullValue is JSON's null.
var NullValue = Value{tag: tag{kind: Null}}

// BoolValue returns b as a Value.
func BoolValue(b bool) Value {
	v := Value{tag: tag{kind: Bool}}
	if b {
		v.num = 1
	}
	return v
}

// IntValue returns n as a Value.
func IntValue(n int64) Value { return Value{tag: tag{kind: Int}, num: n} }

// BigIntValue returns n as a Value of kind Int.
func BigIntValue(n *big.Int) Value {
	if n.IsInt64() {
		return IntValue(n.Int64())
	}
	return textValue(tag{kind: Int, big: true}, n.String())
}

// DecimalValue returns coefficient × 10^-scale as a Value of kind Decimal. The scale is kept: 110 with scale 2 is 1.10.
func DecimalValue(coefficient int64, scale int32) Value {
	return Value{tag: tag{kind: Decimal, scale: scale}, num: coefficient}
}

// StringValue returns s as a Value. s must be valid UTF-8.
func StringValue(s string) Value { return textValue(tag{kind: String}, s) }

// BytesValue returns b as a Value. It keeps a copy.
func BytesValue(b []byte) Value { return textValue(tag{kind: Bytes}, string(b)) }

// RawValue returns a complete JSON value that the caller has validated with [Scan] or built itself.
func RawValue(json string) Value { return textValue(tag{kind: Raw}, json) }

// FileValue returns a reference to a file's content. What ref means is between the adapter that made it and the one that opens it.
func FileValue(ref string) Value { return textValue(tag{kind: File}, ref) }

// DateValue returns the calendar day of t, in t's own location.
func DateValue(t time.Time) Value {
	y, m, d := t.Date()
	return Value{tag: tag{kind: Date}, num: time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400}
}

// TimeOfDayValue returns the time of day that is d after midnight, 0 ≤ d < 24h.
func TimeOfDayValue(d time.Duration) Value { return Value{tag: tag{kind: Time}, num: int64(d)} }

// TimestampValue returns the instant t with the UTC offset of its location, to the minute.
func TimestampValue(t time.Time) Value {
	_, off := t.Zone()
	return Value{tag: tag{kind: Timestamp, scale: int32(t.Nanosecond()), offset: int16(off / 60)}, num: t.Unix()}
}

// ListValue returns a list. It keeps the slice: the caller must not change it afterwards.
func ListValue(values []Value) Value { return boxValue(List, &box{values: values}) }

// ObjectValue returns an object with the given members in order. It keeps both slices, which must be of one length and hold no
// name twice; the caller must not change them afterwards.
func ObjectValue(names []string, values []Value) Value {
	return boxValue(Object, &box{names: names, values: values})
}

// Kind returns what v holds.
func (v Value) Kind() Kind { return v.kind }

// IsAbsent reports whether the field was not there.
func (v Value) IsAbsent() bool { return v.kind == Absent }

// IsNull reports whether v is null or absent.
func (v Value) IsNull() bool { return v.kind <= Null || (v.kind == Raw && v.text() == "null") }

// Bool returns a value of kind Bool.
func (v Value) Bool() bool { return v.num != 0 }

// Int64 returns an Int that fits, and whether it did.
func (v Value) Int64() (n int64, ok bool) { return v.num, v.kind == Int && !v.big }

// SmallDecimal returns a Decimal (or Int) as coefficient × 10^-scale where the coefficient fits an int64, and whether it did.
func (v Value) SmallDecimal() (coefficient int64, scale int32, ok bool) {
	return v.num, v.scale, (v.kind == Decimal || v.kind == Int) && !v.big
}

// Text returns the content of a String, Bytes, Raw or File, and the canonical text of a number; else "".
func (v Value) Text() string {
	switch v.kind {
	case String, Bytes, Raw, File:
		return v.text()
	case Int, Decimal:
		return string(v.AppendNumber(nil))
	default:
		return ""
	}
}

// Time returns a Timestamp as an instant in its own offset, or a Date as midnight UTC; else the zero time.
func (v Value) Time() time.Time {
	switch v.kind {
	case Timestamp:
		t := time.Unix(v.num, int64(v.scale)).UTC()
		if v.offset != 0 {
			t = t.In(time.FixedZone("", int(v.offset)*60))
		}
		return t
	case Date:
		return time.Unix(v.num*86400, 0).UTC()
	default:
		return time.Time{}
	}
}

// TimeOfDay returns a Time as the duration since midnight.
func (v Value) TimeOfDay() time.Duration { return time.Duration(v.num) }

// Len returns the number of elements of a List or members of an Object; else 0.
func (v Value) Len() int {
	if !v.hasBox() {
		return 0
	}
	return len(v.box().values)
}

// Index returns element i of a List, or the value of member i of an Object.
func (v Value) Index(i int) Value { return v.box().values[i] }

// Name returns the name of member i of an Object.
func (v Value) Name(i int) string { return v.box().names[i] }

// Get returns the member of an Object with that name, or an absent Value.
func (v Value) Get(name string) Value {
	if v.kind != Object {
		return Value{}
	}
	for i, n := range v.box().names {
		if n == name {
			return v.box().values[i]
		}
	}
	return Value{}
}

// Big returns an Int or Decimal as an apd.Decimal of its own. It reports false for any other kind.
func (v Value) Big() (*apd.Decimal, bool) {
	if v.kind != Int && v.kind != Decimal {
		return nil, false
	}
	if !v.big {
		return apd.New(v.num, -v.scale), true
	}
	d, _, err := apd.NewFromString(v.text())
	if err != nil {
		panic("record: internal error: a number's canonical text does not parse")
	}
	return d, true
}

// FromBig returns d as an Int when it is whole and has scale 0, else as a Decimal. It keeps nothing of d.
func FromBig(d *apd.Decimal) (Value, error) {
	if d.Form != apd.Finite {
		return Value{}, fmt.Errorf("number is %s", d.Form)
	}
	return ParseNumber(d.Text('f'))
}

// GoString keeps content out of %#v, so that a record never slips into a log by way of a debug print.
func (v Value) GoString() string { return "record.Value(" + v.kind.String() + ")" }

// Format prints only the kind whatever the verb: the content of a record is never printed by accident.
func (v Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(v.GoString())) }
