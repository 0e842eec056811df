package api

import (
	"errors"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dray-sync/dray/engine/state"
)

func describe(id, summary string) func(*huma.Operation) {
	return func(o *huma.Operation) { o.OperationID, o.Summary = id, summary }
}

func status(code int) func(*huma.Operation) {
	return func(o *huma.Operation) { o.DefaultStatus = code }
}

// answer is a body, or a problem.
func answer[T any](v T, err error) (*body[T], error) {
	if err != nil {
		return nil, problem(err)
	}
	return &body[T]{v}, nil
}

// problem turns an error into what a client sees. Only errors that are made for showing keep their words.
func problem(err error) error {
	switch e := (*state.Error)(nil); {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound):
		return huma.Error404NotFound(err.Error())
	case errors.Is(err, ErrConflict):
		return huma.Error409Conflict(err.Error())
	case errors.As(err, &e) && e.Reason == state.NotFound:
		return huma.Error404NotFound(e.Error())
	case errors.As(err, &e):
		return huma.Error503ServiceUnavailable(string(e.Reason))
	default:
		return huma.Error500InternalServerError("the agent could not answer; its log says why")
	}
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
