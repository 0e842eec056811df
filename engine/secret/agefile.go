package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// maxFileBytes bounds a credential or key ring file; a hundred post-quantum
// recipients need about 400 KiB.
const maxFileBytes = 1 << 20

// ageEncrypt returns plaintext as a binary age file to the recipients.
func ageEncrypt(plaintext []byte, recipients []Recipient) ([]byte, error) {
	keys := make([]age.Recipient, len(recipients))
	for i, r := range recipients {
		keys[i] = r.key
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, keys...)
	if err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	if _, err := w.Write(plaintext); err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	return out.Bytes(), nil
}

// ageDecrypt opens a binary age file to its very end: what age yields before
// the end of the stream may be a cut-off prefix and is never returned.
func ageDecrypt(file []byte, id *Identity, what string) ([]byte, error) {
	if id == nil {
		return nil, &Error{Reason: IdentityUnreadable, What: what, Text: "there is no identity to open it with", Hint: "name its file with --identity"}
	}
	r, err := age.Decrypt(bytes.NewReader(file), id.secret().age)
	if err != nil {
		if nomatch := (*age.NoIdentityMatchError)(nil); errors.As(err, &nomatch) {
			return nil, &Error{Reason: NotRecipient, What: what, Text: fmt.Sprintf("this identity (%s) is not a recipient", id.public.Recipient.Short())}
		}
		return nil, damaged(what)
	}
	plain, err := readBounded(r, maxFileBytes, what)
	if err != nil {
		return nil, damaged(what)
	}
	return plain, nil
}

// damaged hides age's own error, which speaks of stanzas and chunks.
func damaged(what string) error {
	return &Error{
		Reason: Damaged, What: what, Text: "its ciphertext was cut off or changed",
		Hint: "take the file from git again as it was committed, or write it anew",
	}
}

// armored returns a binary age file as text.
func armored(file []byte) string {
	var out bytes.Buffer
	w := armor.NewWriter(&out)
	// Writes to a buffer do not fail.
	_, _ = w.Write(file)
	_ = w.Close()
	return out.String()
}

// dearmored returns the binary age file of a text. It must be encrypted to as
// many native keys as the file names in the clear: a reviewer sees everybody who
// can open it.
func dearmored(text string, recipients []Recipient, what string) ([]byte, error) {
	file, err := io.ReadAll(io.LimitReader(armor.NewReader(bytes.NewReader([]byte(text))), maxFileBytes))
	if err != nil || len(file) == 0 {
		return nil, &Error{Reason: Malformed, What: what, Text: "its ciphertext is not an armoured age file", Hint: "take the file from git again as it was committed"}
	}
	header, err := age.ExtractHeader(bytes.NewReader(file))
	if err != nil {
		return nil, damaged(what)
	}
	if !stanzasMatch(header, recipients) {
		return nil, &Error{
			Reason: Malformed, What: what, Text: "its ciphertext is encrypted to others than spec.recipients names",
			Hint: "take the file from git again as dray wrote it, or write it anew",
		}
	}
	return file, nil
}

// stanzasMatch reports whether an age header has one stanza of the right type for
// each recipient. Which recipient a stanza is for cannot be seen.
func stanzasMatch(header []byte, recipients []Recipient) bool {
	want := "X25519"
	if recipients[0].hybrid {
		want = "mlkem768x25519"
	}
	n := 0
	for line := range bytes.Lines(header) {
		stanza, ok := bytes.CutPrefix(line, []byte("-> "))
		if !ok {
			continue
		}
		if typ, _, _ := bytes.Cut(bytes.TrimSpace(stanza), []byte(" ")); string(typ) != want {
			return false
		}
		n++
	}
	return n == len(recipients)
}
