package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/dray-sync/dray/engine/diag"
)

// agentsHere returns the names of the agents that run this environment, sorted.
func (e *environment) agentsHere() []string {
	var here []string
	for _, name := range slices.Sorted(maps.Keys(e.model.Agents)) {
		if a := e.model.Agents[name]; e.name == "" || slices.Contains(a.Spec.Environments, e.name) {
			here = append(here, name)
		}
	}
	return here
}

// inPool returns those of the agents that belong to a pool.
func (e *environment) inPool(agents []string, pool string) []string {
	return slices.DeleteFunc(slices.Clone(agents), func(name string) bool { return !slices.Contains(e.model.Agents[name].Spec.Pools, pool) })
}

// reach judges who runs what: agents against pools, touchpoints, key ring and credentials. A repository that enrolls no agent for an
// environment is not judged for it: it is run by hand, or its agents are still to come.
func (e *environment) reach() {
	e.agentTwins()
	agents := e.agentsHere()
	if len(agents) == 0 {
		return
	}
	e.pools(agents)
	e.keyRing(agents)
	e.sealedFor(agents)
}

// agentTwins finds machines with one key: what is sealed to one is open to the other, and no signature tells them apart.
func (e *environment) agentTwins() {
	first := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(e.model.Agents)) {
		recipient := e.model.Agents[name].Spec.Recipient
		if recipient == "" {
			continue
		}
		if other, ok := first[recipient]; ok {
			d := e.problemPath(e.index["Agent/"+name], "spec.recipient", codeAgent, fmt.Sprintf("the agent %q has the same recipient", other), "every machine has a key of its own: make one there with dray key generate")
			d.Related = []diag.Pos{e.model.Agents[other].Source.Pos("spec.recipient")}
			continue
		}
		first[recipient] = name
	}
}

// pools finds pools in which connections wait for an agent in vain.
func (e *environment) pools(agents []string) {
	served := map[string]bool{}
	for _, name := range agents {
		for _, pool := range e.model.Agents[name].Spec.Pools {
			served[pool] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.model.Connections)) {
		pool := e.model.Connections[name].Spec.Pool
		if pool == "" || served[pool] {
			continue
		}
		hint := "the agents here are in " + orList(slices.Sorted(maps.Keys(served))) + ": take one of these, or add the pool to an agent that reaches the connection"
		if near := diag.Nearest(pool, slices.Sorted(maps.Keys(served))); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		d := e.problemPath(e.index["Connection/"+name], "spec.pool", codePool, fmt.Sprintf("no agent is in the pool %q, so nothing can reach this connection", pool), hint)
		d.Related = e.placesOf("Agent", agents, "spec.pools")
	}
}

// idlePools warns of pools that an agent is in for nothing: no connection is in them, in any of the environments it runs.
func (l *loader) idlePools(environments []*environment) {
	if l.mayLack("Connection", environments) {
		return
	}
	said := map[string]bool{}
	for _, e := range environments {
		for _, name := range e.agentsHere() {
			wanted := poolsWanted(environments, e.model.Agents[name].Spec.Environments)
			if said[name] || len(wanted) == 0 {
				continue
			}
			said[name] = true
			r := e.index["Agent/"+name]
			for i, pool := range e.model.Agents[name].Spec.Pools {
				if slices.Contains(wanted, pool) {
					continue
				}
				hint := "remove it, or name it in the pool: of a connection"
				if near := diag.Nearest(pool, wanted); near != "" {
					hint = fmt.Sprintf("did you mean %s?", near)
				}
				path := fmt.Sprintf("spec.pools[%d]", i)
				l.list.Add(diag.Diagnostic{
					Code: codePool, Severity: diag.Warning, Pos: r.at(nearestNode(r.tree(), path)), Path: path,
					Message: fmt.Sprintf("no connection is in the pool %q", pool), Hint: hint,
				})
			}
		}
	}
}

// poolsWanted returns the pools of all connections of those environments, sorted.
func poolsWanted(environments []*environment, names []string) []string {
	wanted := map[string]bool{}
	for _, e := range environments {
		if e.name != "" && !slices.Contains(names, e.name) {
			continue
		}
		for _, c := range e.model.Connections {
			wanted[c.Spec.Pool] = true
		}
	}
	return slices.Sorted(maps.Keys(wanted))
}

// ends finds touchpoints whose connections no single agent reaches: records go through the memory of one machine.
func (e *environment) ends() {
	agents := e.agentsHere()
	if len(agents) == 0 {
		return
	}
	for _, name := range e.judged("Touchpoint") {
		t := &e.model.Touchpoints[name].Spec
		e.about(e.index["Touchpoint/"+name])
		able := agents
		for _, end := range e.model.EndsOf(t) {
			c := e.model.Connections[end.Connection]
			if c == nil {
				continue
			}
			here := e.inPool(agents, c.Spec.Pool)
			if len(here) == 0 {
				break // that its pool has no agent at all is said at the connection
			}
			if both := e.inPool(able, c.Spec.Pool); len(both) > 0 {
				able = both
				continue
			}
			d := e.problemPath(e.index["Touchpoint/"+name], end.Path+".connection", codePool,
				fmt.Sprintf("no agent reaches all ends of this touchpoint: %q is in the pool %q, which %s not in", end.Connection, c.Spec.Pool, namesOf("agent", able)+" "+verb(len(able), "is", "are")),
				fmt.Sprintf("add %s to the pools of an agent that reaches both places, or go through a place that both reach with two touchpoints", c.Spec.Pool))
			d.Related = append([]diag.Pos{c.Source.Pos("spec.pool")}, e.placesOf("Agent", append(slices.Clone(able), here...), "spec.pools")...)
			break
		}
	}
}

