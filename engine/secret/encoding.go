package secret

import (
	"encoding/binary"
	"math"
)

// Enc encodes a label and items without ambiguity: each, the label first, as
// its length in four big-endian bytes and then its bytes. Everything that is
// hashed, authenticated or bound as associated data goes through it.
func Enc(label string, items ...[]byte) []byte {
	size := 4 + len(label)
	for _, it := range items {
		size += 4 + len(it)
	}
	out := appendItem(make([]byte, 0, size), label)
	for _, it := range items {
		out = appendItem(out, it)
	}
	return out
}

// appendItem appends one length-prefixed item to dst.
func appendItem[T string | []byte](dst []byte, item T) []byte {
	if uint64(len(item)) > math.MaxUint32 {
		panic("secret: internal error: an item longer than 4 GiB cannot be encoded")
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(item)))
	return append(dst, item...)
}

// encList encodes strings under a label.
func encList(label string, items []string) []byte {
	out := appendItem(nil, label)
	for _, it := range items {
		out = appendItem(out, it)
	}
	return out
}

// be64 returns n as eight big-endian bytes.
func be64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// be32 returns n as four big-endian bytes.
func be32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// nextItem splits the first item off an encoding.
func nextItem(b []byte) (item, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if n > uint64(len(b)-4) {
		return nil, nil, false
	}
	return b[4 : 4+n], b[4+n:], true
}

// decItems splits an encoding that must start with label into its items.
func decItems(b []byte, label string) (items [][]byte, ok bool) {
	first, rest, ok := nextItem(b)
	if !ok || string(first) != label {
		return nil, false
	}
	for len(rest) > 0 {
		var it []byte
		if it, rest, ok = nextItem(rest); !ok {
			return nil, false
		}
		items = append(items, it)
	}
	return items, true
}
