package config

import (
	"fmt"
	"time"

	"github.com/dray-sync/dray/engine/calendar"
)

// shortestInterval is the least time from one run to the next that makes sense: a run reads, writes and keeps its state in it.
const shortestInterval = time.Second

// scheduleDay is an ordinary day that schedules are tried from, so that what is found is the same on every day.
var scheduleDay = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (s *semantics) schedule(v *node) {
	if v == nil || v.kind != objectNode || s.hasUnknown(v) {
		return
	}
	s.exactlyOne(v, "every", "cron")
	zone := s.zone(v)
	s.in(v, "cron", func(c *node) { s.fires(c, zone) })
	every := s.every(v)
	windows := s.windows(v, "windows", zone)
	closed := s.windows(v, "closed", zone)
	if v.key("zone") != nil && v.key("cron") == nil && v.key("every") != nil && v.key("windows") == nil && v.key("closed") == nil && v.key("expectBy") == nil {
		s.reportAt(v, "zone", codeMisplaced, "a zone has no meaning with every", "remove it, or write cron")
	}
	s.opens(v, windows, closed)
	if every > 0 && !windows.None() {
		s.meets(v, every, windows)
	}
}

// zone returns the zone of a schedule; UTC where none can be told.
func (s *semantics) zone(v *node) *time.Location {
	if z := v.get("zone"); z != nil && !s.bad[z] {
		if loc, err := time.LoadLocation(z.text); err == nil {
			return loc
		}
	}
	return time.UTC
}

// every judges an interval and what goes with it. 0: there is none.
func (s *semantics) every(v *node) (every time.Duration) {
	s.in(v, "every", func(e *node) {
		d, err := ParseDuration(e.text)
		switch every = time.Duration(d); {
		case err != nil:
		case every <= 0:
			s.report(e, codeBadValue, "an interval must be longer than nothing", "write 15m, for example")
		case every < shortestInterval:
			s.report(e, codeBadValue, fmt.Sprintf("an interval of %s is shorter than any run", e.text), "write 1s or more")
		}
	})
	s.in(v, "jitter", func(j *node) {
		if d, err := ParseDuration(j.text); err == nil && every > 0 && time.Duration(d) >= every {
			s.report(j, codeBadValue, fmt.Sprintf("a delay of up to %s is not shorter than the interval, so that runs would pass each other", j.text), fmt.Sprintf("write less than %s", v.str("every")))
		}
	})
	return every
}

// fires demands that a cron expression comes at all.
func (s *semantics) fires(v *node, zone *time.Location) {
	c, err := calendar.ParseCron(v.text, zone)
	if err == nil && c.Next(scheduleDay).IsZero() {
		s.report(v, codeBadValue, fmt.Sprintf("%q never comes: there is no such day", v.text), "check day and month: minute hour day month weekday")
	}
}

// windows judges a list of windows and compiles what is right of it.
func (s *semantics) windows(v *node, name string, zone *time.Location) calendar.Windows {
	var right []calendar.Window
	s.in(v, name, func(list *node) {
		s.each(list, func(_ int, w *node) {
			if w.kind != objectNode || s.hasUnknown(w) {
				return
			}
			s.exactlyOne(w, "dates", "cron")
			s.in(w, "cron", func(c *node) { s.fires(c, zone) })
			switch {
			case w.key("cron") != nil && w.key("for") == nil:
				s.reportAt(w, "cron", codeMissingField, "nothing says how long the window lasts", "add for: 1h, for example")
			case w.key("dates") != nil && w.key("for") != nil && w.key("cron") == nil:
				s.reportAt(w, "for", codeMisplaced, "for has a meaning with cron only: dates are whole days", "remove it")
			}
			one := calendar.Window{Cron: w.str("cron")}
			s.in(w, "dates", func(d *node) {
				s.each(d, func(_ int, day *node) { one.Days = append(one.Days, day.text) })
			})
			s.in(w, "for", func(f *node) {
				d, err := ParseDuration(f.text)
				if one.For = time.Duration(d); err == nil && d <= 0 {
					s.report(f, codeBadValue, "a window must be longer than nothing", "write 1h, for example")
				}
			})
			if one.Cron != "" && one.For > 0 || len(one.Days) > 0 {
				right = append(right, one)
			}
		})
	})
	compiled, err := calendar.CompileWindows(right, zone)
	if err != nil {
		return calendar.Windows{} // said of the values
	}
	return compiled
}

// opens demands that there is a time at which a schedule may run.
func (s *semantics) opens(v *node, windows, closed calendar.Windows) {
	const horizon = 366 * 24 * time.Hour
	if until, _, in := closed.In(scheduleDay); in && until.Sub(scheduleDay) >= horizon-24*time.Hour {
		s.reportAt(v, "closed", codeBadValue, "it is always closed, so nothing ever happens", "shorten the window: for: is how long it is closed each time")
		return
	}
	if windows.None() {
		return
	}
	at := scheduleDay
	const tries = 1000
	for range tries {
		if _, _, in := windows.In(at); !in {
			if at = windows.Begins(at); at.IsZero() {
				return // all of its days lie before: that depends on today
			}
		}
		until, _, in := closed.In(at)
		if !in {
			return
		}
		at = until
	}
	s.reportAt(v, "windows", codeBadValue, "it is closed whenever a window is open, so nothing ever runs", "change windows or closed")
}

// meets demands that an interval has a moment in each window.
func (s *semantics) meets(v *node, every time.Duration, windows calendar.Windows) {
	at := scheduleDay
	if _, _, in := windows.In(at); !in {
		at = windows.Begins(at)
	}
	until, _, in := windows.In(at)
	if length := until.Sub(at); in && length < every {
		s.reportAt(v, "windows", codeBadValue, fmt.Sprintf("a window of %s may hold no moment of an interval of %s", Duration(length), v.str("every")), "shorten the interval, or write cron with the time at which to run")
	}
}
