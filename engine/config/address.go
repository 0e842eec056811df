package config

import "net/url"

// Address returns scheme, host and port of where the connection goes, and nothing else of its URL. Empty: it reaches no host.
func (c *Connection) Address() string {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
