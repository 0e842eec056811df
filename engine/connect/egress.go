package connect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/secret"
)

// Egress is what the operator says about outgoing traffic.
type Egress struct {
	// Allow are address ranges that are reachable although they are refused by default: loopback, link-local (cloud metadata
	// services are there), multicast and unspecified addresses.
	Allow []netip.Prefix
	// RootCAs are trusted besides the system's. nil: only the system's.
	RootCAs *x509.CertPool
}

// An egressGuard lets one connection reach its hosts. It is safe for concurrent use.
type egressGuard struct {
	hosts  secret.Bindings
	allow  []netip.Prefix
	dialer net.Dialer
}

func newGuard(e Egress, hosts secret.Bindings) *egressGuard {
	g := &egressGuard{hosts: hosts, allow: e.Allow}
	g.dialer = net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second, ControlContext: g.control}
	return g
}

// dial opens a connection to one of the hosts.
func (g *egressGuard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || (network != "tcp" && network != "tcp4" && network != "tcp6") {
		return nil, refused(fmt.Sprintf("network %q is not allowed", network))
	}
	if !g.hosts.AllowsAddr(host, port) {
		return nil, refused(fmt.Sprintf("host %s is not one this connection may reach", net.JoinHostPort(host, port)))
	}
	conn, err := g.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, dialError(ctx, err)
	}
	return conn, nil
}

// control judges the address that is really dialled, after names are resolved.
func (g *egressGuard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return refused("address is not an IP address and a port")
	}
	ip := embedded(at.Addr().Unmap().WithZone(""))
	if !forbidden(ip) || slices.ContainsFunc(g.allow, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return nil
	}
	return refused(fmt.Sprintf("address %s is refused unless the operator allows it: --allow-address %s", ip, netip.PrefixFrom(ip, ip.BitLen())))
}

// forbidden reports whether an address leads to this machine, its link, or a cloud's metadata service.
func forbidden(ip netip.Addr) bool {
	return ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast() || ip.IsMulticast() || ip.IsUnspecified() ||
		slices.Contains(metadata, ip)
}

// embedded returns the IPv4 address that a NAT64 gateway translates an address to; other addresses stay as they are.
func embedded(ip netip.Addr) netip.Addr {
	if nat64 := netip.MustParsePrefix("64:ff9b::/96"); nat64.Contains(ip) {
		b := ip.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return ip
}

// metadata are the addresses of cloud metadata services outside the link-local ranges.
var metadata = []netip.Addr{netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("168.63.129.16")}

// A roundTripper sends requests to the hosts. It goes through no proxy and follows no redirect.
type roundTripper struct {
	guard *egressGuard
	next  *http.Transport
}

func newTransport(e Egress, g *egressGuard) *roundTripper {
	return &roundTripper{guard: g, next: &http.Transport{
		DialContext:            g.dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: e.RootCAs},
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           16,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    15 * time.Second,
		ResponseHeaderTimeout:  2 * time.Minute,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}}
}

// RoundTrip refuses every URL outside the hosts, path prefixes included, and a Host header that names another one.
func (t *roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.guard.hosts.Allows(r.URL) || r.Host != "" && r.Host != r.URL.Host {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, refused(fmt.Sprintf("URL %s is outside what this connection may reach", place(r.URL)))
	}
	return t.next.RoundTrip(r)
}

// place is a URL without what may hold content: user, path below the first segment, query and fragment.
func place(u *url.URL) string { return u.Scheme + "://" + u.Host + "/…" }

func refused(rule string) error {
	return &adapters.Error{Kind: adapters.Invalid, Op: "connecting", Rule: rule}
}

// dialError sorts a failed dial. A refusal by [egressGuard.control] keeps its own words.
func dialError(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*adapters.Error](err); ok {
		return e
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	rule := "cannot be reached"
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		rule = fmt.Sprintf("host %q is not known to DNS", dns.Name)
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		rule = "connection refused"
	}
	return &adapters.Error{Kind: adapters.Unavailable, Op: "connecting", Rule: rule, Err: err}
}
