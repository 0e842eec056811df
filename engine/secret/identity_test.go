package secret

import (
	"crypto/ed25519"
	"encoding/base64"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"filippo.io/age"
)

func TestIdentityThroughItsFile(t *testing.T) {
	for name, make := range map[string]func() (*Identity, error){
		"post-quantum agent":    func() (*Identity, error) { return GenerateAgent(Hybrid) },
		"classic agent":         func() (*Identity, error) { return GenerateAgent(Classic) },
		"post-quantum recovery": func() (*Identity, error) { return GenerateRecovery(Hybrid) },
	} {
		t.Run(name, func(t *testing.T) {
			id, err := make()
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "identity")
			if err := WriteIdentity(path, id, day); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
				t.Fatalf("mode %v, %v", info.Mode(), err)
			}
			got, err := ReadIdentity(path)
			if err != nil {
				t.Fatal(err)
			}
			if got.Public().Recipient.String() != id.Public().Recipient.String() || got.Public().Signer != id.Public().Signer {
				t.Errorf("got %v, want %v", got.Public(), id.Public())
			}
			if got.Public().Recipient.PostQuantum() != strings.HasPrefix(name, "post-quantum") {
				t.Error("the key is of the other kind")
			}
			if (got.Public().Signer == "") != strings.HasSuffix(name, "recovery") {
				t.Errorf("signer %q", got.Public().Signer)
			}
			if err := got.Prove(); err != nil {
				t.Error(err)
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			wantReason(t, WriteIdentity(path, id, day), IdentityUnreadable)
			if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
				t.Error("the file was overwritten")
			}
		})
	}
}

func TestSignerIsTheOneInTheFile(t *testing.T) {
	id := newIdentity(t)
	if _, err := ParseSigner(id.Public().Signer + " plant-1 of acme"); err != nil {
		t.Errorf("a comment is refused: %v", err)
	}
	pub, err := ParseSigner(id.Public().Signer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseIdentity(id.fileText(day))
	if err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(pub, []byte("m"), ed25519.Sign(got.secret().signer, []byte("m"))) {
		t.Error("the two halves do not belong together")
	}
	for _, bad := range []string{
		"", "ssh-ed25519", "ssh-ed25519 ", "ssh-ed25519 !!", "ssh-rsa AAAA", id.Public().Signer + "AAAA",
		"ssh-ed25519 " + base64.StdEncoding.EncodeToString(Enc("ssh-rsa", pub)), "ssh-ed25519 " + base64.StdEncoding.EncodeToString(Enc(sshEd25519, pub[:31])),
	} {
		_, err := ParseSigner(bad)
		wantReason(t, err, Malformed)
	}
}

func TestReadIdentityRefusesAnExposedFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing on Windows")
	}
	id := newIdentity(t)
	path := filepath.Join(t.TempDir(), "identity")
	if err := WriteIdentity(path, id, day); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o644, 0o610, 0o602} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := ReadIdentity(path)
		wantReason(t, err, IdentityExposed)
		if !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("no mending hint in %q", err)
		}
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadIdentity(path); err != nil {
		t.Errorf("a read-only file is refused: %v", err)
	}
	_, err := ReadIdentity(filepath.Dir(path))
	wantReason(t, err, IdentityUnreadable)
	_, err = ReadIdentity(path + "-missing")
	wantReason(t, err, IdentityUnreadable)
	big := path + "-big"
	if err := os.WriteFile(big, []byte("#"+strings.Repeat("x", maxIdentityBytes)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = ReadIdentity(big)
	wantReason(t, err, TooLarge)
}

func TestParseIdentityNeverRepeatsTheKey(t *testing.T) {
	id := newIdentity(t)
	key, signer := id.secret().text, signerPrefix+base64.StdEncoding.EncodeToString(id.secret().signer.Seed())
	plugin := "AGE-PLUGIN-YUBIKEY-1QQPQQQZ"
	for name, text := range map[string]string{
		"nothing":            "# only a comment\n",
		"cut key":            key[:len(key)-1],
		"two keys":           key + "\n" + key,
		"two signers":        key + "\n" + signer + "\n" + signer,
		"signer alone":       signer,
		"cut signer":         key + "\n" + signer[:40],
		"plugin":             plugin,
		"passphrase":         "age-encryption.org/v1\n-> scrypt",
		"ssh":                "-----BEGIN OPENSSH PRIVATE KEY-----",
		"public instead":     id.Public().Recipient.String(),
		"lower case":         strings.ToLower(key),
		"junk after the key": key + "\n" + canary,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseIdentity([]byte(text))
			wantReason(t, err, Malformed)
			for _, part := range []string{key[:40], key[len(key)-20 : len(key)-1], signer[30:50]} {
				if strings.Contains(err.Error(), part) {
					t.Errorf("part of a key is in %q", err)
				}
			}
		})
	}
	native, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseIdentity([]byte("# created by age-keygen\r\n" + native.String() + "\r\n"))
	if err != nil || got.Public().Recipient.String() != native.Recipient().String() {
		t.Errorf("a file of age-keygen gives %v, %v", got, err)
	}
}

func TestParseRecipientTakesNativeKeysOnly(t *testing.T) {
	id := newIdentity(t)
	good := id.Public().Recipient.String()
	for _, bad := range []string{
		"", " " + good, good + "\n", strings.ToUpper(good), good[:len(good)-1], "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t",
		"age1tag1qd8w", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN", "github:someone", "https://example.com/keys", "-i", "/etc/passwd",
	} {
		_, err := ParseRecipient(bad)
		wantReason(t, err, UnsupportedRecipient)
	}
	_, err := ParseRecipient(id.secret().text)
	wantReason(t, err, UnsupportedRecipient)
	if strings.Contains(err.Error(), id.secret().text[:30]) {
		t.Errorf("the error repeats a secret key: %v", err)
	}
	if !strings.Contains(err.Error(), "treat that key as lost") {
		t.Errorf("no warning in %q", err)
	}
	classic, err := GenerateRecovery(Classic)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ParseRecipients([]string{good, classic.Public().Recipient.String()})
	wantReason(t, err, MixedRecipients)
	_, err = CreateRing("production", []Recipient{classic.Public().Recipient, id.Public().Recipient}, day)
	wantReason(t, err, MixedRecipients)
	if r, err := ParseRecipient(vectorRecipient); err != nil || r.PostQuantum() {
		t.Errorf("a classic key gives %v, %v", r, err)
	}
}
