package state

import (
	"context"
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// discardLogger is for parts whose words are of no use to an operator.
func discardLogger() *slog.Logger { return slog.New(slog.DiscardHandler) }

// riverHandler gives River's warnings and errors to hclog at level debug. River
// knows ids and codes only, so that its words hold no content.
type riverHandler struct {
	log   hclog.Logger
	attrs []any
}

func (h riverHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.log.IsDebug()
}

func (h riverHandler) Handle(_ context.Context, r slog.Record) error {
	args := append([]any{}, h.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		args = append(args, a.Key, a.Value.String())
		return true
	})
	h.log.Debug(r.Message, args...)
	return nil
}

func (h riverHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	args := append([]any{}, h.attrs...)
	for _, a := range attrs {
		args = append(args, a.Key, a.Value.String())
	}
	return riverHandler{log: h.log, attrs: args}
}

func (h riverHandler) WithGroup(string) slog.Handler { return h }
