package plan

import (
	"fmt"

	"github.com/dray-sync/dray/engine/config"
)

// removalEffects says what a target does to records that are there already, other than filling them.
func removalEffects(t *config.Target) []Effect {
	d := &t.Destination
	place := d.Connection + "/" + d.Object
	switch {
	case d.Removes():
		return []Effect{{Dangerous, fmt.Sprintf("it deletes records at %s, which are found by %s", place, found(*d))}}
	case d.Acts():
		return []Effect{{Dangerous, fmt.Sprintf("it does %q with records at %s, which are found by %s", d.Action, place, found(*d))}}
	default:
		return nil
	}
}

// found says how the existing record is found.
func found(d config.DestinationSpec) string {
	if d.ByLedger() {
		return "what the ledger knows of their delivery"
	}
	return "their key"
}

// deliveryEffects says what another promise of delivery means.
func (f *flow) deliveryEffects() []Effect {
	b, a := f.before.ExactlyOnce(), f.after.ExactlyOnce()
	switch {
	case a && !b:
		return []Effect{{Review, "each record arrives exactly once: batches and the place behind them are committed together at the destination, in its table dray_checkpoint, which the account must be allowed to create"}}
	case b && !a:
		return []Effect{{Review, "records arrive at least once: a batch whose commit was in doubt is written again"}}
	default:
		return nil
	}
}

// classOf says how a repeat of a target's writes is made harmless.
func classOf(t *config.Touchpoint, d *config.DestinationSpec) string {
	switch {
	case t.ExactlyOnce():
		return "exactly once, by a checkpoint at the destination"
	case d.Write == "create":
		return "looked up by its key before it is repeated, or repeated by its token where the application knows it, or left to a person"
	case d.Acts():
		return "at least once: what was asked for may be done twice"
	default:
		return "at least once, and a repeat changes nothing"
	}
}

// classEffects says of a new flow, or of a new way to write, what a crash can do.
func classEffects(t *config.Touchpoint) (e []Effect) {
	for _, target := range t.Targets() {
		d := &target.Destination
		e = append(e, Effect{Safe, fmt.Sprintf("delivery to %s/%s by %s: %s", d.Connection, d.Object, d.Write, classOf(t, d))})
	}
	return e
}
