package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

const repository = "2f1c9a50-acme"

// envelope is a plain envelope to ids.
func envelope(t testing.TB, ids ...*Identity) Envelope {
	t.Helper()
	bind, err := ParseBindings([]string{"https://b1.plant.example:50000/b1s/"})
	if err != nil {
		t.Fatal(err)
	}
	return Envelope{
		Name: "b1-de", Application: "sap-b1", Bind: bind, Use: UseAgent,
		Environments: []string{"production"}, Recipients: recipientsOf(ids...),
	}
}

// secrets are values with the canary in them.
func secrets() Values {
	return Values{"username": NewValue("dray-" + canary), "password": NewValue(canary)}
}

// newCredential creates a credential and takes it through its file.
func newCredential(t testing.TB, e Envelope) *Credential {
	t.Helper()
	c, err := CreateCredential(repository, e, secrets(), day)
	if err != nil {
		t.Fatal(err)
	}
	return refile(t, c)
}

// refile writes a credential and parses it again.
func refile(t testing.TB, c *Credential) *Credential {
	t.Helper()
	doc, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	noCanary(t, string(doc))
	got, err := ParseCredential(doc)
	if err != nil {
		t.Fatalf("%v\n%s", err, doc)
	}
	again, err := got.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(doc, again) {
		t.Fatal("writing what was read changes the file")
	}
	return got
}

// use is the purpose the plain envelope allows.
func use() Purpose {
	return Purpose{Application: "sap-b1", Environment: "production", Use: UseAgent, At: day}
}

// reveal returns what the purpose gives, in the clear.
func reveal(t testing.TB, c *Credential, id *Identity) map[string]string {
	t.Helper()
	o, err := c.Open(repository, Seen{}, id)
	if err != nil {
		t.Fatal(err)
	}
	v, err := o.Values(use())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for name, s := range v {
		out[name] = s.Reveal()
	}
	return out
}

func TestCredentialOpensForItsRecipientsOnly(t *testing.T) {
	agent, recovery, stranger := newIdentity(t), newIdentity(t), newIdentity(t)
	c := newCredential(t, envelope(t, agent, recovery))
	want := map[string]string{"username": "dray-" + canary, "password": canary}
	for _, id := range []*Identity{agent, recovery} {
		if diff := cmp.Diff(want, reveal(t, c, id)); diff != "" {
			t.Error(diff)
		}
	}
	_, err := c.Open(repository, Seen{}, stranger)
	wantReason(t, err, NotRecipient)
	_, err = c.Open("another-repository", Seen{}, agent)
	wantReason(t, err, CredentialAltered)
}

func TestCredentialEnvelopeIsSealed(t *testing.T) {
	id, other := newIdentity(t), newIdentity(t)
	evil, err := ParseBindings([]string{"https://evil.example:50000/b1s/"})
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]func(*Envelope){
		"name":          func(e *Envelope) { e.Name = "shop" },
		"scope":         func(e *Envelope) { e.Scope = "plants/de" },
		"application":   func(e *Envelope) { e.Application = "postgres" },
		"bind":          func(e *Envelope) { e.Bind = evil },
		"bind added":    func(e *Envelope) { e.Bind = append(e.Bind, evil...) },
		"tls":           func(e *Envelope) { e.TLS.ClearText = "it is only the test system" },
		"use":           func(e *Envelope) { e.Use = UseLocal },
		"environments":  func(e *Envelope) { e.Environments = []string{"production", "staging"} },
		"field renamed": func(e *Envelope) { e.Fields = map[string]string{"username": "2026-04-01", "token": "2026-04-01"} },
		"field dropped": func(e *Envelope) { delete(e.Fields, "password") },
		"field date":    func(e *Envelope) { e.Fields["password"] = "2026-04-02" },
		"generation":    func(e *Envelope) { e.Generation = 900 },
		"rotated":       func(e *Envelope) { e.Rotated = "2026-04-02" },
		"expires":       func(e *Envelope) { e.Expires = "2099-01-01" },
		"recipients":    func(e *Envelope) { e.Recipients = recipientsOf(other) },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			c := newCredential(t, envelope(t, id))
			change(&c.envelope)
			c.meta.Name = c.envelope.Name
			var err error
			if c.envelope, err = c.envelope.normal(); err != nil {
				t.Fatal(err)
			}
			_, err = refile(t, c).Open(repository, Seen{}, id)
			wantReason(t, err, CredentialAltered)
		})
	}
}

