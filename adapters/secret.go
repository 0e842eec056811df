package adapters

import (
	"fmt"
	"log/slog"
)

const mask = "[secret]"

// A Secret is a value that must not be seen. However it is printed, logged or marshalled, only a mask comes out.
// The zero Secret is empty.
type Secret struct{ value string }

// NewSecret wraps a secret.
func NewSecret(s string) Secret { return Secret{value: s} }

// Reveal returns the secret itself: only where it is put on the wire.
func (s Secret) Reveal() string { return s.value }

// IsEmpty reports whether there is nothing in it.
func (s Secret) IsEmpty() bool { return s.value == "" }

// String returns a mask.
func (s Secret) String() string { return mask }

// Format prints a mask whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(mask)) }

// LogValue returns a mask.
func (s Secret) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText returns a mask, for JSON, YAML and all else.
func (s Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

const withheld = "[withheld]"

// Untrusted is text that came from outside: a vendor's message, a file name. It may hold records, secrets or terminal escapes, so
// printing shows only that there is some. The engine seals the text itself with the dead letter.
type Untrusted struct{ text string }

// NewUntrusted wraps foreign text, cut to 4 KiB.
func NewUntrusted(s string) Untrusted {
	const most = 4 << 10
	if len(s) > most {
		s = s[:most]
	}
	return Untrusted{text: s}
}

// Raw returns the text itself: only for sealing, or for a person with the right to see it, after escaping.
func (u Untrusted) Raw() string { return u.text }

// IsEmpty reports whether there is no text.
func (u Untrusted) IsEmpty() bool { return u.text == "" }

// String returns a placeholder.
func (u Untrusted) String() string { return withheld }

// Format prints a placeholder whatever the verb.
func (u Untrusted) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(withheld)) }

// LogValue returns a placeholder.
func (u Untrusted) LogValue() slog.Value { return slog.StringValue(withheld) }

// MarshalText returns a placeholder.
func (u Untrusted) MarshalText() ([]byte, error) { return []byte(withheld), nil }
