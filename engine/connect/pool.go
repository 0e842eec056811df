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

	mu       sync.Mutex
	open     map[string]*shared
	accounts map[string]*account
	gates    map[string]*gate
}

// shared is a connection that is open or being opened. connection, idle and err are set before ready is closed.
type shared struct {
	key        string
	users      int // guarded by the pool
	ready      chan struct{}
	connection adapters.Connection
	idle       func() // closes what the transport keeps open
	account    *account
	rate       config.Rate
	err        error
}

// NewPool returns an empty pool.
func NewPool(o Options) *Pool {
	return &Pool{options: o, open: map[string]*shared{}, accounts: map[string]*account{}, gates: map[string]*gate{}}
}

func (p *Pool) now() time.Time {
	if p.options.Now == nil {
		return time.Now()
	}
	return p.options.Now()
}

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
	for {
		s, mine := p.join(identity(m, c))
		if mine {
			p.fill(ctx, s, m, c)
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), p.leave(context.WithoutCancel(ctx), s))
		}
		if s.err == nil {
			return &Handle{Connection: s.connection, pool: p, shared: s}, nil
		}
		gaveUp := errors.Is(s.err, context.Canceled) || errors.Is(s.err, context.DeadlineExceeded)
		if mine || !gaveUp || ctx.Err() != nil {
			return nil, s.err
		}
		// Whoever was opening it gave up; this one has not.
	}
}

// join counts one more user of a connection. mine: the caller opens it.
func (p *Pool) join(key string) (s *shared, mine bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s = p.open[key]; s == nil {
		s, mine = &shared{key: key, ready: make(chan struct{}), idle: func() {}}, true
		p.open[key] = s
	}
	s.users++
	return s, mine
}

// fill opens a connection without holding the lock: others neither wait for a slow system nor for its time limit.
func (p *Pool) fill(ctx context.Context, s *shared, m *config.Model, c *config.Resource[config.Connection]) {
	s.err = fmt.Errorf("connection %q: internal error: opening it did not end", c.Metadata.Name) // when an adapter panics
	defer func() {
		if s.err != nil {
			p.mu.Lock()
			delete(p.open, s.key)
			p.mu.Unlock()
			s.end(p.now())
		}
		close(s.ready)
	}()
	s.err = p.connect(ctx, s, m, c)
}

// leave counts one user less; the last closes the connection.
func (p *Pool) leave(ctx context.Context, s *shared) error {
	p.mu.Lock()
	s.users--
	last := s.users == 0
	if last && p.open[s.key] == s {
		delete(p.open, s.key)
	}
	p.mu.Unlock()
	if !last || s.connection == nil {
		return nil
	}
	defer s.end(p.now())
	return s.connection.Close(ctx)
}

// end gives back what the connection had around it.
func (s *shared) end(now time.Time) {
	s.idle()
	if s.account != nil {
		s.account.leave(s.rate, now)
	}
}

// Release gives the connection back. It may be called more than once.
func (h *Handle) Release(ctx context.Context) error {
	var err error
	h.once.Do(func() { err = h.pool.leave(ctx, h.shared) })
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

func (p *Pool) connect(ctx context.Context, s *shared, m *config.Model, c *config.Resource[config.Connection]) error {
	application, err := p.application(m, c.Spec.Application)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(c.Spec.Zone)
	if err != nil {
		return fmt.Errorf("connection %q: unknown zone %q", c.Metadata.Name, c.Spec.Zone)
	}
	env, err := p.env(ctx, m, c, application.Spec())
	if err != nil {
		return err
	}
	s.account, s.rate = p.account(&c.Spec, c.Metadata.Name)
	env.Limiter = gated{s.account, p.gate(m, c)}
	if t, ok := env.HTTP.(*roundTripper); ok {
		s.idle = t.next.CloseIdleConnections
	}
	connection, err := application.Open(ctx, env, adapters.Settings{
		Connection: c.Metadata.Name, Config: c.Spec.Config, Objects: c.Spec.Objects, Zone: zone,
	})
	if err != nil {
		return fmt.Errorf("connection %q: %w", c.Metadata.Name, err)
	}
	s.connection = connection
	return nil
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
		Clock:   clock(p.now),
		HTTP:    newTransport(p.options.Egress, guard),
		Dial:    guard.dial,
		Secrets: secrets(values),
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