func TestCredentialRecipientsAreAllThereIs(t *testing.T) {
	id, hidden := newIdentity(t), newIdentity(t)
	classic, err := GenerateRecovery(Classic)
	if err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string][]Recipient{
		"one more":     recipientsOf(id, hidden),
		"another kind": recipientsOf(classic),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCredential(t, envelope(t, id))
			if c.ciphertext, err = ageEncrypt([]byte(canary), to); err != nil {
				t.Fatal(err)
			}
			doc, err := c.Encode()
			if err != nil {
				t.Fatal(err)
			}
			_, err = ParseCredential(doc)
			wantReason(t, err, Malformed)
		})
	}
}

func TestCredentialCiphertextOfAnotherFile(t *testing.T) {
	id := newIdentity(t)
	shop, erp := envelope(t, id), envelope(t, id)
	shop.Name = "shop"
	a, b := newCredential(t, shop), newCredential(t, erp)
	a.ciphertext = b.ciphertext
	_, err := a.Open(repository, Seen{}, id)
	wantReason(t, err, CredentialAltered)
}

func TestCredentialDamaged(t *testing.T) {
	id := newIdentity(t)
	c := newCredential(t, envelope(t, id))
	whole := c.ciphertext
	for cut := 0; cut < len(whole); cut += 97 {
		c.ciphertext = whole[:cut]
		_, err := c.Open(repository, Seen{}, id)
		if err == nil {
			t.Fatalf("opens after %d of %d bytes", cut, len(whole))
		}
		noCanary(t, err.Error())
	}
	for at := 0; at < len(whole); at += 97 {
		c.ciphertext = bytes.Clone(whole)
		c.ciphertext[at] ^= 1
		if _, err := c.Open(repository, Seen{}, id); err == nil {
			t.Fatalf("opens with bit flipped at %d", at)
		}
	}
	c.ciphertext = append(bytes.Clone(whole), 0)
	_, err := c.Open(repository, Seen{}, id)
	wantReason(t, err, Damaged)
}

func TestCredentialSizeTellsNothing(t *testing.T) {
	id := newIdentity(t)
	sizes := map[int]bool{}
	for _, n := range []int{1, 8, 64, 500} {
		c, err := CreateCredential(repository, envelope(t, id), Values{"password": NewValue(strings.Repeat("x", n))}, day)
		if err != nil {
			t.Fatal(err)
		}
		sizes[len(c.ciphertext)] = true
	}
	if len(sizes) != 1 {
		t.Errorf("passwords of 1 to 500 bytes give files of different sizes: %v", sizes)
	}
}

func TestCredentialNeverGoesBack(t *testing.T) {
	id := newIdentity(t)
	first := newCredential(t, envelope(t, id))
	second, err := first.Replace(repository, envelope(t, id), secrets(), day)
	if err != nil {
		t.Fatal(err)
	}
	fork, err := first.Replace(repository, envelope(t, id), secrets(), day)
	if err != nil {
		t.Fatal(err)
	}
	o, err := refile(t, second).Open(repository, Seen{}, id)
	if err != nil {
		t.Fatal(err)
	}
	seen := o.Seen()
	if seen.Generation != 2 {
		t.Fatalf("replacing gave generation %d", seen.Generation)
	}
	if _, err := second.Open(repository, seen, id); err != nil {
		t.Errorf("the accepted file is refused the second time: %v", err)
	}
	_, err = first.Open(repository, seen, id)
	wantReason(t, err, CredentialOutdated)
	_, err = fork.Open(repository, seen, id)
	wantReason(t, err, CredentialOutdated)
	// The generation is judged before anything is decrypted.
	_, err = first.Open(repository, seen, newIdentity(t))
	wantReason(t, err, CredentialOutdated)
}

