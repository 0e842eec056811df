package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/dray-sync/dray/engine/mapping/orders"
)

// sale is the mapping of package orders as a jq program.
//
//go:embed sale.jq
var sale string

// mappingRows compares the mapping of orders, JSON Lines to JSON Lines, with jq: records per CPU second of whole processes.
func mappingRows(ctx context.Context, o options) ([]row, error) {
	const what, unit = "map orders of 15 fields, JSON Lines", "records/CPU-s"
	in, err := writeOrders(o)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ours := command{args: []string{self, mapChild}, in: in, out: filepath.Join(o.dir, "dray.jsonl")}
	if err := o.profiles.child(what, func(env string) error { return ours.with(env).once(ctx) }); err != nil {
		return nil, err
	}
	rate := func(u usage) float64 { return float64(o.records) / u.cpu.Seconds() }
	jq, err := exec.LookPath("jq")
	if err != nil {
		all, err := measure(ctx, o.n, ours)
		if err != nil {
			return nil, err
		}
		return []row{alone(what, unit, figures(all[0], rate), "jq is not in PATH")}, nil
	}
	peer := command{args: []string{jq, "-c", sale}, env: []string{"TZ=UTC"}, in: in, out: filepath.Join(o.dir, "jq.jsonl")}
	all, err := measure(ctx, o.n, ours, peer)
	if err != nil {
		return nil, err
	}
	if err := sameLines(ours.out, peer.out, o.records); err != nil {
		return nil, fmt.Errorf("dray and jq disagree: %w", err)
	}
	return []row{compare(what+" (peer: jq)", unit, figures(all[0], rate), figures(all[1], rate))}, nil
}

func writeOrders(o options) (string, error) {
	path := filepath.Join(o.dir, "orders.jsonl")
	docs := orders.Documents(o.records, 1)
	return path, os.WriteFile(path, append(bytes.Join(docs, []byte("\n")), '\n'), 0o600)
}
