package api

import (
	"context"
	"net"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// caller is who asks.
type caller struct {
	name string
	// local: over the unix socket, which only the agent's own user can open.
	local bool
}

type callerKey struct{}

// withCaller notes who a connection belongs to.
func withCaller(ctx context.Context, c net.Conn) context.Context {
	if u, ok := c.(*net.UnixConn); ok {
		return context.WithValue(ctx, callerKey{}, caller{name: peer(u), local: true})
	}
	return ctx
}

// callerOf returns who asks.
func callerOf(ctx context.Context) caller {
	if c, ok := ctx.Value(callerKey{}).(caller); ok {
		return c
	}
	return caller{name: "token"}
}

// errRemote refuses content to whoever is not on the agent's machine.
func errRemote() error {
	return huma.NewError(http.StatusForbidden, "content of records is shown over the agent's unix socket only; ask on its machine, as its user")
}
