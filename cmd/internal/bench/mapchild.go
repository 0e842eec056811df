package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/mapping/orders"
	"github.com/dray-sync/dray/engine/state"
)

// batchSize is how many records one batch of the mapping child holds, as a page of a source would.
const batchSize = 1000

// copyBytes copies what comes in, as a program would that does nothing else.
func copyBytes(in io.Reader, out io.Writer) error {
	_, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{in}, make([]byte, 64<<10)) // hidden, lest the kernel copies
	return err
}

// mapLines maps orders, one JSON document a line, to sales, one a line. Each batch ends with a checkpoint in a state of its own, and is counted.
func mapLines(ctx context.Context, dir string, in io.Reader, out io.Writer) (err error) {
	p, err := compileOrders()
	if err != nil {
		return err
	}
	keeper, err := newKeeper(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keeper.store.Close()) }()
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 256<<10), 1<<20)
	m := mapper{program: p, executor: p.NewExecutor(time.Now), out: out, keeper: keeper}
	m.batch.Reset(nil)
	for lines.Scan() {
		m.batch.AppendDoc(lines.Bytes())
		m.read += int64(len(lines.Bytes())) + 1
		if m.batch.Len() == batchSize {
			if err := m.flush(ctx); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading orders: %w", err)
	}
	return m.flush(ctx)
}

// A mapper maps batch by batch. It is for one goroutine.
type mapper struct {
	program  *mapping.Program
	executor *mapping.Executor
	batch    record.Batch
	out      io.Writer
	text     []byte
	read     int64 // bytes so far
	keeper   *keeper
}

// flush maps and writes a batch, and then moves the checkpoint behind it.
func (m *mapper) flush(ctx context.Context) error {
	m.text = m.text[:0]
	for i := range m.batch.Len() {
		r := m.executor.Map(&m.batch, i)
		if r.Outcome != mapping.Mapped {
			return fmt.Errorf("an order is %s: %s", r.Outcome, r.Reason)
		}
		m.text = append(m.program.AppendJSON(m.text, r.Row, true), '\n')
	}
	if _, err := m.out.Write(m.text); err != nil {
		return err
	}
	if err := m.keeper.commit(ctx, binary.AppendVarint(nil, m.read), int64(m.batch.Len())); err != nil {
		return err
	}
	m.batch.Reset(nil)
	return nil
}

// A keeper commits checkpoints and counts, as a run does whose ledger is off.
type keeper struct {
	store   *state.Store
	fence   state.Fence
	key     state.CheckpointKey
	seq     int64
	records *prometheus.CounterVec
}

func newKeeper(ctx context.Context, dir string) (_ *keeper, err error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	store, err := benchStore(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, store.Close())
		}
	}()
	t, err := store.EnsureTouchpoint(ctx, "orders")
	if err != nil {
		return nil, err
	}
	r, _, err := store.StartRun(ctx, state.NewRun{TouchpointID: t.ID, Trigger: "bench"})
	if err != nil {
		return nil, err
	}
	_, fence, err := store.BeginSlice(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	records := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "records_total", Help: "Records by what became of them."}, []string{"touchpoint", "outcome"})
	return &keeper{store: store, fence: fence, key: state.CheckpointKey{TouchpointID: t.ID, Generation: t.Generation}, records: records}, prometheus.NewRegistry().Register(records)
}

func (k *keeper) commit(ctx context.Context, at record.Cursor, n int64) error {
	k.seq++
	for _, outcome := range []string{"read", "created"} {
		k.records.WithLabelValues("orders", outcome).Add(float64(n))
	}
	return k.store.Commit(ctx, k.fence, state.Commit{
		Checkpoint: &state.CheckpointUpdate{Key: k.key, Cursor: at, Seq: k.seq}, Counts: state.Counts{Read: n, Created: n},
	})
}

func compileOrders() (*mapping.Program, error) {
	var spec config.Mapping
	if err := json.Unmarshal([]byte(orders.Mapping), &spec); err != nil {
		return nil, fmt.Errorf("reading the mapping: %w", err)
	}
	l := &config.Lookup{Key: []string{"code"}, Value: "name", Expect: "0..1", Miss: config.Miss{Action: "reject"}}
	for code, name := range orders.Countries() {
		l.Rows = append(l.Rows, map[string]string{"code": code, "name": name})
	}
	p, problems := mapping.Compile(&spec, mapping.Options{Lookups: map[string]*config.Lookup{"countries": l}})
	if p == nil || len(problems) > 0 {
		return nil, fmt.Errorf("compiling the mapping: %v", problems)
	}
	return p, nil
}
