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
	"os"
	"os/signal"
	"text/tabwriter"
)

// mapChild is the first argument of the child that maps orders from standard input.
const mapChild = "map-orders"

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
	dir       string // scratch
	profiles  *profiles
}

// A row is one comparison, as text.
type row struct{ what, ours, peers, ratio string }

// A bench makes rows of one subject.
type bench func(context.Context, options) ([]row, error)

func main() {
	if len(os.Args) == 2 && os.Args[1] == mapChild {
		exit(inChild(func() error { return mapLines(os.Stdin, os.Stdout) }))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
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
	flag.IntVar(&o.n, "n", 3, "measure each program so often, 3 at least")
	flag.IntVar(&o.records, "records", 50_000, "orders to map")
	flag.IntVar(&o.resources, "resources", 10_000, "resources to validate")
	flag.IntVar(&o.delivered, "delivered", 50_000, "orders to deliver into PostgreSQL")
	flag.IntVar(&o.idle, "idle", 20, "seconds to watch an idle agent for")
	flag.IntVar(&o.revisions, "revisions", 1000, "revisions for one agent to reconcile, more than 100")
	flag.StringVar(&o.dray, "dray", "bin/dray", "the dray program")
	flag.StringVar(&o.cue, "cue", "cue", "the cue program")
	flag.StringVar(&o.schema, "schema", "schema", "the folder of the CUE definitions")
	flag.StringVar(&o.profiles.dir, "profiles", "", "a folder for the whole CPU profiles of the rows; their summaries are printed below the table")
	flag.Parse()
	if o.n < 3 || o.records < 1 || o.resources < 2 || o.revisions <= fewRevisions {
		return fmt.Errorf("-n must be 3 at least, -records 1, -resources 2, -revisions %d", fewRevisions+1)
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

func measureAll(ctx context.Context, o options) ([]row, error) {
	var rows []row
	for _, b := range []bench{mappingRows, deliverRows, ledgerRows, validateRows, planRows, idleRows, heapRows} {
		more, err := b(ctx, o)
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
