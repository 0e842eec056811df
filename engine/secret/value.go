package secret

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
)

// mask is what every printed secret looks like.
const mask = "[secret]"

// Value is one secret text. Whatever prints it, prints a mask; only
// [Value.Reveal] returns the text. The zero Value is the empty text. A Value is
// immutable and safe for concurrent use.
type Value struct {
	// A pointer, because fmt reaches unexported fields of a struct without
	// asking the methods below, and prints only the address of a pointer there.
	text *string
}

// NewValue returns text as a secret.
func NewValue(text string) Value { return Value{text: &text} }

// Reveal returns the text.
func (v Value) Reveal() string {
	if v.text == nil {
		return ""
	}
	return *v.text
}

// IsZero reports whether the text is empty.
func (v Value) IsZero() bool { return v.Reveal() == "" }

// String returns a mask.
func (v Value) String() string { return mask }

// GoString returns a mask.
func (v Value) GoString() string { return mask }

// Format prints a mask for every verb and flag.
func (v Value) Format(f fmt.State, _ rune) { printMask(f) }

// LogValue returns a mask.
func (v Value) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText returns a mask.
func (v Value) MarshalText() ([]byte, error) { return []byte(mask), nil }

// MarshalJSON returns a mask as a JSON string.
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

// MarshalYAML returns a mask.
func (v Value) MarshalYAML() (any, error) { return mask, nil }

// Values maps the fields of a credential to their secrets. Printing it prints a
// mask for each.
type Values map[string]Value

// Names returns the field names in order.
func (v Values) Names() []string {
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// String returns the field names, each with a mask.
func (v Values) String() string {
	out := "{"
	for i, name := range v.Names() {
		if i > 0 {
			out += " "
		}
		out += name + ":" + mask
	}
	return out + "}"
}

// GoString returns what String returns.
func (v Values) GoString() string { return v.String() }

// Format prints what String returns, for every verb and flag.
func (v Values) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.String()) }

// LogValue returns what String returns.
func (v Values) LogValue() slog.Value { return slog.StringValue(v.String()) }

// printMask writes the mask to f.
func printMask(f fmt.State) { _, _ = io.WriteString(f, mask) }
