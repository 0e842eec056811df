package secret

import (
	"bytes"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
)

// Pin is what an agent remembers of the last ring it accepted. It holds no
// secret, and is kept outside the repository, in the agent's state.
type Pin struct {
	// RingID is the ring's id in hexadecimal digits.
	RingID string `json:"ringId"`
	// Generation is the highest accepted.
	Generation uint64 `json:"generation"`
	// Digest identifies the accepted ring of that generation, in hexadecimal digits.
	Digest string `json:"digest"`
	// Primary is its primary kid.
	Primary string `json:"primary"`
	// Checks prove for each kid, in hexadecimal digits, that a root is the one
	// accepted before, and tell nothing else about it.
	Checks map[string]string `json:"checks"`
}

// OpenRing says how a key ring is opened and against what it is judged.
type OpenRing struct {
	// Identity opens it.
	Identity *Identity
	// Environment is the one the agent serves.
	Environment string
	// RingID is the id from the trust file in hexadecimal digits; empty when no
	// trust file names one, and then the first ring seen is believed.
	RingID string
	// Pin is what was remembered of the last accepted ring; nil the first time.
	Pin *Pin
	// InUse are the kids that state still names.
	InUse []string
}

// Open decrypts the ring and accepts it only if, in this order: its readable part
// is what was sealed with the roots, it is the pinned ring, it does not go back,
// it holds every key in use, and its author held the keys of the last accepted
// one. The caller stores the result's [Ring.Pin] once it has applied the ring.
func (f *RingFile) Open(o OpenRing) (*Ring, error) {
	what := ringName(f.facts.environment)
	if f.facts.environment != o.Environment {
		return nil, &Error{
			Reason: RingReplaced, What: what, Text: fmt.Sprintf("it belongs to another environment than %q", o.Environment),
			Hint: "name it as the environment the agent serves",
		}
	}
	roots, err := f.unseal(o.Identity)
	if err != nil {
		return nil, err
	}
	r := &Ring{file: f, roots: hide(roots)}
	for _, check := range []func(OpenRing) error{r.checkID, r.checkGeneration, r.checkInUse, r.checkContinuity} {
		if err := check(o); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// unseal decrypts the roots and compares the sealed facts with the readable ones.
func (f *RingFile) unseal(id *Identity) (rootKeys, error) {
	what := ringName(f.facts.environment)
	plain, err := ageDecrypt(f.ciphertext, id, what)
	if errors.Is(err, NotRecipient) {
		return nil, &Error{
			Reason: NotRecipient, What: what,
			Text: fmt.Sprintf("this identity (%s) is not a recipient of generation %d; recipients are %s",
				id.public.Recipient.Short(), f.facts.generation, shortRecipients(f.facts.recipients)),
			Hint: "add it with dray key rekey, run by somebody who can open the ring, and commit the result",
		}
	}
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	items, ok := decItems(plain, "dray/ring/inner/v1")
	if !ok || len(items) == 0 || len(items)%2 != 1 {
		return nil, damaged(what)
	}
	altered := &Error{
		Reason: RingAltered, What: what, Text: "its readable part is not what was sealed with its keys",
		Hint: "take the file from git as dray key wrote it; nothing in it may be edited",
	}
	if !bytes.Equal(items[0], f.facts.canonical()) || len(items) != 1+2*len(f.facts.keys) {
		return nil, altered
	}
	roots := make(rootKeys, len(f.facts.keys))
	for i, k := range f.facts.keys {
		kid, root := items[1+2*i], items[2+2*i]
		if string(kid) != k.Kid || len(root) != rootSize {
			return nil, altered
		}
		roots[k.Kid] = (*[rootSize]byte)(bytes.Clone(root))
	}
	return roots, nil
}

// sealRing encrypts the facts and roots and authenticates the result with the
// root of the previous primary, or of the only key of a first generation.
func sealRing(meta Metadata, facts ringFacts, roots rootKeys, previous *[rootSize]byte) (*Ring, error) {
	inner := Enc("dray/ring/inner/v1", facts.canonical())
	for _, k := range facts.keys {
		inner = appendItem(inner, k.Kid)
		inner = appendItem(inner, roots[k.Kid][:])
	}
	defer clear(inner)
	ciphertext, err := ageEncrypt(inner, facts.recipients)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ringName(facts.environment), err)
	}
	f := &RingFile{meta: meta, facts: facts, ciphertext: ciphertext}
	f.mac = hmacSum(derive(previous, facts.id, forRing), f.body())
	return &Ring{file: f, roots: hide(roots)}, nil
}

