package plan

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/dray-sync/dray/engine/config"
)

// scheduleEffects says how often it runs from now on.
func (f *flow) scheduleEffects() []Effect {
	b, a := scheduleWords(f.from, &f.old), scheduleWords(f.to, &f.after)
	if b == a {
		return f.otherSchedule()
	}
	risk := Safe
	before, after := runsADay(f.from, &f.old), runsADay(f.to, &f.after)
	if after > before || after == 0 {
		risk = Review
	}
	return append([]Effect{{risk, fmt.Sprintf("it runs %s, instead of %s", a, b)}}, f.otherSchedule()...)
}

// afterEffects says which touchpoints come first from now on.
func (f *flow) afterEffects() []Effect {
	b, a := afterWords(f.old.After), afterWords(f.after.After)
	if a == b {
		return nil
	}
	return []Effect{{Review, fmt.Sprintf("it waits for %s, instead of %s", a, b)}}
}

func afterWords(all []config.After) string {
	words := make([]string, len(all))
	for i, a := range all {
		words[i] = fmt.Sprintf("%s to have %s, at most %s", a.Touchpoint, a.On, a.Within)
	}
	if len(words) == 0 {
		return "nobody"
	}
	return strings.Join(words, " and ")
}

// otherSchedule says what changes of a schedule besides the times at which it comes.
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
	if before, after := windowWords(b.Windows), windowWords(a.Windows); before != after {
		e = append(e, Effect{Review, fmt.Sprintf("it runs inside of windows only: %s, instead of %s", after, before)})
	}
	if before, after := windowWords(b.Closed), windowWords(a.Closed); before != after {
		e = append(e, Effect{Review, fmt.Sprintf("it does not run in %s, instead of %s", after, before)})
	}
	if b.ExpectBy != a.ExpectBy {
		e = append(e, Effect{Safe, fmt.Sprintf("it is late when it has not reached its end by %s, instead of %s", cmp.Or(a.ExpectBy, "no time"), cmp.Or(b.ExpectBy, "no time"))})
	}
	if b.Jitter != a.Jitter {
		e = append(e, Effect{Safe, fmt.Sprintf("it starts up to %s after its time, instead of %s", a.Jitter, b.Jitter)})
	}
	return e
}

// windowWords says which windows there are.
func windowWords(windows []config.Window) string {
	if len(windows) == 0 {
		return "none"
	}
	words := make([]string, len(windows))
	for i, w := range windows {
		if words[i] = strings.Join(w.Dates, ", "); w.Cron != "" {
			words[i] = fmt.Sprintf("%s for %s", w.Cron, w.For)
		}
	}
	return strings.Join(words, "; ")
}

// scheduleWords says when a touchpoint runs.
func scheduleWords(m *config.Model, t *config.Touchpoint) string {
	s, ok := m.ScheduleOf(t)
	if !ok {
		return "only when it is triggered"
	}
	n := math.Round(runsADay(m, t)*100) / 100
	if s.Every > 0 {
		return fmt.Sprintf("every %s, %g times a day", s.Every, n)
	}
	return fmt.Sprintf("by cron %s in %s, up to %g times a day", s.Cron, s.Zone, n)
}

// runsADay returns how often a touchpoint runs on its busiest day; 0 when it runs only when triggered.
func runsADay(m *config.Model, t *config.Touchpoint) float64 {
	s, _ := m.ScheduleOf(t)
	_, day := s.Runs()
	return day
}
