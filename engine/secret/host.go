package secret

import (
	"net/netip"
	"strconv"
	"strings"
)

// normalHost returns a host as bindings compare it: lower case, addresses in
// their one canonical form. It refuses what two programs might read as two
// hosts: letters beyond ASCII (an international name is written in its xn--
// form), a dot at the end, zones, and names that some resolvers take for numbers.
func normalHost(host string) (string, bool) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String(), addr.Zone() == "" && !addr.Is4In6()
	}
	host = asciiLower(host)
	if len(host) == 0 || len(host) > 253 {
		return "", false
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if !isLabel(label) {
			return "", false
		}
	}
	if last := labels[len(labels)-1]; isDigits(last) || strings.HasPrefix(last, "0x") {
		return "", false
	}
	return host, true
}

// isLabel reports whether s is one label of a host name.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// asciiLower lowers A to Z and nothing else: Unicode folding would turn the
// Kelvin sign into a k.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// normalPort returns a port without leading zeros.
func normalPort(port string) (string, bool) {
	if !isDigits(port) {
		return "", false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return strconv.FormatUint(n, 10), err == nil && n > 0
}

// normalScheme lowers a scheme and maps a second name of one to the first.
func normalScheme(scheme string) string {
	switch s := asciiLower(scheme); s {
	case "postgresql":
		return "postgres"
	case "mssql":
		return "sqlserver"
	default:
		return s
	}
}

// isScheme reports whether s is the scheme of a URL with a host.
func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != "" && s != "file"
}

// defaultPort returns the port a scheme means when none is written, or "".
func defaultPort(scheme string) string {
	switch scheme {
	case "https", "wss":
		return "443"
	case "http", "ws":
		return "80"
	case "postgres":
		return "5432"
	case "mysql", "mariadb":
		return "3306"
	case "sqlserver":
		return "1433"
	case "oracle":
		return "1521"
	case "mongodb":
		return "27017"
	case "redis", "rediss":
		return "6379"
	case "sftp", "ssh":
		return "22"
	case "ftp":
		return "21"
	case "ftps":
		return "990"
	case "amqp":
		return "5672"
	case "amqps":
		return "5671"
	case "mqtt":
		return "1883"
	case "mqtts":
		return "8883"
	case "ldap":
		return "389"
	case "ldaps":
		return "636"
	case "smtp":
		return "587"
	case "smtps":
		return "465"
	case "imap":
		return "143"
	case "imaps":
		return "993"
	}
	return ""
}

// isClearText reports whether a scheme itself says that nothing is encrypted.
// ftp, imap, ldap and smtp can turn to TLS after connecting and are not among them.
func isClearText(scheme string) bool {
	switch scheme {
	case "http", "ws", "amqp", "mqtt", "redis":
		return true
	}
	return false
}
