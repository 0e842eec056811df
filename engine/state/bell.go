package state

import (
	"context"
	"database/sql"
	"sync"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// bellDriver is River's SQLite driver with notifications that stay in the
// process: one process has the file, so that nothing need be written for them
// and nothing polled. What is missed is found by the poll.
type bellDriver struct {
	*riversqlite.Driver
	bell *bell
}

func newBellDriver(db *sql.DB, b *bell) *bellDriver {
	return &bellDriver{Driver: riversqlite.New(db), bell: b}
}

// GetListener implements [riverdriver.Driver].
func (d *bellDriver) GetListener(params *riverdriver.GetListenenerParams) riverdriver.Listener {
	return &bellListener{bell: d.bell, schema: params.Schema}
}

// SupportsListenNotify implements [riverdriver.Driver]: River writes no notifications of its own.
func (d *bellDriver) SupportsListenNotify() bool { return false }

// topicInsert is the topic on which River's workers wait for new jobs.
const topicInsert = "river_insert"

// bell tells the listener which queues have new jobs. It is safe for concurrent use.
type bell struct {
	mu      sync.Mutex
	pending map[string]bool
	rung    chan struct{}
}

func newBell() *bell { return &bell{pending: map[string]bool{}, rung: make(chan struct{}, 1)} }

// ring says that a queue has a job that can be worked.
func (b *bell) ring(queue string) {
	b.mu.Lock()
	b.pending[queue] = true
	b.mu.Unlock()
	select {
	case b.rung <- struct{}{}:
	default:
	}
}

// wait returns a queue that has a new job.
func (b *bell) wait(ctx context.Context) (string, error) {
	for {
		b.mu.Lock()
		for queue := range b.pending {
			delete(b.pending, queue)
			b.mu.Unlock()
			return queue, nil
		}
		b.mu.Unlock()
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-b.rung:
		}
	}
}

// bellListener is the bell as River listens to it.
type bellListener struct {
	bell   *bell
	schema string
}

// Close implements [riverdriver.Listener]; as the methods below it has nothing to do.
func (l *bellListener) Close(context.Context) error { return nil }

// Connect implements [riverdriver.Listener].
func (l *bellListener) Connect(context.Context) error { return nil }

// Listen implements [riverdriver.Listener].
func (l *bellListener) Listen(context.Context, string) error { return nil }

// Ping implements [riverdriver.Listener].
func (l *bellListener) Ping(context.Context) error { return nil }

// SetAfterConnectExec implements [riverdriver.Listener].
func (l *bellListener) SetAfterConnectExec(string) {}

// Unlisten implements [riverdriver.Listener].
func (l *bellListener) Unlisten(context.Context, string) error { return nil }

// Schema implements [riverdriver.Listener].
func (l *bellListener) Schema() string { return l.schema }

// WaitForNotification implements [riverdriver.Listener].
func (l *bellListener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	queue, err := l.bell.wait(ctx)
	if err != nil {
		return nil, err
	}
	return &riverdriver.Notification{Topic: topicInsert, Payload: `{"queue":"` + queue + `"}`}, nil
}
