package cli

import (
	"slices"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/maptest"
	"github.com/dray-sync/dray/engine/policy"
	"github.com/dray-sync/dray/engine/reconcile"
)

// allCodes returns the explanation of every code that a diagnostic can have, in a fixed order.
func allCodes() []diag.CodeDoc {
	return slices.Concat(config.Codes(), mapping.Codes(), reconcile.Codes(), maptest.Codes(), policy.Codes())
}
