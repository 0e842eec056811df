package connect

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/secret"
)

const repositoryID = "2f1c9a50-acme"

var day = time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)

// An application opens connections that count themselves.
type application struct {
	endpoint string
	open     func(context.Context) error
	opened   atomic.Int64
	closed   atomic.Int64
}

func (a *application) Spec() adapters.Spec {
	return adapters.Spec{Name: "shop", Hosts: true, Endpoint: func(json.RawMessage) (string, error) { return a.endpoint, nil }}
}

func (a *application) Open(ctx context.Context, env adapters.Env, _ adapters.Settings) (adapters.Connection, error) {
	if a.open != nil {
		if err := a.open(ctx); err != nil {
			return nil, err
		}
	}
	a.opened.Add(1)
	return &connection{app: a, env: env}, nil
}

type connection struct {
	app *application
	env adapters.Env
}

func (c *connection) Check(context.Context) (string, error) { return "", nil }

func (c *connection) Close(context.Context) error {
	c.app.closed.Add(1)
	return nil
}

// A remembering Memory.
type remembered struct {
	mu   sync.Mutex
	seen secret.Seen
	file []byte
}

func (m *remembered) Credential(context.Context, string) (secret.Seen, []byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen, m.file, nil
}

func (m *remembered) AcceptCredential(_ context.Context, _ string, seen secret.Seen, file []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen, m.file = seen, file
	return nil
}

// A fixture is a pool for one application.
type fixture struct {
	app     *application
	id      *secret.Identity
	vault   *Vault
	pool    *Pool
	mu      sync.Mutex
	notices []error
}

func newFixture(t *testing.T, endpoint string) *fixture {
	t.Helper()
	id, err := secret.GenerateAgent(secret.Classic)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return day }
	f := &fixture{app: &application{endpoint: endpoint}, id: id}
	f.vault = &Vault{Identity: id, RepositoryID: repositoryID, Environment: "production", Use: secret.UseAgent, Memory: new(remembered), Now: now}
	f.pool = NewPool(Options{
		Registry: adapters.NewRegistry(nil, f.app), Vault: f.vault, Egress: loopback, Paths: new(Paths), Log: hclog.NewNullLogger(), Now: now,
		Notice: func(_ string, err error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.notices = append(f.notices, err)
		},
	})
	return f
}

// envelope is for the fixture's agent.
func (f *fixture) envelope(t *testing.T, hosts ...string) secret.Envelope {
	t.Helper()
	return secret.Envelope{
		Name: "shop", Application: "shop", Bind: bindings(t, hosts...), Use: secret.UseAgent, Environments: []string{"production"},
		Recipients: []secret.Recipient{f.id.Public().Recipient},
	}
}

