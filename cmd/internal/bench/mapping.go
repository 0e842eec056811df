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

// sale is the mapping of package orders as a program of jq, and of Miller.
var (
	//go:embed sale.jq
	saleJQ string
	//go:embed sale.mlr
	saleMiller string
)

// parsers are what parses orders and does nothing with them: see peers.
var parsers = []string{"fastjson", "simdjson-go", "sonic", "goccy"}

// A mappingPeer is a program that the mapping is measured beside.
type mappingPeer struct {
	name string
	command
	missing string   // why it is not measured
	maps    bool     // its output is that of the mapping
	but     []string // except for these fields, which it cannot write alike
}

// mappingRows compares the mapping of orders, JSON Lines to JSON Lines, with checkpoints and metrics and without a ledger, with other programs that do
// the same, with a bare copy of the bytes, and with the fastest parser there is: records per CPU second of whole processes.
func mappingRows(ctx context.Context, o options) ([]row, error) {
	const what, unit = "map 15-field orders, checkpoints on", "records/CPU-s"
	in, err := writeOrders(o)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ours := command{args: []string{self, mapChild, filepath.Join(o.dir, "mapping-state")}, in: in, out: filepath.Join(o.dir, "dray.jsonl")}
	if err := o.profiles.child(what, func(env string) error { return ours.with(env).once(ctx) }); err != nil {
		return nil, err
	}
	peers := mappingPeers(o, in, self)
	commands := []command{ours}
	for _, p := range peers {
		if p.missing == "" {
			commands = append(commands, p.command)
		}
	}
	all, err := measure(ctx, o.n, commands...)
	if err != nil {
		return nil, err
	}
	rate := func(u usage) float64 { return float64(o.records) / u.cpu.Seconds() }
	var rows []row
	for i := 1; len(peers) > 0; peers = peers[1:] {
		p := peers[0]
		if p.missing != "" {
			rows = append(rows, alone(what+" (peer: "+p.name+")", unit, figures(all[0], rate), p.missing))
			continue
		}
		if p.maps {
			if err := sameLines(ours.out, p.out, o.records, p.but...); err != nil {
				return nil, fmt.Errorf("dray and %s disagree: %w", p.name, err)
			}
		}
		rows = append(rows, compare(what+" (peer: "+p.name+")", unit, figures(all[0], rate), figures(all[i], rate)))
		i++
	}
	return rows, nil
}

// mappingPeers returns what the mapping is measured beside.
func mappingPeers(o options, in, self string) []mappingPeer {
	peer := func(name string, args ...string) mappingPeer {
		p := mappingPeer{name: name, command: command{args: args, env: []string{"TZ=UTC"}, in: in, out: filepath.Join(o.dir, fileName(name)+".jsonl")}}
		if _, err := exec.LookPath(args[0]); err != nil {
			p.missing = filepath.Base(args[0]) + " is not there"
		}
		return p
	}
	jq, mlr := peer("jq", "jq", "-c", saleJQ), peer("mlr", "mlr", "--ijsonl", "--ojsonl", "put", "-q", saleMiller)
	jq.maps, mlr.maps, mlr.but = true, true, []string{"note"}
	list := []mappingPeer{jq, mlr, peer("a copy of the bytes", self, copyChild)}
	for _, name := range parsers {
		list = append(list, peer("parsing alone, "+name, o.parsers, name))
	}
	return list
}

func writeOrders(o options) (string, error) {
	path := filepath.Join(o.dir, "orders.jsonl")
	docs := orders.Documents(o.records, 1)
	return path, os.WriteFile(path, append(bytes.Join(docs, []byte("\n")), '\n'), 0o600)
}
