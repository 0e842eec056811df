// Command torture looks for records that Dray loses, delivers twice, or leaves out of date.
//
// It runs the real agent between applications of its own that share no code with Dray's adapters: a shop and a warehouse that speak
// HTTP, SQLite files, and PostgreSQL where there is one. They answer late, drop connections after they did what was asked, refuse,
// ask to wait, and answer with half a document or a web page. Records change all the while, some of them so that no destination takes
// them. The agent is killed at random moments and started again. At the end everything is quiet, and both sides are compared, record by
// record, with the dead letters.
//
// What happens when is drawn from a seed, which is printed; the machine adds its own chance.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// options are what a run is like.
type options struct {
	kills    int
	seed     uint64
	records  int           // at the beginning; as many come as long as it runs
	life     time.Duration // of an agent, on average
	patience time.Duration // until everything must have arrived
	flows    string        // names, separated by commas; empty: all
	binary   string        // the agent; empty: it is built
	dir      string        // scratch; empty: one that is removed at the end
	postgres string        // URL of a server; empty: one is started where it is installed
}

func main() {
	o := options{}
	flag.IntVar(&o.kills, "kills", 1000, "how often the agent is killed")
	flag.Uint64Var(&o.seed, "seed", rand.Uint64(), "what happens when")
	flag.IntVar(&o.records, "records", 300, "records at the beginning")
	flag.DurationVar(&o.life, "life", 1500*time.Millisecond, "how long an agent lives on average")
	flag.DurationVar(&o.patience, "patience", 4*time.Minute, "how long everything may take to arrive at the end")
	flag.StringVar(&o.flows, "flows", "", "the flows to run, separated by commas: "+strings.Join(flowNames(), ", ")+" (default all)")
	flag.StringVar(&o.binary, "dray", "", "the program (default: built from this module)")
	flag.StringVar(&o.dir, "dir", "", "scratch folder, which is kept (default: one that is removed)")
	flag.StringVar(&o.postgres, "postgres", "", "URL of a PostgreSQL server (default: one is started where it is installed)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	v, err := run(ctx, o, func(format string, args ...any) { fmt.Printf(format+"\n", args...) })
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(3)
	case !v.good():
		os.Exit(1)
	}
}

// run tortures and compares. The error says that it could not; what was found is in the verdict.
func run(ctx context.Context, o options, say func(format string, args ...any)) (*verdict, error) {
	w, err := newWorld(ctx, o, say)
	if err != nil {
		return nil, err
	}
	defer w.close()
	say("seed %d: %d kills, flows %s", o.seed, o.kills, strings.Join(w.names(), ", "))
	if err := w.torment(ctx); err != nil {
		return nil, err
	}
	v, err := w.settle(ctx)
	if err != nil {
		return nil, err
	}
	v.print(say)
	return v, nil
}

// chosen returns the flows that were asked for.
func chosen(names string, havePostgres bool) ([]flow, error) {
	var list []flow
	for _, f := range flows {
		if asked := slices.Contains(strings.Split(names, ","), f.name); asked || names == "" && (havePostgres || !f.postgres) {
			if f.postgres && !havePostgres {
				return nil, fmt.Errorf("flow %q needs PostgreSQL", f.name)
			}
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("there is no flow %q", names)
	}
	return list, nil
}

func flowNames() []string {
	names := make([]string, len(flows))
	for i, f := range flows {
		names[i] = f.name
	}
	return names
}