func create(t *testing.T, e secret.Envelope, password string) *secret.Credential {
	t.Helper()
	c, err := secret.CreateCredential(repositoryID, e, secret.Values{"password": secret.NewValue(password)}, day)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// model has the connections shop and plain; shop uses a credential where there is one.
func model(t *testing.T, c *secret.Credential) *config.Model {
	t.Helper()
	spec := config.Connection{Application: "shop", Zone: "UTC"}
	m := &config.Model{Connections: map[string]*config.Resource[config.Connection]{
		"plain": {Metadata: config.Metadata{Name: "plain"}, Spec: spec, Digest: "sha256:plain"},
	}}
	if c != nil {
		raw, err := c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		spec.Credential = "shop"
		digest := c.Digest()
		m.Credentials = map[string]*config.Resource[config.Credential]{
			"shop": {Metadata: config.Metadata{Name: "shop"}, Spec: config.Credential{Raw: raw}, Digest: string(digest[:])},
		}
	}
	m.Connections["shop"] = &config.Resource[config.Connection]{Metadata: config.Metadata{Name: "shop"}, Spec: spec, Digest: "sha256:shop"}
	return m
}

func password(t *testing.T, h *Handle) string {
	t.Helper()
	s, ok := h.Connection.(*connection).env.Secrets.Get("password")
	if !ok {
		t.Fatal("no password")
	}
	return s.Reveal()
}

func TestPoolSharesAndCloses(t *testing.T) {
	f := newFixture(t, "https://shop.example/api")
	m := model(t, nil)
	const users = 20
	var group sync.WaitGroup
	for range users {
		group.Go(func() {
			for range users {
				h, err := f.pool.Open(t.Context(), m, "shop")
				if err != nil {
					t.Error(err)
					return
				}
				for range 2 { // the second release does nothing
					if err := h.Release(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	if opened, closed := f.app.opened.Load(), f.app.closed.Load(); opened == 0 || opened != closed || len(f.pool.open) != 0 {
		t.Errorf("%d opened, %d closed, %d left", opened, closed, len(f.pool.open))
	}

	a, errA := f.pool.Open(t.Context(), m, "shop")
	b, errB := f.pool.Open(t.Context(), model(t, nil), "shop") // of another model that says the same
	c, errC := f.pool.Open(t.Context(), m, "plain")
	if err := errors.Join(errA, errB, errC); err != nil {
		t.Fatal(err)
	}
	if a.Connection != b.Connection || a.Connection == c.Connection {
		t.Error("shared wrongly")
	}
	closed := f.app.closed.Load()
	_ = a.Release(t.Context())
	if f.app.closed.Load() != closed {
		t.Error("closed while in use")
	}
	_, _ = b.Release(t.Context()), c.Release(t.Context())
	if f.app.closed.Load() != closed+2 {
		t.Error("not closed by the last")
	}
	if _, err := f.pool.Open(t.Context(), m, "absent"); err == nil {
		t.Error("an absent connection opens")
	}
}

func TestASlowSystemHoldsUpNobodyElse(t *testing.T) {
	f := newFixture(t, "https://shop.example/api")
	m := model(t, nil)
	entered := make(chan struct{})
	var later atomic.Bool
	f.app.open = func(ctx context.Context) error {
		if later.Swap(true) {
			return nil // the first alone is slow
		}
		close(entered)
		<-ctx.Done()
		return ctx.Err()
	}
	ctx, giveUp := context.WithCancel(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { _, err := f.pool.Open(ctx, m, "shop"); first <- err }()
	<-entered
	other, err := f.pool.Open(t.Context(), m, "plain")
	if err != nil {
		t.Fatal(err)
	}
	_ = other.Release(t.Context())

	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.pool.Open(impatient, m, "shop"); !errors.Is(err, context.Canceled) {
		t.Errorf("one who gave up waiting: %v", err)
	}
	go func() {
		h, err := f.pool.Open(t.Context(), m, "shop")
		if err == nil {
			err = h.Release(t.Context())
		}
		second <- err
	}()
	giveUp()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up: %v", err)
	}
	if err := <-second; err != nil {
		t.Errorf("who did not give up: %v", err)
	}
	if len(f.pool.open) != 0 || f.app.opened.Load() != f.app.closed.Load() {
		t.Errorf("%d left, %d opened, %d closed", len(f.pool.open), f.app.opened.Load(), f.app.closed.Load())
	}
}

func TestAFailedOpeningIsNotKept(t *testing.T) {
	f := newFixture(t, "https://shop.example/api")
	m := model(t, nil)
	f.app.open = func(context.Context) error { return errors.New("refused") }
	if _, err := f.pool.Open(t.Context(), m, "shop"); err == nil || !strings.Contains(err.Error(), `connection "shop": refused`) {
		t.Errorf("error: %v", err)
	}
	f.app.open = func(context.Context) error { panic("a fault of an adapter") }
	func() {
		defer func() { _ = recover() }()
		_, _ = f.pool.Open(t.Context(), m, "shop")
	}()
	f.app.open = nil
	h, err := f.pool.Open(t.Context(), m, "shop")
	if err != nil {
		t.Fatal(err)
	}
	_ = h.Release(t.Context())
}

func TestReleaseLeavesNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") }))
	defer server.Close()
	f := newFixture(t, server.URL)
	h, err := f.pool.Open(t.Context(), model(t, nil), "shop")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := h.Connection.(*connection).env.HTTP.RoundTrip(request(t, "GET", server.URL))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	if err := h.Release(t.Context()); err != nil {
		t.Error(err)
	}
}
