package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// plainRow is the row of these tests.
func plainRow() Row {
	return Row{Table: "dead_letters", Column: "body", SchemaVersion: 3, Key: []byte("row-1"), Seq: 7}
}

// newSealer returns a sealer over an empty store.
func newSealer(t testing.TB, r *Ring, store *memoryKeys, c *clock) *Sealer {
	t.Helper()
	return NewSealer(NewDataKeys(r, StateID{9}, store, c.now))
}

func TestSealOpensWhereItWasSealedOnly(t *testing.T) {
	ctx := context.Background()
	ring := newRing(t, newIdentity(t))
	store := &memoryKeys{}
	s := newSealer(t, ring, store, &clock{day})
	scope := TouchpointScope(UID{1})
	sealed, err := s.Seal(ctx, scope, plainRow(), []byte(canary))
	if err != nil {
		t.Fatal(err)
	}
	noCanary(t, string(sealed))
	if got, err := s.Open(ctx, scope, plainRow(), sealed); err != nil || string(got) != canary {
		t.Fatalf("got %q, %v", got, err)
	}
	for name, change := range map[string]func(*Row){
		"table":          func(r *Row) { r.Table = "ledger" },
		"column":         func(r *Row) { r.Column = "error" },
		"schema version": func(r *Row) { r.SchemaVersion++ },
		"row key":        func(r *Row) { r.Key = []byte("row-2") },
		"an older seq":   func(r *Row) { r.Seq-- },
		"a newer seq":    func(r *Row) { r.Seq++ },
		"shifted names":  func(r *Row) { r.Table, r.Column = "dead_letter", "sbody" },
		"shifted key":    func(r *Row) { r.Column, r.Key = "bodyr", []byte("ow-1") },
	} {
		t.Run(name, func(t *testing.T) {
			r := plainRow()
			change(&r)
			_, err := s.Open(ctx, scope, r, sealed)
			wantReason(t, err, SealBroken)
		})
	}
	t.Run("another touchpoint", func(t *testing.T) {
		_, err := s.Open(ctx, TouchpointScope(UID{2}), plainRow(), sealed)
		wantReason(t, err, DataKeyMissing)
	})
	t.Run("another touchpoint with the key's row moved too", func(t *testing.T) {
		moved := &memoryKeys{rows: []WrappedKey{store.rows[0]}}
		moved.rows[0].Scope = TouchpointScope(UID{2})
		_, err := newSealer(t, ring, moved, &clock{day}).Open(ctx, TouchpointScope(UID{2}), plainRow(), sealed)
		wantReason(t, err, SealBroken)
	})
	t.Run("another state", func(t *testing.T) {
		other := NewSealer(NewDataKeys(ring, StateID{8}, store, (&clock{day}).now))
		_, err := other.Open(ctx, scope, plainRow(), sealed)
		wantReason(t, err, SealBroken)
	})
	t.Run("another key of the scope", func(t *testing.T) {
		k, err := ring.NewDataKey(StateID{9}, scope, 2, day)
		if err != nil {
			t.Fatal(err)
		}
		_, err = k.Open(plainRow(), sealed)
		wantReason(t, err, SealBroken)
	})
}

func TestSealBrokenBits(t *testing.T) {
	ring := newRing(t, newIdentity(t))
	k, err := ring.NewDataKey(StateID{9}, SystemScope("revisions"), 1, day)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := k.Seal(plainRow(), []byte(canary))
	if err != nil {
		t.Fatal(err)
	}
	for at := range len(sealed) * 8 {
		bad := bytes.Clone(sealed)
		bad[at/8] ^= 1 << (at % 8)
		if _, err := k.Open(plainRow(), bad); !errors.Is(err, SealBroken) {
			t.Fatalf("bit %d flipped: %v", at, err)
		}
	}
	for n := range len(sealed) {
		if _, err := k.Open(plainRow(), sealed[:n]); !errors.Is(err, SealBroken) {
			t.Fatalf("cut to %d: %v", n, err)
		}
	}
	if _, err := k.Open(plainRow(), append(bytes.Clone(sealed), 0)); !errors.Is(err, SealBroken) {
		t.Fatalf("a byte more: %v", err)
	}
}

