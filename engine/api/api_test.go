package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/reconcile"
	"github.com/dray-sync/dray/engine/state"
)

// A service answers what a test sets and notes what it was asked.
type service struct {
	api.Service
	status reconcile.Status
	err    error
	runs   []api.Run
	next   int64
	filter api.RunFilter
	asked  string
	wait   func(ctx context.Context) error
}

func (s *service) Status() reconcile.Status { return s.status }
func (s *service) Reconcile() string        { return "token-1" }

func (s *service) WaitStatus(ctx context.Context, token string) (reconcile.Status, error) {
	s.asked = token
	return s.status, s.wait(ctx)
}
func (s *service) Touchpoints(context.Context) ([]api.Touchpoint, error) { return nil, s.err }

func (s *service) Trigger(_ context.Context, name string) (api.Run, error) {
	return api.Run{ID: 7, Touchpoint: name}, s.err
}

func (s *service) Suspend(_ context.Context, name string, x api.Suspension) error {
	s.asked = name + " " + x.Reason
	return s.err
}

func (s *service) Runs(_ context.Context, f api.RunFilter) ([]api.Run, int64, error) {
	s.filter = f
	return s.runs, s.next, s.err
}

func (s *service) MetricsHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "dray_up 1") })
}

func ask(t *testing.T, h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnswers(t *testing.T) {
	s := &service{runs: []api.Run{{ID: 9}, {ID: 8}}, next: 8}
	h := api.New(s, "v1")
	for _, c := range []struct {
		method, target, body string
		status               int
		holds                string
	}{
		{"GET", "/healthz", "", 200, "ok"},
		{"GET", "/readyz", "", 503, "no revision"},
		{"GET", "/metrics", "", 200, "dray_up 1"},
		{"POST", "/v1/reconcile", "", 202, `"request":"token-1"`},
		{"GET", "/v1/touchpoints", "", 200, `"items":[]`},
		{"GET", "/v1/runs?limit=2&page=10&touchpoint=orders&status=failed", "", 200, `"next":"8"`},
		{"GET", "/v1/runs?limit=0", "", 422, "limit"},
		{"GET", "/v1/runs?limit=1001", "", 422, "limit"},
		{"POST", "/v1/touchpoints/orders/trigger", "", 202, `"id":7`},
		{"POST", "/v1/touchpoints/orders/suspend", `{"reason":"stocktaking"}`, 204, ""},
		{"POST", "/v1/touchpoints/orders/suspend", `{"reason":""}`, 422, "reason"},
		{"GET", "/v1/dead-letters?state=lost", "", 422, "state"},
		{"POST", "/v1/dead-letters/a/reveal", `{"reason":"ticket"}`, 403, "unix socket"},
		{"POST", "/v1/records/orders/reveal", `{"reason":"ticket","value":"1"}`, 403, "unix socket"},
		{"POST", "/v1/overrides/reveal", `{"reason":"ticket"}`, 403, "unix socket"},
	} {
		w := ask(t, h, c.method, c.target, c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.holds) {
			t.Errorf("%s %s: %d %s", c.method, c.target, w.Code, w.Body)
		}
		if c.status == 422 && w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s", c.target, w.Header().Get("Content-Type"))
		}
	}
	if want := (api.RunFilter{Touchpoint: "orders", Status: "failed", Before: 10, Limit: 2}); s.filter != want {
		t.Errorf("filter %+v", s.filter)
	}
	if s.asked != "orders stocktaking" {
		t.Errorf("suspended %q", s.asked)
	}
	s.status.LastAppliedRevision = "main@sha1:a"
	if w := ask(t, h, "GET", "/readyz", ""); w.Code != 200 {
		t.Errorf("ready: %d", w.Code)
	}
}

func TestProblems(t *testing.T) {
	const content = "card 4111"
	for name, c := range map[string]struct {
		err    error
		status int
	}{
		"not found":          {fmt.Errorf("touchpoint %q: %w", "orders", api.ErrNotFound), 404},
		"not found in state": {&state.Error{Reason: state.NotFound, Text: "there is no run 7"}, 404},
		"state":              {&state.Error{Reason: state.Fenced}, 503},
		"unknown":            {errors.New(content), 500},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(t, api.New(&service{err: c.err}, "v1"), "POST", "/v1/touchpoints/orders/trigger", "")
			var p struct {
				Title  string
				Status int
				Detail string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != c.status || w.Code != c.status || p.Detail == "" {
				t.Errorf("%d %s %v", w.Code, w.Body, err)
			}
			if w.Header().Get("Content-Type") != "application/problem+json" || strings.Contains(w.Body.String(), content) {
				t.Errorf("%v %s", w.Header(), w.Body)
			}
		})
	}
}

func TestWaitForARequest(t *testing.T) {
	s := &service{wait: func(context.Context) error { return nil }}
	h := api.New(s, "v1")
	if w := ask(t, h, "GET", "/v1/status?wait=token-1", ""); w.Code != 200 || s.asked != "token-1" {
		t.Errorf("%d %s, asked %q", w.Code, w.Body, s.asked)
	}
	s.wait = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	if w := ask(t, h, "GET", "/v1/status?wait=token-1&timeout=1", ""); w.Code != 504 {
		t.Errorf("not in time: %d %s", w.Code, w.Body)
	}
}
