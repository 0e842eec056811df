package api_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/dray-sync/dray/engine/api"
)

const token = "0123456789abcdef0123"

// socketPath is short enough for a unix socket, wherever temporary folders are.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "api")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func TestUnixSocket(t *testing.T) {
	path := socketPath(t)
	l, err := api.ListenUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info, err)
	}
	if _, err := api.ListenUnix(path); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second agent: %v", err)
	}
	// A process that was killed leaves its socket.
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
	if l, err = api.ListenUnix(path); err != nil {
		t.Fatalf("a socket that was left: %v", err)
	}
	_ = l.Close()

	if err := os.WriteFile(path, []byte("keep"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := api.ListenUnix(path); err == nil || !strings.Contains(err.Error(), "not a socket") {
		t.Errorf("a file: %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "keep" {
		t.Error("the file was removed")
	}
	if _, err := api.ListenUnix("/" + strings.Repeat("x", 101)); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a long path: %v", err)
	}
}

func TestTCPIsRefusedWithoutProtection(t *testing.T) {
	for name, c := range map[string]struct {
		tcp  api.TCP
		want string
	}{
		"short token":     {api.TCP{Address: "127.0.0.1:0", Token: "short"}, "20 characters"},
		"no port":         {api.TCP{Address: "127.0.0.1", Token: token}, "address and a port"},
		"every interface": {api.TCP{Address: "0.0.0.0:0", Token: token}, "TLS"},
		"empty host":      {api.TCP{Address: ":0", Token: token}, "TLS"},
		"a name":          {api.TCP{Address: "agent.example:0", Token: token}, "TLS"},
	} {
		if l, err := api.ListenTCP(c.tcp); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), c.tcp.Token) {
			t.Errorf("%s: %v, %v", name, l, err)
		}
	}
}

func TestAuthentication(t *testing.T) {
	inner := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "inside") })
	h := api.Authenticated(inner, api.TCP{Address: "agent.example:7788", Token: token})
	do := func(path, host, authorization string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		r.Host = host
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	missing, wrong := do("/v1/status", "localhost", ""), do("/v1/status", "localhost", "Bearer wrong")
	if missing.Code != 401 || wrong.Code != 401 || missing.Body.String() != wrong.Body.String() {
		t.Errorf("missing: %d %s wrong: %d %s", missing.Code, missing.Body, wrong.Code, wrong.Body)
	}
	for _, host := range []string{"localhost:7788", "127.0.0.1", "[::1]:7788", "agent.example:7788", "AGENT.example"} {
		if w := do("/v1/status", host, "Bearer "+token); w.Code != 200 || w.Body.String() != "inside" {
			t.Errorf("host %q: %d %s", host, w.Code, w.Body)
		}
	}
	for _, host := range []string{"", "evil.example", "localhost.evil.example:7788", "127.0.0.1.evil.example"} {
		if w := do("/v1/status", host, "Bearer "+token); w.Code != 421 {
			t.Errorf("host %q: %d", host, w.Code)
		}
	}
	if w := do("/healthz", "10.0.0.1", ""); w.Code != 200 {
		t.Errorf("health: %d", w.Code)
	}
	limited := 0
	for range 100 {
		if do("/v1/status", "localhost", "Bearer wrong").Code == 429 {
			limited++
		}
	}
	if limited == 0 {
		t.Error("guessing is not slowed")
	}
	if w := do("/v1/status", "localhost", "Bearer "+token); w.Code != 200 {
		t.Errorf("the right token while another one is guessed: %d", w.Code)
	}
}

func TestHostOfTheCertificate(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	certificate := server.TLS.Certificates[0]
	certificate.Leaf = server.Certificate() // it names example.com
	inner := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for want, c := range map[int]*tls.Certificate{200: &certificate, 421: nil} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/healthz", nil)
		r.Host = "example.com"
		w := httptest.NewRecorder()
		api.Authenticated(inner, api.TCP{Address: "0.0.0.0:7788", Token: token, Certificate: c}).ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%d, want %d", w.Code, want)
		}
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	l, err := api.ListenTCP(api.TCP{Address: "127.0.0.1:0", Token: token})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done, entered := make(chan error, 1), make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-ctx.Done()
		_, _ = io.WriteString(w, "finished")
	})
	go func() { done <- api.Serve(ctx, l, h) }()
	go func() { <-entered; cancel() }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil || string(b) != "finished" {
		t.Errorf("a request under way: %q, %v", b, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestServeReportsABrokenListener(t *testing.T) {
	defer goleak.VerifyNone(t)
	l, err := api.ListenTCP(api.TCP{Address: "127.0.0.1:0", Token: token})
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := api.Serve(t.Context(), l, http.NotFoundHandler()); err == nil {
		t.Error("no error")
	}
}