func TestAppendSealKeepsWhatIsBefore(t *testing.T) {
	k, err := newRing(t, newIdentity(t)).NewDataKey(StateID{9}, SystemScope("revisions"), 1, day)
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{0, 3, 4096} {
		dst := append(make([]byte, 0, room), "abc"...)
		dst, err = k.AppendSeal(dst, plainRow(), []byte(canary))
		if err != nil {
			t.Fatal(err)
		}
		got, err := k.Open(plainRow(), dst[3:])
		if string(dst[:3]) != "abc" || err != nil || string(got) != canary {
			t.Errorf("with room for %d: got %q, %v", room, got, err)
		}
	}
}

func TestPadding(t *testing.T) {
	for _, c := range []struct{ n, want int }{
		{0, 32},
		{1, 32},
		{32, 32},
		{33, 64},
		{255, 256},
		{256, 256},
		{257, 272},
		{272, 272},
		{273, 288},
		{1000, 1024},
		{1025, 1088},
		{9000, 9216},
		{1 << 20, 1 << 20},
		{1<<20 + 1, 1<<20 + 1<<15},
	} {
		if got := paddedSize(c.n); got != c.want {
			t.Errorf("%d bytes are padded to %d, want %d", c.n, got, c.want)
		}
	}
	last, classes := 0, 0
	for n := range 100_000 {
		got := paddedSize(n)
		if got < n || got < last {
			t.Fatalf("%d bytes are padded to %d, after %d", n, got, last)
		}
		if n > 256 && float64(got-n) > 0.12*float64(n) {
			t.Fatalf("%d bytes cost %d more", n, got-n)
		}
		if got != last {
			classes++
		}
		last = got
	}
	if classes > 160 {
		t.Errorf("lengths up to 100,000 fall into %d classes: that tells too much", classes)
	}
	for _, n := range []int{0, 1, 27, 28, 29, 252, 253, 5000} {
		text := bytes.Repeat([]byte{0}, n) // zeros must survive
		padded := appendPadded(nil, text)
		got, ok := unpad(padded)
		if !ok || !bytes.Equal(got, text) {
			t.Errorf("%d zeros do not survive", n)
		}
		padded[len(padded)-1] ^= 1
		if _, ok := unpad(padded); ok && n < len(padded)-padHeader {
			t.Errorf("padding of %d bytes is not checked", n)
		}
	}
	if _, ok := unpad(appendPadded(nil, make([]byte, 100))[:64]); ok {
		t.Error("a shorter class is accepted")
	}
}

func TestSealedSizeIsThatOfTheClass(t *testing.T) {
	k, err := newRing(t, newIdentity(t)).NewDataKey(StateID{9}, SystemScope("revisions"), 1, day)
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[int]bool{}
	for n := range 29 {
		s, err := k.Seal(plainRow(), make([]byte, n))
		if err != nil {
			t.Fatal(err)
		}
		sizes[len(s)] = true
	}
	if diff := cmp.Diff(map[int]bool{SealOverhead + 32: true}, sizes); diff != "" {
		t.Error(diff)
	}
}

