package engine

import (
	"slices"

	"github.com/dray-sync/dray/engine/config"
)

// poolsOf returns the pools that this agent belongs to, by its recipient. enrolled is false where the repository does not enroll it: then
// nothing says what it reaches, and it runs everything.
func (e *Engine) poolsOf(m *config.Model) (pools []string, enrolled bool) {
	own := e.identity.Public().Recipient.String()
	for _, a := range m.Agents {
		if a.Spec.Recipient == own && slices.Contains(a.Spec.Environments, e.options.Environment) {
			return a.Spec.Pools, true
		}
	}
	return nil, false
}

// elsewhere returns the pool that keeps a flow from running here, because one of its connections is reached from there and not from this
// agent. Empty: it runs here.
func (e *Engine) elsewhere(f *flow) string {
	g := e.current.Load()
	if g == nil {
		return ""
	}
	pools, enrolled := e.poolsOf(g.model)
	if !enrolled {
		return ""
	}
	for _, name := range f.Spec.Connections() {
		if c := f.Model.Connections[name]; c != nil && !slices.Contains(pools, c.Spec.Pool) {
			return c.Spec.Pool
		}
	}
	return ""
}
