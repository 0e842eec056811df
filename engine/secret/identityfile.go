package secret

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"filippo.io/age"
)

const (
	// maxIdentityBytes bounds an identity file.
	maxIdentityBytes = 64 << 10
	// signerPrefix starts the line that holds the seed of the signer.
	signerPrefix = "DRAY-SIGNER-SECRET-1:"
)

// ReadIdentity reads an identity file. It refuses a file that group or others
// can read or write, and everything that is not a regular file.
func ReadIdentity(path string) (*Identity, error) {
	what := fmt.Sprintf("identity %q", path)
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{Reason: IdentityUnreadable, What: what, Text: "cannot be opened", Hint: "dray key generate makes one", Err: pathless(err)}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, &Error{Reason: IdentityUnreadable, What: what, Text: "cannot be examined", Err: pathless(err)}
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{Reason: IdentityUnreadable, What: what, Text: "not a regular file", Hint: "name the file that dray key generate wrote"}
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, &Error{
			Reason: IdentityExposed, What: what, Text: fmt.Sprintf("its mode %04o lets others reach it", perm),
			Hint: "run chmod 600 " + path + ", and make a new identity if others may have read this one",
		}
	}
	text, err := readBounded(f, maxIdentityBytes, what)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	defer clear(text)
	return parseIdentity(text, what)
}

// ParseIdentity reads the content of an identity file, or of one that
// age-keygen wrote, which has no signer.
func ParseIdentity(text []byte) (*Identity, error) { return parseIdentity(text, "identity") }

// parseIdentity reads one age key and at most one signer. Its errors name lines
// by number and never repeat them.
func parseIdentity(text []byte, what string) (*Identity, error) {
	var id *Identity
	var signer ed25519.PrivateKey
	for i, raw := range bytes.Split(text, []byte("\n")) {
		line := strings.TrimSpace(string(raw))
		bad := func(why string) error {
			return &Error{Reason: Malformed, What: what, Text: fmt.Sprintf("line %d: %s", i+1, why), Hint: "use the file as dray key generate wrote it"}
		}
		var err error
		switch {
		case line == "" || line[0] == '#':
		case strings.HasPrefix(line, signerPrefix):
			if signer != nil {
				return nil, bad("a second signer")
			}
			if signer = parseSeed(line[len(signerPrefix):]); signer == nil {
				return nil, bad("not a signer")
			}
		case id != nil:
			return nil, bad("a second key, and one file holds one identity")
		default:
			if id, err = parseAgeIdentity(line); err != nil {
				return nil, bad("not a native age secret key")
			}
		}
	}
	if id == nil {
		return nil, &Error{Reason: Malformed, What: what, Text: "no age secret key in it", Hint: "dray key generate makes one"}
	}
	if signer == nil {
		return id, nil
	}
	return id.withSigner(signer), nil
}

// parseAgeIdentity reads one secret key of either kind.
func parseAgeIdentity(line string) (*Identity, error) {
	if key, err := age.ParseHybridIdentity(line); err == nil {
		return identityOf(key, line, key.Recipient().String())
	}
	key, err := age.ParseX25519Identity(line)
	if err != nil {
		return nil, errors.New("not an age secret key")
	}
	return identityOf(key, line, key.Recipient().String())
}

// parseSeed returns the signer whose seed text is, or nil.
func parseSeed(text string) ed25519.PrivateKey {
	seed, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil
	}
	return ed25519.NewKeyFromSeed(seed)
}

// WriteIdentity writes id to a new file of mode 0600 and never overwrites one.
// created is the time the file's comment states.
func WriteIdentity(path string, id *Identity, created time.Time) error {
	what := fmt.Sprintf("identity %q", path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &Error{
			Reason: IdentityUnreadable, What: what, Text: "the file exists, and a key is never overwritten",
			Hint: "choose another name, or move the old file away", Err: nil,
		}
	}
	if err != nil {
		return &Error{Reason: IdentityUnreadable, What: what, Text: "cannot be written", Err: pathless(err)}
	}
	text := id.fileText(created)
	defer clear(text)
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		os.Remove(path)
		return &Error{Reason: IdentityUnreadable, What: what, Text: "cannot be written", Err: pathless(err)}
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a new directory entry durable where the system can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("opening the folder of the identity: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && runtime.GOOS != "windows" {
		return fmt.Errorf("writing the folder of the identity: %w", err)
	}
	return nil
}

// fileText is the content of the identity file.
func (id *Identity) fileText(created time.Time) []byte {
	var b bytes.Buffer
	s := id.secret()
	fmt.Fprintf(&b, "# dray identity: secret, never commit it, keep its mode at 0600\n")
	fmt.Fprintf(&b, "# created: %s\n", created.UTC().Format(time.RFC3339))
	fmt.Fprintf(&b, "# recipient: %s\n", id.public.Recipient)
	if s.signer != nil {
		fmt.Fprintf(&b, "# signer: %s\n", id.public.Signer)
	}
	fmt.Fprintf(&b, "%s\n", s.text)
	if s.signer != nil {
		fmt.Fprintf(&b, "%s%s\n", signerPrefix, base64.StdEncoding.EncodeToString(s.signer.Seed()))
	}
	return b.Bytes()
}

// pathless drops the path from an error of package os: the message has it already.
func pathless(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
