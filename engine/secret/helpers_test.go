package secret

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// canary is in every secret of these tests and may be in no output.
const canary = "c4n4ry-Passw0rd"

// day is the clock of these tests.
var day = time.Date(2026, 4, 1, 10, 0, 0, 0, time.UTC)

// newIdentity makes a post-quantum agent identity.
func newIdentity(t testing.TB) *Identity {
	t.Helper()
	id, err := GenerateAgent(Hybrid)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// recipientsOf returns the public keys of identities.
func recipientsOf(ids ...*Identity) []Recipient {
	out := make([]Recipient, len(ids))
	for i, id := range ids {
		out[i] = id.Public().Recipient
	}
	return out
}

// newRing makes a first generation for production.
func newRing(t testing.TB, ids ...*Identity) *Ring {
	t.Helper()
	r, err := CreateRing("production", recipientsOf(ids...), day)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// reread writes a ring as YAML and parses it again.
func reread(t testing.TB, r *Ring) *RingFile {
	t.Helper()
	doc, err := r.File().Encode()
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseRing(doc)
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	return f
}

// wantReason fails unless err is the refusal, says something to do, and tells no secret.
func wantReason(t testing.TB, err error, want Reason) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want reason %s", err, want)
	}
	var e *Error
	if !errors.As(err, &e) || e.Text == "" {
		t.Fatalf("%v is no *Error with a text", err)
	}
	noCanary(t, err.Error())
}

// noCanary fails when text holds the canary.
func noCanary(t testing.TB, text string) {
	t.Helper()
	for _, form := range []string{canary, hex.EncodeToString([]byte(canary)), fmt.Sprint([]byte(canary))} {
		if strings.Contains(text, form) {
			t.Fatalf("a secret is in %q", text)
		}
	}
}

// memoryKeys is a KeyStore in memory.
type memoryKeys struct {
	mu    sync.Mutex
	rows  []WrappedKey
	loads int
}

func (m *memoryKeys) LoadDataKeys(_ context.Context, scope Scope) ([]WrappedKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loads++
	var out []WrappedKey
	for _, r := range m.rows {
		if r.Scope == scope {
			out = append(out, r)
		}
	}
	return out, nil
}

func (m *memoryKeys) SaveDataKey(_ context.Context, key WrappedKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rows {
		if r.ID == key.ID || r.Scope == key.Scope && r.Epoch == key.Epoch {
			return fmt.Errorf("inserting: %w", ErrKeyExists)
		}
	}
	m.rows = append(m.rows, key)
	return nil
}

// clock is a hand-moved clock.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// fixedRing is a ring of known roots, for vectors.
func fixedRing(t testing.TB) *Ring {
	t.Helper()
	root := new([rootSize]byte)
	for i := range root {
		root[i] = byte(i)
	}
	facts := ringFacts{environment: "production", generation: 1, keys: []RingKey{{Kid: "0011223344556677", Created: day, State: Primary}}}
	for i := range facts.id {
		facts.id[i] = byte(0xa0 + i)
	}
	return &Ring{file: &RingFile{meta: Metadata{Name: "production"}, facts: facts}, roots: hide(rootKeys{"0011223344556677": root})}
}

// hexOf is hex.EncodeToString for arrays and slices.
func hexOf(b []byte) string { return hex.EncodeToString(b) }
