package state

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

func cpu() time.Duration {
	var ru syscall.Rusage
	_ = syscall.Getrusage(0, &ru)
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}

func TestManualIdle(t *testing.T) {
	if os.Getenv("MANUAL") != "idle" {
		t.Skip()
	}
	dir := t.TempDir() + "/state"
	o := options(t, dir)
	o.FoldEvery = 0
	s, err := Open(t.Context(), o)
	check(t, err)
	for n := range 100 {
		_, err := s.EnsureTouchpoint(t.Context(), fmt.Sprint("tp", n))
		check(t, err)
	}
	startQueue(t, s, handlerFuncs{})
	time.Sleep(8 * time.Second)
	c := cpu()
	time.Sleep(20 * time.Second)
	t.Logf("idle CPU %.2f%%", float64(cpu()-c)/float64(20*time.Second)*100)
}

func TestManualFold(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("MANUAL"))
	if n == 0 {
		t.Skip()
	}
	ctx := context.Background()
	dir := t.TempDir() + "/state"
	s := openIn(t, dir)
	tp, f := begin(t, s, "orders")
	var fold, app time.Duration
	var last KeyHash
	for i := range n / 1000 {
		e := benchEntries(1000)
		for j := range e {
			copy(e[j].DestKeyHash[:], e[j].Fingerprint[8:])
		}
		last = e[0].KeyHash
		b := time.Now()
		check(t, s.Commit(ctx, f, Commit{Ledger: e}))
		app += time.Since(b)
		if i%50 == 49 {
			b = time.Now()
			check(t, s.Fold(ctx))
			d := time.Since(b)
			fold += d
			if i%200 == 199 {
				st := must(s.Stats(ctx))(t)
				t.Logf("%d keys: last fold of 50000 %v = %.0f/s, append so far %.0f/s, chunk %d, file %d MB", (i+1)*1000, d, 50000/d.Seconds(), float64(i+1)*1000/app.Seconds(), s.folder.chunk, st.FileBytes>>20)
			}
		}
	}
	t.Logf("fold total %v = %.0f/s", fold, float64(n)/fold.Seconds())
	b := time.Now()
	_ = must(s.Find(ctx, tp.ID, last))(t)
	t.Logf("find %v", time.Since(b))
}
