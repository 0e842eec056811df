package sqlite

import (
	"context"

	"github.com/dray-sync/dray/adapters"
)

// OpenRead starts a read. A connection that may write switches the file to the write-ahead log before: a read under way, which sees one
// snapshot, would keep a write from ever doing so, and with the older journal the two would wait for each other.
func (c *connection) OpenRead(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
	if !c.closed.Load() {
		_ = c.logAhead(ctx) // who only reads needs no log; a write that needs it says what is wrong
	}
	return c.source.OpenRead(ctx, req)
}

// logAhead switches the file to the write-ahead log, as the first connection of the handle does.
func (c *connection) logAhead(ctx context.Context) error {
	return c.writes.PingContext(ctx)
}
