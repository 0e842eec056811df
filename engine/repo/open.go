package repo

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Open returns the source that opts name. It does no I/O for a remote
// repository, and opens a local one. All errors are [*Error].
func Open(opts Options) (Source, error) {
	opts.Limits = opts.Limits.withDefaults()
	scheme, _, isURL := strings.Cut(opts.URL, "://")
	switch {
	case opts.URL == "":
		return nil, &Error{Kind: KindUsage, Repository: `""`, Message: "no URL and no path given"}
	case isURL:
		return openURL(opts, strings.ToLower(scheme))
	case looksLikeSSH(opts.URL):
		return nil, sshError(scrub(opts.URL))
	default:
		return openLocal(opts)
	}
}

// openURL judges a URL and returns the source for its scheme.
func openURL(opts Options, scheme string) (Source, error) {
	where := scrub(opts.URL)
	refuse := func(kind Kind, message, hint string) error {
		return &Error{Kind: kind, Repository: where, Message: message, Hint: hint}
	}
	switch scheme {
	case "https", "http":
	case "ssh", "git+ssh":
		return nil, sshError(where)
	case "file":
		return nil, refuse(KindUsage, "file URLs are not served", "give the path itself")
	default:
		return nil, refuse(KindUsage, fmt.Sprintf("scheme %q is not served", scheme), "use https")
	}
	u, err := url.Parse(opts.URL)
	if err != nil {
		// The cause quotes the URL, and with it a password it may hold.
		return nil, refuse(KindUsage, "the URL does not parse", "write it as https://host/path")
	}
	switch {
	case u.User != nil:
		return nil, refuse(KindUsage, "the URL holds a user name or password",
			"take it out and give the credentials in a file")
	case u.Hostname() == "":
		return nil, refuse(KindUsage, "the URL names no host", "write it as https://host/path")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, refuse(KindUsage, "the URL has a query or fragment", "write it as https://host/path")
	case scheme == "http" && !isLoopback(u.Hostname()) && !opts.Auth.isZero():
		return nil, refuse(KindInsecure, "credentials are not sent over plain http", "use https")
	case scheme == "http" && !isLoopback(u.Hostname()) && !opts.AllowHTTP:
		return nil, refuse(KindInsecure, "plain http lets anyone on the way change the configuration", "use https")
	}
	return newRemote(opts, u)
}

func sshError(where string) error {
	return &Error{Kind: KindUsage, Repository: where, Message: "ssh is not served", Hint: "use the https URL of the repository"}
}

// looksLikeSSH recognises user@host:path.
func looksLikeSSH(s string) bool {
	host, _, colon := strings.Cut(s, ":")
	return colon && strings.Contains(host, "@") && !strings.ContainsAny(host, `/\`)
}

// isLoopback says that a host is this machine.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// scrub returns a URL or path fit to be shown: with no user and password, even
// where it does not parse, with no query, and with nothing a terminal would
// obey.
func scrub(raw string) string {
	raw, _, _ = strings.Cut(raw, "?")
	raw, _, _ = strings.Cut(raw, "#")
	scheme, rest, isURL := strings.Cut(raw, "://")
	if !isURL {
		if looksLikeSSH(raw) {
			_, raw, _ = strings.Cut(raw, "@")
		}
		return printable(raw)
	}
	// Everything before the last @ goes: a password may itself hold a slash or
	// an @. A path with an @ loses its host here, which costs less than a leak.
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		rest = rest[i+1:]
	}
	return printable(scheme + "://" + rest)
}
