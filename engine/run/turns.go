package run

import (
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrBusy means that another run of the touchpoint works a slice: ask again after [BusyWait].
var ErrBusy = errors.New("another run of the touchpoint is at work")

// BusyWait is how soon a run asks again for its turn.
const BusyWait = time.Second

// patienceOfTurns is how long a run that asked for its turn is waited for.
const patienceOfTurns = 10 * BusyWait

// turns let the runs of one touchpoint work one slice at a time, in the order in which they asked, so that a record that a run beside the
// normal flow has read is not written over a newer one. Safe for concurrent use.
type turns struct {
	mu sync.Mutex
	of map[int64]*turnsOf // by touchpoint
}

type turnsOf struct {
	holder, last int64 // runs
	waiting      []waiter
}

type waiter struct {
	run   int64
	asked time.Time
}

// take gives a run its turn. others: another run has worked since its last one. The turn is given back by the returned function, which is nil
// when the run has to wait.
func (t *turns) take(touchpoint, run int64, now time.Time) (giveBack func(), others bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = map[int64]*turnsOf{}
	}
	of := t.of[touchpoint]
	if of == nil {
		of = &turnsOf{last: run}
		t.of[touchpoint] = of
	}
	of.waiting = slices.DeleteFunc(of.waiting, func(w waiter) bool { return w.run != run && now.Sub(w.asked) > patienceOfTurns })
	i := slices.IndexFunc(of.waiting, func(w waiter) bool { return w.run == run })
	if of.holder != 0 || len(of.waiting) > 0 && i != 0 {
		if i < 0 {
			of.waiting = append(of.waiting, waiter{run, now})
		} else {
			of.waiting[i].asked = now
		}
		return nil, false
	}
	if i == 0 {
		of.waiting = of.waiting[1:]
	}
	others = of.last != run
	of.holder, of.last = run, run
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		of.holder = 0
	}, others
}
