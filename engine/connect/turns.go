package connect

import (
	"context"
	"slices"
	"sync"
)

// Priority is whose request goes first where several wait for one account.
type Priority int

// The priorities.
const (
	Low Priority = iota - 1
	Normal
	High
)

type priorityKey struct{}

// WithPriority returns a context whose requests have that priority. Without it they are Normal.
func WithPriority(ctx context.Context, p Priority) context.Context {
	return context.WithValue(ctx, priorityKey{}, p)
}

// PriorityOf returns the priority of a context's requests.
func PriorityOf(ctx context.Context) Priority {
	p, _ := ctx.Value(priorityKey{}).(Priority)
	return p
}

// PriorityNamed returns the priority that a touchpoint names: high, normal or low. Any other text is Normal.
func PriorityNamed(text string) Priority {
	switch text {
	case "high":
		return High
	case "low":
		return Low
	default:
		return Normal
	}
}

// turns let one at a time wait for what an account has to give, those of higher priority before the others, and among them who came first.
// The zero value is ready. It is safe for concurrent use.
type turns struct {
	mu      sync.Mutex
	taken   bool
	waiting []*waiter // in the order in which their turn comes
}

type waiter struct {
	priority Priority
	come     chan struct{} // closed when its turn has come
}

// take waits for the caller's turn, which it passes on.
func (t *turns) take(ctx context.Context) error {
	t.mu.Lock()
	if !t.taken {
		t.taken = true
		t.mu.Unlock()
		return nil
	}
	w := &waiter{priority: PriorityOf(ctx), come: make(chan struct{})}
	at, _ := slices.BinarySearchFunc(t.waiting, w, func(other, w *waiter) int {
		if other.priority >= w.priority {
			return -1
		}
		return 1
	})
	t.waiting = slices.Insert(t.waiting, at, w)
	t.mu.Unlock()
	select {
	case <-w.come:
		return nil
	case <-ctx.Done():
		t.giveUp(w)
		return ctx.Err()
	}
}

// giveUp leaves the queue. A turn that has come meanwhile goes to the next.
func (t *turns) giveUp(w *waiter) {
	t.mu.Lock()
	at := slices.Index(t.waiting, w)
	if at >= 0 {
		t.waiting = slices.Delete(t.waiting, at, at+1)
	}
	t.mu.Unlock()
	if at < 0 {
		t.pass()
	}
}

// pass gives the turn to the next.
func (t *turns) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		t.taken = false
		return
	}
	close(t.waiting[0].come)
	t.waiting = slices.Delete(t.waiting, 0, 1)
}