// Pin returns what to remember of an accepted ring.
func (r *Ring) Pin() Pin {
	f := r.file
	digest := f.Digest()
	p := Pin{
		RingID: hex.EncodeToString(f.facts.id[:]), Generation: f.facts.generation, Digest: hex.EncodeToString(digest[:]),
		Primary: r.Primary(), Checks: make(map[string]string, len(r.roots())),
	}
	for kid := range r.roots() {
		p.Checks[kid] = r.checkValue(kid)
	}
	return p
}

// checkValue proves possession of a root without telling it.
func (r *Ring) checkValue(kid string) string {
	sum := hmacSum(derive(r.roots()[kid], r.file.facts.id, forRing), Enc("dray/ring/check/v1", []byte(kid)))
	return hex.EncodeToString(sum[:])
}

// checkID compares the ring's id with the trust file's and with the pin's.
func (r *Ring) checkID(o OpenRing) error {
	id := hex.EncodeToString(r.file.facts.id[:])
	if (o.RingID == "" || o.RingID == id) && (o.Pin == nil || o.Pin.RingID == id) {
		return nil
	}
	return &Error{
		Reason: RingReplaced, What: ringName(r.file.facts.environment), Text: "this is another ring than the one this agent is bound to",
		Hint: "a ring keeps its ringId for ever: change it with dray key rekey instead of making a new one",
	}
}

// checkGeneration refuses to go back.
func (r *Ring) checkGeneration(o OpenRing) error {
	if o.Pin == nil {
		return nil
	}
	what, have := ringName(r.file.facts.environment), r.file.facts.generation
	digest := r.file.Digest()
	switch {
	case have < o.Pin.Generation:
		return &Error{
			Reason: RingOutdated, What: what, Text: fmt.Sprintf("generation %d is older than generation %d, which this agent has accepted", have, o.Pin.Generation),
			Hint: "a ring never goes back, even in a revert: commit the newest one again",
		}
	case have == o.Pin.Generation && hex.EncodeToString(digest[:]) != o.Pin.Digest:
		return &Error{
			Reason: RingOutdated, What: what, Text: fmt.Sprintf("another file of generation %d was accepted before", have),
			Hint: "two people changed the ring at once: take the accepted file and run dray key rekey on it again",
		}
	}
	return nil
}

// checkInUse refuses a ring without a key that state needs.
func (r *Ring) checkInUse(o OpenRing) error {
	for _, kid := range o.InUse {
		if !r.Has(kid) {
			return keyMissing(r.file.facts.environment, kid)
		}
	}
	return nil
}

// checkContinuity refuses a ring whose author did not hold the last accepted
// one: anybody can encrypt to the recipients, but only a holder knows a root.
func (r *Ring) checkContinuity(o OpenRing) error {
	f := r.file
	broken := &Error{
		Reason: RingDiscontinuous, What: ringName(f.facts.environment),
		Text: "it was not made from the ring this agent accepted last",
		Hint: "start from the accepted file and run dray key rekey on it; if the keys are truly lost, bind the agent to a new ring outside the repository",
	}
	if o.Pin == nil {
		if !r.macBySome() {
			return broken
		}
		return nil
	}
	for kid, check := range o.Pin.Checks {
		if r.Has(kid) && !hmac.Equal([]byte(r.checkValue(kid)), []byte(check)) {
			return broken
		}
	}
	if o.Pin.Generation == f.facts.generation {
		return nil // the digest was compared
	}
	if !r.Has(o.Pin.Primary) || o.Pin.Checks[o.Pin.Primary] == "" {
		return broken
	}
	if f.facts.generation > o.Pin.Generation+1 {
		// Generations were skipped. That the author knew the accepted primary is
		// proven above; the MAC is that of a generation in between.
		if !r.macBySome() {
			return broken
		}
		return nil
	}
	if hex.EncodeToString(f.facts.previous[:]) != o.Pin.Digest || !r.macBy(o.Pin.Primary) {
		return broken
	}
	return nil
}

// macBy reports whether the ring's MAC is that of the root kid.
func (r *Ring) macBy(kid string) bool {
	sum := hmacSum(derive(r.roots()[kid], r.file.facts.id, forRing), r.file.body())
	return hmac.Equal(sum[:], r.file.mac[:])
}

// macBySome reports whether the ring's MAC is that of one of its roots.
func (r *Ring) macBySome() bool {
	for kid := range r.roots() {
		if r.macBy(kid) {
			return true
		}
	}
	return false
}
