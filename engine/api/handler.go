package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/dray-sync/dray/engine/reconcile"
)

// ErrNotFound means that there is no such touchpoint, run, record or dead letter.
var ErrNotFound = errors.New("not found")

// ErrConflict means that what is asked for does not fit the state things are in.
var ErrConflict = errors.New("conflict")

// New returns the handler of the whole API, without authentication: that is for [Serve] to put before it.
func New(s Service, version string) http.Handler {
	mux := http.NewServeMux()
	register(newAPI(mux, version), s)
	mux.Handle("GET /metrics", s.MetricsHandler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if s.Status().LastAppliedRevision == "" {
			plain(w, http.StatusServiceUnavailable, "no revision is applied\n")
			return
		}
		plain(w, http.StatusOK, "ok\n")
	})
	return mux
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // whoever asked may have gone
}

func newAPI(mux *http.ServeMux, version string) huma.API {
	c := huma.DefaultConfig("Dray agent", version)
	c.Info.Description = "What an agent of Dray knows and does. No answer holds the content of records."
	c.DocsPath, c.SchemasPath = "", ""
	c.CreateHooks = nil // no $schema links: the description is in one file
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "Only over TCP; a unix socket is guarded by its mode."},
	}
	c.Security = []map[string][]string{{"bearer": {}}}
	return humago.New(mux, c)
}

// OpenAPI returns the description of the API as YAML.
func OpenAPI(version string) ([]byte, error) {
	api := newAPI(http.NewServeMux(), version)
	register(api, nil)
	return api.OpenAPI().YAML()
}

type body[T any] struct{ Body T }

