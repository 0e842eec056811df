package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// Approver is the part of a [Service] by which people let parked runs go.
type Approver interface {
	// Approve starts a run that may do what a parked one was counted to do, once the audit says who let it go.
	Approve(ctx context.Context, run int64, a Approval) (Run, error)
}

// Approval is who lets a run go, and why.
type Approval struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"why; kept in the audit"`
	Actor  string `json:"-"`
}

// Parked is what a parked run would do beyond what it has done.
type Parked struct {
	Creates    int64 `json:"creates"`
	Updates    int64 `json:"updates"`
	Deletes    int64 `json:"deletes"`
	Shrank     bool  `json:"shrank,omitempty" doc:"its read saw far fewer records than there were"`
	More       bool  `json:"more,omitempty" doc:"it was not counted to its end: it would do more, and what is approved is what was counted"`
	ApprovedBy int64 `json:"approvedBy,omitempty" doc:"the run by which a person let it go"`
}

func registerApprove(api huma.API, s Approver) {
	huma.Post(api, "/v1/runs/{id}/approve", func(ctx context.Context, in *struct {
		ID   int64 `path:"id" doc:"the parked run"`
		Body Approval
	},
	) (*body[Run], error) {
		in.Body.Actor = callerOf(ctx).name
		r, err := s.Approve(ctx, in.ID, in.Body)
		return answer(r, err)
	}, describe("approve-run", "Let a parked run go: a new run may do what it was counted to do, by the same revision"), status(http.StatusAccepted))
}
