package connect

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/sony/gobreaker/v2"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/calendar"
	"github.com/dray-sync/dray/engine/config"
)

const (
	// firstPause is how long nobody asks a system that refused the credential, or does not answer. It doubles each time that a try is in
	// vain, up to longestPause: somebody may mend it without a commit, and too many tries lock an account.
	firstPause   = 5 * time.Second
	longestPause = 5 * time.Minute
	// breaksAfter is how many pieces of work in a row must fail, whoever's they are, for a system to count as one that does not answer.
	breaksAfter = 3
	// longestHold is the longest that a system's own word is taken for.
	longestHold = 15 * time.Minute
	// probeFor is how long others wait while one tries whether a system answers again.
	probeFor = 2 * time.Second
	// atOnce lets the breaker allow a try as soon as it is asked: when to ask is the gate's, by its own clock.
	atOnce = time.Nanosecond
)

// A gate keeps everyone from asking a connection while that is useless: it is closed, or the other side refused the credential, asked to
// wait, or does not answer. It is safe for concurrent use.
type gate struct {
	connection string
	closed     calendar.Windows
	now        func() time.Time
	breaker    *gobreaker.TwoStepCircuitBreaker[struct{}]

	mu    sync.Mutex
	pause *backoff.ExponentialBackOff
	used  time.Time
	until time.Time     // nobody asks before
	kind  adapters.Kind // why
	since time.Time
}

func newGate(name string, closed calendar.Windows, now func() time.Time) *gate {
	g := &gate{connection: name, closed: closed, now: now, pause: backoff.NewExponentialBackOff()}
	g.pause.InitialInterval, g.pause.Multiplier, g.pause.MaxInterval, g.pause.RandomizationFactor = firstPause, 2, longestPause, 0
	g.pause.Reset()
	g.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name: name, Timeout: atOnce,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= breaksAfter },
		IsSuccessful: func(err error) bool { return err == nil },
		IsExcluded:   func(err error) bool { return errors.Is(err, errNotAsked) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				g.holdLonger(adapters.Unavailable)
			}
		},
	})
	return g
}

// errNotAsked is what became of work that did not come to ask.
var errNotAsked = errors.New("not asked")

// A Pause says why nobody asks a connection now, and until when.
type Pause struct {
	Connection string
	Kind       adapters.Kind // of the error that led to it
	Reason     string        // for people
	Since      time.Time     // zero: not known
	Until      time.Time
}

// Error says it in a line.
func (p *Pause) Error() string {
	return fmt.Sprintf("connection %q: %s; it is tried again at %s", p.Connection, p.Reason, p.Until.Format(time.RFC3339))
}

const unanswered = "the other side does not answer"

// held returns the pause of what the other side said, nil when there is none.
func (g *gate) held(now time.Time) *Pause {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.until.After(now) {
		return nil
	}
	p := &Pause{Connection: g.connection, Kind: g.kind, Since: g.since, Until: g.until}
	switch g.kind {
	case adapters.Unauthorized:
		p.Reason = "the other side refused its credential"
	case adapters.QuotaExhausted:
		p.Reason = "the other side takes no more for a while"
	case adapters.Unavailable:
		p.Reason = unanswered
	default:
		p.Reason = "the other side asked to wait"
	}
	return p
}

// holdLonger keeps everyone from asking for longer than the last time, unless it went well between.
func (g *gate) holdLonger(k adapters.Kind) {
	g.mu.Lock()
	wait := g.pause.NextBackOff()
	g.mu.Unlock()
	g.hold(k, wait)
}

// hold keeps everyone from asking for a while.
func (g *gate) hold(k adapters.Kind, wait time.Duration) {
	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := now.Add(min(wait, longestHold)); until.After(g.until) {
		g.until, g.kind, g.since = until, k, now
	}
}

// enter lets a piece of work through. It is nil where the work must wait; otherwise done is told what became of it.
func (g *gate) enter() (done func(error), p *Pause) {
	now := g.now()
	g.mu.Lock()
	g.used = now
	g.mu.Unlock()
	if p := g.held(now); p != nil {
		return nil, p
	}
	leave, err := g.breaker.Allow()
	if err != nil { // somebody is trying
		return nil, &Pause{Connection: g.connection, Kind: adapters.Unavailable, Reason: unanswered, Until: now.Add(probeFor)}
	}
	return func(err error) { leave(g.judge(err)) }, nil
}