func TestCredentialPurpose(t *testing.T) {
	id := newIdentity(t)
	e := envelope(t, id)
	e.Scope, e.Expires = "plants/de", "2026-12-31"
	o, err := newCredential(t, e).Open(repository, Seen{}, id)
	if err != nil {
		t.Fatal(err)
	}
	good := use()
	good.Project = "plants/de"
	last := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
	cases := []struct {
		name   string
		change func(*Purpose)
		want   Reason
	}{
		{"as sealed", func(*Purpose) {}, ""},
		{"a project below", func(p *Purpose) { p.Project = "plants/de/one" }, ""},
		{"on the last day", func(p *Purpose) { p.At = last }, ""},
		{"the day after", func(p *Purpose) { p.At = last.Add(time.Second) }, CredentialExpired},
		{"another application", func(p *Purpose) { p.Application = "rest" }, CredentialNotForHere},
		{"another environment", func(p *Purpose) { p.Environment = "staging" }, CredentialNotForHere},
		{"no environment", func(p *Purpose) { p.Environment = "" }, CredentialNotForHere},
		{"on a laptop", func(p *Purpose) { p.Use = UseLocal }, CredentialNotForHere},
		{"no time", func(p *Purpose) { p.At = time.Time{} }, CredentialNotForHere},
		{"another project", func(p *Purpose) { p.Project = "plants/den" }, CredentialNotForHere},
		{"the whole repository", func(p *Purpose) { p.Project = "" }, CredentialNotForHere},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := good
			c.change(&p)
			v, err := o.Values(p)
			if c.want == "" {
				if err != nil || v["password"].Reveal() != canary {
					t.Fatalf("got %v, %v", v, err)
				}
				return
			}
			wantReason(t, err, c.want)
			if v != nil {
				t.Error("values beside an error")
			}
		})
	}
}

func TestCredentialSetKeepsTheRest(t *testing.T) {
	id := newIdentity(t)
	e := envelope(t, id)
	o, err := newCredential(t, e).Open(repository, Seen{}, id)
	if err != nil {
		t.Fatal(err)
	}
	later := day.AddDate(0, 1, 0)
	c, err := o.Set(o.Envelope(), Values{"password": NewValue("new-" + canary)}, later)
	if err != nil {
		t.Fatal(err)
	}
	if doc, err := c.Encode(); err != nil || !strings.Contains(string(doc), "  fields: [password, username]\n  set:\n    username: \"2026-04-01\"\n  generation: 2\n") {
		t.Errorf("%v\n%s", err, doc)
	}
	c = refile(t, c)
	if diff := cmp.Diff(map[string]string{"username": "dray-" + canary, "password": "new-" + canary}, reveal(t, c, id)); diff != "" {
		t.Error(diff)
	}
	got := c.Envelope()
	if diff := cmp.Diff(map[string]string{"username": "2026-04-01", "password": "2026-05-01"}, got.Fields); diff != "" {
		t.Error(diff)
	}
	if got.Generation != 2 || got.Rotated != "2026-05-01" {
		t.Errorf("generation %d, rotated %s", got.Generation, got.Rotated)
	}
	renamed := o.Envelope()
	renamed.Name = "other"
	_, err = o.Set(renamed, nil, later)
	wantReason(t, err, Malformed)
}

