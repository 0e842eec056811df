package secret

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// Kind is the sort of age key, chosen once for a repository because one file
// cannot be encrypted to both.
type Kind int

const (
	// Hybrid keys also withstand quantum computers; the default, because git
	// keeps ciphertext for decades.
	Hybrid Kind = iota
	// Classic keys are X25519 alone, for tools that know no other.
	Classic
)

// Identity is an agent's or a person's private half: an age identity that opens
// credentials and key rings and, for an agent, an Ed25519 signer. Printing one
// prints a mask. It is immutable and safe for concurrent use.
type Identity struct {
	masked
	secret hidden[identitySecret]
	public Public
}

// identitySecret is the part of an identity that nobody may see.
type identitySecret struct {
	age    age.Identity
	text   string
	signer ed25519.PrivateKey
}

// Public is the public half of an identity, as a kind: Agent resource holds it.
type Public struct {
	// Recipient is the age public key.
	Recipient Recipient
	// Signer is the Ed25519 public key in OpenSSH's one-line form; empty when
	// the identity has no signer, as that of a person or the recovery key.
	Signer string
}

// GenerateAgent makes the two keys of an agent.
func GenerateAgent(kind Kind) (*Identity, error) {
	id, err := GenerateRecovery(kind)
	if err != nil {
		return nil, err
	}
	_, signer, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating a signer: %w", err)
	}
	return id.withSigner(signer), nil
}

// GenerateRecovery makes an identity without a signer, for an offline recovery
// key or for a person.
func GenerateRecovery(kind Kind) (*Identity, error) {
	if kind == Classic {
		key, err := age.GenerateX25519Identity()
		if err != nil {
			return nil, fmt.Errorf("generating a classic identity: %w", err)
		}
		return identityOf(key, key.String(), key.Recipient().String())
	}
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, fmt.Errorf("generating a post-quantum identity: %w", err)
	}
	return identityOf(key, key.String(), key.Recipient().String())
}

// identityOf wraps an age key.
func identityOf(key age.Identity, text, recipient string) (*Identity, error) {
	r, err := ParseRecipient(recipient)
	if err != nil {
		return nil, err
	}
	return &Identity{secret: hide(identitySecret{age: key, text: text}), public: Public{Recipient: r}}, nil
}

// withSigner returns a copy of id that has the signer.
func (id *Identity) withSigner(signer ed25519.PrivateKey) *Identity {
	s := id.secret()
	s.signer = signer
	return &Identity{secret: hide(s), public: Public{
		Recipient: id.public.Recipient,
		Signer:    signerText(signer.Public().(ed25519.PublicKey)),
	}}
}

// Public returns the public half.
func (id *Identity) Public() Public { return id.public }

// Prove encrypts something to the identity's own recipient and opens it again,
// so that a recovery key is known to work before anything depends on it.
func (id *Identity) Prove() error {
	probe := make([]byte, 32)
	rand.Read(probe)
	sealed, err := ageEncrypt(probe, []Recipient{id.public.Recipient})
	if err != nil {
		return err
	}
	got, err := ageDecrypt(sealed, id, "identity "+id.public.Recipient.Short())
	if err != nil {
		return err
	}
	if !bytes.Equal(got, probe) {
		return &Error{Reason: Damaged, What: "identity " + id.public.Recipient.Short(), Text: "what it opened is not what was sealed to it"}
	}
	return nil
}

// sshEd25519 is the name of the key type in OpenSSH's format.
const sshEd25519 = "ssh-ed25519"

// signerText writes a public key as OpenSSH does: length-prefixed type and key,
// which is what Enc makes of them.
func signerText(pub ed25519.PublicKey) string {
	return sshEd25519 + " " + base64.StdEncoding.EncodeToString(Enc(sshEd25519, pub))
}

// ParseSigner reads the Ed25519 public key of an Agent resource: a line of an SSH
// public key file, whose comment says nothing.
func ParseSigner(text string) (ed25519.PublicKey, error) {
	bad := &Error{
		Reason: Malformed, What: fmt.Sprintf("signer %q", shorten(text)), Text: "not an Ed25519 public key in OpenSSH's form",
		Hint: "give the signer line that dray key generate printed",
	}
	rest, ok := strings.CutPrefix(text, sshEd25519+" ")
	if !ok {
		return nil, bad
	}
	key, _, _ := strings.Cut(rest, " ")
	raw, err := base64.StdEncoding.Strict().DecodeString(key)
	if err != nil {
		return nil, bad
	}
	items, ok := decItems(raw, sshEd25519)
	if !ok || len(items) != 1 || len(items[0]) != ed25519.PublicKeySize {
		return nil, bad
	}
	return ed25519.PublicKey(items[0]), nil
}

// readBounded reads r to its end and refuses more than limit bytes.
func readBounded(r io.Reader, limit int64, what string) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, &Error{Reason: TooLarge, What: what, Text: fmt.Sprintf("larger than %d KiB", limit>>10)}
	}
	return b, nil
}
