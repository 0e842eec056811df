package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Overrides is the part of a [Service] that lets lookups give other answers for a time.
type Overrides interface {
	OverrideLookup(ctx context.Context, q OverrideRequest) (Override, error)
	// ListOverrides lists those in force. reveal is nil where their rows stay sealed.
	ListOverrides(ctx context.Context, reveal *Act) ([]Override, error)
	RemoveOverride(ctx context.Context, id string, a Act) error
}

// OverrideRequest puts a row in place of one of a lookup.
type OverrideRequest struct {
	Act
	Lookup string            `json:"lookup" minLength:"1" maxLength:"100"`
	Row    map[string]string `json:"row" doc:"the cells by column: those of the key, and the result; value stands for the only column of the result"`
	Until  time.Time         `json:"until" doc:"when it ends by itself"`
}

// Override is a row in place of one of a lookup, for a time.
type Override struct {
	ID     string            `json:"id"`
	Lookup string            `json:"lookup"`
	By     string            `json:"by"`
	Reason string            `json:"reason"`
	At     time.Time         `json:"at"`
	Until  time.Time         `json:"until"`
	Row    map[string]string `json:"row,omitempty" doc:"only where it is revealed"`
}

func registerOverrides(api huma.API, s Overrides) {
	huma.Post(api, "/v1/overrides", func(ctx context.Context, in *struct{ Body OverrideRequest }) (*body[Override], error) {
		in.Body.Actor = callerOf(ctx).name
		o, err := s.OverrideLookup(ctx, in.Body)
		return answer(o, err)
	}, describe("override-lookup", "Put a row in place of one of a lookup, for a time"), status(http.StatusCreated))

	huma.Get(api, "/v1/overrides", func(ctx context.Context, _ *struct{}) (*body[page[Override]], error) {
		list, err := s.ListOverrides(ctx, nil)
		return answer(pageOf(list, ""), err)
	}, describe("list-overrides", "The overrides in force, without their rows"))

	huma.Post(api, "/v1/overrides/reveal", func(ctx context.Context, in *struct{ Body Act }) (*body[page[Override]], error) {
		c := callerOf(ctx)
		if !c.local {
			return nil, errRemote()
		}
		in.Body.Actor = c.name
		list, err := s.ListOverrides(ctx, &in.Body)
		return answer(pageOf(list, ""), err)
	}, describe("reveal-overrides", "The overrides in force with their rows; the audit says who looked, and why. Over the unix socket only"))

	huma.Post(api, "/v1/overrides/{id}/remove", func(ctx context.Context, in *struct {
		ID   string `path:"id" doc:"the override"`
		Body Act
	},
	) (*struct{}, error) {
		in.Body.Actor = callerOf(ctx).name
		return nil, problem(s.RemoveOverride(ctx, in.ID, in.Body))
	}, describe("remove-override", "End an override"))
}
