package adaptertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/dray-sync/dray/adapters"
)

// A World is the outside of an adapter under test: the loopback interface behind a link that can be cut, one folder, some secrets, and a
// log that is kept. Safe for concurrent use.
type World struct {
	// Dir is the folder that paths are allowed in, for reading and writing. It is removed with the test.
	Dir string

	secrets   secrets
	transport *http.Transport
	log       logBuffer

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]struct{}
}

// NewWorld makes a world with these secrets; nil: none.
func NewWorld(t testing.TB, fields map[string]string) *World {
	t.Helper()
	w := &World{Dir: t.TempDir(), secrets: secrets{}, conns: map[net.Conn]struct{}{}}
	for k, v := range fields {
		w.secrets[k] = adapters.NewSecret(v)
	}
	w.transport = &http.Transport{DialContext: w.dial, MaxIdleConnsPerHost: 8, ResponseHeaderTimeout: time.Minute}
	t.Cleanup(w.transport.CloseIdleConnections)
	return w
}

// TestEnv returns the surroundings of a fresh [World] without secrets, for tests that need no more.
func TestEnv(t testing.TB) adapters.Env {
	t.Helper()
	return NewWorld(t, nil).Env()
}

// Env returns what an adapter gets of this world.
func (w *World) Env() adapters.Env {
	return adapters.Env{
		Log:     hclog.New(&hclog.LoggerOptions{Output: &w.log, Level: hclog.Trace}),
		Clock:   clock{},
		HTTP:    w.transport,
		Dial:    w.dial,
		Secrets: w.secrets,
		Limiter: unlimited{},
		Paths:   folder(w.Dir),
	}
}

// Cut breaks every network connection and refuses new ones until [World.Mend].
func (w *World) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
	for c := range w.conns {
		_ = c.Close() // breaking it is the purpose
	}
	clear(w.conns)
}

// Mend undoes [World.Cut].
func (w *World) Mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = false
}

// Log returns all that was logged.
func (w *World) Log() string { return w.log.String() }

var errCut = errors.New("the link is cut")

func (w *World) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("tests reach the loopback interface only, not %q", host)
	}
	if w.isCut() {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errCut}
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return w.keep(c)
}

func (w *World) isCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut
}

func (w *World) keep(c net.Conn) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		_ = c.Close() // cut while it was being made
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errCut}
	}
	w.conns[c] = struct{}{}
	return &link{Conn: c, world: w}, nil
}

// link forgets itself when closed.
type link struct {
	net.Conn
	world *World
}

func (l *link) Close() error {
	l.world.mu.Lock()
	delete(l.world.conns, l.Conn)
	l.world.mu.Unlock()
	return l.Conn.Close()
}

type secrets map[string]adapters.Secret

func (s secrets) Get(field string) (adapters.Secret, bool) {
	v, ok := s[field]
	return v, ok
}

type clock struct{}

func (clock) Now() time.Time { return time.Now() }

type unlimited struct{}

func (unlimited) Acquire(ctx context.Context) (func(), error) { return func() {}, ctx.Err() }

type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
