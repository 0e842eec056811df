package secret

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"math"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	sealVersion = 1
	algXChaCha  = 1

	sealRefAt    = 2
	sealNonceAt  = sealRefAt + len(DataKeyID{})
	sealCipherAt = sealNonceAt + chacha20poly1305.NonceSizeX
)

// SealOverhead is how many bytes a sealed value has besides its padded plaintext
// and the four bytes of its length.
const SealOverhead = sealCipherAt + chacha20poly1305.Overhead

// Row is the place a sealed value belongs to. A value opens only where it was
// sealed, and only as often as its sequence number says.
type Row struct {
	// Table and Column name the column.
	Table, Column string
	// SchemaVersion is the version of the body's own format.
	SchemaVersion uint32
	// Key is the row's key in a canonical form that the caller chooses.
	Key []byte
	// Seq grows with every rewrite of the row.
	Seq uint64
}

// Seal encrypts plaintext for row under k.
func (k *DataKey) Seal(row Row, plaintext []byte) ([]byte, error) {
	return k.AppendSeal(nil, row, plaintext)
}

// AppendSeal is [DataKey.Seal] appending to dst, which must not overlap plaintext.
func (k *DataKey) AppendSeal(dst []byte, row Row, plaintext []byte) ([]byte, error) {
	var nonce [chacha20poly1305.NonceSizeX]byte
	rand.Read(nonce[:])
	return k.appendSeal(dst, row, plaintext, &nonce)
}

// appendSeal seals with a given nonce.
func (k *DataKey) appendSeal(dst []byte, row Row, plaintext []byte, nonce *[chacha20poly1305.NonceSizeX]byte) ([]byte, error) {
	if uint64(len(plaintext)) > math.MaxInt32 {
		return nil, &Error{Reason: TooLarge, What: "sealing for " + row.Table + "." + row.Column, Text: "the value is larger than 2 GiB"}
	}
	need := SealOverhead + paddedSize(padHeader+len(plaintext))
	if cap(dst)-len(dst) < need {
		dst = append(make([]byte, 0, len(dst)+need), dst...)
	}
	dst = append(dst, sealVersion, algXChaCha)
	dst = append(dst, k.wrapped.ID[:]...)
	dst = append(dst, nonce[:]...)
	body := len(dst)
	dst = appendPadded(dst, plaintext)
	return k.aead().Seal(dst[:body], nonce[:], dst[body:], k.aad(row)), nil
}

// Open decrypts what [DataKey.Seal] made for exactly this row. The result is
// fresh memory.
func (k *DataKey) Open(row Row, sealed []byte) ([]byte, error) {
	id, err := SealedBy(sealed)
	if err != nil {
		return nil, sealBroken(row)
	}
	if id != k.wrapped.ID {
		return nil, sealBroken(row)
	}
	nonce := sealed[sealNonceAt:sealCipherAt]
	padded, err := k.aead().Open(nil, nonce, sealed[sealCipherAt:], k.aad(row))
	if err != nil {
		return nil, sealBroken(row)
	}
	plaintext, ok := unpad(padded)
	if !ok {
		return nil, sealBroken(row)
	}
	return plaintext, nil
}

// aad binds a value to its place: the state and its ring, the column, the row
// and its sequence number, the touchpoint, the key.
func (k *DataKey) aad(row Row) []byte {
	const label = "dray/seal/v1"
	b := make([]byte, 0, 176+len(row.Table)+len(row.Column)+len(row.Key))
	b = appendItem(b, label)
	b = appendItem(b, []byte{sealVersion})
	b = appendItem(b, []byte{algXChaCha})
	b = appendItem(b, k.ringID[:])
	b = appendItem(b, k.stateID[:])
	b = appendItem(b, row.Table)
	b = appendItem(b, row.Column)
	b = binary.BigEndian.AppendUint32(append(b, 0, 0, 0, 4), row.SchemaVersion)
	b = appendItem(b, k.uid)
	b = appendItem(b, row.Key)
	b = binary.BigEndian.AppendUint64(append(b, 0, 0, 0, 8), row.Seq)
	return appendItem(b, k.wrapped.ID[:])
}

// SealedBy returns the id of the data key that sealed a value.
func SealedBy(sealed []byte) (DataKeyID, error) {
	if len(sealed) < SealOverhead || sealed[0] != sealVersion || sealed[1] != algXChaCha {
		return DataKeyID{}, &Error{Reason: SealBroken, What: "sealed value", Text: "cut off, or of a version or algorithm this program does not know"}
	}
	return DataKeyID(sealed[sealRefAt:sealNonceAt]), nil
}

// sealBroken names the place and nothing of the value.
func sealBroken(row Row) error {
	return &Error{
		Reason: SealBroken, What: "sealed value in " + row.Table + "." + row.Column,
		Text: "it was changed, cut off, or moved from where it was sealed",
		Hint: "the database was altered outside the agent: restore it from a backup",
	}
}

// Sealer seals and opens values through the data keys of one state. It is safe
// for concurrent use.
type Sealer struct{ keys *DataKeys }

// NewSealer returns a sealer over keys.
func NewSealer(keys *DataKeys) *Sealer { return &Sealer{keys: keys} }

// Key returns the current data key of a scope, for sealing many values without
// looking it up again. It follows the rules of [DataKeys.Current]; hold it for
// one batch, not longer.
func (s *Sealer) Key(ctx context.Context, scope Scope) (*DataKey, error) {
	return s.keys.Current(ctx, scope)
}

// Seal encrypts plaintext for a row of a scope under its current data key. It may
// write to the key store; inside a transaction take the key before, with
// [Sealer.Key], and use [DataKey.Seal].
func (s *Sealer) Seal(ctx context.Context, scope Scope, row Row, plaintext []byte) ([]byte, error) {
	key, err := s.keys.Current(ctx, scope)
	if err != nil {
		return nil, err
	}
	return key.Seal(row, plaintext)
}

// Open decrypts a value sealed for exactly this row of this scope. It reads from
// the key store when the value names a key that was not opened yet.
func (s *Sealer) Open(ctx context.Context, scope Scope, row Row, sealed []byte) ([]byte, error) {
	id, err := SealedBy(sealed)
	if err != nil {
		return nil, sealBroken(row)
	}
	key, err := s.keys.ByID(ctx, scope, id)
	if err != nil {
		return nil, err
	}
	return key.Open(row, sealed)
}