func TestCreateCredentialRefuses(t *testing.T) {
	id := newIdentity(t)
	classic, err := GenerateAgent(Classic)
	if err != nil {
		t.Fatal(err)
	}
	clear, err := ParseBindings([]string{"http://shop.example/"})
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		change func(*Envelope)
		want   Reason
	}{
		"no recipients":       {func(e *Envelope) { e.Recipients = nil }, Malformed},
		"mixed recipients":    {func(e *Envelope) { e.Recipients = recipientsOf(id, classic) }, MixedRecipients},
		"repeated recipient":  {func(e *Envelope) { e.Recipients = recipientsOf(id, id) }, Malformed},
		"no binding":          {func(e *Envelope) { e.Bind = nil }, Malformed},
		"an empty binding":    {func(e *Envelope) { e.Bind = Bindings{{}} }, Malformed},
		"clear text":          {func(e *Envelope) { e.Bind = clear }, Malformed},
		"no environment":      {func(e *Envelope) { e.Environments = nil }, Malformed},
		"no use":              {func(e *Envelope) { e.Use = "" }, Malformed},
		"odd date":            {func(e *Envelope) { e.Expires = "2026-02-30" }, Malformed},
		"scope from the root": {func(e *Envelope) { e.Scope = "/etc" }, Malformed},
		"lines in the reason": {func(e *Envelope) { e.TLS.ClearText = "a\nb" }, Malformed},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e := envelope(t, id)
			c.change(&e)
			_, err := CreateCredential(repository, e, secrets(), day)
			wantReason(t, err, c.want)
		})
	}
	t.Run("an empty secret", func(t *testing.T) {
		_, err := CreateCredential(repository, envelope(t, id), Values{"password": NewValue("")}, day)
		wantReason(t, err, Malformed)
	})
	t.Run("no secret", func(t *testing.T) {
		_, err := CreateCredential(repository, envelope(t, id), nil, day)
		wantReason(t, err, Malformed)
	})
	t.Run("no repository", func(t *testing.T) {
		_, err := CreateCredential("", envelope(t, id), secrets(), day)
		wantReason(t, err, Malformed)
	})
	t.Run("too large", func(t *testing.T) {
		_, err := CreateCredential(repository, envelope(t, id), Values{"key": NewValue(strings.Repeat(canary, 20000))}, day)
		wantReason(t, err, TooLarge)
	})
	t.Run("clear text with a reason", func(t *testing.T) {
		e := envelope(t, id)
		e.Bind, e.TLS.ClearText = clear, "the shop of the demonstration has no certificate"
		newCredential(t, e)
	})
}

func TestCredentialFileReadsAsPromised(t *testing.T) {
	doc, err := newCredential(t, envelope(t, newIdentity(t))).Encode()
	if err != nil {
		t.Fatal(err)
	}
	text := string(doc)
	start, _, _ := strings.Cut(text, "  recipients:\n")
	want := credentialComment + `apiVersion: dray/v1
kind: Credential
metadata:
  name: b1-de
spec:
  application: sap-b1
  bind:
    - https://b1.plant.example:50000/b1s/
  use: agent
  environments: [production]
  fields: [password, username]
  generation: 1
  rotated: "2026-04-01"
`
	if diff := cmp.Diff(want, start); diff != "" {
		t.Error(diff)
	}
	// The order in which a formatter leaves lists and keys does not matter.
	id := newIdentity(t)
	e := envelope(t, id, newIdentity(t))
	e.Environments = []string{"staging", "production"}
	doc, err = newCredential(t, e).Encode()
	if err != nil {
		t.Fatal(err)
	}
	swapped := strings.Replace(string(doc), "[production, staging]", "\n    - \"staging\"\n    - 'production'", 1)
	if swapped == string(doc) {
		t.Fatal("nothing was swapped")
	}
	c, err := ParseCredential([]byte(swapped))
	if err != nil {
		t.Fatal(err)
	}
	if reveal(t, c, id)["password"] != canary {
		t.Error("a reordered list broke the seal")
	}
}

