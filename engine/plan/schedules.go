package plan

import (
	"fmt"
	"math"
	"time"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/schedule"
)

// scheduleEffects says how often it runs from now on.
func (f *flow) scheduleEffects() []Effect {
	b, a := scheduleWords(f.from, &f.old), scheduleWords(f.to, &f.after)
	if b == a {
		return f.otherSchedule()
	}
	risk := Safe
	before, after := runsADay(f.from, &f.old, f.name), runsADay(f.to, &f.after, f.name)
	if after > before || after == 0 {
		risk = Review
	}
	return []Effect{{risk, fmt.Sprintf("it runs %s, instead of %s", a, b)}}
}

// otherSchedule says what changes of a schedule that comes at the same times as before.
func (f *flow) otherSchedule() (e []Effect) {
	b, was := f.from.ScheduleOf(&f.old)
	a, is := f.to.ScheduleOf(&f.after)
	if !was || !is {
		return nil
	}
	if b.IfRunning != a.IfRunning {
		e = append(e, Effect{Safe, fmt.Sprintf("when its time comes while it still runs: %s, instead of %s", a.IfRunning, b.IfRunning)})
	}
	if b.Missed != a.Missed {
		e = append(e, Effect{Safe, fmt.Sprintf("what it missed while no agent ran: %s, instead of %s", a.Missed, b.Missed)})
	}
	if b.Jitter != a.Jitter {
		e = append(e, Effect{Safe, fmt.Sprintf("it starts up to %s after its time, instead of %s", a.Jitter, b.Jitter)})
	}
	return e
}

// scheduleWords says when a touchpoint runs.
func scheduleWords(m *config.Model, t *config.Touchpoint) string {
	s, ok := m.ScheduleOf(t)
	if !ok {
		return "only when it is triggered"
	}
	when := "every " + s.Every.String()
	if s.Every <= 0 {
		when = fmt.Sprintf("by cron %s in %s", s.Cron, s.Zone)
	}
	return fmt.Sprintf("%s, %s", when, timesADay(runsADay(m, t, "")))
}

func timesADay(n float64) string {
	switch {
	case n >= 1:
		return fmt.Sprintf("%g times a day", math.Round(n))
	case n > 0:
		return fmt.Sprintf("%g times a week", math.Round(n*7*10)/10)
	default:
		return "never"
	}
}

// runsADay returns how often a touchpoint runs on average; 0 when it runs only when triggered.
func runsADay(m *config.Model, t *config.Touchpoint, name string) float64 {
	s, ok := m.ScheduleOf(t)
	if !ok {
		return 0
	}
	if s.Every > 0 {
		return float64(24*time.Hour) / float64(s.Every)
	}
	c, err := schedule.Compile(s, name)
	if err != nil {
		return 0
	}
	// A year that is fixed, so that the same models give the same plan; most lines repeat every week.
	const days, enough = 364, 20_000
	begin := time.Date(2027, 1, 4, 0, 0, 0, 0, time.UTC)
	runs, at := 0, begin.Add(-time.Second)
	for runs < enough {
		next := c.Next(at)
		if next.IsZero() || !next.Before(begin.AddDate(0, 0, days)) {
			return float64(runs) / days
		}
		runs, at = runs+1, next
	}
	return float64(runs) / (at.Sub(begin).Hours() / 24)
}
