package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// maxBody bounds what a client may send.
const maxBody = 1 << 20

// ListenUnix opens a unix socket that only its owner can use. A socket that an earlier process left is replaced; one that
// still answers is not.
func ListenUnix(path string) (net.Listener, error) {
	const longest = 100 // the system's bound is 104 or 108
	if len(path) > longest {
		return nil, fmt.Errorf("socket path of %d bytes is too long for a unix socket (at most %d); name a shorter one with --socket", len(path), longest)
	}
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("socket %s is in use by another agent", path)
	}
	switch info, err := os.Lstat(path); {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode().Type() != os.ModeSocket:
		return nil, fmt.Errorf("socket path %s holds something that is not a socket; name another one with --socket", path)
	default:
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listening on socket %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// TCP is how the API is offered over TCP.
type TCP struct {
	Address string
	// Token is what a client must send as a bearer token. At least 20 characters.
	Token string
	// Certificate is needed unless the address is a loopback one.
	Certificate *tls.Certificate
}

// ListenTCP opens a TCP port.
func ListenTCP(t TCP) (net.Listener, error) {
	const shortest = 20
	if len(t.Token) < shortest {
		return nil, fmt.Errorf("listening on %s: the token must have at least %d characters; make one with openssl rand -hex 32", t.Address, shortest)
	}
	host, _, err := net.SplitHostPort(t.Address)
	if err != nil {
		return nil, fmt.Errorf("listening on %q: write an address and a port, such as 127.0.0.1:7788", t.Address)
	}
	if ip, err := netip.ParseAddr(host); t.Certificate == nil && (err != nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("listening on %s: other machines may only be served over TLS; name a certificate with --tls-cert and --tls-key, or listen on 127.0.0.1", t.Address)
	}
	l, err := net.Listen("tcp", t.Address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", t.Address, err)
	}
	if t.Certificate != nil {
		l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*t.Certificate}, NextProtos: []string{"h2", "http/1.1"}})
	}
	return l, nil
}

// grace is how long requests may take to finish when the server ends.
const grace = 5 * time.Second

// Serve answers on l until ctx ends, then lets requests finish for a short while and cuts off the rest.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	// No ReadTimeout: it would also end requests that only wait for their answer. The time for a body is bounded by operation.
	s := &http.Server{
		Handler:           http.MaxBytesHandler(h, maxBody),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ConnContext:       withCaller,
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		err := s.Shutdown(stop)
		if errors.Is(err, context.DeadlineExceeded) {
			err = s.Close()
		}
		done <- err
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-done
}

// Authenticated lets only requests through that carry the token and whose Host is the listening one, localhost, an IP address,
// or a name of the certificate; other names are those of web pages that had their name resolved to this machine. Health is
// open to all.
func Authenticated(h http.Handler, t TCP) http.Handler {
	want := sha256.Sum256([]byte(t.Token))
	failures := rate.NewLimiter(5, 20)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		w.Header().Set("Cache-Control", "no-store")
		if !t.isHost(r.Host) {
			problemText(w, http.StatusMisdirectedRequest, "the host named in the request is not this agent")
			return
		}
		if r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
			h.ServeHTTP(w, r)
			return
		}
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sha256.Sum256([]byte(given))
		if !ok || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			if !failures.Allow() {
				problemText(w, http.StatusTooManyRequests, "too many requests with a wrong token")
				return
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="dray"`)
			problemText(w, http.StatusUnauthorized, "a bearer token is needed")
			return
		}
		h.ServeHTTP(w, r)
	})
}

// isHost reports whether a Host header, with or without a port, may stand for this agent.
func (t TCP) isHost(header string) bool {
	host := (&url.URL{Host: header}).Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	listening, _, _ := net.SplitHostPort(t.Address) // empty where it is no address: then no name fits
	if host == "" || strings.EqualFold(host, "localhost") || strings.EqualFold(host, listening) {
		return host != ""
	}
	return t.Certificate != nil && t.Certificate.Leaf != nil && t.Certificate.Leaf.VerifyHostname(host) == nil
}

func problemText(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"title":%q,"status":%d,"detail":%q}`+"\n", http.StatusText(status), status, detail)
}
