package state

import (
	"encoding/binary"
	"time"
)

// Bodies that are written often are encoded by hand: fields in a fixed order,
// byte strings with their length as a varint, numbers as varints. The schema
// version of the sealed row says which order.

// appendBytes appends a length and the bytes.
func appendBytes[T ~string | ~[]byte](dst []byte, b T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}

// appendTime appends a time in microseconds, 0 for the zero time.
func appendTime(dst []byte, t time.Time) []byte {
	return binary.AppendVarint(dst, micros(t))
}

// appendTrace appends traced fields.
func appendTrace(dst []byte, fields []TraceField) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(fields)))
	for _, f := range fields {
		dst = appendBytes(dst, f.Path)
		dst = appendBytes(dst, f.Value)
		dst = append(dst, f.Hash[:]...)
	}
	return dst
}

// decoder reads what the append functions wrote. After a failure everything it
// returns is zero and ok is false.
type decoder struct {
	b  []byte
	ok bool
}

func newDecoder(b []byte) *decoder { return &decoder{b: b, ok: true} }

// fixed returns the next n bytes, sharing memory.
func (d *decoder) fixed(n int) []byte {
	if !d.ok || len(d.b) < n {
		d.ok = false
		return nil
	}
	out := d.b[:n:n]
	d.b = d.b[n:]
	return out
}

// hash returns the next 16 bytes.
func (d *decoder) hash() (h KeyHash) {
	copy(h[:], d.fixed(len(h)))
	return h
}

func (d *decoder) uint() uint64 {
	n, size := binary.Uvarint(d.b)
	if !d.ok || size <= 0 {
		d.ok = false
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *decoder) int() int64 {
	n, size := binary.Varint(d.b)
	if !d.ok || size <= 0 {
		d.ok = false
		return 0
	}
	d.b = d.b[size:]
	return n
}

// bytes returns the next byte string, sharing memory; nil when it is empty.
func (d *decoder) bytes() []byte {
	n := d.uint()
	if n == 0 || n > uint64(len(d.b)) {
		d.ok = d.ok && n == 0
		return nil
	}
	return d.fixed(int(n))
}

func (d *decoder) string() string { return string(d.bytes()) }

func (d *decoder) time() time.Time { return fromMicros(d.int()) }

func (d *decoder) trace() []TraceField {
	n := d.uint()
	if n == 0 || n > uint64(len(d.b)) {
		d.ok = d.ok && n == 0
		return nil
	}
	fields := make([]TraceField, n)
	for i := range fields {
		fields[i] = TraceField{Path: d.string(), Value: d.string(), Hash: d.hash()}
	}
	return fields
}

// done reports that everything was read and nothing is left.
func (d *decoder) done() bool { return d.ok && len(d.b) == 0 }

// micros returns t as a column holds it.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromMicros reads what micros wrote.
func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
