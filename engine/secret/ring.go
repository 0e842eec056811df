package secret

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// KeyState is the state of one root key of a ring.
type KeyState string

const (
	// Primary is the key for everything new; exactly one key of a ring is.
	Primary KeyState = "primary"
	// Open is a key kept for what was sealed under it before.
	Open KeyState = "open"
)

// RingKey is the public part of one root key.
type RingKey struct {
	// Kid is the key's id within its ring.
	Kid string
	// Created is when it was made, to the second, in UTC.
	Created time.Time
	// State says whether new data uses it.
	State KeyState
}

// rootSize is the length of a root key in bytes.
const rootSize = 32

// ringFacts are what a ring file says in the clear and repeats inside the seal.
type ringFacts struct {
	environment string
	id          [16]byte
	generation  uint64
	previous    [32]byte
	recipients  []Recipient
	keys        []RingKey
}

// Ring is an opened key ring: the root keys of one environment's state. Printing
// one prints a mask. It is immutable and safe for concurrent use.
type Ring struct {
	masked
	file  *RingFile
	roots hidden[rootKeys]
}

// rootKeys maps kids to root keys.
type rootKeys map[string]*[rootSize]byte

// CreateRing makes the first generation of an environment's key ring, with one
// fresh root.
func CreateRing(environment string, recipients []Recipient, now time.Time) (*Ring, error) {
	what := ringName(environment)
	if !isName(environment) {
		return nil, malformed(what, "the name of an environment is lower-case letters, digits and -")
	}
	recipients, err := normalRecipients(recipients)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	facts := ringFacts{environment: environment, generation: 1, recipients: recipients}
	rand.Read(facts.id[:])
	roots := rootKeys{}
	kid := addRoot(&facts, roots, now)
	return sealRing(Metadata{Name: environment}, facts, roots, roots[kid])
}

// Rekey says what the next generation of a ring changes.
type Rekey struct {
	// Recipients are all who can open the next generation; nil keeps those of the last.
	Recipients []Recipient
	// Rotate adds a fresh primary root. Removing a recipient always adds one,
	// whatever Rotate says.
	Rotate bool
	// Retire are the kids to drop. None of them may be the primary, and the
	// caller knows that no data names them any more.
	Retire []string
}

// Rekey makes the next generation of r.
func (r *Ring) Rekey(change Rekey, now time.Time) (*Ring, error) {
	old := r.file.facts
	what := ringName(old.environment)
	next := ringFacts{
		environment: old.environment, id: old.id, generation: old.generation + 1,
		previous: r.file.Digest(), recipients: old.recipients,
	}
	if change.Recipients != nil {
		var err error
		if next.recipients, err = normalRecipients(change.Recipients); err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
	}
	primary := r.Primary()
	if slices.Contains(change.Retire, primary) {
		return nil, &Error{
			Reason: Malformed, What: what, Text: fmt.Sprintf("key %s is the primary and cannot be retired", primary),
			Hint: "rotate first, and retire it once nothing is sealed under it",
		}
	}
	roots := rootKeys{}
	for _, k := range old.keys {
		if slices.Contains(change.Retire, k.Kid) {
			continue
		}
		next.keys = append(next.keys, k)
		roots[k.Kid] = r.roots()[k.Kid]
	}
	if missing := len(old.keys) - len(next.keys) - len(slices.Compact(slices.Sorted(slices.Values(change.Retire)))); missing != 0 {
		return nil, &Error{Reason: Malformed, What: what, Text: "a key to retire is not in the ring", Hint: "dray key show lists its keys"}
	}
	if change.Rotate || removesRecipient(old.recipients, next.recipients) {
		addRoot(&next, roots, now)
	}
	return sealRing(r.file.meta, next, roots, r.roots()[primary])
}

// addRoot puts a fresh primary root into a ring and returns its kid.
func addRoot(facts *ringFacts, roots rootKeys, now time.Time) string {
	var id [8]byte
	rand.Read(id[:])
	kid := hex.EncodeToString(id[:])
	for i := range facts.keys {
		facts.keys[i].State = Open
	}
	facts.keys = append(facts.keys, RingKey{Kid: kid, Created: now.UTC().Truncate(time.Second), State: Primary})
	slices.SortFunc(facts.keys, func(a, b RingKey) int { return strings.Compare(a.Kid, b.Kid) })
	root := new([rootSize]byte)
	rand.Read(root[:])
	roots[kid] = root
	return kid
}

// removesRecipient reports whether somebody of the old list is not in the new.
func removesRecipient(old, next []Recipient) bool {
	for _, r := range old {
		if !slices.ContainsFunc(next, func(n Recipient) bool { return n.text == r.text }) {
			return true
		}
	}
	return false
}

// File returns the part of the ring that a file holds.
func (r *Ring) File() *RingFile { return r.file }

// Primary returns the kid for everything new.
func (r *Ring) Primary() string { return r.file.facts.primary().Kid }

// Has reports whether the ring holds the key kid.
func (r *Ring) Has(kid string) bool { return r.roots()[kid] != nil }

// primary returns the primary key, of which every ring has one.
func (f *ringFacts) primary() RingKey {
	for _, k := range f.keys {
		if k.State == Primary {
			return k
		}
	}
	panic("secret: internal error: a ring without a primary key")
}

// canonical encodes the facts.
func (f *ringFacts) canonical() []byte {
	keys := appendItem(nil, "keys")
	for _, k := range f.keys {
		keys = appendItem(keys, k.Kid)
		keys = appendItem(keys, k.Created.UTC().Format(time.RFC3339))
		keys = appendItem(keys, string(k.State))
	}
	return Enc("dray/ring/facts/v1", []byte(f.environment), f.id[:], be64(f.generation), f.previous[:],
		encList("recipients", recipientTexts(f.recipients)), keys)
}

// ringName names a ring in messages.
func ringName(environment string) string { return "key ring " + environment }
