// Command bench measures Dray beside programs that people know, and prints one table.
//
// Every row is a ratio of two programs measured in turn in one run, on one machine: absolute figures change with the machine, ratios hardly.
// A figure is a median; the range in brackets is the smallest and the largest, which shows how noisy the machine is. Peers are looked
// up in PATH, and a row without its peer says so.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"text/tabwriter"
)

// First arguments of children: the one that maps orders from standard input, with the folder of its state, and the one that copies it.
const (
	mapChild  = "map-orders"
	copyChild = "copy-bytes"
)

// options are the sizes of a run.
type options struct {
	n         int    // measurements of each program
	records   int    // orders to map
	resources int    // resources to validate
	delivered int    // orders to deliver
	idle      int    // seconds an idle agent is watched
	revisions int    // revisions for one agent to reconcile
	dray, cue string // programs
	schema    string // folder of the CUE definitions
	parsers   string // the program that only parses
	only      string // rows to measure
	dir       string // scratch
	profiles  *profiles
}

// A row is one comparison, as text.
type row struct{ what, ours, peers, ratio string }

// A bench makes rows of one subject.
type bench func(context.Context, options) ([]row, error)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch {
	case len(os.Args) == 3 && os.Args[1] == mapChild:
		exit(inChild(func() error { return mapLines(ctx, os.Args[2], os.Stdin, os.Stdout) }))
	case len(os.Args) == 2 && os.Args[1] == copyChild:
		exit(copyBytes(os.Stdin, os.Stdout))
	}
	exit(run(ctx))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(ctx context.Context) (err error) {
	o := options{profiles: &profiles{}}
	flag.IntVar(&o.n, "n", 5, "measure each program so often, 3 at least")
	flag.IntVar(&o.records, "records", 500_000, "orders to map")
	flag.IntVar(&o.resources, "resources", 10_000, "resources to validate")
	flag.IntVar(&o.delivered, "delivered", 50_000, "orders to deliver into a database")
	flag.IntVar(&o.idle, "idle", 20, "seconds to watch an idle agent for")
	flag.IntVar(&o.revisions, "revisions", 1000, "revisions for one agent to reconcile, more than 100")
	flag.StringVar(&o.dray, "dray", "bin/dray", "the dray program")
	flag.StringVar(&o.cue, "cue", "cue", "the cue program")
	flag.StringVar(&o.schema, "schema", "schema", "the folder of the CUE definitions")
	flag.StringVar(&o.parsers, "parsers", "bin/peers/peers", "the program in cmd/internal/bench/peers")
	flag.StringVar(&o.only, "only", "", "measure only the rows of this name: "+strings.Join(slices.Sorted(maps.Keys(benches)), ", "))
	flag.StringVar(&o.profiles.dir, "profiles", "", "a folder for the whole CPU profiles of the rows; their summaries are printed below the table")
	flag.Parse()
	if o.n < 3 || o.records < 1 || o.resources < 2 || o.revisions <= fewRevisions {
		return fmt.Errorf("-n must be 3 at least, -records 1, -resources 2, -revisions %d", fewRevisions+1)
	}
	if _, known := benches[o.only]; o.only != "" && !known {
		return fmt.Errorf("-only %q is none of %s", o.only, strings.Join(slices.Sorted(maps.Keys(benches)), ", "))
	}
	if o.dir, err = os.MkdirTemp("", "dray-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(o.dir) }()
	rows, err := measureAll(ctx, o)
	if err != nil {
		return err
	}
	if err := printTable(rows); err != nil {
		return err
	}
	return o.profiles.print(os.Stdout)
}

// benches are the rows by name, and order is that in the table.
var (
	benches = map[string]bench{
		"mapping": mappingRows, "deliver": deliverRows, "csv-postgres": csvPostgresRows, "postgres-postgres": postgresPostgresRows, "csv-sqlite": csvSQLiteRows,
		"ledger": ledgerRows, "validate": validateRows, "incremental": incrementalRows, "plan": planRows, "idle": idleRows, "heap": heapRows,
	}
	order = []string{"mapping", "deliver", "csv-postgres", "postgres-postgres", "csv-sqlite", "ledger", "validate", "incremental", "plan", "idle", "heap"}
)

func measureAll(ctx context.Context, o options) ([]row, error) {
	var rows []row
	for _, name := range order {
		if o.only != "" && name != o.only {
			continue
		}
		more, err := benches[name](ctx, o)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func printTable(rows []row) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "WHAT\tDRAY\tPEER\tDRAY:PEER") // Flush reports what fails
	for _, r := range rows {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.what, r.ours, r.peers, r.ratio)
	}
	return w.Flush()
}
