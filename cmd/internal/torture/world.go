package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/dray-sync/dray/engine/repo/gitserver"
)

// world is both ends and what is between them.
type world struct {
	options                       options
	say                           func(format string, args ...any)
	dir, state, data, identity    string
	binary                        string
	gitURL, shopURL               string
	warehouseURL                  string
	flows                         []flow
	git                           *gitserver.Repository
	shop                          *shop
	warehouse                     *warehouse
	tables                        *tables
	wire                          *wire // nil: there is no PostgreSQL
	shopTrouble, warehouseTrouble *trouble
	chance                        *chance
	closers                       []func()
	kills, deaths                 int
	changes                       atomic.Int64
	lives                         atomic.Int64 // agents started
}

// newWorld builds everything.
func newWorld(ctx context.Context, o options, say func(format string, args ...any)) (w *world, err error) {
	w = &world{options: o, say: say, dir: o.dir, git: gitserver.New(), chance: newChance(o.seed), warehouse: newWarehouse()}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.dir == "" {
		if w.dir, err = os.MkdirTemp("", "dray-torture-"); err != nil {
			return w, err
		}
		w.closers = append(w.closers, func() { _ = os.RemoveAll(w.dir) })
	}
	w.state, w.data, w.identity = filepath.Join(w.dir, "state"), filepath.Join(w.dir, "data"), filepath.Join(w.dir, "identity")
	if err := os.MkdirAll(w.data, 0o700); err != nil {
		return w, err
	}
	if w.binary, err = build(ctx, o.binary, w.dir); err != nil {
		return w, err
	}
	w.shop = newShop(time.Now)
	w.shopTrouble, w.warehouseTrouble = newTrouble(w.shop, w.chance), newTrouble(w.warehouse, w.chance)
	w.shopURL, w.warehouseURL, w.gitURL = w.serve(w.shopTrouble), w.serve(w.warehouseTrouble), w.serve(gitserver.Handler(w.git))
	w.tables, err = openTables(ctx, w.data, o.postgres)
	w.closers = append(w.closers, func() { _ = w.tables.close() })
	if err != nil {
		return w, err
	}
	if w.tables.postgres != nil {
		if w.wire, err = newWire(net.JoinHostPort(w.tables.server.Host, strconv.Itoa(int(w.tables.server.Port))), w.chance); err != nil {
			return w, err
		}
		w.closers = append(w.closers, w.wire.close)
	}
	if w.flows, err = chosen(o.flows, w.wire != nil); err != nil {
		return w, err
	}
	return w, w.commit()
}

func (w *world) serve(h http.Handler) string {
	s := httptest.NewServer(h)
	w.closers = append(w.closers, func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

// close gives everything back, in reverse order of opening.
func (w *world) close() {
	for i := len(w.closers) - 1; i >= 0; i-- {
		w.closers[i]()
	}
	w.closers = nil
}

func (w *world) names() []string {
	names := make([]string, len(w.flows))
	for i, f := range w.flows {
		names[i] = f.name
	}
	return names
}

// torment kills agents while records change.
func (w *world) torment(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	alive := make(chan error, 1)
	if err := w.begin(ctx); err != nil {
		cancel()
		return err
	}
	go func() { alive <- w.live(ctx) }()
	defer func() {
		cancel()
		err = errors.Join(err, <-alive)
	}()
	for w.kills < w.options.kills {
		a, err := w.start()
		if err != nil {
			return err
		}
		select {
		case <-time.After(w.chance.about(w.options.life) + 20*time.Millisecond):
		case <-a.ended:
			w.deaths++
		case <-ctx.Done():
			a.kill()
			return ctx.Err()
		}
		if w.kills++; w.chance.n(10) == 0 {
			a.stop()
		} else {
			a.kill()
		}
		if w.kills%100 == 0 {
			w.say("%d kills, %d changes", w.kills, w.changes.Load())
		}
		if w.deaths > 3 {
			return fmt.Errorf("agents end by themselves: %s", tail(filepath.Join(w.dir, "agent.log")))
		}
	}
	return nil
}

// tail returns the end of a file.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

// settle waits, without any trouble, until everything has arrived, or it has taken too long.
func (w *world) settle(ctx context.Context) (*verdict, error) {
	w.shopTrouble.on.Store(false)
	w.warehouseTrouble.on.Store(false)
	if w.wire != nil {
		w.wire.on.Store(false)
	}
	a, err := w.start()
	if err != nil {
		return nil, err
	}
	defer a.stop()
	ctx, cancel := context.WithTimeout(ctx, w.options.patience)
	defer cancel()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var last *verdict
	for good := 0; good < 8; { // it stays so for some runs
		select {
		case <-tick.C:
		case <-ctx.Done():
			if last == nil {
				return nil, fmt.Errorf("the agent does not answer: %s", tail(filepath.Join(w.dir, "agent.log")))
			}
			return last, nil
		}
		if a.died() {
			return nil, fmt.Errorf("the agent ended by itself: %s", tail(filepath.Join(w.dir, "agent.log")))
		}
		v, err := w.judge(ctx, a)
		if err != nil {
			good = 0
			continue // it is starting
		}
		last = v
		if good++; !v.good() {
			good = 0
		}
	}
	return last, nil
}
