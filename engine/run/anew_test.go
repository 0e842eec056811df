package run_test

import (
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

func readsAnew(s *config.Touchpoint) {
	s.OnReject = config.OnReject{Retry: &config.Retry{Every: config.Duration(time.Hour), For: config.Duration(24 * time.Hour)}, Read: "again"}
}

func TestARetryReadsTheRecordAnew(t *testing.T) {
	for name, edit := range map[string]func(*config.Touchpoint){"again": readsAnew, "kept": func(s *config.Touchpoint) { readsAnew(s); s.OnReject.Read = "" }} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, edit)
			w.put("b", "bad", 2)
			w.run(run.Options{})
			w.put("b", "mended without a new version", 2)
			w.clock.add(2 * time.Hour)
			w.run(run.Options{})
			open := len(w.letters(state.DeadLetterOpen))
			if again := name == "again"; again != (open == 0) || again != (w.arrived()["b"] == "mended without a new version") {
				t.Errorf("%d dead letters are open, arrived: %v", open, w.arrived())
			}
		})
	}
}

func TestAReplayReadsTheRecordAnew(t *testing.T) {
	w := newWorld(t, readsAnew)
	w.put("b", "bad", 2)
	w.put("c", "bad", 3)
	w.run(run.Options{})
	w.put("b", "mended", 2)
	w.src.open = func(req adapters.ReadRequest) {
		for _, key := range req.Keys {
			if key[0].Text() == "c" { // the source has it no more
				key[0] = record.StringValue("gone")
			}
		}
	}
	r := w.ask(run.Request{Replay: &run.Replay{}})
	if r.Code != "KeysNotFound" || r.Counts != (state.Counts{Read: 1, Created: 1}) {
		t.Errorf("replay: %+v", r)
	}
	if got := w.arrived(); len(got) != 1 || got["b"] != "mended" {
		t.Errorf("arrived: %v", got)
	}
	if open := w.letters(state.DeadLetterOpen); len(open) != 1 || string(open[0].Key) != `["c"]` {
		t.Errorf("open: %+v", open)
	}
}
