package config

import (
	"net/url"
	"path"
	"strings"
)

// defaultPorts are those that addresses leave out.
var defaultPorts = map[string]string{"https": "443", "http": "80", "postgres": "5432", "postgresql": "5432", "sftp": "22"}

// covers reports whether a place that a credential is bound to holds the address: the same scheme, host and port, and a path at or
// below its own.
func covers(bind, address string) bool {
	b, err := url.Parse(bind)
	if err != nil {
		return false
	}
	a, err := url.Parse(address)
	if err != nil {
		return false
	}
	if b.Scheme != a.Scheme || !strings.EqualFold(b.Hostname(), a.Hostname()) || portOf(b) != portOf(a) {
		return false
	}
	prefix, at := strings.TrimSuffix(path.Clean("/"+b.Path), "/"), path.Clean("/"+a.Path)
	return at == prefix || prefix == "" || strings.HasPrefix(at, prefix+"/")
}

func portOf(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return defaultPorts[u.Scheme]
}
