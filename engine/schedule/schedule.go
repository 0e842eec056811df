// Package schedule says when a touchpoint is due. It keeps no time itself: it is pure arithmetic on instants, so that every
// agent of a pool comes to the same due times and the queue can tell them apart.
package schedule

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/dray-sync/dray/engine/config"
)

// A Schedule yields the due times of one touchpoint. It is immutable and safe for concurrent use.
type Schedule struct {
	next   func(after time.Time) time.Time
	jitter time.Duration
	seed   string
	skip   bool
	queue  bool
	every  bool
}

// maxLookback bounds how far back a missed due time is looked for.
const maxLookback = 366 * 24 * time.Hour

// Compile prepares a resolved schedule. name is the touchpoint's: intervals of different touchpoints fall on different
// instants, and jitter differs, but both are the same on every machine.
func Compile(s config.Schedule, name string) (*Schedule, error) {
	c := &Schedule{jitter: time.Duration(s.Jitter), seed: name, skip: s.Missed == "skip", queue: s.IfRunning == "queue"}
	switch {
	case s.Every > 0:
		c.every = true
		c.next = interval(time.Duration(s.Every), name)
	case s.Cron != "":
		zone, err := time.LoadLocation(s.Zone)
		if err != nil {
			return nil, fmt.Errorf("schedule of %q: unknown zone %q", name, s.Zone)
		}
		spec, err := cron.ParseStandard(s.Cron)
		if err != nil {
			return nil, fmt.Errorf("schedule of %q: cron %q: %w", name, s.Cron, err)
		}
		c.next = func(after time.Time) time.Time { return spec.Next(after.In(zone)).UTC() }
	default:
		return nil, fmt.Errorf("schedule of %q has neither every nor cron", name)
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

// Next returns the first due time after the instant. Zero: there is none.
func (s *Schedule) Next(after time.Time) time.Time { return s.next(after) }

// At returns when a due time is worked, which jitter moves behind it.
func (s *Schedule) At(due time.Time) time.Time {
	if s.jitter <= 0 {
		return due
	}
	return due.Add(time.Duration(hash(s.seed+due.UTC().Format(time.RFC3339)) % uint64(s.jitter)))
}

// Missed returns the latest due time after last and not after now, for catching up once after a time when no agent ran.
// It reports false when there is none or the schedule skips what it missed.
func (s *Schedule) Missed(last, now time.Time) (time.Time, bool) {
	if s.skip {
		return time.Time{}, false
	}
	if now.Sub(last) > maxLookback {
		last = now.Add(-maxLookback)
	}
	due, ok := time.Time{}, false
	for t := s.next(last); !t.IsZero() && !t.After(now); t = s.next(t) {
		due, ok = t, true
		if gap := now.Sub(t); gap > 1000*s.next(t).Sub(t) { // far behind: jump near the end instead of walking there
			t = now.Add(-500 * s.next(t).Sub(t))
		}
	}
	return due, ok
}

// AtOnce reports whether a touchpoint that has never run is due right away: one with an interval is, one with a cron line
// waits for its time.
func (s *Schedule) AtOnce() bool { return s.every }

// Queues reports whether a due time that finds the touchpoint running waits for it, instead of being left out.
func (s *Schedule) Queues() bool { return s.queue }

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	return h.Sum64()
}
