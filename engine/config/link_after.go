package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/dray-sync/dray/engine/calendar"
	"github.com/dray-sync/dray/engine/diag"
)

// afters judges which touchpoints come after which.
func (e *environment) afters() {
	for _, name := range e.all("Touchpoint") {
		t, r := &e.model.Touchpoints[name].Spec, e.index["Touchpoint/"+name]
		named := map[string]int{}
		for i, a := range t.After {
			path := fmt.Sprintf("spec.after[%d].touchpoint", i)
			first, ok := e.model.Touchpoints[a.Touchpoint]
			if !ok {
				continue // said as a reference
			}
			if other, twice := named[a.Touchpoint]; twice {
				d := e.problemPath(r, path, codeDuplicateName, fmt.Sprintf("%q is named twice", a.Touchpoint), "remove one of the two")
				d.Related = []diag.Pos{r.at(nearestNode(r.tree(), fmt.Sprintf("spec.after[%d].touchpoint", other)))}
				continue
			}
			named[a.Touchpoint] = i
			if way := e.wayTo(a.Touchpoint, name); way != nil {
				e.cycle(r, path, append([]string{name}, way...))
				continue
			}
			e.waits(r, path, t, a, &first.Spec)
		}
	}
}

// wayTo returns the touchpoints that lead from one to another by what they come after, both included; nil when there is no way.
func (e *environment) wayTo(from, to string) []string {
	seen := map[string]bool{}
	var walk func(name string) []string
	walk = func(name string) []string {
		if name == to {
			return []string{name}
		}
		if seen[name] {
			return nil
		}
		seen[name] = true
		t, ok := e.model.Touchpoints[name]
		if !ok {
			return nil
		}
		for _, a := range t.Spec.After {
			if way := walk(a.Touchpoint); way != nil {
				return append([]string{name}, way...)
			}
		}
		return nil
	}
	return walk(from)
}

// cycle reports a touchpoint that comes after itself. It is said at each touchpoint of the circle, since each may be the one to change.
func (e *environment) cycle(r *loaded, path string, way []string) {
	if len(way) == 2 {
		e.problemPath(r, path, codeCycle, "a touchpoint cannot come after itself", "name another, or remove it")
		return
	}
	d := e.problemPath(r, path, codeCycle, fmt.Sprintf("these wait for each other, so none of them ever runs: %s", strings.Join(way, " after ")), "remove the after that is not needed")
	for _, name := range way[1 : len(way)-1] {
		d.Related = append(d.Related, e.model.Touchpoints[name].Source.Pos("spec.after"))
	}
}

// waits warns of an after that never makes a run wait.
func (e *environment) waits(r *loaded, path string, t *Touchpoint, a After, first *Touchpoint) {
	mine, ok := e.model.ScheduleOf(t)
	if !ok {
		if t.Schedule == nil {
			e.warnPath(r, path, codeNoWait, "this touchpoint runs only when it is triggered, and then it waits for nobody", "add a schedule, or remove after")
		}
		return
	}
	other, ok := e.model.ScheduleOf(first)
	if !ok {
		if first.Schedule == nil {
			e.warnPath(r, path, codeNoWait, fmt.Sprintf("%q runs only when it is triggered, so there is no run of the same time to wait for", a.Touchpoint), "give it a schedule, or remove after")
		}
		return
	}
	if mine.Cron == "" || other.Cron == "" || a.Within <= 0 {
		return
	}
	before, met := meeting(mine, other, time.Duration(a.Within))
	if met || before <= 0 {
		return
	}
	d := e.warnPath(r, path, codeNoWait, fmt.Sprintf("%q is due %s before this touchpoint, which waits only for what is due within %s before it", a.Touchpoint, Duration(before), a.Within), fmt.Sprintf("write within: %s or more, or give both the same schedule", Duration(before)))
	d.Related = []diag.Pos{e.model.Touchpoints[a.Touchpoint].Source.Pos("spec.schedule")}
}

// meeting reports whether some of the due times of a cron schedule have one of another shortly before them; if none has, before is the least
// time between the two. Windows are left out of account.
func meeting(mine, other Schedule, within time.Duration) (before time.Duration, met bool) {
	line, first := cronOf(mine), cronOf(other)
	if line == nil || first == nil {
		return 0, true
	}
	const tries, horizon = 60, 40 * 24 * time.Hour
	at := scheduleDay.Add(horizon)
	for range tries {
		if at = line.Next(at); at.IsZero() {
			break
		}
		if d := first.Next(at.Add(-within - time.Nanosecond)); !d.IsZero() && !d.After(at) {
			return 0, true
		}
		last := time.Time{}
		for d := first.Next(at.Add(-horizon)); !d.IsZero() && !d.After(at); d = first.Next(d) {
			last = d
		}
		if apart := at.Sub(last); !last.IsZero() && (before == 0 || apart < before) {
			before = apart
		}
	}
	return before, false
}

func cronOf(s Schedule) *calendar.Cron {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return nil
	}
	c, err := calendar.ParseCron(s.Cron, zone)
	if err != nil {
		return nil
	}
	return c
}
