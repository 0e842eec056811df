package secret

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Binding is one place a credential may go to: a scheme, a host, a port and a
// path prefix, each compared exactly. The zero Binding allows nothing. Bindings
// are immutable and comparable.
type Binding struct {
	scheme, host, port string
	// path is the decoded prefix without slash at its end; "" allows every path.
	path string
}

// ParseBinding reads a URL such as https://b1.plant.example:50000/b1s/ or
// postgres://db.plant.example:5432/erp.
func ParseBinding(text string) (Binding, error) {
	bad := func(why, hint string) (Binding, error) {
		return Binding{}, &Error{Reason: Malformed, What: "binding", Text: why, Hint: hint}
	}
	u, err := url.Parse(text)
	if err != nil {
		// Neither the text nor the parser's error is repeated: people paste
		// connection strings with passwords.
		return bad("not a URL", "write scheme, host, port and path, as https://erp.example:8443/api/")
	}
	switch {
	case u.User != nil:
		return bad("a user or a password stands in it", "leave them out: they are fields of the credential")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(text, "#"):
		return bad("a query or a fragment stands in it", "bind scheme, host, port and path prefix only")
	case u.Opaque != "" || u.Host == "":
		return bad("no host in it", "write it as https://erp.example/ or postgres://db.example:5432/erp")
	}
	b := Binding{scheme: normalScheme(u.Scheme)}
	if !isScheme(b.scheme) {
		return bad(fmt.Sprintf("scheme %q cannot be bound", shorten(u.Scheme)), "bind the protocol that goes over the network, as https or postgres")
	}
	var ok bool
	if b.host, ok = normalHost(u.Hostname()); !ok {
		return bad(fmt.Sprintf("host %q is not one exact host", shorten(u.Hostname())),
			"write a full name in ASCII (international names in their xn-- form) or an address; no wildcards, no dot at the end")
	}
	if b.port, ok = portOf(u, b.scheme); !ok {
		return bad("the port is missing or not a number from 1 to 65535", "write it, as in "+b.scheme+"://"+hostText(b.host)+":1234")
	}
	if b.path, ok = prefixOf(u); !ok {
		return bad("the path is not a plain prefix", "write whole segments without . and .., without encoded slashes, semicolons or percent signs")
	}
	return b, nil
}

// portOf returns the port of a URL, or that of its scheme.
func portOf(u *url.URL, scheme string) (string, bool) {
	if p := u.Port(); p != "" {
		return normalPort(p)
	}
	p := defaultPort(scheme)
	return p, p != ""
}

// prefixOf returns the decoded path of a binding.
func prefixOf(u *url.URL) (string, bool) {
	raw := strings.TrimSuffix(u.EscapedPath(), "/")
	if raw == "" {
		return "", true
	}
	for seg := range strings.SplitSeq(raw[1:], "/") {
		plain, err := url.PathUnescape(seg)
		if err != nil || plain == "" || !utf8.ValidString(plain) || strings.ContainsAny(plain, "/\\;%") || isDots(plain) || hasControl(plain) {
			return "", false
		}
	}
	plain, err := url.PathUnescape(raw)
	return plain, err == nil && raw[0] == '/'
}

// String returns the binding as it is written into the envelope.
func (b Binding) String() string {
	if b.host == "" {
		return ""
	}
	out := b.scheme + "://" + hostText(b.host)
	if b.port != defaultPort(b.scheme) {
		out += ":" + b.port
	}
	out += (&url.URL{Path: b.path}).EscapedPath()
	if b.scheme == "http" || b.scheme == "https" {
		out += "/"
	}
	return out
}

