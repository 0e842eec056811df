package secret

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRingOpensForItsRecipientsOnly(t *testing.T) {
	a, b, stranger := newIdentity(t), newIdentity(t), newIdentity(t)
	r := newRing(t, a, b)
	f := reread(t, r)
	for _, id := range []*Identity{a, b} {
		got, err := f.Open(OpenRing{Identity: id, Environment: "production"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r.Pin(), got.Pin()); diff != "" {
			t.Errorf("the ring changed on its way through a file:\n%s", diff)
		}
	}
	_, err := f.Open(OpenRing{Identity: stranger, Environment: "production"})
	wantReason(t, err, NotRecipient)
	for _, part := range []string{
		"key ring production", "generation 1", "dray key rekey",
		stranger.Public().Recipient.Short(), a.Public().Recipient.Short(), b.Public().Recipient.Short(),
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %q", part, err)
		}
	}
	_, err = f.Open(OpenRing{Identity: a, Environment: "staging"})
	wantReason(t, err, RingReplaced)
}

func TestRingFileIsCanonicalAndReadable(t *testing.T) {
	a := newIdentity(t)
	doc, err := newRing(t, a).File().Encode()
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseRing(doc)
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(doc, again) {
		t.Error("writing what was read changes the file")
	}
	for _, line := range []string{"# The key ring", "apiVersion: dray/v1\nkind: KeyRing\nmetadata:\n  name: production\nspec:\n  ringId: ", "  generation: 1\n", "state: primary\n", "  ciphertext: |\n    -----BEGIN AGE ENCRYPTED FILE-----\n"} {
		if !strings.Contains(string(doc), line) {
			t.Errorf("%q is not in\n%s", line, doc)
		}
	}
}

