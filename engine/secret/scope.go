package secret

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
)

// UID is the lasting identity of a touchpoint, which a rename does not change.
type UID [16]byte

// NewUID returns a random UID.
func NewUID() UID {
	var u UID
	rand.Read(u[:])
	return u
}

// String returns the UID in hexadecimal digits.
func (u UID) String() string { return hex.EncodeToString(u[:]) }

// ParseUID reads what [UID.String] writes.
func ParseUID(text string) (UID, error) {
	var u UID
	if !decodeHex(u[:], text) {
		return UID{}, &Error{Reason: Malformed, What: "touchpoint uid", Text: "must be 32 hexadecimal digits"}
	}
	return u, nil
}

const (
	touchpointPrefix = "touchpoint:"
	samplePrefix     = "samples:"
	systemPrefix     = "system:"
)

// Scope is what a data key belongs to: one touchpoint, its samples, or a part of
// the system.
// It is a text fit for a database column; the zero Scope is invalid.
type Scope string

// TouchpointScope returns the scope of one touchpoint's data.
func TouchpointScope(uid UID) Scope { return Scope(touchpointPrefix + uid.String()) }

// SampleScope returns the scope of one touchpoint's samples: what opens them opens
// nothing else, and goes with them.
func SampleScope(uid UID) Scope { return Scope(samplePrefix + uid.String()) }

// SystemScope returns the scope of data that belongs to no touchpoint, as the
// kept revisions. The name is lower-case letters, digits and -.
func SystemScope(name string) Scope { return Scope(systemPrefix + name) }

// uid returns the bytes of the touchpoint's uid, or none for a system scope.
func (s Scope) uid() ([]byte, error) {
	if name, ok := strings.CutPrefix(string(s), systemPrefix); ok && isName(name) {
		return nil, nil
	}
	for _, prefix := range []string{touchpointPrefix, samplePrefix} {
		if text, ok := strings.CutPrefix(string(s), prefix); ok {
			u, err := ParseUID(text)
			return u[:], err
		}
	}
	return nil, &Error{Reason: Malformed, What: "scope", Text: "neither a touchpoint's nor a system scope"}
}
