package secret

import (
	"encoding/binary"
	"math/bits"
)

// padHeader is the length of the length that stands before padded plaintext.
const padHeader = 4

// paddedSize returns the length a text of n bytes is padded to: the next
// multiple of 32 up to 256, and beyond that Padmé, which costs at most 12% and
// tells no more of the length than its order of magnitude does.
func paddedSize(n int) int {
	if n <= 256 {
		return max(32, (n+31)&^31)
	}
	e := bits.Len(uint(n)) - 1
	s := bits.Len(uint(e))
	low := 1<<(e-s) - 1
	return (n + low) &^ low
}

// appendPadded appends plaintext with its length before and zeros behind it.
func appendPadded(dst, plaintext []byte) []byte {
	start := len(dst)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(plaintext)))
	dst = append(dst, plaintext...)
	zeros := paddedSize(padHeader+len(plaintext)) - (len(dst) - start)
	for range zeros {
		dst = append(dst, 0)
	}
	return dst
}

// unpad returns the plaintext within padded, sharing its memory.
func unpad(padded []byte) ([]byte, bool) {
	if len(padded) < padHeader {
		return nil, false
	}
	n := uint64(binary.BigEndian.Uint32(padded))
	if n > uint64(len(padded)-padHeader) || paddedSize(padHeader+int(n)) != len(padded) {
		return nil, false
	}
	for _, b := range padded[padHeader+n:] {
		if b != 0 {
			return nil, false
		}
	}
	return padded[padHeader : padHeader+n], true
}