func TestRekey(t *testing.T) {
	a, b, c := newIdentity(t), newIdentity(t), newIdentity(t)
	first := newRing(t, a, b)
	rekey := func(r *Ring, change Rekey) *Ring {
		t.Helper()
		next, err := r.Rekey(change, day.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	added := rekey(first, Rekey{Recipients: recipientsOf(a, b, c)})
	if added.Primary() != first.Primary() || added.File().Generation() != 2 {
		t.Error("adding a recipient must keep the primary and raise the generation")
	}
	removed := rekey(added, Rekey{Recipients: recipientsOf(a, c)})
	if removed.Primary() == added.Primary() || !removed.Has(added.Primary()) {
		t.Error("removing a recipient must add a primary and keep the old one open")
	}
	swapped := rekey(first, Rekey{Recipients: recipientsOf(a, c)})
	if swapped.Primary() == first.Primary() {
		t.Error("exchanging a recipient is removing one, and must add a primary")
	}
	if rotated := rekey(first, Rekey{Rotate: true}); rotated.Primary() == first.Primary() {
		t.Error("rotating must add a primary")
	}
	if _, err := removed.Rekey(Rekey{Retire: []string{removed.Primary()}}, day); err == nil {
		t.Error("the primary was retired")
	}
	if _, err := removed.Rekey(Rekey{Retire: []string{"0123456789abcdef"}}, day); err == nil {
		t.Error("an unknown key was retired")
	}
	retired := rekey(removed, Rekey{Retire: []string{first.Primary()}})
	if retired.Has(first.Primary()) || len(retired.File().Keys()) != 1 {
		t.Error("the retired key is still there")
	}
	if _, err := reread(t, removed).Open(OpenRing{Identity: b, Environment: "production"}); err == nil {
		t.Error("a removed recipient opens the next generation")
	}
	if slices.ContainsFunc(first.File().Keys(), func(k RingKey) bool { return k.State != Primary }) {
		t.Error("rekeying changed the generation it started from")
	}
}

// chain returns the generations 1 to 4 of a ring, each rotating.
func chain(t *testing.T, id *Identity) []*Ring {
	t.Helper()
	rings := []*Ring{newRing(t, id)}
	for range 3 {
		next, err := rings[len(rings)-1].Rekey(Rekey{Rotate: true}, day)
		if err != nil {
			t.Fatal(err)
		}
		rings = append(rings, next)
	}
	return rings
}

func TestRingAcceptance(t *testing.T) {
	id := newIdentity(t)
	rings := chain(t, id)
	pin := func(n int) *Pin { p := rings[n-1].Pin(); return &p }
	sibling, err := rings[1].Rekey(Rekey{}, day) // another generation 3
	if err != nil {
		t.Fatal(err)
	}
	// An attacker with push rights knows all that is readable but no root.
	forged := newRing(t, id)
	forged.file.facts.id = rings[0].file.facts.id
	forged.file.facts.generation = 3
	forged.file.facts.previous = rings[1].file.Digest()
	forgedNext, err := sealRing(Metadata{Name: "production"}, forged.file.facts, forged.roots(), forged.roots()[forged.Primary()])
	if err != nil {
		t.Fatal(err)
	}
	// A cleverer one repeats the kids, with roots of their own.
	facts, roots := rings[2].file.facts, rootKeys{}
	for _, k := range facts.keys {
		roots[k.Kid] = &[rootSize]byte{1}
	}
	sameKids, err := sealRing(Metadata{Name: "production"}, facts, roots, &[rootSize]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	// A holder of the newest ring who writes over the MAC with a newer key.
	wrongMAC, err := sealRing(Metadata{Name: "production"}, rings[2].file.facts, rings[2].roots(), rings[2].roots()[rings[2].Primary()])
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name string
		ring *Ring
		open OpenRing
		want Reason
	}{
		{"first sight", rings[2], OpenRing{}, ""},
		{"pinned id from trust", rings[2], OpenRing{RingID: rings[0].Pin().RingID}, ""},
		{"another id than trust", rings[2], OpenRing{RingID: newRing(t, id).Pin().RingID}, RingReplaced},
		{"the same generation", rings[1], OpenRing{Pin: pin(2)}, ""},
		{"the next generation", rings[2], OpenRing{Pin: pin(2)}, ""},
		{"two generations on", rings[3], OpenRing{Pin: pin(2)}, ""},
		{"an older generation", rings[0], OpenRing{Pin: pin(2)}, RingOutdated},
		{"another file of the same generation", sibling, OpenRing{Pin: pin(3)}, RingOutdated},
		{"a fork of an older generation", rings[3], OpenRing{Pin: new(sibling.Pin())}, RingDiscontinuous},
		{"another ring", newRing(t, id), OpenRing{Pin: pin(1)}, RingReplaced},
		{"forged without the roots", forgedNext, OpenRing{Pin: pin(2)}, RingDiscontinuous},
		{"forged over skipped generations", forgedNext, OpenRing{Pin: pin(1)}, RingDiscontinuous},
		{"forged with the same kids", sameKids, OpenRing{Pin: pin(2)}, RingDiscontinuous},
		{"forged with the same kids over skipped generations", sameKids, OpenRing{Pin: pin(1)}, RingDiscontinuous},
		{"MAC of another key than the last primary", wrongMAC, OpenRing{Pin: pin(2)}, RingDiscontinuous},
		{"a key in use is there", rings[2], OpenRing{InUse: []string{rings[0].Primary()}}, ""},
		{"a key in use is missing", rings[0], OpenRing{InUse: []string{rings[2].Primary()}}, RingKeyMissing},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := c.open
			o.Identity, o.Environment = id, "production"
			_, err := reread(t, c.ring).Open(o)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantReason(t, err, c.want)
		})
	}
}

func TestRingAlteredInTheClear(t *testing.T) {
	id, other := newIdentity(t), newIdentity(t)
	r, err := newRing(t, id).Rekey(Rekey{Rotate: true}, day)
	if err != nil {
		t.Fatal(err)
	}
	primary := r.Primary()
	cases := map[string]func(*RingFile){
		"environment": func(f *RingFile) { f.facts.environment = "staging" },
		"ring id":     func(f *RingFile) { f.facts.id[0] ^= 1 },
		"generation":  func(f *RingFile) { f.facts.generation++ },
		"previous":    func(f *RingFile) { f.facts.previous[0] ^= 1 },
		"recipients":  func(f *RingFile) { f.facts.recipients = recipientsOf(id, other) },
		"key dropped": func(f *RingFile) { f.facts.keys = f.facts.keys[:1] },
		"created":     func(f *RingFile) { f.facts.keys[0].Created = day.Add(time.Second) },
		"primary moved": func(f *RingFile) {
			for i, k := range f.facts.keys {
				f.facts.keys[i].State = map[bool]KeyState{true: Open, false: Primary}[k.Kid == primary]
			}
		},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			f := reread(t, r)
			change(f)
			_, err := f.Open(OpenRing{Identity: id, Environment: f.facts.environment})
			wantReason(t, err, RingAltered)
		})
	}
	t.Run("mac", func(t *testing.T) {
		f := reread(t, r)
		f.mac[0] ^= 1
		_, err := f.Open(OpenRing{Identity: id, Environment: "production"})
		wantReason(t, err, RingDiscontinuous)
	})
	t.Run("ciphertext cut", func(t *testing.T) {
		f := reread(t, r)
		f.ciphertext = f.ciphertext[:len(f.ciphertext)-1]
		_, err := f.Open(OpenRing{Identity: id, Environment: "production"})
		wantReason(t, err, Damaged)
	})
}

