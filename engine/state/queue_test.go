package state

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// handlerFuncs is a [Handler] made of functions.
type handlerFuncs struct {
	due   func(context.Context, int64, time.Time) error
	slice func(context.Context, int64) error
}

func (h handlerFuncs) Due(ctx context.Context, id int64, due time.Time) error {
	return h.due(ctx, id, due)
}

func (h handlerFuncs) Slice(ctx context.Context, id int64) error { return h.slice(ctx, id) }

// startQueue works a store's jobs until the test ends.
func startQueue(t testing.TB, s *Store, h Handler) *Queue {
	t.Helper()
	q, err := s.NewQueue(QueueOptions{Workers: 2})
	check(t, err)
	check(t, q.Start(t.Context(), h))
	t.Cleanup(func() {
		if err := q.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return q
}

// receive waits for a value, or for the test's patience to end.
func receive[T any](t testing.TB, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(30 * time.Second):
		t.Fatalf("waiting for %s", what)
		panic("unreachable")
	}
}

func TestDueIsAskedOnce(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	tp := must(s.EnsureTouchpoint(ctx, "orders"))(t)
	last := must(s.EnsureTouchpoint(ctx, "last"))(t)
	type call struct {
		id  int64
		due time.Time
	}
	calls := make(chan call, 10)
	startQueue(t, s, handlerFuncs{due: func(_ context.Context, id int64, due time.Time) error {
		calls <- call{id, due}
		return nil
	}})
	due := time.Now().Truncate(time.Second)
	for range 3 {
		check(t, s.EnqueueDue(ctx, tp.ID, due))
	}
	if got := receive(t, calls, "the due time"); got.id != tp.ID || !got.due.Equal(due) {
		t.Errorf("asked for %+v", got)
	}
	for range 3 {
		check(t, s.EnqueueDue(ctx, tp.ID, due))
	}
	check(t, s.EnqueueDue(ctx, last.ID, due))
	if got := receive(t, calls, "the last due time"); got.id != last.ID {
		t.Errorf("touchpoint %d was asked for again", got.id)
	}
	var n int
	_, err := s.oneRow(ctx, "SELECT count(*) FROM river_job WHERE kind = 'due'", nil, &n)
	check(t, err)
	if n != 2 {
		t.Errorf("%d jobs for two due times", n)
	}
}

// chain works a run in n slices and tells when it has ended.
func chain(s *Store, n int64, ended chan<- Run) handlerFuncs {
	return handlerFuncs{slice: func(ctx context.Context, id int64) error {
		run, f, err := s.BeginSlice(ctx, id)
		if err != nil {
			return err
		}
		if run.Epoch < n {
			return s.Commit(ctx, f, Commit{Counts: Counts{Read: 1}, Next: &NextSlice{}})
		}
		err = s.Commit(ctx, f, Commit{Counts: Counts{Read: 1}, End: &RunEnd{Status: RunSucceeded}})
		if err == nil {
			run, err = s.Run(ctx, id)
			ended <- run
		}
		return err
	}}
}

func TestSlicesFollowEachOther(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	ended := make(chan Run, 1)
	startQueue(t, s, chain(s, 5, ended))
	tp := must(s.EnsureTouchpoint(ctx, "orders"))(t)
	start := time.Now()
	_, _, err := s.StartRun(ctx, NewRun{TouchpointID: tp.ID, Trigger: "manual", Enqueue: true})
	check(t, err)
	run := receive(t, ended, "the run's end")
	t.Logf("five slices took %v", time.Since(start))
	if run.Counts.Read != 5 || run.Epoch != 5 || run.Status != RunSucceeded {
		t.Errorf("got %+v", run)
	}
}

func TestQueueTakesUpWhatADeadProcessLeft(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := openIn(t, dir)
	ctx := t.Context()
	tp := must(s.EnsureTouchpoint(ctx, "orders"))(t)
	_, _, err := s.StartRun(ctx, NewRun{TouchpointID: tp.ID, Trigger: "manual", Enqueue: true})
	check(t, err)
	// A run without a job, as `dray run` leaves it when it is killed.
	lost, _, err := s.StartRun(ctx, NewRun{TouchpointID: tp.ID, Trigger: "manual"})
	check(t, err)
	// The job of the first run looks as if a worker had it when the machine went down.
	check(t, s.write(ctx, func(t *txn) error {
		_, err := t.exec("UPDATE river_job SET state = 'running', attempt = 1")
		return err
	}))
	check(t, s.Close())

	s = openIn(t, dir)
	ended := make(chan Run, 2)
	startQueue(t, s, chain(s, 2, ended))
	for range 2 {
		if run := receive(t, ended, "both runs"); run.Counts.Read != 2 {
			t.Errorf("run %d (of %d) read %d", run.ID, lost.ID, run.Counts.Read)
		}
	}
}

func TestWorkersTellRiverCodesOnly(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	const canary = "cAnAry-7731"
	var calls atomic.Int64
	ended := make(chan struct{}, 1)
	startQueue(t, s, handlerFuncs{slice: func(ctx context.Context, id int64) error {
		_, f, err := s.BeginSlice(ctx, id)
		if err != nil {
			return err
		}
		switch calls.Add(1) {
		case 1:
			panic(canary)
		case 2:
			return errors.New(canary)
		case 3:
			return &JobError{Code: "RateLimited", RetryAfter: time.Millisecond, Err: errors.New(canary)}
		}
		defer func() { ended <- struct{}{} }()
		return s.Commit(ctx, f, Commit{End: &RunEnd{Status: RunFailed, Code: "Unavailable", Detail: canary}})
	}})
	tp := must(s.EnsureTouchpoint(ctx, "orders"))(t)
	_, _, err := s.StartRun(ctx, NewRun{TouchpointID: tp.ID, Trigger: "manual", Enqueue: true})
	check(t, err)
	receive(t, ended, "the fourth attempt")

	var text string
	_, err = s.oneRow(ctx, "SELECT group_concat(CAST(errors AS TEXT) || CAST(metadata AS TEXT) || CAST(args AS TEXT)) FROM river_job", nil, &text)
	check(t, err)
	if strings.Contains(text, canary) {
		t.Errorf("River's table holds %s", text)
	}
	var bodies [][]byte
	check(t, s.each(ctx, "SELECT errors FROM river_job", nil, func(scan scanner) error {
		var b []byte
		err := scan(&b)
		bodies = append(bodies, b)
		return err
	}))
	if !bytes.Contains(bytes.Join(bodies, nil), []byte(codeInternal)) {
		t.Errorf("River's table does not name the code: %q", bodies)
	}
}

func TestHandlerThatForgetsTheNextSliceGetsOne(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	ended := make(chan struct{}, 1)
	var calls atomic.Int64
	startQueue(t, s, handlerFuncs{slice: func(ctx context.Context, id int64) error {
		_, f, err := s.BeginSlice(ctx, id)
		if err != nil || calls.Add(1) == 1 {
			return err
		}
		defer func() { ended <- struct{}{} }()
		return s.Commit(ctx, f, Commit{End: &RunEnd{Status: RunEmpty}})
	}})
	tp := must(s.EnsureTouchpoint(ctx, "orders"))(t)
	_, _, err := s.StartRun(ctx, NewRun{TouchpointID: tp.ID, Trigger: "manual", Enqueue: true})
	check(t, err)
	receive(t, ended, "another slice")
}

func TestStopDrainsThenCancels(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	began := make(chan struct{}, 1)
	canceled := make(chan struct{}, 1)
	q := startQueue(t, s, handlerFuncs{slice: func(ctx context.Context, _ int64) error {
		began <- struct{}{}
		<-ctx.Done()
		canceled <- struct{}{}
		return ctx.Err()
	}})
	tp := must(s.EnsureTouchpoint(ctx, "orders"))(t)
	run, _, err := s.StartRun(ctx, NewRun{TouchpointID: tp.ID, Trigger: "manual", Enqueue: true})
	check(t, err)
	receive(t, began, "the slice")
	grace, cancel := context.WithCancel(ctx)
	cancel()
	check(t, q.Stop(grace))
	receive(t, canceled, "the cancel")
	if got := must(s.Run(ctx, run.ID))(t); got.Status.Final() {
		t.Errorf("a canceled slice ended its run as %s", got.Status)
	}
}
