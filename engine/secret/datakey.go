package secret

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// DataKeyID names a data key within one state; sealed values carry it. It is the
// time the key was made, as four bytes of Unix seconds, and four random bytes.
// Since the id is authenticated, so is the time: whoever can write to the
// database cannot make an old key look new.
type DataKeyID [8]byte

// created returns the time in the id.
func (id DataKeyID) created() time.Time {
	return time.Unix(int64(binary.BigEndian.Uint32(id[:4])), 0).UTC()
}

// String returns the id in hexadecimal digits.
func (id DataKeyID) String() string { return hex.EncodeToString(id[:]) }

// StateID is the random identity of one state database.
type StateID [16]byte

// WrappedKey is a data key as it is stored: one row of the data key table. It
// holds no secret in the clear.
type WrappedKey struct {
	// ID is unique in the state.
	ID DataKeyID
	// Scope and Epoch together are unique in the state.
	Scope Scope
	// Epoch counts the data keys of a scope from 1.
	Epoch uint32
	// Kid is the root that wraps the key.
	Kid string
	// Created is when the key was made, to the second, in UTC; the id says it too.
	Created time.Time
	// Wrapped is the nonce and the encrypted key.
	Wrapped []byte
}

// DataKey is an opened data key: it seals and opens values of its scope. Printing
// one prints a mask. It is immutable and safe for concurrent use.
type DataKey struct {
	masked
	aead    hidden[cipher.AEAD]
	raw     hidden[*[chacha20poly1305.KeySize]byte]
	ringID  [16]byte
	stateID StateID
	scope   Scope
	uid     []byte
	wrapped WrappedKey
}

// NewDataKey makes a data key for a scope and epoch of a state, wrapped by the
// ring's primary root. Its time is not before that of the root, whatever now says.
func (r *Ring) NewDataKey(state StateID, scope Scope, epoch uint32, now time.Time) (*DataKey, error) {
	var raw [chacha20poly1305.KeySize]byte
	rand.Read(raw[:])
	if made := r.file.facts.primary().Created; now.Before(made) {
		now = made
	}
	w := WrappedKey{Scope: scope, Epoch: epoch}
	binary.BigEndian.PutUint32(w.ID[:4], uint32(now.Unix()))
	rand.Read(w.ID[4:])
	w.Created = w.ID.created()
	return r.wrap(state, w, &raw)
}

// Rewrap returns the same data key wrapped by the ring's primary root, so that
// an older root can be retired. Id, scope, epoch and creation time stay.
func (r *Ring) Rewrap(k *DataKey) (WrappedKey, error) {
	next, err := r.wrap(k.stateID, k.wrapped, k.raw())
	if err != nil {
		return WrappedKey{}, err
	}
	return next.wrapped, nil
}

// wrap encrypts raw under the primary root.
func (r *Ring) wrap(state StateID, w WrappedKey, raw *[chacha20poly1305.KeySize]byte) (*DataKey, error) {
	w.Kid = r.Primary()
	aead, err := r.wrapper(w.Kid)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	rand.Read(nonce)
	w.Wrapped = aead.Seal(nonce, nonce, raw[:], wrapAAD(r.file.facts.id, state, w))
	return newDataKey(r.file.facts.id, state, w, raw)
}

// Unwrap opens a stored data key.
func (r *Ring) Unwrap(state StateID, w WrappedKey) (*DataKey, error) {
	aead, err := r.wrapper(w.Kid)
	if err != nil {
		return nil, err
	}
	broken := &Error{
		Reason: SealBroken, What: "data key " + w.ID.String(), Text: "its row was changed, cut off, or belongs to another scope or another state",
		Hint: "restore the state from a backup",
	}
	if len(w.Wrapped) < chacha20poly1305.NonceSizeX || !w.Created.Equal(w.ID.created()) {
		return nil, broken
	}
	nonce, sealed := w.Wrapped[:chacha20poly1305.NonceSizeX], w.Wrapped[chacha20poly1305.NonceSizeX:]
	plain, err := aead.Open(nil, nonce, sealed, wrapAAD(r.file.facts.id, state, w))
	if err != nil || len(plain) != chacha20poly1305.KeySize {
		return nil, broken
	}
	return newDataKey(r.file.facts.id, state, w, (*[chacha20poly1305.KeySize]byte)(plain))
}

// wrapper returns the AEAD that wraps data keys under the root kid.
func (r *Ring) wrapper(kid string) (cipher.AEAD, error) {
	k, err := r.key(kid, forWrap)
	if err != nil {
		return nil, err
	}
	return newAEAD(k), nil
}

// wrapAAD binds a wrapped key to its row.
func wrapAAD(ringID [16]byte, state StateID, w WrappedKey) []byte {
	return Enc("dray/dek/v1", ringID[:], state[:], w.ID[:], []byte(w.Scope), be32(w.Epoch), []byte(w.Kid))
}

// newDataKey prepares a data key for use.
func newDataKey(ringID [16]byte, state StateID, w WrappedKey, raw *[chacha20poly1305.KeySize]byte) (*DataKey, error) {
	uid, err := w.Scope.uid()
	if err != nil {
		return nil, err
	}
	if w.Epoch == 0 {
		return nil, &Error{Reason: Malformed, What: "data key " + w.ID.String(), Text: "epochs count from 1"}
	}
	return &DataKey{aead: hide(newAEAD(raw[:])), raw: hide(raw), ringID: ringID, stateID: state, scope: w.Scope, uid: uid, wrapped: w}, nil
}

// newAEAD returns XChaCha20-Poly1305 under a key of the right size.
func newAEAD(key []byte) cipher.AEAD {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		panic("secret: internal error: making a cipher: " + err.Error())
	}
	return aead
}

// Wrapped returns the key's row. The caller must not change its bytes.
func (k *DataKey) Wrapped() WrappedKey { return k.wrapped }
