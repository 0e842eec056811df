package secret

import (
	"fmt"
	"slices"
	"strings"

	"filippo.io/age"
)

// Recipient is a native age public key, post-quantum hybrid ("age1pq1…") or
// classic X25519 ("age1…"). The zero Recipient is invalid. Recipients are
// immutable and comparable by [Recipient.String].
type Recipient struct {
	text   string
	hybrid bool
	key    age.Recipient
}

// ParseRecipient reads a native age public key. Anything else, plugins and SSH
// keys among it, is refused: a text in a repository never chooses a program.
func ParseRecipient(text string) (Recipient, error) {
	if key, err := age.ParseHybridRecipient(text); err == nil && key.String() == text {
		return Recipient{text: text, hybrid: true, key: key}, nil
	}
	if key, err := age.ParseX25519Recipient(text); err == nil && key.String() == text {
		return Recipient{text: text, key: key}, nil
	}
	if strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-") {
		// The text is not repeated: it is the secret half.
		return Recipient{}, &Error{
			Reason: UnsupportedRecipient, What: "recipient", Text: "this is a secret key, not a recipient",
			Hint: "treat that key as lost, generate another, and give its public half, which starts with age1",
		}
	}
	return Recipient{}, &Error{
		Reason: UnsupportedRecipient, What: fmt.Sprintf("recipient %q", shorten(text)),
		Text: "not a native age public key",
		Hint: "use a key that starts with age1pq1 or age1, as dray key generate prints it; plugins and SSH keys are not accepted",
	}
}

// ParseRecipients reads several public keys, orders them, and refuses an empty
// list, a repeated key, and hybrid beside classic ones.
func ParseRecipients(texts []string) ([]Recipient, error) {
	out := make([]Recipient, 0, len(texts))
	for _, text := range texts {
		r, err := ParseRecipient(text)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return normalRecipients(out)
}

// String returns the public key as age writes it.
func (r Recipient) String() string { return r.text }

// Short returns the public key cut in its middle, for messages.
func (r Recipient) Short() string { return shorten(r.text) }

// PostQuantum reports whether the key is of the hybrid kind.
func (r Recipient) PostQuantum() bool { return r.hybrid }

// normalRecipients returns the recipients in order, and refuses what cannot be
// encrypted to together.
func normalRecipients(in []Recipient) ([]Recipient, error) {
	if len(in) == 0 {
		return nil, &Error{
			Reason: Malformed, What: "recipients", Text: "the list is empty",
			Hint: "name the recovery key and the agents that need it",
		}
	}
	out := slices.Clone(in)
	slices.SortFunc(out, func(a, b Recipient) int { return strings.Compare(a.text, b.text) })
	for i, r := range out {
		switch {
		case r.key == nil:
			return nil, &Error{Reason: Malformed, What: "recipients", Text: "one of them is empty"}
		case i > 0 && r.text == out[i-1].text:
			return nil, &Error{Reason: Malformed, What: "recipients", Text: r.Short() + " is named twice", Hint: "remove one of the two"}
		case r.hybrid != out[0].hybrid:
			return nil, mixedRecipients(r, out[0])
		}
	}
	return out, nil
}

// mixedRecipients says which of two recipients is of which kind.
func mixedRecipients(a, b Recipient) error {
	if b.hybrid {
		a, b = b, a
	}
	return &Error{
		Reason: MixedRecipients, What: "recipients",
		Text: fmt.Sprintf("%s is post-quantum and %s is classic, and one file cannot be encrypted to both kinds", a.Short(), b.Short()),
		Hint: "use keys of one kind in the whole repository; dray key generate makes post-quantum ones unless told otherwise",
	}
}

// recipientTexts returns the recipients as strings.
func recipientTexts(rs []Recipient) []string {
	out := make([]string, len(rs))
	for i, r := range rs {
		out[i] = r.text
	}
	return out
}

// shortRecipients returns the recipients as one text for a message.
func shortRecipients(rs []Recipient) string {
	out := make([]string, len(rs))
	for i, r := range rs {
		out[i] = r.Short()
	}
	return strings.Join(out, ", ")
}

// shorten cuts a long text in its middle; a post-quantum recipient has nearly
// two thousand characters.
func shorten(text string) string {
	const head, tail = 14, 6
	if len(text) <= head+tail+3 {
		return text
	}
	return text[:head] + "…" + text[len(text)-tail:]
}
