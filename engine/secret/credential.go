package secret

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	// credentialBlock is what the sealed part of a credential is padded to, so
	// that its size does not tell the length of a password.
	credentialBlock = 1024
	// maxCredentialBytes bounds the secrets of one credential together.
	maxCredentialBytes = 256 << 10
)

// Credential is a credential file: its envelope and the ciphertext. It is
// immutable and safe for concurrent use.
type Credential struct {
	meta       Metadata
	envelope   Envelope
	ciphertext []byte
}

// Seen is what an agent remembers of the newest credential of a name it
// accepted, outside the repository. The zero value means none.
type Seen struct {
	// Generation is the highest accepted.
	Generation uint64 `json:"generation"`
	// Digest identifies the accepted file of that generation, in hexadecimal digits.
	Digest string `json:"digest"`
}

// CreateCredential makes the first generation of a credential. The envelope's
// Generation, Rotated and Fields follow from values and now; whoever writes one
// needs no identity.
func CreateCredential(repositoryID string, e Envelope, values Values, now time.Time) (*Credential, error) {
	e.Generation = 1
	return sealCredential(repositoryID, Metadata{Name: e.Name}, dated(e, values, nil, now), values)
}

// Replace makes the next generation of c with a new envelope and all values
// given anew, which needs no identity. e must name the same credential.
func (c *Credential) Replace(repositoryID string, e Envelope, values Values, now time.Time) (*Credential, error) {
	return c.next(repositoryID, dated(e, values, nil, now), values)
}

// next seals the generation after c.
func (c *Credential) next(repositoryID string, e Envelope, values Values) (*Credential, error) {
	if e.Name != c.envelope.Name {
		return nil, malformed(credentialName(c.envelope.Name), "a credential keeps its name: create another one")
	}
	e.Generation = c.envelope.Generation + 1
	return sealCredential(repositoryID, c.meta, e, values)
}

// dated returns e with the dates its fields were set: now, or the one in kept.
func dated(e Envelope, values Values, kept map[string]string, now time.Time) Envelope {
	today := now.UTC().Format(dateForm)
	e = e.Clone()
	e.Rotated = today
	e.Fields = make(map[string]string, len(values))
	for name := range values {
		e.Fields[name] = today
		if date := kept[name]; date != "" {
			e.Fields[name] = date
		}
	}
	return e
}

// sealCredential encrypts values together with the digest of their envelope.
func sealCredential(repositoryID string, meta Metadata, e Envelope, values Values) (*Credential, error) {
	e, err := e.normal()
	if err != nil {
		return nil, err
	}
	what := credentialName(e.Name)
	if repositoryID == "" {
		return nil, malformed(what, "it must be bound to the id of a repository")
	}
	digest := envelopeDigest(repositoryID, &e)
	inner := Enc("dray/credential/inner/v1", digest[:])
	for _, name := range values.Names() {
		if values[name].IsZero() {
			return nil, malformed(what, "field "+shorten(name)+" has no value")
		}
		inner = appendItem(inner, name)
		inner = appendItem(inner, values[name].Reveal())
	}
	if len(inner) > maxCredentialBytes {
		return nil, &Error{Reason: TooLarge, What: what, Text: fmt.Sprintf("its values are larger than %d KiB together", maxCredentialBytes>>10)}
	}
	padded := padBlock(inner)
	clear(inner)
	defer clear(padded)
	ciphertext, err := ageEncrypt(padded, e.Recipients)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return &Credential{meta: meta, envelope: e, ciphertext: ciphertext}, nil
}

// envelopeDigest binds the values to the envelope and the repository.
func envelopeDigest(repositoryID string, e *Envelope) [32]byte {
	return sha256.Sum256(Enc("dray/credential/v1", []byte(repositoryID), e.canonical()))
}

// padBlock puts the length before b and zeros behind it.
func padBlock(b []byte) []byte {
	size := (padHeader + len(b) + credentialBlock - 1) / credentialBlock * credentialBlock
	out := binary.BigEndian.AppendUint32(make([]byte, 0, size), uint32(len(b)))
	return append(out, b...)[:size]
}

