package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/mapping/orders"
)

// batchSize is how many records one batch of the mapping child holds, as a page of a source would.
const batchSize = 500

// mapLines maps orders, one JSON document a line, to sales, one a line.
func mapLines(in io.Reader, out io.Writer) error {
	p, err := compileOrders()
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	w := bufio.NewWriterSize(out, 1<<16)
	m := mapper{program: p, executor: p.NewExecutor(time.Now), out: w}
	m.batch.Reset(nil)
	for lines.Scan() {
		m.batch.AppendDoc(lines.Bytes())
		if m.batch.Len() == batchSize {
			if err := m.flush(); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading orders: %w", err)
	}
	if err := m.flush(); err != nil {
		return err
	}
	return w.Flush()
}

// A mapper maps batch by batch. It is for one goroutine.
type mapper struct {
	program  *mapping.Program
	executor *mapping.Executor
	batch    record.Batch
	out      *bufio.Writer
	line     []byte
}

func (m *mapper) flush() error {
	for i := range m.batch.Len() {
		r := m.executor.Map(&m.batch, i)
		if r.Outcome != mapping.Mapped {
			return fmt.Errorf("an order is %s: %s", r.Outcome, r.Reason)
		}
		m.line = append(m.program.AppendJSON(m.line[:0], r.Row, true), '\n')
		if _, err := m.out.Write(m.line); err != nil {
			return err
		}
	}
	m.batch.Reset(nil)
	return nil
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