// placesOf returns where a value stands in several resources of a kind.
func (e *environment) placesOf(kind string, names []string, path string) []diag.Pos {
	var places []diag.Pos
	for _, name := range names {
		r := e.index[kind+"/"+name]
		places = append(places, r.at(nearestNode(r.tree(), path)))
	}
	return places
}

// nearestNode returns the node at a path, or the last one on the way that exists.
func nearestNode(n *node, path string) *node {
	found, _ := n.at(parsePath(path))
	return found
}

// warnPath is problemPath for what is a warning only.
func (e *environment) warnPath(r *loaded, path, code, message, hint string) *diag.Diagnostic {
	return e.note(r, nearestNode(r.tree(), path), diag.Warning, code, path, message, hint)
}

// keyRing demands that the state of the environment can be opened by each of its agents.
func (e *environment) keyRing(agents []string) {
	if e.name == "" {
		return
	}
	ring, ok := e.model.KeyRings[e.name]
	if !ok {
		path := "spec.environments." + e.name
		if e.repository == nil || e.repository.tree().get("spec").get("environments").key(e.name) == nil || e.doubts.mayHold("KeyRing", e.name) || e.strayRing() {
			return
		}
		d := e.note(e.repository, e.repository.tree().get("spec").get("environments").key(e.name), diag.Warning, codeKeyRing, path,
			fmt.Sprintf("the environment %q has agents and no key ring, so none of them can keep state", e.name), "write it with dray key rekey, and commit it beside the agents")
		d.Related = e.placesOf("Agent", agents, "spec.recipient")
		return
	}
	recipients := recipientsOf(ring.Spec.Raw)
	for _, name := range agents {
		if r := e.model.Agents[name].Spec.Recipient; r == "" || len(recipients) == 0 || slices.Contains(recipients, r) {
			continue
		}
		d := e.problemPath(e.index["Agent/"+name], "spec.recipient", codeKeyRing, fmt.Sprintf("the key ring of %q is not encrypted to this agent, so it cannot open the state", e.name), "have a machine that can open the ring write its next generation with dray key rekey")
		d.Related = []diag.Pos{ring.Source.Pos("spec.recipients")}
	}
}

// strayRing reports whether a key ring is for no environment that there is: its name is probably misspelt, which is said there.
func (e *environment) strayRing() bool {
	for name := range e.model.KeyRings {
		if _, ok := e.model.Repository.Spec.Environments[name]; !ok {
			return true
		}
	}
	return false
}

// recipientsOf returns the recipients that a key ring names in its readable part.
func recipientsOf(doc json.RawMessage) []string {
	var d struct {
		Spec struct {
			Recipients []string `json:"recipients"`
		} `json:"spec"`
	}
	if json.Unmarshal(doc, &d) != nil {
		return nil // said of the resource itself
	}
	return d.Spec.Recipients
}

// sealedFor demands that agents can open the credentials of the connections in their pools.
func (e *environment) sealedFor(agents []string) {
	for _, name := range slices.Sorted(maps.Keys(e.model.Connections)) {
		c := e.model.Connections[name].Spec
		credential, ok := e.model.Credentials[c.Credential]
		if !ok || e.name != "" && !slices.Contains(credential.Spec.Environments, e.name) {
			continue // said elsewhere
		}
		recipients := credential.Spec.Recipients
		var locked []string
		for _, agent := range e.inPool(agents, c.Pool) {
			if !slices.Contains(recipients, e.model.Agents[agent].Spec.Recipient) {
				locked = append(locked, agent)
			}
		}
		if len(locked) == 0 || len(recipients) == 0 {
			continue
		}
		r := e.index["Credential/"+c.Credential]
		d := e.problemPath(r, "spec.recipients", codeRecipients, fmt.Sprintf("the credential is not encrypted to %s, which %s the connection %q", namesOf("agent", locked), verb(len(locked), "reaches", "reach"), name), "write its next generation with dray credential set, which encrypts it to every agent that needs it")
		d.Related = append(e.placesOf("Agent", locked, "spec.recipient"), e.model.Connections[name].Source.Pos("spec.credential"))
	}
}

// namesOf says which resources are meant: the agent "a", or the agents "a" and "b".
func namesOf(what string, names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = fmt.Sprintf("%q", name)
	}
	if len(quoted) == 1 {
		return "the " + what + " " + quoted[0]
	}
	return "the " + what + "s " + andList(quoted)
}

func verb(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}
