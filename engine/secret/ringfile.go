package secret

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// RingFile is the part of a key ring that everybody who reads the repository can
// see. It is immutable and safe for concurrent use.
type RingFile struct {
	meta       Metadata
	facts      ringFacts
	mac        [32]byte
	ciphertext []byte
}

// ringDocument is the YAML form of a key ring.
type ringDocument struct {
	fileHead `yaml:",inline"`
	Spec     ringSpec `yaml:"spec"`
}

type ringSpec struct {
	RingID     string    `yaml:"ringId"`
	Generation uint64    `yaml:"generation"`
	Previous   string    `yaml:"previous,omitempty"`
	Recipients []string  `yaml:"recipients"`
	Keys       []ringKey `yaml:"keys"`
	MAC        string    `yaml:"mac"`
	Ciphertext string    `yaml:"ciphertext"`
}

type ringKey struct {
	Kid     string   `yaml:"kid"`
	Created string   `yaml:"created"`
	State   KeyState `yaml:"state"`
}

const ringComment = `# The key ring of one environment: the root keys of its state, encrypted to the recipients below.
# Written by dray key; change it with dray key rekey, never by hand. It is safe to commit, and it never goes back.
`

// ParseRing reads a kind: KeyRing document without opening it.
func ParseRing(doc []byte) (*RingFile, error) {
	const what = "key ring"
	var d ringDocument
	if err := decodeStrict(doc, &d, what); err != nil {
		return nil, err
	}
	if err := d.check("KeyRing", what); err != nil {
		return nil, err
	}
	return d.file()
}

// file checks the form of every field.
func (d *ringDocument) file() (*RingFile, error) {
	name := ringName(d.Metadata.Name)
	f := &RingFile{meta: d.Metadata, facts: ringFacts{environment: d.Metadata.Name, generation: d.Spec.Generation}}
	if !decodeHex(f.facts.id[:], d.Spec.RingID) {
		return nil, malformed(name, "spec.ringId must be 32 hexadecimal digits")
	}
	if f.facts.generation == 0 {
		return nil, malformed(name, "spec.generation must be 1 or more")
	}
	if first := f.facts.generation == 1; first != (d.Spec.Previous == "") {
		return nil, malformed(name, "spec.previous must be there exactly from the second generation on")
	}
	if d.Spec.Previous != "" && !decodeHex(f.facts.previous[:], d.Spec.Previous) {
		return nil, malformed(name, "spec.previous must be 64 hexadecimal digits")
	}
	if !decodeHex(f.mac[:], d.Spec.MAC) {
		return nil, malformed(name, "spec.mac must be 64 hexadecimal digits")
	}
	var err error
	if f.facts.recipients, err = ParseRecipients(d.Spec.Recipients); err != nil {
		return nil, &Error{Reason: Malformed, What: name, Text: "spec.recipients", Err: err}
	}
	if f.facts.keys, err = parseRingKeys(d.Spec.Keys, name); err != nil {
		return nil, err
	}
	if f.ciphertext, err = dearmored(d.Spec.Ciphertext, f.facts.recipients, name); err != nil {
		return nil, err
	}
	return f, nil
}

// parseRingKeys checks the key list and orders it.
func parseRingKeys(in []ringKey, name string) ([]RingKey, error) {
	out := make([]RingKey, 0, len(in))
	primaries := 0
	for _, k := range in {
		at, err := time.Parse(time.RFC3339, k.Created)
		if err != nil || at.UTC().Format(time.RFC3339) != k.Created {
			return nil, malformed(name, "spec.keys: created must be a time like 2026-04-01T10:00:00Z")
		}
		if !decodeHex(make([]byte, 8), k.Kid) {
			return nil, malformed(name, "spec.keys: kid must be 16 hexadecimal digits")
		}
		if k.State != Primary && k.State != Open {
			return nil, malformed(name, "spec.keys: state must be primary or open")
		}
		if k.State == Primary {
			primaries++
		}
		out = append(out, RingKey{Kid: k.Kid, Created: at.UTC(), State: k.State})
	}
	if primaries != 1 {
		return nil, malformed(name, "spec.keys must have exactly one primary")
	}
	slices.SortFunc(out, func(a, b RingKey) int { return strings.Compare(a.Kid, b.Kid) })
	for i := 1; i < len(out); i++ {
		if out[i].Kid == out[i-1].Kid {
			return nil, malformed(name, "spec.keys names a kid twice")
		}
	}
	return out, nil
}

// Encode returns the file's canonical YAML.
func (f *RingFile) Encode() ([]byte, error) {
	d := ringDocument{
		fileHead: fileHead{APIVersion: APIVersion, Kind: "KeyRing", Metadata: f.meta},
		Spec: ringSpec{
			RingID: hex.EncodeToString(f.facts.id[:]), Generation: f.facts.generation,
			Recipients: recipientTexts(f.facts.recipients), MAC: hex.EncodeToString(f.mac[:]), Ciphertext: armored(f.ciphertext),
		},
	}
	if f.facts.generation > 1 {
		d.Spec.Previous = hex.EncodeToString(f.facts.previous[:])
	}
	for _, k := range f.facts.keys {
		d.Spec.Keys = append(d.Spec.Keys, ringKey{Kid: k.Kid, Created: k.Created.Format(time.RFC3339), State: k.State})
	}
	return encodeFile(ringComment, d)
}

// Environment returns the environment the ring belongs to.
func (f *RingFile) Environment() string { return f.facts.environment }

// ID returns the ring's id, which stays for ever.
func (f *RingFile) ID() [16]byte { return f.facts.id }

// Generation returns the ring's generation, which only grows.
func (f *RingFile) Generation() uint64 { return f.facts.generation }

// Recipients returns who can open the ring; the caller owns the slice.
func (f *RingFile) Recipients() []Recipient { return slices.Clone(f.facts.recipients) }

// Keys returns the public part of the ring's keys; the caller owns the slice.
func (f *RingFile) Keys() []RingKey { return slices.Clone(f.facts.keys) }

// Digest identifies exactly this ring: its facts, its ciphertext and its MAC,
// whatever the YAML around them looks like.
func (f *RingFile) Digest() [32]byte {
	return sha256.Sum256(Enc("dray/ring/digest/v1", f.body(), f.mac[:]))
}

// body is what the MAC covers.
func (f *RingFile) body() []byte {
	return Enc("dray/ring/v1", f.facts.canonical(), f.ciphertext)
}

// decodeHex fills dst from lower-case hexadecimal digits of exactly its length.
func decodeHex(dst []byte, text string) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == len(dst) && copy(dst, raw) == len(dst) && hex.EncodeToString(raw) == text
}
