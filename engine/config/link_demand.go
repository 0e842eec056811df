package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/dray-sync/dray/engine/diag"
)

// demands finds connections that schedules ask more often than they may be.
func (e *environment) demands() {
	for _, name := range slices.Sorted(maps.Keys(e.model.Connections)) {
		if hour, day := e.model.Connections[name].Spec.Rate.allowed(); hour == 0 && day == 0 {
			continue // it may be asked as often as one likes
		}
		d := e.model.Demand(name)
		if !d.Exceeded() {
			continue
		}
		worst, most := "", 0.0
		var all []string
		for _, t := range e.all("Touchpoint") {
			spec := &e.model.Touchpoints[t].Spec
			s, ok := e.model.ScheduleOf(spec)
			if !ok || spec.Suspend || spec.Source.Connection != name {
				continue
			}
			all = append(all, t)
			if hour, _ := s.Runs(); hour > most {
				worst, most = t, hour
			}
		}
		e.overAsked(name, d, worst, all)
	}
}

func (e *environment) overAsked(connection string, d Demand, worst string, all []string) {
	calls, allowed, span := d.CallsAnHour, d.AllowedAnHour, "an hour"
	if d.AllowedAnHour == 0 || d.CallsAnHour <= d.AllowedAnHour {
		calls, allowed, span = d.CallsADay, d.AllowedADay, "a day"
	}
	t := e.model.Touchpoints[worst]
	r, path := e.index["Touchpoint/"+worst], "spec.schedule"
	if t.Spec.Schedule.Ref != "" {
		r, path = e.index["Schedule/"+t.Spec.Schedule.Ref], "spec"
	}
	for _, field := range []string{"every", "cron"} {
		if _, found := r.tree().at(parsePath(path + "." + field)); found == len(parsePath(path+"."+field)) {
			path += "." + field
			break
		}
	}
	message := fmt.Sprintf("%q is asked at least %s times %s, and takes %s", connection, rounded(calls), span, rounded(allowed))
	if len(all) > 1 {
		message = fmt.Sprintf("%s ask %q at least %s times %s, and it takes %s", namesOf("touchpoint", all), connection, rounded(calls), span, rounded(allowed))
	}
	problem := e.problemPath(r, path, codeOverAsked, message, "run less often, or correct rate: of the connection if the account may do more")
	problem.Related = []diag.Pos{e.model.Connections[connection].Source.Pos("spec.rate")}
	if a, ok := e.model.Applications[e.model.Connections[connection].Spec.Application]; ok {
		problem.Related = append(problem.Related, a.Source.Pos("spec.limits"))
	}
	if r != e.index["Touchpoint/"+worst] {
		problem.Related = append(problem.Related, t.Source.Pos("spec.schedule"))
	}
}

// rounded writes a number of calls.
func rounded(n float64) string {
	text, err := json.Marshal(float64(int64(n*10+0.5)) / 10)
	if err != nil {
		return "too many"
	}
	return string(text)
}
