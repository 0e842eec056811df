package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/plan"
	"github.com/dray-sync/dray/engine/reconcile"
)

// agentState is what an agent said of itself.
type agentState struct {
	environment string
	held        map[string]plan.Existing // by touchpoint
}

// askState asks an agent what it holds, and has the plan be for its environment and start from what it has applied.
func (a *app) askState(ctx context.Context, o *planOptions) (*agentState, error) {
	var s reconcile.Status
	if err := a.call(ctx, &o.agent, http.MethodGet, "/v1/status", nil, &s); err != nil {
		return nil, err
	}
	if o.environment != "" && o.environment != s.Environment {
		return nil, invalid(fmt.Errorf("the agent serves the environment %q, and the plan is to be for %q", safe(s.Environment), o.environment))
	}
	o.environment = s.Environment
	if !o.fromSaid {
		_, commit, _ := strings.Cut(s.LastAppliedRevision, "sha1:")
		o.from, o.fromSaid = commit, true
	}
	var list page[api.Held]
	if err := a.call(ctx, &o.agent, http.MethodGet, "/v1/state", nil, &list); err != nil {
		return nil, err
	}
	held := make(map[string]plan.Existing, len(list.Items))
	for _, h := range list.Items {
		held[h.Name] = h.Existing
	}
	return &agentState{s.Environment, held}, nil
}

// add tells every flow what the agent holds of it.
func (s *agentState) add(r *plan.Report) {
	for i := range r.Environments {
		if r.Environments[i].Environment != s.environment {
			continue
		}
		for j := range r.Environments[i].Touchpoints {
			t := &r.Environments[i].Touchpoints[j]
			name := t.Name
			if t.RenamedFrom != "" {
				name = t.RenamedFrom
			}
			held := s.held[name]
			t.Existing = &held
		}
	}
}

// addSamples has the agent try the new revision on its samples.
func (a *app) addSamples(ctx context.Context, o *planOptions, r *plan.Report) error {
	var list page[api.SampleResult]
	if err := a.call(ctx, &o.agent, http.MethodPost, "/v1/samples/compare", map[string]string{"commit": r.To.Commit}, &list); err != nil {
		return err
	}
	for i := range r.Environments {
		for j := range r.Environments[i].Touchpoints {
			t := &r.Environments[i].Touchpoints[j]
			for k := range list.Items {
				if list.Items[k].Name == t.Name {
					t.Samples = &list.Items[k].Samples
				}
			}
		}
	}
	return nil
}
