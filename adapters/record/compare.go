package record

import (
	"cmp"
	"slices"
	"strings"
)

// Clone returns a copy of v that outlives the batch or arena it was read from.
func (v Value) Clone() Value {
	switch {
	case v.hasText():
		return textValue(v.tag, strings.Clone(v.text()))
	case !v.hasBox():
		return v
	}
	from := v.box()
	b := &box{names: make([]string, len(from.names)), values: make([]Value, len(from.values))}
	for i, name := range from.names {
		b.names[i] = strings.Clone(name)
	}
	for i := range from.values {
		b.values[i] = from.values[i].Clone()
	}
	return boxValue(v.kind, b)
}

// Elements returns the elements of a List or the values of an Object's members; else nil. The caller must not change them.
func (v Value) Elements() []Value {
	if !v.hasBox() {
		return nil
	}
	return v.box().values
}

// Names returns the names of an Object's members, parallel to [Value.Elements]; else nil. The caller must not change them.
func (v Value) Names() []string {
	if !v.hasBox() {
		return nil
	}
	return v.box().names
}

// Expand returns a Raw value as the list, object or scalar it stands for, and any other value as it is. The error is that of
// [ParseJSON], for a Raw that was never validated.
func (v Value) Expand() (Value, error) {
	if v.kind != Raw {
		return v, nil
	}
	return ParseText(v.text())
}

// Equal reports whether v and w say the same: numbers by value whatever their scale and kind, timestamps by instant, objects
// whatever the order of their members, absent members not counting, Raw as what it stands for.
func (v Value) Equal(w Value) bool {
	v, errV := v.Expand()
	w, errW := w.Expand()
	if errV != nil || errW != nil {
		return false
	}
	switch {
	case v.isNumber() && w.isNumber():
		return compareNumbers(v, w) == 0
	case v.kind != w.kind:
		return false
	}
	switch v.kind {
	case Absent, Null:
		return true
	case List:
		return slices.EqualFunc(v.box().values, w.box().values, Value.Equal)
	case Object:
		return v.sameMembers(w)
	default:
		c, _ := v.Compare(w)
		return c == 0
	}
}

func (v Value) sameMembers(w Value) bool {
	n := 0
	for i, name := range v.box().names {
		if v.box().values[i].kind == Absent {
			continue
		}
		n++
		if !v.box().values[i].Equal(w.Get(name)) {
			return false
		}
	}
	for i := range w.box().values {
		if w.box().values[i].kind != Absent {
			n--
		}
	}
	return n == 0
}

func (v Value) isNumber() bool { return v.kind == Int || v.kind == Decimal }

// Compare orders two numbers, or two values of one kind: false before true, texts and bytes by their bytes, dates and times by time.
// It reports false where there is no order: different kinds, lists, objects, null.
func (v Value) Compare(w Value) (int, bool) {
	switch {
	case v.isNumber() && w.isNumber():
		return compareNumbers(v, w), true
	case v.kind != w.kind:
		return 0, false
	}
	switch v.kind {
	case Bool, Date, Time:
		return cmp.Compare(v.num, w.num), true
	case Timestamp:
		return cmp.Or(cmp.Compare(v.num, w.num), cmp.Compare(v.scale, w.scale)), true
	case String, Bytes, File:
		return strings.Compare(v.text(), w.text()), true
	default:
		return 0, false
	}
}

func compareNumbers(v, w Value) int {
	if !v.big && !w.big && v.scale == w.scale {
		return cmp.Compare(v.num, w.num)
	}
	a, _ := v.Big()
	b, _ := w.Big()
	return a.Cmp(b)
}

// AppendCanonical appends a text that is the same for values that are [Value.Equal] and for what is written alike in JSON, for
// fingerprints and keys: members sorted by name and absent ones left out, numbers without trailing zeros, timestamps in UTC.
// The error is that of [ParseJSON], for a Raw that was never validated.
func (v Value) AppendCanonical(dst []byte) ([]byte, error) {
	switch v.kind {
	case Int, Decimal:
		return v.appendCanonicalNumber(dst), nil
	case Timestamp:
		v.offset = 0
		return v.AppendJSON(dst), nil
	case Raw:
		w, err := v.Expand()
		if err != nil {
			return dst, err
		}
		return w.AppendCanonical(dst)
	case List:
		return v.appendCanonicalList(dst)
	case Object:
		return v.appendCanonicalObject(dst)
	default:
		return v.AppendJSON(dst), nil
	}
}

func (v Value) appendCanonicalNumber(dst []byte) []byte {
	from := len(dst)
	dst = v.AppendNumber(dst)
	if v.kind == Int || v.scale <= 0 {
		return dst
	}
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	if dst[len(dst)-1] == '.' {
		dst = dst[:len(dst)-1]
	}
	if string(dst[from:]) == "-0" {
		return append(dst[:from], '0')
	}
	return dst
}

func (v Value) appendCanonicalList(dst []byte) (_ []byte, err error) {
	dst = append(dst, '[')
	for i := range v.box().values {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = v.box().values[i].AppendCanonical(dst); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func (v Value) appendCanonicalObject(dst []byte) (_ []byte, err error) {
	var room [32]int
	order := room[:0]
	for i := range v.box().values {
		if v.box().values[i].kind != Absent {
			order = append(order, i)
		}
	}
	names := v.box().names
	slices.SortFunc(order, func(i, j int) int { return strings.Compare(names[i], names[j]) })
	dst = append(dst, '{')
	for n, i := range order {
		if n > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendJSONString(dst, names[i]), ':')
		if dst, err = v.box().values[i].AppendCanonical(dst); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}
