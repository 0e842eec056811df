package connect

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"sync"
	"time"

	"github.com/dray-sync/dray/engine/config"
)

// An account is what connections share that go to the same server with the same credential: how often it may be asked. Where they say
// different rates, the least of those that are open holds. It is safe for concurrent use.
type account struct {
	mu      sync.Mutex
	limiter *limiter
	rate    config.Rate   // of the limiter
	users   []config.Rate // of the open connections
	left    time.Time     // when the last of them was closed
}

// Acquire waits until a request may be sent.
func (a *account) Acquire(ctx context.Context) (func(), error) {
	a.mu.Lock()
	l := a.limiter
	a.mu.Unlock()
	return l.Acquire(ctx)
}

// join counts one more open connection, with its rate.
func (a *account) join(r config.Rate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users = append(a.users, r)
	a.adapt()
}

// leave counts one open connection less. Without any the account keeps what it has counted.
func (a *account) leave(r config.Rate, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.users {
		if a.users[i] == r {
			a.users = append(a.users[:i], a.users[i+1:]...)
			break
		}
	}
	if a.left = now; len(a.users) > 0 {
		a.adapt()
	}
}

// adapt begins to count anew where the least rate has changed.
func (a *account) adapt() {
	least := a.users[0]
	for _, r := range a.users[1:] {
		least.RequestsPerSecond = lesser(least.RequestsPerSecond, r.RequestsPerSecond)
		least.RequestsPerMinute = lesser(least.RequestsPerMinute, r.RequestsPerMinute)
		least.RequestsPerHour = lesser(least.RequestsPerHour, r.RequestsPerHour)
		least.RequestsPerDay = lesser(least.RequestsPerDay, r.RequestsPerDay)
		least.Concurrency = lesser(least.Concurrency, r.Concurrency)
	}
	if a.limiter == nil || least != a.rate {
		a.limiter, a.rate = newLimiter(&least), least
	}
}

// lesser returns the lesser of two bounds, of which 0 is none.
func lesser[T cmp.Ordered](a, b T) T {
	var none T
	if a == none || b != none && b < a {
		return b
	}
	return a
}

// rememberedFor is how long an account that nobody uses keeps what it has counted: as long as its longest rate looks back.
const rememberedFor = 24 * time.Hour

// account returns the account of a connection, which the connection has joined.
func (p *Pool) account(c *config.Connection, name string) (*account, config.Rate) {
	var rate config.Rate
	if c.Rate != nil {
		rate = *c.Rate
	}
	key := accountOf(c, name)
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	maps.DeleteFunc(p.accounts, func(_ string, a *account) bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return len(a.users) == 0 && now.Sub(a.left) > rememberedFor
	})
	a := p.accounts[key]
	if a == nil {
		a = &account{}
		p.accounts[key] = a
	}
	a.join(rate)
	return a, rate
}

// accountOf names the account of a connection: the server, and the credential it logs in with. A connection that goes to no server has
// one of its own.
func accountOf(c *config.Connection, name string) string {
	u, err := url.Parse(c.Endpoint)
	if c.Endpoint == "" || err != nil {
		return "connection " + name
	}
	return u.Scheme + "://" + u.Host + " " + c.Credential
}
