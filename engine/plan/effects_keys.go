package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/dray-sync/dray/engine/config"
)

// envelope is what is readable of a credential or a key ring.
type envelope struct {
	Spec struct {
		Set          map[string]string `json:"set"`
		TLS          struct{ ClearText string }
		Application  string   `json:"application"`
		Bind         []string `json:"bind"`
		Use          string   `json:"use"`
		Environments []string `json:"environments"`
		Fields       []string `json:"fields"`
		Generation   int64    `json:"generation"`
		Recipients   []string `json:"recipients"`
		Rotated      string   `json:"rotated"`
		Expires      string   `json:"expires"`
		Keys         []struct{ Kid, State string }
	} `json:"spec"`
	raw string
}

func readEnvelope(doc json.RawMessage) *envelope {
	e := &envelope{raw: string(doc)}
	_ = json.Unmarshal(doc, e) // what is not as it should be was refused when it was loaded
	return e
}

// setOn returns the day on which a field was set.
func (e *envelope) setOn(field string) string {
	if day, ok := e.Spec.Set[field]; ok {
		return day
	}
	return e.Spec.Rotated
}

// credentialChange says what a change of a credential means.
func credentialChange(b, a *config.Credential) (e []Effect) {
	switch {
	case a == nil:
		return []Effect{{Safe, "its secrets stay in the history of the repository: rotate them where they were given out"}}
	case b == nil:
		return []Effect{{Review, fmt.Sprintf("its secrets (%s) may be sent to %s", list(a.Fields), list(a.Bind))}}
	}
	old, now := readEnvelope(b.Raw), readEnvelope(a.Raw)
	e = append(generationEffects(old, now), recipientEffects(old, now)...)
	if added := missing(a.Bind, b.Bind); len(added) > 0 {
		e = append(e, Effect{Dangerous, "its secrets may from now on be sent to " + list(added)})
	}
	if removed := missing(b.Bind, a.Bind); len(removed) > 0 {
		e = append(e, Effect{Safe, "its secrets may no longer be sent to " + list(removed)})
	}
	if b.Application != a.Application {
		e = append(e, Effect{Review, fmt.Sprintf("it is for %s instead of %s", a.Application, b.Application)})
	}
	if b.Use != a.Use {
		risk, who := Safe, "only agents"
		if a.Use == "local" {
			risk, who = Dangerous, "people, too,"
		}
		e = append(e, Effect{risk, who + " can use it"})
	}
	if added := missing(a.Environments, b.Environments); len(added) > 0 {
		e = append(e, Effect{Review, "it is for " + list(added) + ", too"})
	}
	if removed := missing(b.Environments, a.Environments); len(removed) > 0 {
		e = append(e, Effect{Review, "it is no longer for " + list(removed)})
	}
	if now.Spec.TLS.ClearText != "" && old.Spec.TLS.ClearText == "" {
		e = append(e, Effect{Dangerous, "its secrets may travel without TLS"})
	}
	if old.Spec.Expires != now.Spec.Expires && now.Spec.Expires != "" {
		e = append(e, Effect{Safe, "it works until " + now.Spec.Expires})
	}
	return e
}

// generationEffects says whether agents take the new one, and what was set in it.
func generationEffects(old, now *envelope) (e []Effect) {
	b, a := old.Spec.Generation, now.Spec.Generation
	switch {
	case a < b:
		return []Effect{{Dangerous, fmt.Sprintf("its generation goes back from %d to %d: agents keep the newer one, and say CredentialOutdated", b, a)}}
	case a == b && old.raw != now.raw:
		return []Effect{{Dangerous, fmt.Sprintf("it changes and its generation stays %d: agents refuse it; change it with dray credential set", a)}}
	}
	e = append(e, Effect{Review, fmt.Sprintf("generation %d instead of %d", a, b)})
	for _, field := range now.Spec.Fields {
		switch day := now.setOn(field); {
		case !slices.Contains(old.Spec.Fields, field):
			e = append(e, Effect{Review, fmt.Sprintf("%s is new, set on %s", field, day)})
		case day != old.setOn(field):
			e = append(e, Effect{Review, fmt.Sprintf("%s was set anew on %s", field, day)})
		}
	}
	if gone := missing(old.Spec.Fields, now.Spec.Fields); len(gone) > 0 {
		e = append(e, Effect{Review, list(gone) + " is no longer in it"})
	}
	return e
}

func recipientEffects(old, now *envelope) (e []Effect) {
	if added := missing(now.Spec.Recipients, old.Spec.Recipients); len(added) > 0 {
		e = append(e, Effect{Dangerous, "it can be opened by " + list(added) + " from now on"})
	}
	if removed := missing(old.Spec.Recipients, now.Spec.Recipients); len(removed) > 0 {
		e = append(e, Effect{Review, list(removed) + " can no longer open it, and still knows what it could open before"})
	}
	return e
}

// ringChange says what a change of an environment's key ring means.
func ringChange(b, a *config.KeyRing) (e []Effect) {
	switch {
	case a == nil:
		return []Effect{{Dangerous, "agents of this environment refuse the revision: without it their state does not open"}}
	case b == nil:
		return []Effect{{Review, "an environment's state is sealed by it"}}
	}
	old, now := readEnvelope(b.Raw), readEnvelope(a.Raw)
	switch before, after := old.Spec.Generation, now.Spec.Generation; {
	case after < before:
		e = append(e, Effect{Dangerous, fmt.Sprintf("its generation goes back from %d to %d: agents refuse it", before, after)})
	case after == before && old.raw != now.raw:
		e = append(e, Effect{Dangerous, "it changes and its generation does not: agents refuse it; change it with dray key rekey"})
	default:
		e = append(e, Effect{Review, fmt.Sprintf("generation %d instead of %d: new state is sealed by its newest key, and old state is sealed anew", after, before)})
	}
	kids := map[string]bool{}
	for _, k := range now.Spec.Keys {
		kids[k.Kid] = true
	}
	for _, k := range old.Spec.Keys {
		if !kids[k.Kid] {
			e = append(e, Effect{Dangerous, fmt.Sprintf("the key %s is gone: what is still sealed by it cannot be opened any more", k.Kid)})
		}
		delete(kids, k.Kid)
	}
	if added := slices.Sorted(maps.Keys(kids)); len(added) > 0 {
		e = append(e, Effect{Review, "it has new keys: " + list(added)})
	}
	return append(e, recipientEffects(old, now)...)
}

// agentChange says what a change of an enrolled machine means.
func agentChange(b, a *config.Agent) (e []Effect) {
	switch {
	case a == nil:
		return []Effect{{Review, "the machine is no longer enrolled, and still knows the secrets that it could open: rekey and rotate"}}
	case b == nil:
		return []Effect{{Review, fmt.Sprintf("a machine is enrolled for %s, pools %s", list(a.Environments), list(a.Pools))}}
	}
	if b.Recipient != a.Recipient || b.Signer != a.Signer {
		e = append(e, Effect{Dangerous, "its keys are others: what is sealed to it from now on opens on another machine"})
	}
	if !slices.Equal(b.Pools, a.Pools) {
		e = append(e, Effect{Review, fmt.Sprintf("it works for the pools %s instead of %s", list(a.Pools), list(b.Pools))})
	}
	if !slices.Equal(b.Environments, a.Environments) {
		e = append(e, Effect{Review, fmt.Sprintf("it works for %s instead of %s", list(a.Environments), list(b.Environments))})
	}
	return e
}

// missing returns what of a is not in b.
func missing(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