// unpadBlock undoes padBlock.
func unpadBlock(padded []byte) ([]byte, bool) {
	if len(padded) == 0 || len(padded)%credentialBlock != 0 {
		return nil, false
	}
	n := uint64(binary.BigEndian.Uint32(padded))
	if n > uint64(len(padded)-padHeader) {
		return nil, false
	}
	b := padded[padHeader : padHeader+n]
	return b, bytes.Equal(padBlock(b), padded)
}

// Envelope returns a copy of the readable part. Until the credential is opened
// nothing proves that it is what was sealed.
func (c *Credential) Envelope() Envelope { return c.envelope.Clone() }

// Metadata returns the part outside the seal.
func (c *Credential) Metadata() Metadata { return c.meta }

// Digest identifies exactly this credential: its envelope and its ciphertext,
// whatever the YAML around them looks like.
func (c *Credential) Digest() [32]byte {
	return sha256.Sum256(Enc("dray/credential/digest/v1", c.envelope.canonical(), c.ciphertext))
}

// Open decrypts the credential. It checks, in this order: that the generation
// does not go back behind seen, that the ciphertext is whole, and that the
// readable part is what was sealed with the values for this repository. The
// values are then reachable through [Opened.Values].
func (c *Credential) Open(repositoryID string, seen Seen, id *Identity) (*Opened, error) {
	what := credentialName(c.envelope.Name)
	if err := c.checkGeneration(seen); err != nil {
		return nil, err
	}
	padded, err := ageDecrypt(c.ciphertext, id, what)
	if errors.Is(err, NotRecipient) {
		return nil, &Error{
			Reason: NotRecipient, What: what,
			Text: fmt.Sprintf("this identity (%s) is not a recipient of generation %d; recipients are %s",
				id.public.Recipient.Short(), c.envelope.Generation, shortRecipients(c.envelope.Recipients)),
			Hint: "write it again with this agent among its recipients: dray credential set needs no identity for that",
		}
	}
	if err != nil {
		return nil, err
	}
	defer clear(padded)
	inner, ok := unpadBlock(padded)
	if !ok {
		return nil, damaged(what)
	}
	items, ok := decItems(inner, "dray/credential/inner/v1")
	if !ok || len(items)%2 != 1 {
		return nil, damaged(what)
	}
	if digest := envelopeDigest(repositoryID, &c.envelope); !bytes.Equal(items[0], digest[:]) {
		return nil, altered(what)
	}
	values := make(Values, len(items)/2)
	for i := 1; i < len(items); i += 2 {
		values[string(items[i])] = NewValue(string(items[i+1]))
	}
	if !slices.Equal(values.Names(), slices.Sorted(maps.Keys(c.envelope.Fields))) {
		return nil, altered(what)
	}
	return &Opened{credential: c, repositoryID: repositoryID, values: values}, nil
}

// checkGeneration refuses to go back.
func (c *Credential) checkGeneration(seen Seen) error {
	what, have := credentialName(c.envelope.Name), c.envelope.Generation
	digest := c.Digest()
	switch {
	case have < seen.Generation:
		return &Error{
			Reason: CredentialOutdated, What: what,
			Text: fmt.Sprintf("generation %d is older than generation %d, which this agent has accepted", have, seen.Generation),
			Hint: "a credential never goes back, even in a revert: the accepted one serves on; write a new one to change it",
		}
	case have == seen.Generation && hex.EncodeToString(digest[:]) != seen.Digest:
		return &Error{
			Reason: CredentialOutdated, What: what, Text: fmt.Sprintf("another file of generation %d was accepted before", have),
			Hint: "two people wrote it at once: the accepted one serves on; write it again on top of that",
		}
	}
	return nil
}

// altered says that envelope and seal differ.
func altered(what string) error {
	return &Error{
		Reason: CredentialAltered, What: what, Text: "its readable part is not what was sealed with its values for this repository",
		Hint: "nothing in the file may be edited or copied from another repository: write it again with dray credential set",
	}
}