func TestCredentialAsJSON(t *testing.T) {
	id := newIdentity(t)
	c := newCredential(t, envelope(t, id))
	doc, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(doc, &tree); err != nil {
		t.Fatal(err)
	}
	js, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseCredential(js)
	if err != nil {
		t.Fatal(err)
	}
	if got.Digest() != c.Digest() {
		t.Error("the JSON form of a credential is another credential")
	}
}

func TestParseCredentialRefuses(t *testing.T) {
	o, err := newCredential(t, envelope(t, newIdentity(t))).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		old, new string
		want     Reason
	}{
		"unknown field":    {"  use: agent\n", "  use: agent\n  password: " + canary + "\n", Malformed},
		"value for a list": {"[password, username]", canary, Malformed},
		"field twice":      {"[password, username]", "[password, password]", Malformed},
		"date of no field": {"  generation: 1", "  set: {token: \"2026-04-01\"}\n  generation: 1", Malformed},
		"no such date":     {"2026-04-01", "2026-04-31", Malformed},
		"secret as field":  {"[password, username]", "[\"" + canary + "!\"]", Malformed},
		"secret in bind":   {"https://b1", "https://user:" + canary + "@b1", Malformed},
		"wildcard":         {"https://b1.", "https://*.", Malformed},
		"plugin":           {"    - age1pq1", "    - age1yubikey1", UnsupportedRecipient},
		"alias":            {"use: agent", "use: &u agent", Malformed},
		"armour header":    {"-----\n", "-----\n    Comment: x\n", Malformed},
		"not yaml":         {"spec:", "spec: [", Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(string(o), c.old, c.new, 1)
			if changed == string(o) {
				t.Fatalf("%q is not in the file", c.old)
			}
			_, err := ParseCredential([]byte(changed))
			wantReason(t, err, c.want)
		})
	}
}

func TestSecretsPrintAMask(t *testing.T) {
	id := newIdentity(t)
	o, err := newCredential(t, envelope(t, id)).Open(repository, Seen{}, id)
	if err != nil {
		t.Fatal(err)
	}
	v, err := o.Values(use())
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		V      Value
		hidden Value
		m      Values
		o      *Opened
		id     *Identity
		idCopy Identity
		oCopy  Opened
	}
	h := holder{V: v["password"], hidden: v["password"], m: v, o: o, id: id, idCopy: *id, oCopy: *o}
	noSecret := func(text string) {
		t.Helper()
		noCanary(t, text)
		if strings.Contains(text, "AGE-SECRET-KEY") {
			t.Fatalf("a key is in %q", text)
		}
	}
	for _, x := range []any{v, v["password"], new(v["password"]), h, &h, []any{v, o}, o, id, *o, *id} {
		for _, form := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			noSecret(fmt.Sprintf(form, x))
		}
		js, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		noSecret(string(js))
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", x)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", x)
		noSecret(log.String())
	}
	for _, x := range []any{v, v["password"], map[string]any{"a": v}} {
		y, err := yaml.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		noSecret(string(y))
	}
}

func FuzzParseCredential(f *testing.F) {
	id, err := ParseIdentity(testdata(f, "identity-v1.txt"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(testdata(f, "credential-v1.yaml"))
	f.Add([]byte("apiVersion: dray/v1\nkind: Credential\nmetadata: {name: a}\nspec: {}\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte(`{"apiVersion": "dray/v1", "kind": "Credential"}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		c, err := ParseCredential(doc)
		if err != nil {
			return
		}
		out, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseCredential(out)
		if err != nil {
			t.Fatalf("what was parsed and written does not parse: %v\n%s", err, out)
		}
		if c.Digest() != again.Digest() {
			t.Fatal("writing changed what the file says")
		}
		if o, err := c.Open(repository, Seen{}, id); err == nil {
			if v, err := o.Values(use()); err == nil && v["password"].Reveal() != canary {
				t.Fatal("a changed file opened")
			}
		}
	})
}