type page[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"the cursor of the next page; absent at the end"`
}

// pageOf returns a page whose items are a list, also when there are none.
func pageOf[T any](items []T, next string) page[T] {
	if items == nil {
		items = []T{}
	}
	return page[T]{items, next}
}

func register(api huma.API, s Service) {
	registerStatus(api, s)
	registerTouchpoints(api, s)
	registerRuns(api, s)
	registerRecords(api, s)
	registerRepair(api, s)
	registerOverrides(api, s)
	registerApprove(api, s)
}

func registerStatus(api huma.API, s Service) {
	huma.Get(api, "/v1/status", func(ctx context.Context, in *struct {
		Wait    string `query:"wait" doc:"the token of a reconcile request to wait for"`
		Timeout int    `query:"timeout" minimum:"1" maximum:"600" default:"60" doc:"seconds to wait at most"`
	},
	) (*body[reconcile.Status], error) {
		if in.Wait == "" {
			return &body[reconcile.Status]{s.Status()}, nil
		}
		ctx, cancel := context.WithTimeout(ctx, time.Duration(in.Timeout)*time.Second)
		defer cancel()
		status, err := s.WaitStatus(ctx, in.Wait)
		if err != nil {
			return nil, huma.Error504GatewayTimeout("the request was not handled in time; ask again with the same token")
		}
		return &body[reconcile.Status]{status}, nil
	}, describe("get-status", "What the agent knows of its configuration"))

	huma.Post(api, "/v1/reconcile", func(context.Context, *struct{}) (*body[Accepted], error) {
		return &body[Accepted]{Accepted{Request: s.Reconcile()}}, nil
	}, describe("reconcile", "Look at the repository now"), status(http.StatusAccepted))
}

func registerTouchpoints(api huma.API, s Service) {
	huma.Get(api, "/v1/touchpoints", func(ctx context.Context, _ *struct{}) (*body[page[Touchpoint]], error) {
		list, err := s.Touchpoints(ctx)
		return answer(pageOf(list, ""), err)
	}, describe("list-touchpoints", "The touchpoints of the applied revision"))

	huma.Get(api, "/v1/state", func(ctx context.Context, _ *struct{}) (*body[page[Held]], error) {
		list, err := s.State(ctx)
		return answer(pageOf(list, ""), err)
	}, describe("list-state", "What the agent holds of every touchpoint: whether it has a checkpoint, and how much else"))

	huma.Post(api, "/v1/samples/compare", func(ctx context.Context, in *struct {
		Body struct {
			Commit string `json:"commit" pattern:"^[0-9a-f]{40}$" doc:"a commit of the repository that the agent follows"`
		}
	},
	) (*body[page[SampleResult]], error) {
		list, err := s.CompareSamples(ctx, in.Body.Commit)
		return answer(pageOf(list, ""), err)
	}, describe("compare-samples", "Try a revision on the samples of the touchpoints that it changes"))

	huma.Post(api, "/v1/touchpoints/{name}/trigger", func(ctx context.Context, in *named) (*body[Run], error) {
		r, err := s.Trigger(ctx, in.Name)
		return answer(r, err)
	}, describe("trigger", "Run a touchpoint now"), status(http.StatusAccepted))

	huma.Post(api, "/v1/touchpoints/{name}/suspend", func(ctx context.Context, in *struct {
		Name string `path:"name" doc:"the touchpoint"`
		Body Suspension
	},
	) (*struct{}, error) {
		in.Body.Actor = callerOf(ctx).name
		return nil, problem(s.Suspend(ctx, in.Name, in.Body))
	}, describe("suspend", "Stop a touchpoint on this agent until it is resumed"))

	huma.Post(api, "/v1/touchpoints/{name}/resume", func(ctx context.Context, in *named) (*struct{}, error) {
		return nil, problem(s.Resume(ctx, in.Name))
	}, describe("resume", "End a local suspension"))
}

type named struct {
	Name string `path:"name" doc:"the touchpoint"`
}

func registerRuns(api huma.API, s Service) {
	huma.Get(api, "/v1/runs", func(ctx context.Context, in *struct {
		Touchpoint string `query:"touchpoint"`
		Status     string `query:"status"`
		Before     int64  `query:"page" doc:"the cursor of the last page"`
		Limit      int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	},
	) (*body[page[Run]], error) {
		runs, next, err := s.Runs(ctx, RunFilter{in.Touchpoint, in.Status, in.Before, in.Limit})
		return answer(pageOf(runs, number(next)), err)
	}, describe("list-runs", "Runs, newest first"))

	huma.Get(api, "/v1/runs/{id}", func(ctx context.Context, in *struct {
		ID int64 `path:"id"`
	},
	) (*body[Run], error) {
		r, err := s.RunByID(ctx, in.ID)
		return answer(r, err)
	}, describe("get-run", "One run"))
}

func registerRecords(api huma.API, s Service) {
	huma.Get(api, "/v1/records/{touchpoint}/{id}", func(ctx context.Context, in *struct {
		Touchpoint string `path:"touchpoint"`
		ID         string `path:"id" doc:"opaque, from a search"`
	},
	) (*body[Record], error) {
		r, err := s.Record(ctx, in.Touchpoint, in.ID)
		return answer(r, err)
	}, describe("get-record", "The life of one record"))

	huma.Post(api, "/v1/records/{touchpoint}/search", func(ctx context.Context, in *struct {
		Touchpoint string `path:"touchpoint"`
		Body       struct {
			Value string `json:"value" minLength:"1" maxLength:"1000" doc:"a source key, a destination key, or a traced field, exactly"`
		}
	},
	) (*body[page[Record]], error) {
		list, err := s.Search(ctx, in.Touchpoint, in.Body.Value)
		return answer(pageOf(list, ""), err)
	}, describe("search-records", "Find records by a value"))

	huma.Get(api, "/v1/dead-letters", func(ctx context.Context, in *struct {
		Touchpoint string `query:"touchpoint"`
		State      string `query:"state" enum:"open,replayed,discarded,superseded" default:"open"`
		Cause      string `query:"cause" doc:"only of this cause"`
		Page       string `query:"page" doc:"the cursor of the last page"`
		Limit      int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	},
	) (*body[page[DeadLetter]], error) {
		list, next, err := s.DeadLetters(ctx, DeadLetterFilter{in.Touchpoint, in.State, in.Cause, in.Page, in.Limit})
		return answer(pageOf(list, next), err)
	}, describe("list-dead-letters", "Records that could not be delivered, newest first"))
}
