package connect

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/secret"
)

var loopback = Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}

func bindings(t *testing.T, texts ...string) secret.Bindings {
	t.Helper()
	b, err := secret.ParseBindings(texts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ruleOf returns the rule of a refusal, and fails where err is none.
func ruleOf(t *testing.T, err error) string {
	t.Helper()
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok {
		t.Fatalf("not an adapter's error: %v", err)
	}
	return e.Rule
}

func request(t *testing.T, method, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestHTTPReachesItsHostsOnly(t *testing.T) {
	defer goleak.VerifyNone(t)
	reached := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached++
		if r.URL.Path == "/api/away" {
			http.Redirect(w, r, "/admin", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "here")
	}))
	defer server.Close()
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	transport := newTransport(loopback, newGuard(loopback, bindings(t, server.URL+"/api")))
	defer transport.next.CloseIdleConnections()

	answer, err := transport.RoundTrip(request(t, "GET", server.URL+"/api/orders"))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if string(b) != "here" {
		t.Errorf("answer %q", b)
	}
	// Not even a client that follows redirects leaves the prefix.
	client := &http.Client{Transport: transport}
	if answer, err := client.Do(request(t, "GET", server.URL+"/api/away")); err == nil {
		_ = answer.Body.Close()
		t.Error("a redirect was followed out of the prefix")
	}
	before := reached
	port := server.Listener.Addr().(*net.TCPAddr).Port
	for name, url := range map[string]string{
		"other host":     strings.Replace(server.URL, "127.0.0.1", "127.0.0.2", 1) + "/api/orders",
		"name for it":    strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/api/orders",
		"other port":     "http://127.0.0.1:1/api/orders",
		"default port":   "http://127.0.0.1/api/orders",
		"other scheme":   strings.Replace(server.URL, "http:", "https:", 1) + "/api/orders",
		"other prefix":   server.URL + "/admin",
		"longer segment": server.URL + "/apix",
		"upwards":        server.URL + "/api/../admin",
		"encoded":        server.URL + "/api/%2e%2e/admin",
		"user":           strings.Replace(server.URL, "//", "//joe:canary@", 1) + "/api/orders",
	} {
		answer, err := transport.RoundTrip(request(t, "GET", url+"?q=canary"))
		if err == nil {
			_ = answer.Body.Close()
			t.Errorf("%s: reached", name)
			continue
		}
		if rule := ruleOf(t, err); strings.Contains(err.Error(), "canary") || !strings.Contains(rule, "outside") {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := request(t, "GET", server.URL+"/api/orders")
	r.Host = "other.example"
	if answer, err := transport.RoundTrip(r); err == nil {
		_ = answer.Body.Close()
		t.Error("another Host header was sent")
	}
	if reached != before {
		t.Errorf("the server on port %d was asked %d times", port, reached-before)
	}
}

func TestDialReachesItsHostsOnly(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	hosts := bindings(t, "postgres://127.0.0.1:"+port, "postgres://localhost:"+port)

	c, err := newGuard(loopback, hosts).dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	for name, address := range map[string]string{"other port": "127.0.0.1:1", "other host": "127.0.0.2:" + port, "no port": "127.0.0.1"} {
		if _, err := newGuard(loopback, hosts).dial(t.Context(), "tcp", address); err == nil {
			t.Errorf("%s: reached", name)
		}
	}
	for _, network := range []string{"udp", "unix", "ip"} {
		if _, err := newGuard(loopback, hosts).dial(t.Context(), network, l.Addr().String()); err == nil {
			t.Errorf("network %s: reached", network)
		}
	}
	// A name is judged by what it resolves to.
	for _, address := range []string{"localhost:" + port, l.Addr().String()} {
		_, err := newGuard(Egress{}, hosts).dial(t.Context(), "tcp", address)
		if rule := ruleOf(t, err); !strings.Contains(rule, "--allow-address") {
			t.Errorf("%s: %s", address, rule)
		}
	}
	if _, err := newGuard(loopback, nil).dial(t.Context(), "tcp", l.Addr().String()); err == nil {
		t.Error("without hosts everything is reachable")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newGuard(loopback, hosts).dial(ended, "tcp", l.Addr().String()); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	_ = l.Close()
	_, err = newGuard(loopback, hosts).dial(t.Context(), "tcp", "127.0.0.1:"+port)
	if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Kind != adapters.Unavailable {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	allowed := newGuard(Egress{Allow: []netip.Prefix{netip.MustParsePrefix("169.254.7.0/24")}}, nil)
	for address, ok := range map[string]bool{
		"127.0.0.1:80":                false,
		"[::1]:80":                    false,
		"[::ffff:127.0.0.1]:80":       false,
		"[64:ff9b::7f00:1]:80":        false,
		"[64:ff9b::a9fe:a9fe]:80":     false,
		"0.0.0.0:80":                  false,
		"[::]:80":                     false,
		"169.254.169.254:80":          false,
		"[::ffff:169.254.169.254]:80": false,
		"[fd00:ec2::254]:80":          false,
		"100.100.100.200:80":          false,
		"168.63.129.16:80":            false,
		"[fe80::1%eth0]:80":           false,
		"224.0.0.1:80":                false,
		"not an address":              false,
		"169.254.7.1:80":              true, // allowed by the operator
		"[::ffff:169.254.7.1]:80":     true,
		"10.0.0.1:80":                 true,
		"192.0.2.1:443":               true,
		"[2001:db8::1]:443":           true,
		"[64:ff9b::c000:201]:443":     true,
	} {
		if err := allowed.control(t.Context(), "tcp", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}
