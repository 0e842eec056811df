package secret

import "strings"

// Reason names one way in which this package refuses something. Reasons are
// written in PascalCase because status conditions show them unchanged. A Reason
// is itself an error, so that callers ask errors.Is(err, secret.CredentialOutdated).
type Reason string

// Error returns the reason's name.
func (r Reason) Error() string { return string(r) }

// Reasons shared by credentials and key rings.
const (
	// Malformed: the file, text or sealed value does not have the form it must have.
	Malformed Reason = "Malformed"
	// TooLarge: the file is larger than any honest one.
	TooLarge Reason = "TooLarge"
	// NotRecipient: the identity is not among those the file is encrypted to.
	NotRecipient Reason = "NotRecipient"
	// Damaged: the ciphertext was cut off or changed.
	Damaged Reason = "Damaged"
	// MixedRecipients: post-quantum and classic age recipients stand in one list.
	MixedRecipients Reason = "MixedRecipients"
	// UnsupportedRecipient: the recipient is not a native age public key.
	UnsupportedRecipient Reason = "UnsupportedRecipient"
)

// Reasons of identities.
const (
	// IdentityExposed: group or others can read the identity file.
	IdentityExposed Reason = "IdentityExposed"
	// IdentityUnreadable: the identity file cannot be read or written.
	IdentityUnreadable Reason = "IdentityUnreadable"
)

// Reasons of credentials.
const (
	// CredentialOutdated: an older generation, or another file of the same generation.
	CredentialOutdated Reason = "CredentialOutdated"
	// CredentialAltered: the readable part differs from what was sealed with the values.
	CredentialAltered Reason = "CredentialAltered"
	// CredentialExpired: the credential's last day has passed.
	CredentialExpired Reason = "CredentialExpired"
	// CredentialNotForHere: the credential was sealed for another environment or another use.
	CredentialNotForHere Reason = "CredentialNotForHere"
)

// Reasons of key rings.
const (
	// RingAltered: the readable part differs from what was sealed with the roots.
	RingAltered Reason = "RingAltered"
	// RingReplaced: this is another ring than the pinned one.
	RingReplaced Reason = "RingReplaced"
	// RingOutdated: an older generation, or another file of the same generation.
	RingOutdated Reason = "RingOutdated"
	// RingKeyMissing: a key that state still uses is not in the ring.
	RingKeyMissing Reason = "RingKeyMissing"
	// RingDiscontinuous: whoever wrote the ring did not hold the keys of the last accepted one.
	RingDiscontinuous Reason = "RingDiscontinuous"
)

// Reasons of sealed values and data keys.
const (
	// SealBroken: a sealed value was changed, cut off or moved from where it was sealed.
	SealBroken Reason = "SealBroken"
	// DataKeyMissing: the data key a sealed value names is not stored.
	DataKeyMissing Reason = "DataKeyMissing"
)

// ErrKeyExists is what a [KeyStore] returns, wrapped or not, when the scope and
// epoch, or the id, of a data key are already taken.
const ErrKeyExists Reason = "DataKeyExists"

// Error is a refusal: what was refused, why, and how to mend it. It never holds
// plaintext, a key, or text that came out of a decryption.
type Error struct {
	// Reason is the refusal's kind.
	Reason Reason
	// What names the thing, as in "credential shop".
	What string
	// Text says what is wrong.
	Text string
	// Hint says what to do; empty when nothing can be advised.
	Hint string
	// Err is the cause; nil when there is none or when it is hidden on purpose.
	Err error
}

// Error returns the whole message on one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.What != "" {
		b.WriteString(e.What)
		b.WriteString(": ")
	}
	b.WriteString(e.Text)
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	if e.Hint != "" {
		b.WriteString("; ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is e's reason.
func (e *Error) Is(target error) bool {
	r, ok := target.(Reason)
	return ok && r == e.Reason
}