// hostText puts brackets around an IPv6 address.
func hostText(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// Host returns the host and port as a dialler takes them.
func (b Binding) Host() (host, port string) { return b.host, b.port }

// ClearText reports whether the scheme itself says that nothing is encrypted.
func (b Binding) ClearText() bool { return isClearText(b.scheme) }

// Allows reports whether a request to u stays within the binding. A nil URL, one
// with a user in it, and one whose path a server could read in two ways are not
// allowed.
func (b Binding) Allows(u *url.URL) bool {
	if b.host == "" || u == nil || u.Opaque != "" || u.User != nil {
		return false
	}
	if normalScheme(u.Scheme) != b.scheme {
		return false
	}
	host, ok := normalHost(u.Hostname())
	if !ok || host != b.host {
		return false
	}
	if port, ok := portOf(u, b.scheme); !ok || port != b.port {
		return false
	}
	return b.allowsPath(u.EscapedPath())
}

// AllowsAddr reports whether the binding covers a host and port that are about to
// be dialled, before names are resolved.
func (b Binding) AllowsAddr(host, port string) bool {
	h, ok := normalHost(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if !ok || b.host == "" || h != b.host {
		return false
	}
	p, ok := normalPort(port)
	return ok && p == b.port
}

// Covers reports whether everything that other allows, b allows too.
func (b Binding) Covers(other Binding) bool {
	return b.host != "" && b.scheme == other.scheme && b.host == other.host && b.port == other.port &&
		(b.path == other.path || strings.HasPrefix(other.path, b.path+"/"))
}

// allowsPath compares segment by segment, each decoded on its own, so that an
// encoded slash never makes a boundary.
func (b Binding) allowsPath(escaped string) bool {
	if b.path == "" {
		return true
	}
	if escapesUpwards(escaped) {
		return false
	}
	got := strings.Split(escaped, "/")
	want := strings.Split(b.path, "/")
	if len(got) < len(want) {
		return false
	}
	for i, w := range want {
		g, err := url.PathUnescape(got[i])
		if err != nil || g != w {
			return false
		}
	}
	return true
}

// escapesUpwards reports whether some server could read "." or ".." in the
// path: decoded once or more often, with backslashes as slashes, with path
// parameters cut off.
func escapesUpwards(path string) bool {
	const rounds = 4
	for range rounds {
		if !utf8.ValidString(path) {
			return true // an overlong form of a dot is one reading of it
		}
		segs := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' })
		for _, seg := range segs {
			seg, _, _ = strings.Cut(seg, ";")
			if isDots(seg) || hasControl(seg) {
				return true
			}
		}
		next := unescapeLoosely(path)
		if next == path {
			return false
		}
		path = next
	}
	return true
}

// unescapeLoosely decodes every percent encoding there is and leaves stray
// percent signs alone, as a careless server would.
func unescapeLoosely(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// isDots reports whether a segment moves within the tree, white space aside.
func isDots(seg string) bool {
	seg = strings.TrimSpace(seg)
	return seg == "." || seg == ".."
}

// hasControl reports whether s has a control character in it.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

// Bindings are the places a credential may go to.
type Bindings []Binding

// ParseBindings reads several bindings, orders them, and refuses an empty list
// and a repeated one.
func ParseBindings(texts []string) (Bindings, error) {
	out := make(Bindings, 0, len(texts))
	for _, text := range texts {
		b, err := ParseBinding(text)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out.normal()
}

// normal returns the bindings in order and refuses what cannot stand.
func (bs Bindings) normal() (Bindings, error) {
	out := slices.Clone(bs)
	slices.SortFunc(out, func(a, b Binding) int { return strings.Compare(a.String(), b.String()) })
	for i, b := range out {
		if b.host == "" || i > 0 && b == out[i-1] {
			return nil, &Error{Reason: Malformed, What: "binding", Text: "one is empty or named twice", Hint: "name each host once"}
		}
	}
	if len(out) == 0 {
		return nil, &Error{Reason: Malformed, What: "binding", Text: "there is none", Hint: "name the host the credential may go to, as https://shop.example/"}
	}
	return out, nil
}

// Allows reports whether one of the bindings allows u.
func (bs Bindings) Allows(u *url.URL) bool {
	return slices.ContainsFunc(bs, func(b Binding) bool { return b.Allows(u) })
}

// AllowsAddr reports whether one of the bindings covers a host and port.
func (bs Bindings) AllowsAddr(host, port string) bool {
	return slices.ContainsFunc(bs, func(b Binding) bool { return b.AllowsAddr(host, port) })
}

// Covers reports whether one of the bindings covers other.
func (bs Bindings) Covers(other Binding) bool {
	return slices.ContainsFunc(bs, func(b Binding) bool { return b.Covers(other) })
}

// Strings returns the bindings as text.
func (bs Bindings) Strings() []string {
	out := make([]string, len(bs))
	for i, b := range bs {
		out[i] = b.String()
	}
	return out
}

// Hosts returns the bindings as host:port, each once.
func (bs Bindings) Hosts() []string {
	out := make([]string, len(bs))
	for i, b := range bs {
		out[i] = net.JoinHostPort(b.host, b.port)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
