package connect

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/config"
)

// accountModel has two connections to one server, and one to another.
func accountModel(first, second config.Rate) *config.Model {
	m := &config.Model{Connections: map[string]*config.Resource[config.Connection]{}}
	for name, c := range map[string]config.Connection{
		"first":  {Endpoint: "https://erp.example/v1", Rate: &first},
		"second": {Endpoint: "https://erp.example/v2", Rate: &second},
		"other":  {Endpoint: "https://crm.example/", Rate: &second},
	} {
		c.Application, c.Zone = "shop", "UTC"
		m.Connections[name] = &config.Resource[config.Connection]{Metadata: config.Metadata{Name: name}, Spec: c, Digest: "sha256:" + name}
	}
	return m
}

func open(t *testing.T, p *Pool, m *config.Model, name string) *Handle {
	t.Helper()
	h, err := p.Open(t.Context(), m, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Release(context.WithoutCancel(t.Context())) })
	return h
}

func limiterOf(h *Handle) adapters.Limiter { return h.Connection.(*connection).env.Limiter }

// free reports whether a request may be sent at once.
func free(t *testing.T, l adapters.Limiter) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := l.Acquire(ctx)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	return err == nil
}

// Connections to one server with one credential are one account: they have one rate together, the least that is said, and others have theirs.
func TestConnectionsOfOneAccountShareItsRate(t *testing.T) {
	f := newFixture(t, "https://erp.example/")
	m := accountModel(config.Rate{Concurrency: 5}, config.Rate{Concurrency: 2})
	first, other := open(t, f.pool, m, "first"), open(t, f.pool, m, "other")
	second := open(t, f.pool, m, "second")
	var held []func()
	for range 2 {
		release, err := limiterOf(first).Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, release)
	}
	if free(t, limiterOf(second)) || free(t, limiterOf(first)) {
		t.Error("two requests are under way, and the account takes a third")
	}
	if !free(t, limiterOf(other)) {
		t.Error("another account has to wait")
	}
	held[0]()
	if !free(t, limiterOf(second)) {
		t.Error("a request has ended, and the account takes no other")
	}
}

// An account remembers what it was asked when nobody has it open: a run that follows another one begins with what is left.
func TestAccountOutlivesItsConnections(t *testing.T) {
	f := newFixture(t, "https://erp.example/")
	m := accountModel(config.Rate{RequestsPerDay: 10}, config.Rate{})
	for i, want := range []bool{true, false} {
		h := open(t, f.pool, m, "first")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if _, err := limiterOf(h).Acquire(ctx); (err == nil) != want {
			t.Errorf("request %d: %v", i, err)
		}
		cancel()
		if err := h.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Who has a higher priority goes first where several wait, and among equals who came first.
func TestPriorityInTheLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(&config.Rate{RequestsPerSecond: 1})
		if _, err := l.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var order []string
		var done sync.WaitGroup
		ask := func(name string, p Priority) {
			done.Go(func() {
				release, err := l.Acquire(WithPriority(t.Context(), p))
				if err != nil {
					t.Error(err)
					return
				}
				release()
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
			})
			synctest.Wait() // it waits before the next one comes
		}
		ask("begun", Low)
		ask("low", Low)
		ask("normal", Normal)
		ask("high", High)
		ask("high too", High)
		done.Wait()
		if want := []string{"begun", "high", "high too", "normal", "low"}; !slices.Equal(order, want) {
			t.Errorf("in the order %q, want %q", order, want)
		}
	})
}

// Who gives up while waiting takes nobody's turn with it.
func TestGivingUpATurn(t *testing.T) {
	var turn turns
	if err := turn.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() { gone <- turn.take(ctx) }()
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("gave up: %v", err)
	}
	next := make(chan error, 1)
	go func() { next <- turn.take(t.Context()) }()
	turn.pass()
	if err := <-next; err != nil {
		t.Error(err)
	}
	turn.pass()
	if turn.taken || len(turn.waiting) > 0 {
		t.Errorf("nobody waits, and it is %+v", &turn)
	}
}

// Requests of work that is under way are not sent once a window begins in which the connection takes none.
func TestClosedHoldsRequestsUnderWay(t *testing.T) {
	f := newFixture(t, "https://erp.example/")
	now := day.Add(time.Hour)
	f.pool.options.Now = func() time.Time { return now }
	m := accountModel(config.Rate{}, config.Rate{})
	m.Connections["first"].Spec.Closed = []config.Window{{Cron: "0 2 * * *", For: config.Duration(time.Hour), Reason: "backup"}}
	h := open(t, f.pool, m, "first")
	if _, err := limiterOf(h).Acquire(t.Context()); err != nil {
		t.Fatalf("before the window: %v", err)
	}
	now = day.Add(2*time.Hour + 10*time.Minute)
	_, err := limiterOf(h).Acquire(t.Context())
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok || e.Kind != adapters.RateLimited || e.After != 50*time.Minute || e.Rule != "the connection is closed: backup" {
		t.Errorf("in the window: %v", err)
	}
	now = day.Add(3 * time.Hour)
	if _, err := limiterOf(h).Acquire(t.Context()); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

// What a connection hears holds requests of work that is under way elsewhere.
func TestPauseHoldsRequestsUnderWay(t *testing.T) {
	f := newFixture(t, "https://erp.example/")
	m := accountModel(config.Rate{}, config.Rate{})
	h := open(t, f.pool, m, "first")
	leave, pause := f.pool.Enter(m, []string{"first"})
	if pause != nil {
		t.Fatal(pause)
	}
	leave("first", &adapters.Error{Kind: adapters.Unauthorized, Op: "reading"}, true)
	_, err := limiterOf(h).Acquire(t.Context())
	if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Kind != adapters.RateLimited || e.After != firstPause {
		t.Errorf("a request of another: %v", err)
	}
	if _, pause := f.pool.Enter(m, []string{"second"}); pause != nil {
		t.Errorf("another connection: %v", pause)
	}
	m.Connections["first"].Digest = "sha256:changed" // by a commit
	if _, pause := f.pool.Enter(m, []string{"first"}); pause != nil {
		t.Errorf("after it was changed: %v", pause)
	}
}
