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
