package calendar

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
)

// A Cron is a cron line of five fields in a zone. It is immutable and safe for concurrent use.
//
// On the day when clocks go forward, what falls into the hour that is left out comes at its end. When they go back, what names its hours
// comes once, the first time; a line for every hour comes in both.
type Cron struct {
	spec *cron.SpecSchedule
	zone *time.Location
}

// everyHour is how the parser marks an hour that is *.
const everyHour = 1 << 63

// ParseCron reads a cron line.
func ParseCron(text string, zone *time.Location) (*Cron, error) {
	s, err := cron.ParseStandard(text)
	if err != nil {
		return nil, fmt.Errorf("cron %q: %w", text, err)
	}
	spec, ok := s.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("cron %q: write five fields: minute hour day month weekday", text)
	}
	return &Cron{spec: spec, zone: zone}, nil
}

// Next returns the first moment after an instant, in UTC. Zero: there is none within five years, and so none at all.
func (c *Cron) Next(after time.Time) time.Time {
	for {
		next := c.spec.Next(after.In(c.zone))
		if c.spec.Hour&everyHour != 0 {
			return utc(next)
		}
		if skipped := c.skipped(after, next); !skipped.IsZero() {
			return skipped.UTC()
		}
		if next.IsZero() || !repeated(next) {
			return utc(next)
		}
		after = next
	}
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// skipped returns when the clock went forward between two instants over a moment of the line; zero: it did not.
func (c *Cron) skipped(after, before time.Time) time.Time {
	at := after.In(c.zone)
	for {
		_, end := at.ZoneBounds()
		if end.IsZero() || !before.IsZero() && !end.Before(before) || end.Sub(after) > 5*366*24*time.Hour {
			return time.Time{}
		}
		_, was := end.Add(-time.Nanosecond).In(c.zone).Zone()
		_, is := end.In(c.zone).Zone()
		if gap := time.Duration(is-was) * time.Second; gap > 0 {
			old := time.FixedZone("", was) // in which the hour exists
			if n := c.spec.Next(end.Add(-time.Nanosecond).In(old)); !n.IsZero() && n.Before(end.Add(gap)) {
				return end
			}
		}
		at = end.In(c.zone)
	}
}

// repeated reports whether the clock has shown this time before: it was put back since.
func repeated(t time.Time) bool {
	start, _ := t.ZoneBounds()
	if start.IsZero() {
		return false
	}
	_, was := start.Add(-time.Nanosecond).Zone()
	_, is := t.Zone()
	back := time.Duration(was-is) * time.Second
	return back > 0 && t.Before(start.Add(back))
}
