package adapters

import (
	"context"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Env is all that an adapter gets from outside. There is no other way out: no net.Dial, no http.DefaultClient, no os.Open and
// no environment variables under adapters. Its parts are safe for concurrent use and never nil.
type Env struct {
	Log   hclog.Logger
	Clock Clock
	// HTTP sends requests to the hosts this connection may reach, and no others. It follows no redirects, keeps no cookies,
	// and puts no credential on anything: adapters add theirs themselves.
	HTTP http.RoundTripper
	// Dial opens a network connection under the same rules. network is tcp, tcp4 or tcp6.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Secrets are the fields of the connection's credential.
	Secrets Secrets
	// Limiter holds the connection's rate, shared with everyone on the same account.
	Limiter Limiter
	// Paths opens files and folders the operator allowed.
	Paths Paths
}

// Clock tells the time.
type Clock interface {
	Now() time.Time
}

// Secrets is an opened credential.
type Secrets interface {
	// Get returns a field, and whether the credential has it.
	Get(field string) (Secret, bool)
}

// Limiter bounds requests.
type Limiter interface {
	// Acquire waits until a request may be sent. The caller calls release once when it is answered.
	Acquire(ctx context.Context) (release func(), err error)
}

// Paths is the operator's allow-list of places in the file system.
type Paths interface {
	// Resolve finds the allowed folder that holds path. A path that is not allowed, or not for writing, is a *[ConfigError]
	// without a path. The caller closes Location.Root.
	Resolve(path string, write bool) (Location, error)
}

// Location is a resolved place.
type Location struct {
	// Root is the allowed folder. Everything opened through it stays inside, whatever symbolic links say.
	Root *os.Root
	// Rel is the path inside Root, with forward slashes.
	Rel string
	// Abs is the same place as an absolute path without symbolic links in its folder, for libraries that take nothing else.
	Abs string
}