// judge takes in what became of a piece of work, and returns it as the breaker counts it.
func (g *gate) judge(err error) error {
	if err == nil {
		g.mu.Lock()
		g.pause.Reset()
		g.mu.Unlock()
		return nil
	}
	if errors.Is(err, errNotAsked) || adapters.KindOf(err) == adapters.Canceled {
		return errNotAsked
	}
	e, _ := errors.AsType[*adapters.Error](err)
	switch kind := adapters.KindOf(err); {
	case kind == adapters.Unavailable, kind == adapters.UnknownOutcome:
		return err
	case kind == adapters.Unauthorized:
		g.holdLonger(kind)
	case e == nil:
	case kind == adapters.RateLimited:
		g.hold(kind, e.After)
	case kind == adapters.QuotaExhausted:
		g.hold(kind, e.Until.Sub(g.now()))
	}
	return nil // it answered
}

// gated is a limiter behind a gate: requests of work that is under way wait, too, once their connection is closed, or held because of others.
type gated struct {
	adapters.Limiter
	gate *gate
}

// Acquire says how long to wait where nobody may ask now.
func (l gated) Acquire(ctx context.Context) (func(), error) {
	now := l.gate.now()
	if until, reason, in := l.gate.closed.In(now); in {
		rule := "the connection is closed"
		if reason != "" {
			rule += ": " + reason
		}
		return nil, &adapters.Error{Kind: adapters.RateLimited, Op: "asking", Rule: rule, After: until.Sub(now), Err: errNotAsked}
	}
	if p := l.gate.held(now); p != nil {
		return nil, &adapters.Error{Kind: adapters.RateLimited, Op: "asking", Rule: p.Reason, After: p.Until.Sub(now), Err: errNotAsked}
	}
	return l.Limiter.Acquire(ctx)
}

// Enter asks for leave to work with connections of a model. Where one of them is not to be asked now it returns the pause that lasts longest.
// Otherwise the caller tells leave once how the work ended: the name of the connection whose error ended it, and the error. Without a name the
// work did not fail because of any of them; asked says whether it came to ask them.
func (p *Pool) Enter(m *config.Model, names []string) (leave func(failed string, err error, asked bool), pause *Pause) {
	done := map[string]func(error){}
	for _, name := range names {
		c, ok := m.Connections[name]
		if !ok || done[name] != nil {
			continue
		}
		d, held := p.gate(m, c).enter()
		switch {
		case held == nil:
			done[name] = d
		case pause == nil || held.Until.After(pause.Until):
			pause = held
		}
	}
	leave = func(failed string, err error, asked bool) {
		for name, d := range done {
			switch {
			case name == failed:
				d(err)
			case asked && failed == "":
				d(nil)
			default:
				d(errNotAsked)
			}
		}
	}
	if pause != nil {
		leave("", nil, false)
		return nil, pause
	}
	return leave, nil
}

// gate returns the gate of a connection, which outlives that it is open. A connection that changes, or its credential, has a new one.
func (p *Pool) gate(m *config.Model, c *config.Resource[config.Connection]) *gate {
	key := identity(m, c)
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.gates[key]
	if g == nil {
		now := p.now()
		maps.DeleteFunc(p.gates, func(_ string, g *gate) bool { return g.forgotten(now) })
		closed, _ := c.Spec.ClosedTimes() // what does not compile was refused at load
		g = newGate(c.Metadata.Name, closed, p.now)
		p.gates[key] = g
	}
	return g
}

// forgotten reports whether nothing that a gate knows matters any more.
func (g *gate) forgotten(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return now.Sub(g.used) > rememberedFor && !g.until.After(now)
}

// Pauses returns the connections that nobody asks now because of what the other side said or did, by name.
func (p *Pool) Pauses() []*Pause {
	p.mu.Lock()
	gates := slices.Collect(maps.Values(p.gates))
	p.mu.Unlock()
	now := p.now()
	var all []*Pause
	for _, g := range gates {
		if held := g.held(now); held != nil {
			all = append(all, held)
		}
	}
	slices.SortFunc(all, func(a, b *Pause) int { return strings.Compare(a.Connection, b.Connection) })
	return all
}
