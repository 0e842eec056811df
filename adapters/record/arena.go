package record

import "unsafe"

// An Arena holds the lists, objects and texts of values that live and die together, so that a record costs no allocation once the
// arena has grown to its size. The zero value is ready for use. Not safe for concurrent use.
type Arena struct {
	values []Value
	boxes  []box
	names  []string
	text   []byte
}

// Smallest sizes of what an arena allocates.
const (
	minArenaValues = 64
	minArenaBoxes  = 16
	minArenaText   = 1 << 10
)

// Reset forgets everything. Values made by the arena become invalid.
func (a *Arena) Reset() {
	a.values, a.boxes, a.names, a.text = a.values[:0], a.boxes[:0], a.names[:0], a.text[:0]
}

// Values returns n absent values, valid until Reset.
func (a *Arena) Values(n int) []Value {
	from := len(a.values)
	if from+n > cap(a.values) { // what was handed out stays alive by itself
		a.values, from = make([]Value, 0, max(2*cap(a.values), n, minArenaValues)), 0
	}
	a.values = a.values[:from+n]
	out := a.values[from : from+n : from+n]
	clear(out)
	return out
}

// Copy returns a copy of values, valid until Reset.
func (a *Arena) Copy(values []Value) []Value {
	out := a.Values(len(values))
	copy(out, values)
	return out
}

// List returns a list. It keeps the slice.
func (a *Arena) List(values []Value) Value {
	return boxValue(List, a.box(nil, values))
}

// Object returns an object under the rules of [ObjectValue]. It keeps both slices.
func (a *Arena) Object(names []string, values []Value) Value {
	return boxValue(Object, a.box(names, values))
}

// Labeled returns an object whose members have these labels. It keeps the slice.
func (a *Arena) Labeled(labels *Labels, values []Value) Value {
	b := a.box(labels.names, values)
	b.labels = labels
	return boxValue(Object, b)
}

func (a *Arena) box(names []string, values []Value) *box {
	if len(a.boxes) == cap(a.boxes) {
		a.boxes = make([]box, 0, max(2*cap(a.boxes), minArenaBoxes))
	}
	a.boxes = append(a.boxes, box{names: names, values: values})
	return &a.boxes[len(a.boxes)-1]
}

// Grow returns the arena's free text, empty, with room for at least n bytes. [Arena.Text] makes what was appended to it a string.
func (a *Arena) Grow(n int) []byte {
	if len(a.text)+n > cap(a.text) {
		a.text = make([]byte, 0, max(2*cap(a.text), n, minArenaText))
	}
	return a.text[len(a.text):]
}

// Text returns b, which was appended to the result of the last [Arena.Grow], as a string that is valid until Reset.
func (a *Arena) Text(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if free := cap(a.text) - len(a.text); len(b) <= free && unsafe.SliceData(b) == unsafe.SliceData(a.text[len(a.text):cap(a.text)]) {
		a.text = a.text[:len(a.text)+len(b)]
	}
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// CopyText returns a copy of s, valid until Reset.
func (a *Arena) CopyText(s string) string { return a.Text(append(a.Grow(len(s)), s...)) }

// CopyNames returns a copy of the slice, not of the texts in it, valid until Reset.
func (a *Arena) CopyNames(names []string) []string {
	from := len(a.names)
	if from+len(names) > cap(a.names) {
		a.names, from = make([]string, 0, max(2*cap(a.names), len(names), minArenaValues)), 0
	}
	a.names = append(a.names, names...)
	return a.names[from:len(a.names):len(a.names)]
}

// CopyValue returns a copy of v that refers to nothing outside the arena.
func (a *Arena) CopyValue(v Value) Value {
	switch {
	case v.hasText():
		return textValue(v.tag, a.CopyText(v.text()))
	case !v.hasBox():
		return v
	}
	from := v.box()
	values, names := a.Copy(from.values), from.names
	for i := range values {
		values[i] = a.CopyValue(values[i])
	}
	if from.labels != nil {
		return a.Labeled(from.labels, values)
	}
	if names != nil {
		names = a.CopyNames(names)
		for i := range names {
			names[i] = a.CopyText(names[i])
		}
	}
	return boxValue(v.kind, a.box(names, values))
}

// view returns the bytes as a string without copying them.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf returns the bytes of s without copying them, to be read only.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
