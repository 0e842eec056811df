//go:build !linux

package api

import "net"

// peer names the user at the other end of a unix socket, which is the agent's own.
func peer(*net.UnixConn) string { return "local" }
