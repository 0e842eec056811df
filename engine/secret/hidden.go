package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// mask is what every printed secret looks like.
const mask = "[secret]"

// masked is embedded by everything that holds a secret: whatever prints the
// outer type by its methods prints the mask.
type masked struct{}

// String returns a mask.
func (masked) String() string { return mask }

// GoString returns a mask.
func (masked) GoString() string { return mask }

// Format prints a mask for every verb and flag.
func (masked) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// LogValue returns a mask.
func (masked) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText returns a mask; encoders of JSON and YAML use it.
func (masked) MarshalText() ([]byte, error) { return []byte(mask), nil }

// hidden keeps a value inside a closure, where neither fmt nor reflection can
// look: fmt reaches the unexported fields of a struct within a struct without
// asking for its methods.
type hidden[T any] func() T

// hide hides v.
func hide[T any](v T) hidden[T] { return func() T { return v } }