func TestScopes(t *testing.T) {
	ring := newRing(t, newIdentity(t))
	for _, bad := range []Scope{"", "touchpoint:", "touchpoint:xyz", SystemScope(""), SystemScope("A b"), "other:1", "touchpoint:" + Scope(strings.Repeat("A", 32))} {
		_, err := ring.NewDataKey(StateID{}, bad, 1, day)
		wantReason(t, err, Malformed)
	}
	u := NewUID()
	got, err := ParseUID(u.String())
	if err != nil || got != u {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestEpochs(t *testing.T) {
	ctx := context.Background()
	id := newIdentity(t)
	ring := newRing(t, id)
	store, c := &memoryKeys{}, &clock{day}
	keys := NewDataKeys(ring, StateID{9}, store, c.now)
	scope := TouchpointScope(UID{1})
	current := func() *DataKey {
		t.Helper()
		k, err := keys.Current(ctx, scope)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	first := current()
	if again := current(); again != first || len(store.rows) != 1 {
		t.Error("the second look made another key")
	}
	loads := store.loads
	if current(); store.loads != loads {
		t.Error("the cache is not used")
	}
	c.at = day.Add(epochLength - time.Second)
	if current() != first {
		t.Error("a new epoch before 90 days")
	}
	c.at = day.Add(epochLength)
	second := current()
	if second.wrapped.Epoch != 2 {
		t.Errorf("after 90 days epoch %d", second.wrapped.Epoch)
	}
	next, err := ring.Rekey(Rekey{Rotate: true}, c.at)
	if err != nil {
		t.Fatal(err)
	}
	keys.SetRing(next)
	third := current()
	if third.wrapped.Epoch != 3 || third.wrapped.Kid != next.Primary() {
		t.Errorf("after a new primary epoch %d under %s", third.wrapped.Epoch, third.wrapped.Kid)
	}
	// What the first epoch sealed still opens.
	sealed, err := first.Seal(plainRow(), []byte(canary))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := NewSealer(keys).Open(ctx, scope, plainRow(), sealed); err != nil || string(got) != canary {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestRewrappingMakesNoKeyNew(t *testing.T) {
	ctx := context.Background()
	ring := newRing(t, newIdentity(t))
	store, c := &memoryKeys{}, &clock{day.Add(time.Hour)}
	keys := NewDataKeys(ring, StateID{9}, store, c.now)
	scope := TouchpointScope(UID{1})
	old, err := keys.Current(ctx, scope)
	if err != nil {
		t.Fatal(err)
	}
	c.at = c.at.Add(time.Hour)
	next, err := ring.Rekey(Rekey{Rotate: true}, c.at)
	if err != nil {
		t.Fatal(err)
	}
	if store.rows[0], err = next.Rewrap(old); err != nil {
		t.Fatal(err)
	}
	keys.SetRing(next)
	got, err := keys.Current(ctx, scope)
	if err != nil {
		t.Fatal(err)
	}
	if got.wrapped.ID == old.wrapped.ID || got.wrapped.Epoch != 2 {
		t.Error("a key that removed recipients knew still seals new values")
	}
}

func TestRootsOfAClockAheadMakeOneEpoch(t *testing.T) {
	ctx := context.Background()
	ring, err := CreateRing("production", recipientsOf(newIdentity(t)), day.Add(48*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	store := &memoryKeys{}
	for range 3 {
		if _, err := NewDataKeys(ring, StateID{9}, store, (&clock{day}).now).Current(ctx, SystemScope("a")); err != nil {
			t.Fatal(err)
		}
	}
	if len(store.rows) != 1 {
		t.Errorf("%d keys for one epoch", len(store.rows))
	}
}

func TestTwoAgentsMakeOneKey(t *testing.T) {
	ctx := context.Background()
	ring := newRing(t, newIdentity(t))
	store := &memoryKeys{}
	scope := TouchpointScope(UID{1})
	ids := make(chan DataKeyID)
	const agents = 8
	for range agents {
		go func() {
			k, err := NewDataKeys(ring, StateID{9}, store, (&clock{day}).now).Current(ctx, scope)
			if err != nil {
				t.Error(err)
				ids <- DataKeyID{}
				return
			}
			ids <- k.wrapped.ID
		}()
	}
	seen := map[DataKeyID]bool{}
	for range agents {
		seen[<-ids] = true
	}
	if len(seen) != 1 || len(store.rows) != 1 {
		t.Errorf("%d keys in use, %d stored", len(seen), len(store.rows))
	}
}

// stubbornKeys takes no key.
type stubbornKeys struct{ memoryKeys }

func (*stubbornKeys) SaveDataKey(context.Context, WrappedKey) error { return ErrKeyExists }

// brokenKeys fails.
type brokenKeys struct{ memoryKeys }

var errDisk = errors.New("disk full")

func (*brokenKeys) SaveDataKey(context.Context, WrappedKey) error { return errDisk }

func TestCurrentGivesUp(t *testing.T) {
	ring := newRing(t, newIdentity(t))
	_, err := NewDataKeys(ring, StateID{9}, &stubbornKeys{}, (&clock{day}).now).Current(context.Background(), SystemScope("a"))
	wantReason(t, err, DataKeyMissing)
	_, err = NewDataKeys(ring, StateID{9}, &brokenKeys{}, (&clock{day}).now).Current(context.Background(), SystemScope("a"))
	if !errors.Is(err, errDisk) {
		t.Errorf("got %v", err)
	}
}

func TestForget(t *testing.T) {
	ctx := context.Background()
	store := &memoryKeys{}
	s := newSealer(t, newRing(t, newIdentity(t)), store, &clock{day})
	scope := TouchpointScope(UID{1})
	sealed, err := s.Seal(ctx, scope, plainRow(), []byte(canary))
	if err != nil {
		t.Fatal(err)
	}
	store.rows = nil // pruning destroys the keys
	s.keys.Forget(scope)
	_, err = s.Open(ctx, scope, plainRow(), sealed)
	wantReason(t, err, DataKeyMissing)
}

func TestWrappedKeyIsBoundToItsRow(t *testing.T) {
	ring := newRing(t, newIdentity(t))
	next, err := ring.Rekey(Rekey{Rotate: true}, day)
	if err != nil {
		t.Fatal(err)
	}
	k, err := next.NewDataKey(StateID{9}, TouchpointScope(UID{1}), 1, day)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(k.wrapped.Wrapped, k.raw()[:]) {
		t.Fatal("the wrapped key holds the key")
	}
	if _, err := next.Unwrap(StateID{9}, k.Wrapped()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*WrappedKey){
		"id":        func(w *WrappedKey) { w.ID[0] ^= 1 },
		"scope":     func(w *WrappedKey) { w.Scope = TouchpointScope(UID{2}) },
		"epoch":     func(w *WrappedKey) { w.Epoch++ },
		"created":   func(w *WrappedKey) { w.Created = w.Created.Add(time.Hour) },
		"its time":  func(w *WrappedKey) { w.ID[3]++; w.Created = w.ID.created() },
		"kid":       func(w *WrappedKey) { w.Kid = ring.Primary() },
		"a bit":     func(w *WrappedKey) { w.Wrapped = bytes.Clone(w.Wrapped); w.Wrapped[30] ^= 1 },
		"cut":       func(w *WrappedKey) { w.Wrapped = w.Wrapped[:40] },
		"cut short": func(w *WrappedKey) { w.Wrapped = w.Wrapped[:4] },
	} {
		t.Run(name, func(t *testing.T) {
			w := k.Wrapped()
			change(&w)
			_, err := next.Unwrap(StateID{9}, w)
			wantReason(t, err, SealBroken)
		})
	}
	t.Run("another state", func(t *testing.T) {
		_, err := next.Unwrap(StateID{8}, k.Wrapped())
		wantReason(t, err, SealBroken)
	})
	t.Run("a kid that is not there", func(t *testing.T) {
		_, err := ring.Unwrap(StateID{9}, k.Wrapped())
		wantReason(t, err, RingKeyMissing)
	})
}

func TestRewrapLetsAnOldRootGo(t *testing.T) {
	ring := newRing(t, newIdentity(t))
	k, err := ring.NewDataKey(StateID{9}, TouchpointScope(UID{1}), 4, day)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := k.Seal(plainRow(), []byte(canary))
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := ring.Rekey(Rekey{Rotate: true}, day)
	if err != nil {
		t.Fatal(err)
	}
	row, err := rotated.Rewrap(k)
	if err != nil {
		t.Fatal(err)
	}
	retired, err := rotated.Rekey(Rekey{Retire: []string{ring.Primary()}}, day)
	if err != nil {
		t.Fatal(err)
	}
	again, err := retired.Unwrap(StateID{9}, row)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open(plainRow(), sealed); err != nil || string(got) != canary {
		t.Errorf("got %q, %v", got, err)
	}
	if row.ID != k.wrapped.ID || row.Epoch != 4 || row.Created != day {
		t.Errorf("rewrapping changed %+v", row)
	}
}

func TestDataKeyPrintsAMask(t *testing.T) {
	k, err := newRing(t, newIdentity(t)).NewDataKey(StateID{}, SystemScope("a"), 1, day)
	if err != nil {
		t.Fatal(err)
	}
	raw := k.raw()[:]
	for _, form := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		for _, v := range []any{k, *k, struct{ k DataKey }{*k}, struct{ k *DataKey }{k}} {
			out := fmt.Sprintf(form, v)
			if strings.Contains(out, hexOf(raw)) || strings.Contains(out, strings.Trim(fmt.Sprint(raw), "[]")) || strings.Contains(out, fmt.Sprintf("%#v", raw[:4])[7:20]) {
				t.Errorf("%s of %T prints the key", form, v)
			}
		}
	}
}

func FuzzOpenSealed(f *testing.F) {
	k, err := newRing(f, newIdentity(f)).NewDataKey(StateID{9}, SystemScope("a"), 1, day)
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := k.Seal(plainRow(), []byte(canary))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(sealed[:SealOverhead])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := k.Open(plainRow(), in)
		if err == nil && (string(got) != canary || !bytes.Equal(in, sealed)) {
			t.Fatal("something that was never sealed opens")
		}
		if got, ok := unpad(in); ok && !bytes.Equal(appendPadded(nil, got), in) {
			t.Fatal("two paddings of one text")
		}
	})
}
