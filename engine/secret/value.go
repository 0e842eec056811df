package secret

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

// Value is one secret text. Whatever prints it, prints a mask; only
// [Value.Reveal] returns the text. The zero Value is the empty text. A Value is
// immutable and safe for concurrent use.
type Value struct {
	masked
	text hidden[string]
}

// NewValue returns text as a secret.
func NewValue(text string) Value { return Value{text: hide(text)} }

// Reveal returns the text.
func (v Value) Reveal() string {
	if v.text == nil {
		return ""
	}
	return v.text()
}

// IsZero reports whether the text is empty.
func (v Value) IsZero() bool { return v.Reveal() == "" }

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
	var out strings.Builder
	out.WriteString("{")
	for i, name := range v.Names() {
		if i > 0 {
			out.WriteString(" ")
		}
		out.WriteString(name + ":" + mask)
	}
	return out.String() + "}"
}

// GoString returns what String returns.
func (v Values) GoString() string { return v.String() }

// Format prints what String returns, for every verb and flag.
func (v Values) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.String()) }

// LogValue returns what String returns.
func (v Values) LogValue() slog.Value { return slog.StringValue(v.String()) }
