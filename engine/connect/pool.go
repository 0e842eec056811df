package connect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/secret"
)

// Options are what a pool opens connections with.
type Options struct {
	Registry *adapters.Registry // built-in applications
	Vault    *Vault
	Egress   Egress
	Paths    *Paths
	Log      hclog.Logger
	Now      func() time.Time
	// Notice hears of a credential that was older than the accepted one, which serves on. nil: nobody does.
	Notice func(connection string, err error)
}

// A Pool opens connections and shares each among everyone who uses it. It is safe for concurrent use.
type Pool struct {
	options Options
	mu      sync.Mutex
	open    map[string]*shared
}

type shared struct {
	key        string
	connection adapters.Connection
	users      int
}

// NewPool returns an empty pool.
func NewPool(o Options) *Pool { return &Pool{options: o, open: map[string]*shared{}} }

// A Handle is one use of a connection. Release gives it back; the last to do so closes it.
type Handle struct {
	adapters.Connection
	pool   *Pool
	shared *shared
	once   sync.Once
}

// Open returns a connection of the model. Two models whose connection, credential and application are the same share it.
// Mistakes in its settings are *[adapters.ConfigError].
func (p *Pool) Open(ctx context.Context, m *config.Model, name string) (*Handle, error) {
	c, ok := m.Connections[name]
	if !ok {
		return nil, fmt.Errorf("connection %q does not exist", name)
	}
	key := identity(m, c)
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.open[key]
	if s == nil {
		connection, err := p.connect(ctx, m, c)
		if err != nil {
			return nil, err
		}
		s = &shared{key: key, connection: connection}
		p.open[key] = s
	}
	s.users++
	return &Handle{Connection: s.connection, pool: p, shared: s}, nil
}

// Release gives the connection back. It may be called more than once.
func (h *Handle) Release(ctx context.Context) error {
	var err error
	h.once.Do(func() {
		h.pool.mu.Lock()
		h.shared.users--
		last := h.shared.users == 0
		if last {
			delete(h.pool.open, h.shared.key)
		}
		h.pool.mu.Unlock()
		if last {
			err = h.shared.connection.Close(ctx)
		}
	})
	return err
}

// identity tells connections apart by all that makes them what they are.
func identity(m *config.Model, c *config.Resource[config.Connection]) string {
	key := c.Metadata.Name + " " + c.Digest
	if credential := m.Credentials[c.Spec.Credential]; credential != nil {
		key += " " + credential.Digest
	}
	if application := m.Applications[c.Spec.Application]; application != nil {
		key += " " + application.Digest
	}
	return key
}

func (p *Pool) connect(ctx context.Context, m *config.Model, c *config.Resource[config.Connection]) (adapters.Connection, error) {
	application, err := p.application(m, c.Spec.Application)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(c.Spec.Zone)
	if err != nil {
		return nil, fmt.Errorf("connection %q: unknown zone %q", c.Metadata.Name, c.Spec.Zone)
	}
	env, err := p.env(ctx, m, c, application.Spec())
	if err != nil {
		return nil, err
	}
	connection, err := application.Open(ctx, env, adapters.Settings{
		Connection: c.Metadata.Name, Config: c.Spec.Config, Objects: c.Spec.Objects, Zone: zone,
	})
	if err != nil {
		return nil, fmt.Errorf("connection %q: %w", c.Metadata.Name, err)
	}
	return connection, nil
}

func (p *Pool) application(m *config.Model, name string) (adapters.Application, error) {
	if a, ok := p.options.Registry.Get(name); ok {
		return a, nil
	}
	declared, ok := m.Applications[name]
	if !ok || p.options.Registry.Declarer() == nil {
		return nil, fmt.Errorf("application %q does not exist", name)
	}
	return p.options.Registry.Declarer().Declare(name, declared.Spec.Declaration)
}

// env makes what the adapter gets: secrets, and a way out to the connection's hosts alone.
func (p *Pool) env(ctx context.Context, m *config.Model, c *config.Resource[config.Connection], spec adapters.Spec) (adapters.Env, error) {
	var values secret.Values
	hosts, err := endpoint(spec, c.Spec.Config)
	if err != nil {
		return adapters.Env{}, fmt.Errorf("connection %q: %w", c.Metadata.Name, err)
	}
	if name := c.Spec.Credential; name != "" {
		credential, ok := m.Credentials[name]
		if !ok {
			return adapters.Env{}, fmt.Errorf("connection %q: credential %q does not exist", c.Metadata.Name, name)
		}
		var bound secret.Bindings
		values, bound, err = p.options.Vault.open(ctx, name, &credential.Spec, c.Spec.Application)
		if values == nil {
			return adapters.Env{}, fmt.Errorf("connection %q: %w", c.Metadata.Name, err)
		}
		if err != nil && p.options.Notice != nil {
			p.options.Notice(c.Metadata.Name, err)
		}
		if err := covers(bound, hosts); err != nil {
			return adapters.Env{}, fmt.Errorf("connection %q: credential %q: %w", c.Metadata.Name, name, err)
		}
		hosts = bound
	}
	guard := newGuard(p.options.Egress, hosts)
	return adapters.Env{
		Log:     p.options.Log.Named(c.Metadata.Name),
		Clock:   clock(p.options.Now),
		HTTP:    newTransport(p.options.Egress, guard),
		Dial:    guard.dial,
		Secrets: secrets(values),
		Limiter: newLimiter(c.Spec.Rate),
		Paths:   p.options.Paths,
	}, nil
}

// endpoint returns where a connection goes by its own settings.
func endpoint(spec adapters.Spec, settings json.RawMessage) (secret.Bindings, error) {
	if !spec.Hosts {
		return nil, nil
	}
	url, err := spec.Endpoint(settings)
	if err != nil {
		return nil, err
	}
	return secret.ParseBindings([]string{url})
}

// ErrOtherHost is why a credential is refused to a connection that goes elsewhere than the hosts sealed into it.
var ErrOtherHost = errors.New("sealed for other hosts")

// covers holds that a credential goes only to the hosts sealed into it (promise 5).
func covers(sealed, wanted secret.Bindings) error {
	for _, w := range wanted {
		if !sealed.Covers(w) {
			return fmt.Errorf("%w (%v) than the connection's: %s", ErrOtherHost, sealed.Strings(), w)
		}
	}
	if len(wanted) == 0 {
		return fmt.Errorf("%w (%v), and the connection names none", ErrOtherHost, sealed.Strings())
	}
	return nil
}

type clock func() time.Time

// Now returns the time.
func (c clock) Now() time.Time { return c() }