func TestParseRingRefuses(t *testing.T) {
	id := newIdentity(t)
	r, err := newRing(t, id).Rekey(Rekey{Rotate: true}, day)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := r.File().Encode()
	if err != nil {
		t.Fatal(err)
	}
	text := string(doc)
	cases := map[string][2]string{
		"another kind":      {"kind: KeyRing", "kind: Credential"},
		"another version":   {"dray/v1", "dray/v2"},
		"a bad name":        {"name: production", "name: Production!"},
		"unknown field":     {"spec:\n", "spec:\n  extra: " + canary + "\n"},
		"duplicate field":   {"spec:\n", "spec:\n  generation: 9\n"},
		"an alias":          {"generation: 2", "generation: &a 2"},
		"no generation":     {"generation: 2", "generation: 0"},
		"negative":          {"generation: 2", "generation: -2"},
		"a text as number":  {"generation: 2", "generation: " + canary},
		"first with a past": {"generation: 2", "generation: 1"},
		"upper-case id":     {hex.EncodeToString(r.file.facts.id[:]), strings.ToUpper(hex.EncodeToString(r.file.facts.id[:])) + "A"},
		"two primaries":     {"state: open", "state: primary"},
		"odd state":         {"state: open", "state: shut"},
		"odd time":          {"2026-04-01T10:00:00Z", "2026-04-01T10:00:00+00:00"},
		"no armour":         {"BEGIN AGE", "BEGIN PGP"},
		"two documents":     {"apiVersion", "a: 1\n---\napiVersion"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(text, c[0], c[1], 1)
			if changed == text {
				t.Fatalf("%q is not in the file", c[0])
			}
			_, err := ParseRing([]byte(changed))
			wantReason(t, err, Malformed)
		})
	}
	_, err = ParseRing([]byte("# " + strings.Repeat("x", maxFileBytes)))
	wantReason(t, err, TooLarge)
}

func TestRingPrintsAMask(t *testing.T) {
	r := fixedRing(t)
	root := hexOf(r.roots()["0011223344556677"][:])
	for _, form := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		for _, v := range []any{r, *r, struct{ r *Ring }{r}, struct{ r Ring }{*r}, []*Ring{r}} {
			out := fmt.Sprintf(form, v)
			if strings.Contains(out, root) || strings.Contains(out, "[0 1 2 3") {
				t.Errorf("%s of %T prints a root: %s", form, v, out)
			}
		}
	}
}

func FuzzParseRing(f *testing.F) {
	id, err := ParseIdentity(testdata(f, "identity-v1.txt"))
	if err != nil {
		f.Fatal(err)
	}
	first, err := ParseRing(testdata(f, "keyring-v1.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(testdata(f, "keyring-v1.yaml"))
	f.Add([]byte("apiVersion: dray/v1\nkind: KeyRing\nmetadata: {name: production}\nspec: {generation: 1, keys: []}\n"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		r, err := ParseRing(doc)
		if err != nil {
			return
		}
		out, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseRing(out)
		if err != nil || again.Digest() != r.Digest() {
			t.Fatalf("writing changed what the file says: %v\n%s", err, out)
		}
		if _, err := r.Open(OpenRing{Identity: id, Environment: "production"}); err == nil && r.Digest() != first.Digest() {
			t.Fatal("a changed ring opened")
		}
	})
}
