// Package plan compares two models: what changes, what that does to the flows, and what it does to their state.
//
// [Diff] is pure: it does no I/O and needs no keys. Its result is all that reconciling gets to see, so that what the plan does not
// show, the agent does not do (promise 8). The rest of the package writes the result down: as text, as Markdown for a pull request,
// and as JSON with a schema.
package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/dray-sync/dray/engine/config"
)

// Action is what happens to a resource.
type Action string

// The actions.
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
	Rename Action = "rename" // possibly with other changes
)

// StateEffect is what happens to what a touchpoint remembers: its checkpoint, ledger and dead letters.
type StateEffect string

// The effects on state.
const (
	StateNew     StateEffect = "new"     // it begins at its start
	StateKept    StateEffect = "kept"    // it goes on where it was
	StateRenamed StateEffect = "renamed" // it goes on under a new name
	StateReset   StateEffect = "reset"   // its checkpoint is dropped: it begins at its start again; ledger and dead letters stay
	StatePruned  StateEffect = "pruned"  // all of it is destroyed
)

// Risk says how carefully a change wants to be read.
type Risk string

// The classes of risk, from the least.
const (
	Safe      Risk = "safe"
	Review    Risk = "review"
	Dangerous Risk = "dangerous"
)

// level orders risks. The zero Risk is below all.
func (r Risk) level() int { return slices.Index([]Risk{"", Safe, Review, Dangerous}, r) }

// atLeast returns the greater of two risks.
func (r Risk) atLeast(other Risk) Risk {
	if other.level() > r.level() {
		return other
	}
	return r
}

// AllowReset is the annotation by which a touchpoint permits that its state is reset.
const AllowReset = "dray/allow-reset"

// Changes is the difference between two models.
type Changes struct {
	Environment string `json:"environment,omitempty"`
	From        string `json:"from"` // digest; empty: nothing was there
	To          string `json:"to"`
	// Risk is the greatest of all below; empty when nothing changes.
	Risk        Risk               `json:"risk,omitempty" enum:"safe,review,dangerous"`
	Resources   []ResourceChange   `json:"resources" nullable:"false"`
	Touchpoints []TouchpointChange `json:"touchpoints" nullable:"false"`
	// Paths are the ways that data could not take before.
	Paths []DataPath `json:"paths,omitempty"`
	// Blocked says why these changes may not be applied. Empty: they may.
	Blocked []string `json:"blocked,omitempty"`
}

// ResourceChange is what happens to one resource.
type ResourceChange struct {
	Kind        string        `json:"kind"`
	Name        string        `json:"name"`
	RenamedFrom string        `json:"renamedFrom,omitempty"`
	Action      Action        `json:"action" enum:"create,update,delete,rename"`
	Risk        Risk          `json:"risk" enum:"safe,review,dangerous"`
	Fields      []FieldChange `json:"fields,omitempty"`  // of an update, in the order of their paths
	More        int           `json:"more,omitempty"`    // how many fields beyond those in Fields change, too
	Effects     []Effect      `json:"effects,omitempty"` // what comes of it, the most dangerous first
	// By says who changed it, where whoever made the plan knows: Diff does not.
	By string `json:"by,omitempty"`
}

// TouchpointChange is what happens to one flow.
type TouchpointChange struct {
	Name        string      `json:"name"`
	RenamedFrom string      `json:"renamedFrom,omitempty"`
	Action      Action      `json:"action" enum:"create,update,delete,rename"`
	State       StateEffect `json:"state" enum:"new,kept,renamed,reset,pruned"`
	Risk        Risk        `json:"risk" enum:"safe,review,dangerous"`
	Causes      []string    `json:"causes"`            // the resources whose change reaches it: "Mapping/order-to-sale"
	Effects     []Effect    `json:"effects,omitempty"` // what comes of it, the most dangerous first
	// Mapping are the differences between the old mapping and the new one, when it goes through another one.
	Mapping []FieldChange `json:"mapping,omitempty"`
	// PrunedRoutes are routes and named destinations that are gone: their ledger and dead letters are destroyed.
	PrunedRoutes []string `json:"prunedRoutes,omitempty"`
	// Existing is what an agent holds of it, where one was asked: Diff does not.
	Existing *Existing `json:"existing,omitempty"`
	// Samples is what an agent's samples make of the change, where one was asked: Diff does not.
	Samples *Samples `json:"samples,omitempty"`
}

// Existing is what an agent holds of a touchpoint.
type Existing struct {
	Checkpoint   bool      `json:"checkpoint"` // it has read something and knows how far
	CheckpointAt time.Time `json:"checkpointAt,omitzero"`
	Records      int64     `json:"records"`     // source keys that the ledger knows as delivered
	DeadLetters  int64     `json:"deadLetters"` // that wait
	Runs         int       `json:"runs"`        // under way
	Suspended    bool      `json:"suspended"`   // in the repository or by hand on that agent
}

// An Effect is one consequence of a change, in a sentence, with how dangerous it is.
type Effect struct {
	Risk Risk   `json:"risk" enum:"safe,review,dangerous"`
	Text string `json:"text"`
}

// Empty reports whether nothing changes.
func (c Changes) Empty() bool { return len(c.Resources) == 0 && len(c.Touchpoints) == 0 }

// Diff compares two models. from may be nil: nothing is there yet. It is pure and deterministic.
func Diff(from, to *config.Model) Changes {
	if from == nil {
		from = &config.Model{}
	}
	c := Changes{Environment: to.Environment, From: from.Digest, To: to.Digest, Resources: []ResourceChange{}, Touchpoints: []TouchpointChange{}}
	if from.Digest == to.Digest && from.Digest != "" {
		return c
	}
	p := newPair(from, to)
	c.Resources = append(c.Resources, p.resources()...)
	c.Touchpoints = append(c.Touchpoints, p.touchpoints(c.Resources)...)
	c.Paths = p.newPaths()
	for i := range c.Touchpoints {
		c.Touchpoints[i].alert(c.Paths)
	}
	c.Blocked = p.blocked(c.Touchpoints)
	flows := map[string]Risk{}
	for _, t := range c.Touchpoints {
		flows[t.Name] = t.Risk
		c.Risk = c.Risk.atLeast(t.Risk)
	}
	for i := range c.Resources {
		r := &c.Resources[i]
		if r.Kind == "Touchpoint" {
			r.Risk = flows[r.Name]
		}
		c.Risk = c.Risk.atLeast(r.Risk)
	}
	return c
}

// blocked says why the changes may not be applied.
func (p *pair) blocked(touchpoints []TouchpointChange) (reasons []string) {
	for _, t := range touchpoints {
		if t.State == StateReset && p.to.Touchpoints[t.Name].Metadata.Annotations[AllowReset] == "" {
			reasons = append(reasons, fmt.Sprintf(
				"touchpoint %q would drop its checkpoint and read from its start again; if that is meant, give it the annotation %s: \"the reason\"",
				t.Name, AllowReset))
		}
	}
	return append(reasons, p.disputed...)
}

// settle sorts effects, the most dangerous first, without repetitions, and returns them with their greatest risk.
func settle(effects []Effect) ([]Effect, Risk) {
	slices.SortStableFunc(effects, func(a, b Effect) int { return b.Risk.level() - a.Risk.level() })
	seen := map[string]bool{}
	effects = slices.DeleteFunc(effects, func(e Effect) bool {
		again := seen[e.Text]
		seen[e.Text] = true
		return again
	})
	if len(effects) == 0 {
		return nil, Safe
	}
	return effects, effects[0].Risk
}
