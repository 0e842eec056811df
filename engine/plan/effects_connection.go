package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/config"
)

// connectionEffects says what a change of the connections of a flow means for its records and its state.
func (f *flow) connectionEffects() (e []Effect) {
	for _, name := range f.to.ConnectionsOf(&f.after) {
		b, a := f.connections(name)
		if b == nil || a == nil {
			continue
		}
		if old, now := b.Address(), a.Address(); old != now {
			e = append(e, Effect{Dangerous, fmt.Sprintf("%s moves from %s to %s: checkpoint and ledger, made with the one, are kept and used with the other", name, orNowhere(old), orNowhere(now))})
		} else if b.Application == a.Application && !slices.Equal(b.Config, a.Config) {
			e = append(e, Effect{Review, fmt.Sprintf("the settings of %s change: if it is another place now, checkpoint and ledger are kept and used with that", name)})
		}
		e = append(e, f.demandEffects(name)...)
	}
	for _, end := range f.to.EndsOf(&f.after) {
		b, a := f.connections(end.Connection)
		if b != nil && a != nil && !slices.Equal(b.Objects[end.Object], a.Objects[end.Object]) {
			e = append(e, Effect{Review, fmt.Sprintf("%s of %s is declared in another way: see that the cursor and the key in the state still fit", end.Object, end.Connection)})
		}
	}
	return e
}

// demandEffects says when a connection is asked more often than it may be, because of the schedules of this revision.
func (f *flow) demandEffects(name string) []Effect {
	d, ok := f.demands[name]
	if !ok { // it looks at every touchpoint
		d = [2]config.Demand{f.from.Demand(f.oldName("Connection", name)), f.to.Demand(name)}
		f.demands[name] = d
	}
	b, a := d[0], d[1]
	switch {
	case a == b || a.CallsAnHour == 0 || a.AllowedAnHour == 0:
		return nil
	case a.Exceeded():
		return []Effect{{Dangerous, fmt.Sprintf("schedules ask %s at least %g times an hour, and %g are allowed", name, a.CallsAnHour, a.AllowedAnHour)}}
	case a.CallsAnHour == b.CallsAnHour:
		return nil
	default:
		return []Effect{{Safe, fmt.Sprintf("schedules ask %s at least %g times an hour, instead of %g; %g are allowed", name, a.CallsAnHour, b.CallsAnHour, a.AllowedAnHour)}}
	}
}

func orNowhere(address string) string {
	if address == "" {
		return "no host"
	}
	return address
}

// resourceEffects says what a change of a resource means by itself. The zero entry is one that is not there.
func (p *pair) resourceEffects(kind string, before, after entry) []Effect {
	switch kind {
	case "Repository":
		return append(repositoryChange(before, after), renamedRepository(p.before[kind], p.after[kind])...)
	case "Connection":
		return connectionChange(as[config.Connection](before), as[config.Connection](after))
	case "Credential":
		return credentialChange(as[config.Credential](before), as[config.Credential](after))
	case "KeyRing":
		if name := cmp.Or(after.metadata.Name, before.metadata.Name); name != p.to.Environment {
			return []Effect{{Safe, "it is of another environment"}}
		}
		return ringChange(as[config.KeyRing](before), as[config.KeyRing](after))
	case "Agent":
		return agentChange(as[config.Agent](before), as[config.Agent](after))
	case "Application":
		return applicationChange(before, after)
	case "Lookup":
		return lookupChange(as[config.Lookup](before), as[config.Lookup](after))
	case "Object":
		return objectChange(as[config.Object](before), as[config.Object](after))
	case "Touchpoint", "Mapping", "Schedule": // what they do is said of the flows that use them
		return nil
	default:
		return []Effect{{Review, "it applies to the repository as a whole"}}
	}
}

// as returns the spec of an entry; nil for one that is not there.
func as[T any](e entry) *T {
	spec, _ := e.spec.(*T)
	return spec
}

