package repo

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// Options say which repository to read and how. The zero value of every field
// but URL has a meaning.
type Options struct {
	// URL is an https URL, an http URL, or the path of a local git repository,
	// bare or not. It holds no user and no password: see Auth.
	URL string
	// Branch is the branch to follow, or the full name of a ref, such as
	// refs/tags/v1. Empty means what the repository calls its HEAD.
	Branch string
	// Auth authenticates to a remote repository. The zero value sends nothing.
	Auth Auth
	// CABundle holds certificates in PEM form, trusted beside those of the
	// system.
	CABundle []byte
	// AllowHTTP permits plain http to hosts other than this machine. No
	// credentials go over it all the same.
	AllowHTTP bool
	// Timeout bounds each call to a remote repository; zero means a minute.
	Timeout time.Duration
	// Limits bound what is read.
	Limits Limits
}

// Limits bound what a repository may make the process read and hold. A field
// that is zero has its default.
type Limits struct {
	// FileBytes is the size of one file; by default 1 MiB.
	FileBytes int64
	// Files is the number of files and directories; by default 20,000.
	Files int
	// TreeBytes is the size of all files together; by default 64 MiB.
	TreeBytes int64
	// PathBytes is the length of a path; by default 512.
	PathBytes int
	// Depth is the number of directories a file may lie within; by default 16.
	Depth int
	// PackBytes is the size of an answer of the server; by default 128 MiB.
	PackBytes int64
	// UnpackedBytes is the size of all git objects of an answer once unpacked;
	// by default 256 MiB.
	UnpackedBytes int64
	// Objects is the number of git objects of an answer; by default 250,000.
	Objects int
}

// withDefaults returns the limits with no field zero.
func (l Limits) withDefaults() Limits {
	return Limits{
		FileBytes:     cmp.Or(l.FileBytes, 1<<20),
		Files:         cmp.Or(l.Files, 20_000),
		TreeBytes:     cmp.Or(l.TreeBytes, 64<<20),
		PathBytes:     cmp.Or(l.PathBytes, 512),
		Depth:         cmp.Or(l.Depth, 16),
		PackBytes:     cmp.Or(l.PackBytes, 128<<20),
		UnpackedBytes: cmp.Or(l.UnpackedBytes, 256<<20),
		Objects:       cmp.Or(l.Objects, 250_000),
	}
}

// defaultTimeout bounds a call to a remote repository when nobody said.
const defaultTimeout = time.Minute

// An Auth authenticates to a git server. It prints as a mask. The zero value
// sends nothing.
type Auth struct {
	user   string
	secret SecretFunc
	bearer bool
}

// A SecretFunc returns a password or token each time one is needed, so that a
// rotated one is picked up. Its error must not hold the secret.
type SecretFunc func(context.Context) (string, error)

// BasicAuth sends a user name and a password. Most git hosts take an access
// token as the password; an empty user is sent as "git".
func BasicAuth(user string, password SecretFunc) Auth {
	return Auth{user: cmp.Or(user, "git"), secret: password}
}

// BearerAuth sends a token as a bearer token.
func BearerAuth(token SecretFunc) Auth { return Auth{secret: token, bearer: true} }

// FixedSecret returns always the same secret.
func FixedSecret(secret string) SecretFunc {
	return func(context.Context) (string, error) { return secret, nil }
}

// maxSecretBytes bounds the file of a secret: longer is a wrong file.
const maxSecretBytes = 64 << 10

// SecretFile reads a secret from a file each time; white space around it is
// dropped.
func SecretFile(path string) SecretFunc {
	return func(context.Context) (string, error) {
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		if !info.Mode().IsRegular() || info.Size() > maxSecretBytes {
			return "", fmt.Errorf("%s is not a file of at most %d bytes", path, maxSecretBytes)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		secret := strings.TrimSpace(string(data))
		if secret == "" {
			return "", fmt.Errorf("%s is empty", path)
		}
		if strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return "", fmt.Errorf("%s holds more than one line", path)
		}
		return secret, nil
	}
}

// isZero says that nothing is to be sent.
func (a Auth) isZero() bool { return a.secret == nil }

// String returns a mask.
func (a Auth) String() string {
	if a.isZero() {
		return "none"
	}
	return "***"
}

// Format prints the mask whatever the verb.
func (a Auth) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.String())) }
