// Package schedule says when a touchpoint is due. It keeps no time itself: it is pure arithmetic on instants, so that every
// agent of a pool comes to the same due times and the queue can tell them apart.
package schedule

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/dray-sync/dray/engine/calendar"
	"github.com/dray-sync/dray/engine/config"
)

// A Schedule yields the due times of one touchpoint. It is immutable and safe for concurrent use.
type Schedule struct {
	moments func(after time.Time) time.Time // without regard to windows; zero: none
	windows calendar.Windows                // it runs inside of them only, where there are any
	closed  calendar.Windows                // it does not run inside of them
	expect  *expectation
	jitter  time.Duration
	seed    string
	skip    bool
	queue   bool
	every   bool
}

// maxLookback bounds how far back a missed due time is looked for.
const maxLookback = 366 * 24 * time.Hour

// Compile prepares a resolved schedule. name is the touchpoint's: intervals of different touchpoints fall on different
// instants, and jitter differs, but both are the same on every machine.
func Compile(s config.Schedule, name string) (*Schedule, error) {
	c := &Schedule{jitter: time.Duration(s.Jitter), seed: name, skip: s.Missed == "skip", queue: s.IfRunning == "queue"}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return nil, fmt.Errorf("schedule of %q: unknown zone %q", name, s.Zone)
	}
	switch {
	case s.Every > 0:
		c.every = true
		c.moments = interval(time.Duration(s.Every), name)
	case s.Cron != "":
		line, err := calendar.ParseCron(s.Cron, zone)
		if err != nil {
			return nil, fmt.Errorf("schedule of %q: %w", name, err)
		}
		c.moments = line.Next
	default:
		return nil, fmt.Errorf("schedule of %q has neither every nor cron", name)
	}
	if c.windows, err = config.CompileWindows(s.Windows, zone); err != nil {
		return nil, fmt.Errorf("schedule of %q: windows: %w", name, err)
	}
	if c.closed, err = config.CompileWindows(s.Closed, zone); err != nil {
		return nil, fmt.Errorf("schedule of %q: closed: %w", name, err)
	}
	if c.expect, err = expectationOf(s.ExpectBy, zone); err != nil {
		return nil, fmt.Errorf("schedule of %q: %w", name, err)
	}
	return c, nil
}

// interval yields the instants phase + n × every, where the phase comes from the name.
func interval(every time.Duration, name string) func(time.Time) time.Time {
	phase := time.Duration(hash(name) % uint64(every))
	return func(after time.Time) time.Time {
		n := (after.UnixNano() - int64(phase)) / int64(every)
		next := time.Unix(0, n*int64(every)+int64(phase)).UTC()
		for !next.After(after) {
			next = next.Add(every)
		}
		return next
	}
}

// maxMoments bounds how many moments that fall outside of windows are looked at for one due time.
const maxMoments = 10_000

// Next returns the first due time after the instant: a moment of the schedule inside of its windows, and not while it is closed. Zero:
// there is none.
func (s *Schedule) Next(after time.Time) time.Time {
	for range maxMoments {
		due := s.moments(after)
		if due.IsZero() {
			return time.Time{}
		}
		opens := s.opens(due)
		if opens.IsZero() || opens.Equal(due) {
			return opens
		}
		after = opens.Add(-time.Nanosecond)
	}
	return time.Time{}
}

// opens returns the first instant from t on at which the schedule may run. Zero: it never may again.
func (s *Schedule) opens(t time.Time) time.Time {
	for range maxMoments {
		at := t
		if until, _, in := s.closed.In(at); in {
			at = until
		}
		if _, _, in := s.windows.In(at); !in && !s.windows.None() {
			if at = s.windows.Begins(at); at.IsZero() {
				return time.Time{}
			}
		}
		if at.Equal(t) {
			return t
		}
		t = at
	}
	return time.Time{}
}

// At returns when a due time is worked, which jitter moves behind it, but not out of its window.
func (s *Schedule) At(due time.Time) time.Time {
	if s.jitter <= 0 {
		return due
	}
	at := due.Add(time.Duration(hash(s.seed+due.UTC().Format(time.RFC3339)) % uint64(s.jitter)))
	if !s.opens(at).Equal(at) {
		return due
	}
	return at
}

// Missed returns the latest due time after last and not after now, for catching up once after a time when no agent ran.
// It reports false when there is none or the schedule skips what it missed.
func (s *Schedule) Missed(last, now time.Time) (time.Time, bool) {
	if s.skip {
		return time.Time{}, false
	}
	due := s.Latest(last, now)
	return due, !due.IsZero()
}

// Latest returns the last due time after one instant and not after another. Zero: there is none.
func (s *Schedule) Latest(after, now time.Time) time.Time {
	if now.Sub(after) > maxLookback {
		after = now.Add(-maxLookback)
	}
	var due time.Time
	for t := s.Next(after); !t.IsZero() && !t.After(now); {
		due = t
		next := s.Next(t)
		if apart := next.Sub(t); !next.IsZero() && now.Sub(t) > 1000*apart { // far behind: jump near the end instead of walking there
			if near := s.Next(now.Add(-500 * apart)); !near.IsZero() && near.After(t) {
				next = near
			}
		}
		t = next
	}
	return due
}

// AtOnce reports whether a touchpoint that has never run is due right away: one with an interval is, unless it is closed now; one with a
// cron line waits for its time.
func (s *Schedule) AtOnce(now time.Time) bool { return s.every && s.opens(now).Equal(now) }

// Queues reports whether a due time that finds the touchpoint running waits for it, instead of being left out.
func (s *Schedule) Queues() bool { return s.queue }

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}
