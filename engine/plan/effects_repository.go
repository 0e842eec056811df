package plan

import (
	"fmt"
	"slices"

	"github.com/dray-sync/dray/engine/config"
)

// repositoryChange says what a change of dray.yaml means.
func repositoryChange(before, after entry) (e []Effect) {
	b, a := as[config.Repository](before), as[config.Repository](after)
	switch {
	case a == nil:
		return []Effect{{Dangerous, "agents refuse a repository without it"}}
	case b == nil:
		return []Effect{{Safe, "nothing was there before"}}
	}
	for _, name := range missing(b.Policies, a.Policies) {
		e = append(e, Effect{Dangerous, "the rules of the policy " + name + " no longer hold"})
	}
	for _, name := range missing(a.Policies, b.Policies) {
		e = append(e, Effect{Safe, "the rules of the policy " + name + " hold from now on"})
	}
	for _, x := range a.Exemptions {
		if !slices.Contains(b.Exemptions, x) {
			e = append(e, Effect{Dangerous, fmt.Sprintf("%s is excused from the rule %s until %s: %s", x.Resource, x.Rule, x.Until, x.Reason)})
		}
	}
	for _, x := range b.Exemptions {
		if !slices.Contains(a.Exemptions, x) {
			e = append(e, Effect{Safe, fmt.Sprintf("%s is no longer excused from the rule %s until %s", x.Resource, x.Rule, x.Until)})
		}
	}
	return e
}

// renamedRepository says what another name of the repository means. It is no rename: nothing is carried over.
func renamedRepository(before, after map[string]entry) []Effect {
	for name := range after {
		if _, same := before[name]; !same && len(before) > 0 {
			return []Effect{{Dangerous, "the name of the repository is its identity: credentials that are sealed for the old one do not open, and an agent that starts anew refuses its state"}}
		}
	}
	return nil
}
