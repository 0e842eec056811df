package calendar

import (
	"fmt"
	"strings"
	"time"
)

// A Window is a span of time that comes once or again and again. Exactly one of Days and Cron is set.
type Window struct {
	// Days are "2026-12-24", or "2026-12-24/2027-01-01" with both included.
	Days []string
	// Cron is when it begins, and For how long it lasts by the clock on the wall: eight hours from 22:00 end at 06:00 in every night.
	Cron string
	For  time.Duration
	// Reason says why, for people.
	Reason string
}

// Windows are several windows in a zone. They are immutable and safe for concurrent use. The zero Windows hold no time at all.
type Windows struct {
	spans []span
}

// span yields the spans of one window.
type span struct {
	reason string
	begin  func(after time.Time) time.Time // the first beginning after an instant; zero: none
	end    func(begin time.Time) time.Time
	most   time.Duration // no span is longer
}

// dayForm is how days are written.
const dayForm = "2006-01-02"

// CompileWindows prepares windows.
func CompileWindows(windows []Window, zone *time.Location) (Windows, error) {
	var all Windows
	for _, w := range windows {
		if w.Cron != "" {
			c, err := ParseCron(w.Cron, zone)
			if err != nil {
				return Windows{}, err
			}
			all.spans = append(all.spans, span{
				reason: w.Reason, begin: c.Next, most: w.For + dayChange,
				end: func(begin time.Time) time.Time { return onTheWall(begin.In(zone), w.For) },
			})
			continue
		}
		for _, days := range w.Days {
			first, last, err := ParseDays(days, zone)
			if err != nil {
				return Windows{}, err
			}
			all.spans = append(all.spans, span{
				reason: w.Reason, most: last.Sub(first),
				begin: func(after time.Time) time.Time {
					if first.After(after) {
						return first
					}
					return time.Time{}
				},
				end: func(time.Time) time.Time { return last },
			})
		}
	}
	return all, nil
}

// dayChange is more than clocks are ever put forward or back.
const dayChange = 3 * time.Hour

// onTheWall returns when the clock on the wall shows so much more.
func onTheWall(t time.Time, d time.Duration) time.Time {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	end := time.Date(year, month, day, hour, minute, second+int(d/time.Second), t.Nanosecond()+int(d%time.Second), t.Location())
	if !end.After(t) { // within the hour that comes twice
		return t.Add(d)
	}
	return end
}

// ParseDays reads a day, or a first and a last day. It returns the beginning of the first and the end of the last.
func ParseDays(text string, zone *time.Location) (begin, end time.Time, err error) {
	from, to, several := strings.Cut(text, "/")
	first, err := time.ParseInLocation(dayForm, from, zone)
	if err != nil {
		return time.Time{}, time.Time{}, fmt.Errorf("%q is not a day such as 2026-12-24", from)
	}
	last := first
	if several {
		if last, err = time.ParseInLocation(dayForm, to, zone); err != nil {
			return time.Time{}, time.Time{}, fmt.Errorf("%q is not a day such as 2027-01-01", to)
		}
	}
	if last.Before(first) {
		return time.Time{}, time.Time{}, fmt.Errorf("%q ends before it begins", text)
	}
	return first, last.AddDate(0, 0, 1), nil
}

// None reports whether there is no window at all.
func (w Windows) None() bool { return len(w.spans) == 0 }

// maxJoined is how many windows that follow each other without a break are looked at: what is longer has no end.
const maxJoined = 200

// In reports whether an instant is inside of a window, until when without a break, and the reason of the window that ends last. Windows
// that follow each other without end last a year from then.
func (w Windows) In(t time.Time) (until time.Time, reason string, in bool) {
	year := t.AddDate(1, 0, 0)
	for at, n := t, 0; ; at, n = until, n+1 {
		end, why, found := w.covers(at)
		if !found {
			return until, reason, in
		}
		if until, reason, in = end, why, true; n == maxJoined || !until.Before(year) {
			return year.UTC(), reason, true
		}
	}
}

// covers returns the latest end of the windows that hold an instant.
func (w Windows) covers(t time.Time) (end time.Time, reason string, found bool) {
	for _, s := range w.spans {
		for b := s.begin(t.Add(-s.most - time.Nanosecond)); !b.IsZero() && !b.After(t); b = s.begin(b) {
			if e := s.end(b); e.After(t) && e.After(end) {
				end, reason, found = e, s.reason, true
			}
		}
	}
	return end.UTC(), reason, found
}

// Begins returns the first beginning of a window after an instant. Zero: no window begins any more.
func (w Windows) Begins(after time.Time) time.Time {
	var first time.Time
	for _, s := range w.spans {
		if b := s.begin(after); !b.IsZero() && (first.IsZero() || b.Before(first)) {
			first = b
		}
	}
	return utc(first)
}
