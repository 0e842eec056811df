package config

import (
	"cmp"
	"math/bits"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/dray-sync/dray/adapters"
)

// A Demand is how often a connection is asked because of schedules, and how often it may be. The calls are the least there can be: every
// run of a touchpoint asks its source once, and what it finds there costs more. Zero allowances are unbounded.
type Demand struct {
	CallsAnHour   float64 // in the busiest hour
	CallsADay     float64 // on the busiest day
	AllowedAnHour float64
	AllowedADay   float64
}

// Exceeded reports whether the calls are more than the allowance, by the hour or by the day.
func (d Demand) Exceeded() bool {
	return d.AllowedAnHour > 0 && d.CallsAnHour > d.AllowedAnHour || d.AllowedADay > 0 && d.CallsADay > d.AllowedADay
}

// Demand returns how often the schedules of this model ask a connection. Touchpoints that are suspended, or run only when triggered, ask
// nothing. The zero Demand is that of a connection that does not exist.
func (m *Model) Demand(connection string) Demand {
	var d Demand
	c, ok := m.Connections[connection]
	if !ok {
		return d
	}
	for _, t := range m.Touchpoints {
		if t.Spec.Source.Connection != connection || t.Spec.Suspend || c.Spec.Suspend {
			continue
		}
		if s, ok := m.ScheduleOf(&t.Spec); ok {
			hour, day := s.Runs()
			d.CallsAnHour += hour
			d.CallsADay += day
		}
	}
	d.AllowedAnHour, d.AllowedADay = c.Spec.Rate.allowed()
	return d
}

// Runs returns how many runs the schedule starts at most: in its busiest hour, and on its busiest day. It speaks for schedules that stand
// for themselves: one that names another is what [Model.ScheduleOf] makes of it.
func (s Schedule) Runs() (hour, day float64) {
	if s.Every > 0 {
		every := time.Duration(s.Every)
		return float64(time.Hour) / float64(every), s.openADay() * float64(24*time.Hour) / float64(every)
	}
	if s.Cron == "" {
		return 0, 0
	}
	parsed, err := cron.ParseStandard(s.Cron)
	spec, ok := parsed.(*cron.SpecSchedule)
	if err != nil || !ok {
		return 0, 0 // said where it is written
	}
	minutes, hours := bits.OnesCount64(spec.Minute&^star), bits.OnesCount64(spec.Hour&^star)
	return float64(minutes), float64(minutes * hours)
}

// openADay returns which part of a day the windows of a schedule are open at most; 1 without windows.
func (s Schedule) openADay() float64 {
	const day = 24 * time.Hour
	open := time.Duration(0)
	for _, w := range s.Windows {
		parsed, err := cron.ParseStandard(w.Cron)
		spec, ok := parsed.(*cron.SpecSchedule)
		if w.Cron == "" || err != nil || !ok {
			return 1
		}
		times := bits.OnesCount64(spec.Minute&^star) * bits.OnesCount64(spec.Hour&^star)
		open += min(day, time.Duration(times)*min(time.Duration(w.For), day))
	}
	if len(s.Windows) == 0 || open >= day {
		return 1
	}
	return float64(open) / float64(day)
}

// star is how the parser of cron lines marks a field that is *.
const star = 1 << 63

// allowed returns the tightest bounds by the hour and by the day. A nil Rate has none.
func (r *Rate) allowed() (hour, day float64) {
	if r == nil {
		return 0, 0
	}
	tighter := func(bound *float64, allowed float64) {
		if allowed > 0 && (*bound == 0 || allowed < *bound) {
			*bound = allowed
		}
	}
	for _, allowed := range []float64{r.RequestsPerSecond * 3600, float64(r.RequestsPerMinute) * 60, float64(r.RequestsPerHour)} {
		tighter(&hour, allowed)
	}
	day = 24 * hour
	tighter(&day, float64(r.RequestsPerDay))
	tighter(&hour, day)
	return hour, day
}

// limited returns the rate with what it does not say taken from the application's limits. nil: there is no bound at all.
func (r *Rate) limited(l adapters.Limits) *Rate {
	if l == (adapters.Limits{}) {
		return r
	}
	var said Rate
	if r != nil {
		said = *r
	}
	return &Rate{
		RequestsPerSecond: cmp.Or(said.RequestsPerSecond, l.PerSecond),
		RequestsPerMinute: cmp.Or(said.RequestsPerMinute, l.PerMinute),
		RequestsPerHour:   cmp.Or(said.RequestsPerHour, l.PerHour),
		RequestsPerDay:    cmp.Or(said.RequestsPerDay, l.PerDay),
		Concurrency:       cmp.Or(said.Concurrency, l.Concurrency),
	}
}
