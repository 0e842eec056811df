package secret

import (
	"encoding/hex"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The vectors of this file were computed by another implementation. A change
// that breaks one makes everything sealed so far unreadable: add a new version
// beside the old instead.

const vectorKid = "0011223344556677"

// fill returns n bytes of value b.
func fill(n int, b byte) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = b
	}
	return out
}

// unhex decodes hexadecimal digits.
func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVectorDerivedKeys(t *testing.T) {
	ring := fixedRing(t)
	got := map[purpose]string{}
	for _, p := range []purpose{forWrap, forIndex, forFingerprint, forHead, forAudit, forRing} {
		k, err := ring.key(vectorKid, p)
		if err != nil {
			t.Fatal(err)
		}
		got[p] = hexOf(k)
	}
	want := map[purpose]string{
		"wrap":        "1802ddb7aadac12034273a7f7b96981bae2c790c5c0ad2f6d34ff4a24b6b5e4b",
		"index":       "e3df963bc916cad1b5b334ff97bd6a07a2fd9b97a0d1660a87a1d07459a57cf3",
		"fingerprint": "6a53bae477ff2e085a94e230aeb5a5ac004bbf5a58cd4fe239e52dd90a1d7c84",
		"head":        "d42cecb244d2f5a5737cc578137f8e9bdf47fdf7fb9a1bb235b9a82ad39133c2",
		"audit":       "d6ce3715ae7eba0253bcfa90551b9b9bfd1b06828ede2276e5242598623cfc31",
		"ring":        "88381b73c77982bc5307fe9b8e14bcc1e990a55f7bcffa05243a38b391b6ee55",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestVectorKeyHashAndFingerprint(t *testing.T) {
	h, err := fixedRing(t).Hasher(vectorKid, UID(fill(16, 0x11)))
	if err != nil {
		t.Fatal(err)
	}
	number, err := DecimalPart("7.50")
	if err != nil {
		t.Fatal(err)
	}
	key := h.Key(StringPart("A-1001"), number, NullPart())
	if got := hexOf(key[:]); got != "d180aaf1acd03fb00d7ba518173e43c3" {
		t.Errorf("key hash %s", got)
	}
	fp := h.Fingerprint(key, []byte(`{"a":1}`))
	if got := hexOf(fp[:]); got != "ed6292785a7a0ed88b75d6a5cd75dcc911d462794f4252c2f0c5a200c1894443" {
		t.Errorf("fingerprint %s", got)
	}
}

func TestVectorDataKeyAndSealedRow(t *testing.T) {
	ring := fixedRing(t)
	state := StateID(fill(16, 0x22))
	w := WrappedKey{
		ID: DataKeyID(unhex(t, "69cceca033333333")), Scope: TouchpointScope(UID(fill(16, 0x11))), Epoch: 5, Kid: vectorKid, Created: day,
		Wrapped: unhex(t, "6666666666666666666666666666666666666666666666669484e75a6a73a27a0780597c684ee87b6a3b76d70c6d3b94955ae27bb39920ab3400143faef8627e56142adf30d90ae7"),
	}
	k, err := ring.Unwrap(state, w)
	if err != nil {
		t.Fatal(err)
	}
	if got := hexOf(k.raw()[:]); got != hexOf(fill(32, 0x55)) {
		t.Errorf("data key %s", got)
	}
	sealed := unhex(t, "010169cceca0333333337777777777777777777777777777777777777777777777771e9b9920f979141f205eff339a01280e456052393ebdfa6770d124fe5b51f722762a69337ce33da9bb7fb38bcd012026")
	if got, err := k.Open(plainRow(), sealed); err != nil || string(got) != "one order" {
		t.Errorf("got %q, %v", got, err)
	}
	again, err := k.appendSeal(nil, plainRow(), []byte("one order"), (*[24]byte)(fill(24, 0x77)))
	if err != nil || hexOf(again) != hexOf(sealed) {
		t.Errorf("sealed as %x, %v", again, err)
	}
}

// vectorRecipient is a classic public key of nobody.
const vectorRecipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

func TestVectorEnvelope(t *testing.T) {
	bind, err := ParseBindings([]string{"https://b1.plant.example:50000/b1s/"})
	if err != nil {
		t.Fatal(err)
	}
	recipients, err := ParseRecipients([]string{vectorRecipient})
	if err != nil {
		t.Fatal(err)
	}
	e, err := Envelope{
		Name: "b1-de", Scope: "plants/de", Application: "sap-b1", Bind: bind, Use: UseAgent,
		Environments: []string{"staging", "production"}, Fields: map[string]string{"username": "2026-03-01", "password": "2026-04-01"},
		Generation: 3, Rotated: "2026-04-01", Expires: "2027-04-01", Recipients: recipients,
	}.normal()
	if err != nil {
		t.Fatal(err)
	}
	digest := envelopeDigest(repository, &e)
	if got := hexOf(digest[:]); got != "b7e4a899c181ab5d0f669a3efd2f655a89d4a22f844ec9572c542c0b1fd5256a" {
		t.Errorf("envelope digest %s", got)
	}
	digest = (&Credential{envelope: e, ciphertext: []byte("cipher")}).Digest()
	if got := hexOf(digest[:]); got != "053d009fc4edd3920369d8717343ef4c873ae06ebb6c9c1358fbdeb943350083" {
		t.Errorf("file digest %s", got)
	}
}

func TestVectorRing(t *testing.T) {
	r := fixedRing(t)
	recipients, err := ParseRecipients([]string{vectorRecipient})
	if err != nil {
		t.Fatal(err)
	}
	r.file.facts.generation, r.file.facts.recipients, r.file.facts.previous = 2, recipients, [32]byte(fill(32, 0x44))
	r.file.ciphertext = []byte("cipher")
	r.file.mac = [32]byte(unhex(t, "61a3c68ec3084e94a2ac631243aca484668c71d866d6b8ed291ee92f5bbe2f0f"))
	if !r.macBy(vectorKid) {
		t.Error("the MAC is another")
	}
	digest := r.file.Digest()
	if got := hexOf(digest[:]); got != "731e1212e9edde0a8575b7551bd8db5fa958fe07e643d8857c6171c065d99deb" {
		t.Errorf("digest %s", got)
	}
	if got := r.checkValue(vectorKid); got != "de27e92c02b7ed8b303940e934873b6b4b2f95c9072f6dbcee6d84fdd1c4de6c" {
		t.Errorf("check value %s", got)
	}
}

// testdata reads a file of the first release.
func testdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFilesOfVersionOne opens an identity, a ring and a credential as the first
// release wrote them.
func TestFilesOfVersionOne(t *testing.T) {
	read := func(name string) []byte { return testdata(t, name) }
	id, err := ParseIdentity(read("identity-v1.txt"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := ParseRing(read("keyring-v1.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := f.Open(OpenRing{Identity: id, Environment: "production"})
	if err != nil {
		t.Fatal(err)
	}
	if ring.File().Generation() != 2 || len(ring.File().Keys()) != 2 {
		t.Errorf("generation %d with %d keys", ring.File().Generation(), len(ring.File().Keys()))
	}
	c, err := ParseCredential(read("credential-v1.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"username": "dray-" + canary, "password": canary}
	if diff := cmp.Diff(want, reveal(t, c, id)); diff != "" {
		t.Error(diff)
	}
	for name, encode := range map[string]func() ([]byte, error){"keyring-v1.yaml": f.Encode, "credential-v1.yaml": c.Encode} {
		got, err := encode()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(read(name)), string(got)); diff != "" {
			t.Errorf("%s is written differently now:\n%s", name, diff)
		}
	}
}
