package engine

import (
	"strings"

	"github.com/dray-sync/dray/engine/reconcile"
)

// paused returns the condition that says which connections nobody asks now, why, and when they are tried again. It reports false when
// there are none.
func (e *Engine) paused() (reconcile.Condition, bool) {
	if e.pool == nil {
		return reconcile.Condition{}, false
	}
	pauses := e.pool.Pauses()
	if len(pauses) == 0 {
		return reconcile.Condition{}, false
	}
	c := reconcile.Condition{Type: reconcile.Paused, Status: "True", Reason: "Connection" + pauses[0].Kind.String(), LastTransitionTime: pauses[0].Since}
	texts := make([]string, len(pauses))
	for i, p := range pauses {
		texts[i] = p.Error()
	}
	c.Message = strings.Join(texts, "; ")
	return c, true
}