func connectionChange(b, a *config.Connection) (e []Effect) {
	if b == nil || a == nil {
		return nil
	}
	if b.Application != a.Application {
		e = append(e, Effect{Dangerous, fmt.Sprintf("it is of %s instead of %s", a.Application, b.Application)})
	}
	if b.Address() != a.Address() {
		e = append(e, Effect{Dangerous, fmt.Sprintf("it goes to %s instead of %s", orNowhere(a.Address()), orNowhere(b.Address()))})
	}
	if b.Credential != a.Credential {
		e = append(e, Effect{Review, fmt.Sprintf("it logs in by %s instead of %s: see that it is the same account", orNone(a.Credential), orNone(b.Credential))})
	}
	if b.Pool != a.Pool {
		e = append(e, Effect{Review, fmt.Sprintf("it is reached by agents of the pool %s instead of %s", a.Pool, b.Pool)})
	}
	if b.Zone != a.Zone {
		e = append(e, Effect{Review, fmt.Sprintf("dates without a zone are read in %s instead of %s: they mean other instants", a.Zone, b.Zone)})
	}
	if rateWords(b.Rate) != rateWords(a.Rate) {
		e = append(e, Effect{rateRisk(b.Rate, a.Rate), fmt.Sprintf("it is asked %s instead of %s", rateWords(a.Rate), rateWords(b.Rate))})
	}
	if before, after := windowWords(b.Closed), windowWords(a.Closed); before != after {
		e = append(e, Effect{Review, fmt.Sprintf("it takes no requests in %s, instead of %s", after, before)})
	}
	known := []string{"application", "config", "credential", "pool", "zone", "rate", "closed", "suspend", "objects", "endpoint"}
	if parts := differing(b, a, known); len(parts) > 0 {
		e = append(e, Effect{Review, "it works in another way: " + list(parts)})
	}
	if a.Suspend && !b.Suspend {
		e = append(e, Effect{Review, "every flow through it stands still"})
	} else if b.Suspend && !a.Suspend {
		e = append(e, Effect{Review, "every flow through it goes on"})
	}
	return e
}

func orNone(credential string) string {
	if credential == "" {
		return "no credential"
	}
	return credential
}

func rateWords(r *config.Rate) string {
	var parts []string
	if r != nil && r.RequestsPerSecond > 0 {
		parts = append(parts, fmt.Sprintf("at most %g times a second", r.RequestsPerSecond))
	}
	if r != nil && r.RequestsPerMinute > 0 {
		parts = append(parts, fmt.Sprintf("at most %d times a minute", r.RequestsPerMinute))
	}
	if r != nil && r.RequestsPerHour > 0 {
		parts = append(parts, fmt.Sprintf("at most %d times an hour", r.RequestsPerHour))
	}
	if r != nil && r.RequestsPerDay > 0 {
		parts = append(parts, fmt.Sprintf("at most %d times a day", r.RequestsPerDay))
	}
	if r != nil && r.Concurrency > 0 {
		parts = append(parts, fmt.Sprintf("with at most %d requests at once", r.Concurrency))
	}
	if len(parts) == 0 {
		return "as fast as it answers"
	}
	return strings.Join(parts, ", ")
}

// rateRisk is safe for a rate that only becomes slower.
func rateRisk(b, a *config.Rate) Risk {
	slower := func(b, a float64) bool { return b == a || (a > 0 && (b == 0 || a < b)) }
	var zero config.Rate
	if b == nil {
		b = &zero
	}
	if a == nil {
		a = &zero
	}
	for _, pair := range [][2]float64{
		{b.RequestsPerSecond, a.RequestsPerSecond},
		{float64(b.RequestsPerMinute), float64(a.RequestsPerMinute)},
		{float64(b.RequestsPerHour), float64(a.RequestsPerHour)},
		{float64(b.RequestsPerDay), float64(a.RequestsPerDay)},
		{float64(b.Concurrency), float64(a.Concurrency)},
	} {
		if !slower(pair[0], pair[1]) {
			return Review
		}
	}
	return Safe
}

func applicationChange(before, after entry) []Effect {
	if before.spec == nil || after.spec == nil {
		return nil
	}
	return []Effect{{Review, "it is asked and read in another way"}}
}

// lookupChange counts the rows that change, and says what becomes of keys that are gone.
func lookupChange(b, a *config.Lookup) (e []Effect) {
	if b == nil || a == nil {
		return nil
	}
	old, now := rowsByKey(b.Rows, a.Key), rowsByKey(a.Rows, a.Key)
	var added, removed, changed int
	for id, row := range now {
		switch was, ok := old[id]; {
		case !ok:
			added++
		case string(text(was)) != string(text(row)):
			changed++
		}
	}
	for id := range old {
		if _, ok := now[id]; !ok {
			removed++
		}
	}
	if added+removed+changed > 0 {
		e = append(e, Effect{Review, fmt.Sprintf("of its rows, %d are added, %d removed, %d changed", added, removed, changed)})
	}
	if removed > 0 {
		e = append(e, Effect{Review, "a key that is no longer there " + missWords(a.Miss)})
	}
	if missWords(b.Miss) != missWords(a.Miss) {
		e = append(e, Effect{Review, fmt.Sprintf("a key that is not there %s; before, it %s", missWords(a.Miss), strings.TrimPrefix(missWords(b.Miss), "it "))})
	}
	return e
}

func missWords(m config.Miss) string {
	switch m.Action {
	case "skip":
		return "has its record skipped"
	case "default":
		return "gives the default"
	default:
		return "has its record rejected"
	}
}
