package secret

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

// purpose names what a key derived from a root is for. Keys of different
// purposes say nothing about each other.
type purpose string

const (
	forWrap        purpose = "wrap"
	forIndex       purpose = "index"
	forFingerprint purpose = "fingerprint"
	forHead        purpose = "head"
	forAudit       purpose = "audit"
	// forRing authenticates the next generation of the ring itself.
	forRing purpose = "ring"
)

// derive returns K_p of one root: HKDF-SHA256 with the ring's id as salt.
func derive(root *[rootSize]byte, ringID [16]byte, p purpose) []byte {
	return expand(root[:], ringID[:], "dray/v1/"+string(p))
}

// expand is HKDF-SHA256 to 32 bytes.
func expand(key, salt []byte, info string) []byte {
	out, err := hkdf.Key(sha256.New, key, salt, info, 32)
	if err != nil {
		panic("secret: internal error: deriving a key: " + err.Error())
	}
	return out
}

// key returns K_p of the root kid.
func (r *Ring) key(kid string, p purpose) ([]byte, error) {
	root := r.roots()[kid]
	if root == nil {
		return nil, keyMissing(r.file.facts.environment, kid)
	}
	return derive(root, r.file.facts.id, p), nil
}

// hmacSum is HMAC-SHA256.
func hmacSum(key, message []byte) (out [32]byte) {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	h.Sum(out[:0])
	return out
}

// keyMissing says that a root is not in the ring.
func keyMissing(environment, kid string) error {
	return &Error{
		Reason: RingKeyMissing, What: ringName(environment),
		Text: fmt.Sprintf("key %s is in use by state but not in the ring", shorten(kid)),
		Hint: "restore the ring that held it; a key leaves only when nothing names it",
	}
}
