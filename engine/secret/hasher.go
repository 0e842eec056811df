package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// KeyHash is the keyed hash of a business key. Without the ring it tells nothing
// of the key, and the hashes of two touchpoints say nothing about each other.
type KeyHash [16]byte

// Fingerprint is the keyed hash of a record's content.
type Fingerprint [32]byte

const (
	keyLabel         = "dray/key/v1"
	fingerprintLabel = "dray/fp/v1"
)

// Hasher hashes the keys and contents of one touchpoint's records. It reuses its
// buffers and is not safe for concurrent use; [Hasher.Clone] is cheap.
type Hasher struct {
	masked
	keys *hasherKeys
	key  hash.Hash
	fp   hash.Hash
	buf  []byte
	// sum receives digests: a local array would escape to the heap.
	sum [sha256.Size]byte
}

// hasherKeys are the two keys a Hasher and its clones use.
type hasherKeys struct{ index, fingerprint []byte }

// Hasher returns the hasher of a touchpoint under the root kid. A unique index
// holds hashes of one kid only; which one is the caller's to remember.
func (r *Ring) Hasher(kid string, uid UID) (*Hasher, error) {
	index, err := r.key(kid, forIndex)
	if err != nil {
		return nil, err
	}
	fingerprint, err := r.key(kid, forFingerprint)
	if err != nil {
		return nil, err
	}
	info := string(Enc("dray/v1/key", uid[:]))
	return newHasher(&hasherKeys{index: expand(index, nil, info), fingerprint: expand(fingerprint, nil, info)}), nil
}

// newHasher starts the two hashes.
func newHasher(keys *hasherKeys) *Hasher {
	return &Hasher{keys: keys, key: hmac.New(sha256.New, keys.index), fp: hmac.New(sha256.New, keys.fingerprint)}
}

// Clone returns a hasher of the same touchpoint for another goroutine.
func (h *Hasher) Clone() *Hasher { return newHasher(h.keys) }

// Key hashes the parts of a business key, in their order.
func (h *Hasher) Key(parts ...Part) KeyHash {
	h.buf = appendItem(h.buf[:0], keyLabel)
	for _, p := range parts {
		h.buf = p.appendTo(h.buf)
	}
	h.key.Reset()
	h.key.Write(h.buf)
	return KeyHash(h.key.Sum(h.sum[:0])[:len(KeyHash{})])
}

// Fingerprint hashes a record's content in its canonical form together with its
// key, so that equal contents of two records do not look alike.
func (h *Hasher) Fingerprint(key KeyHash, canonical []byte) Fingerprint {
	h.buf = appendItem(h.buf[:0], fingerprintLabel)
	h.buf = appendItem(h.buf, key[:])
	h.buf = binary.BigEndian.AppendUint32(h.buf, uint32(len(canonical)))
	h.fp.Reset()
	h.fp.Write(h.buf)
	h.fp.Write(canonical)
	return Fingerprint(h.fp.Sum(h.sum[:0]))
}
