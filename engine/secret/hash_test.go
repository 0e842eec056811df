package secret

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// newHasherFor returns the hasher of one touchpoint of a fixed ring.
func newHasherFor(t testing.TB, uid UID) *Hasher {
	t.Helper()
	h, err := fixedRing(t).Hasher(vectorKid, uid)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// decimal is DecimalPart of a good text.
func decimal(t testing.TB, text string) Part {
	t.Helper()
	p, err := DecimalPart(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return p
}

func TestKeyHashTellsPartsApart(t *testing.T) {
	h := newHasherFor(t, UID{1})
	keys := [][]Part{
		{},
		{NullPart()},
		{NullPart(), NullPart()},
		{StringPart("")},
		{StringPart(""), StringPart("")},
		{BytesPart(nil)},
		{StringPart("7")},
		{IntPart(7)},
		{decimal(t, "7.5")},
		{decimal(t, "-7")},
		{BytesPart([]byte("7"))},
		{StringPart("null")},
		{StringPart("t")},
		{BoolPart(true)},
		{BoolPart(false)},
		{StringPart("2026-04-01")},
		{DatePart("2026-04-01")},
		{TimePart("2026-04-01")},
		{TimestampPart("2026-04-01")},
		{StringPart("ab"), StringPart("c")},
		{StringPart("a"), StringPart("bc")},
		{StringPart("abc")},
		{StringPart("abc"), NullPart()},
		{StringPart("ABC")},
		{StringPart("abc ")},
		{StringPart("é")},       // composed
		{StringPart("e\u0301")}, // decomposed
		{StringPart("a\x00\x00\x00\x01s")},
	}
	seen := map[KeyHash]int{}
	for i, parts := range keys {
		k := h.Key(parts...)
		if j, ok := seen[k]; ok {
			t.Errorf("keys %d and %d hash alike", i, j)
		}
		seen[k] = i
	}
}

func TestKeyHashOfEqualKeys(t *testing.T) {
	h := newHasherFor(t, UID{1})
	for _, c := range [][2]Part{
		{IntPart(7), decimal(t, "7")},
		{IntPart(-12), decimal(t, "-12.00")},
		{IntPart(0), decimal(t, "-0.0e5")},
		{StringPart("a"), StringBytesPart([]byte("a"))},
		{{}, NullPart()},
	} {
		if h.Key(c[0]) != h.Key(c[1]) {
			t.Errorf("%+v and %+v hash differently", c[0], c[1])
		}
	}
}

func TestNormalDecimal(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "0.0": "0", "7": "7", "007": "7", "7.50": "7.5", "7.0": "7", "-7.10": "-7.1", "0.05": "0.05", "00.05": "0.05",
		"0e0": "0", "5e0": "5", "1e3": "1000", "1E+3": "1000", "1.5e1": "15", "1.5e-1": "0.15", "150e-1": "15", "-1e-3": "-0.001", "0e999": "0", "123456789012345678901234567890.10": "123456789012345678901234567890.1",
		"1e-1000": "0." + strings.Repeat("0", 999) + "1", "10e-1": "1", "12.34e1": "123.4",
	} {
		if got, ok := normalDecimal(in); !ok || got != want {
			t.Errorf("%q became %q, %v, want %q", in, got, ok, want)
		}
		if again, ok := normalDecimal(want); len(want) <= maxNumber && (!ok || again != want) {
			t.Errorf("%q is normal but became %q, %v", want, again, ok)
		}
	}
	for _, in := range []string{"", "-", "+1", "1.", ".5", "1e", "1e+", "e5", "1e1001", "1e-1001", "1e99999999999999999999", "NaN", "Infinity", "0x10", "1_000", " 1", "1 ", "--1", "1.2.3", "1e5.5", "٣", strings.Repeat("1", 1001)} {
		_, err := DecimalPart(in)
		wantReason(t, err, Malformed)
	}
}

func TestBlank(t *testing.T) {
	for _, p := range []Part{{}, NullPart(), StringPart(""), StringPart(" \t\u00a0"), StringBytesPart([]byte("  "))} {
		if !p.Blank() {
			t.Errorf("%+v is not blank", p)
		}
	}
	for _, p := range []Part{IntPart(0), StringPart("0"), BoolPart(false), BytesPart(nil)} {
		if p.Blank() {
			t.Errorf("%+v is blank", p)
		}
	}
}

func TestHashesOfTouchpointsAndRingsDiffer(t *testing.T) {
	ring := newRing(t, newIdentity(t))
	rotated, err := ring.Rekey(Rekey{Rotate: true}, day)
	if err != nil {
		t.Fatal(err)
	}
	hasher := func(r *Ring, kid string, uid UID) *Hasher {
		t.Helper()
		h, err := r.Hasher(kid, uid)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	hashers := []*Hasher{
		hasher(ring, ring.Primary(), UID{1}), hasher(ring, ring.Primary(), UID{2}),
		hasher(rotated, rotated.Primary(), UID{1}), newHasherFor(t, UID{1}),
	}
	keys, prints := map[KeyHash]bool{}, map[Fingerprint]bool{}
	for _, h := range hashers {
		keys[h.Key(StringPart("a"))] = true
		prints[h.Fingerprint(KeyHash{1}, []byte("{}"))] = true
	}
	if len(keys) != len(hashers) || len(prints) != len(hashers) {
		t.Errorf("%d hashers give %d key hashes and %d fingerprints", len(hashers), len(keys), len(prints))
	}
	if hasher(rotated, ring.Primary(), UID{1}).Key(StringPart("a")) != hashers[0].Key(StringPart("a")) {
		t.Error("a rekey changed the hashes under the old kid")
	}
	_, err = ring.Hasher(rotated.Primary(), UID{1})
	wantReason(t, err, RingKeyMissing)
}

func TestFingerprint(t *testing.T) {
	h := newHasherFor(t, UID{1})
	a := h.Fingerprint(KeyHash{1}, []byte(`{"a":1}`))
	if a != h.Fingerprint(KeyHash{1}, []byte(`{"a":1}`)) {
		t.Error("equal contents differ")
	}
	if a == h.Fingerprint(KeyHash{2}, []byte(`{"a":1}`)) || a == h.Fingerprint(KeyHash{1}, []byte(`{"a":2}`)) {
		t.Error("different contents look alike")
	}
}

func TestClonesWorkAtOnce(t *testing.T) {
	h := newHasherFor(t, UID{1})
	want := h.Key(StringPart("a"), IntPart(5))
	var wg sync.WaitGroup
	for range 4 {
		c := h.Clone()
		wg.Go(func() {
			for range 1000 {
				if c.Key(StringPart("a"), IntPart(5)) != want {
					t.Error("a clone hashes differently")
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestHashingDoesNotAllocate(t *testing.T) {
	h := newHasherFor(t, UID{1})
	text, doc := []byte("A-1001"), make([]byte, 950)
	dec := "12.5"
	h.Key(StringBytesPart(text), IntPart(12345))
	if n := testing.AllocsPerRun(100, func() {
		p, _ := DecimalPart(dec)
		k := h.Key(StringBytesPart(text), IntPart(12345), p)
		h.Fingerprint(k, doc)
	}); n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}

func FuzzNormalDecimal(f *testing.F) {
	for _, s := range []string{"0", "-0.0", "0e0", "1e3", "007.500", "1e-1000", "12345678901234567890"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		norm, ok := normalDecimal(in)
		if !ok {
			return
		}
		if again, ok := normalDecimal(norm); len(norm) <= maxNumber && (!ok || again != norm) {
			t.Fatalf("%q: %q is not normal: %q, %v", in, norm, again, ok)
		}
		if strings.ContainsAny(norm, "eE+") || strings.HasPrefix(norm, "-0") && !strings.HasPrefix(norm, "-0.") {
			t.Fatalf("%q became %q", in, norm)
		}
	})
}

func BenchmarkKey(b *testing.B) {
	h := newHasherFor(b, UID{1})
	key := []byte("gid://shop/Order/" + strings.Repeat("9", 13))
	b.ReportAllocs()
	for b.Loop() {
		h.Key(StringBytesPart(key))
	}
}

func BenchmarkFingerprint(b *testing.B) {
	h := newHasherFor(b, UID{1})
	doc := make([]byte, 950)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range doc {
		doc[i] = byte(r.Uint32())
	}
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		h.Fingerprint(KeyHash{}, doc)
	}
}

func BenchmarkSeal(b *testing.B) {
	k, err := fixedRing(b).NewDataKey(StateID{}, SystemScope("a"), 1, day)
	if err != nil {
		b.Fatal(err)
	}
	doc, dst := make([]byte, 950), make([]byte, 0, 2048)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.AppendSeal(dst, plainRow(), doc); err != nil {
			b.Fatal(err)
		}
	}
}
