package config

import (
	"fmt"

	"github.com/dray-sync/dray/adapters"
)

// removal judges whether a destination can do what source.deleted says.
func (e *environment) removal(r *loaded, t *Touchpoint, d Target, o adapters.Object) {
	mode, word := adapters.WriteDelete, "deleted"
	switch t.Source.Deleted.Action {
	case "delete":
	case "set":
		mode, word = adapters.WriteUpdate, "updated"
	default:
		return
	}
	if !d.Destination.Fills() || d.Destination.ByLedger() || len(o.Writes) == 0 || o.CanWrite(mode) {
		return // that it cannot be written at all is said elsewhere
	}
	e.problemPath(r, "spec.source.deleted", codeUnsupported, fmt.Sprintf("records of %q in %q cannot be %s", d.Destination.Object, d.Destination.Connection, word), "write deleted: ignore")
}
