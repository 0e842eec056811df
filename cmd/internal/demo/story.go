package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dray-sync/dray/engine/reconcile"
)

const mappingFile = "mappings/order-to-sale.yaml"

// tell plays the story, step by step.
func (s *stage) tell(ctx context.Context) error {
	for _, step := range []func(context.Context) error{s.first, s.good, s.broken, s.last} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// first: the orders flow.
func (s *stage) first(ctx context.Context) error {
	want := s.shop.paid()
	err := until(ctx, "the first orders", func() (bool, error) {
		n, err := s.rows(ctx, "channel = 'web'")
		return n == want, err
	})
	if err != nil {
		return err
	}
	status := s.engine.Status()
	s.say("3. The agent pulled %s, found it valid, and moved %d paid orders into the ERP.", shortRevision(status.LastAppliedRevision), want)
	return nil
}

// good: a second commit changes the mapping.
func (s *stage) good(ctx context.Context) error {
	changed := strings.Replace(s.files[mappingFile], "channel:      {value: web}", "channel:      {value: webshop}", 1)
	commit, err := s.commit("sales come from the webshop", map[string]string{mappingFile: changed})
	if err != nil {
		return err
	}
	status, err := s.attempted(ctx, commit)
	if err != nil {
		return err
	}
	if status.Condition(reconcile.Ready).Status != "True" {
		return fmt.Errorf("the second commit was not applied: %s", status.Condition(reconcile.Ready).Message)
	}
	s.say("4. A second commit changes the mapping. The agent planned and applied it:")
	for _, c := range status.Plan.Resources {
		for _, f := range c.Fields {
			s.say("     ~ %s %s  %s: %s → %s", c.Kind, c.Name, f.Path, f.Before, f.After)
		}
	}
	s.shop.add(5, time.Now())
	if err := s.arrived(ctx, 5); err != nil {
		return err
	}
	n, err := s.rows(ctx, "channel = 'webshop'")
	s.say("   New orders in the shop: %d arrived as the new mapping says; nothing was sent twice.", n)
	return err
}

// arrived waits until every paid order is in the ERP.
func (s *stage) arrived(ctx context.Context, _ int) error {
	want := s.shop.paid()
	return until(ctx, "the new orders", func() (bool, error) {
		n, err := s.rows(ctx, "1 = 1")
		return n == want, err
	})
}

// broken: a third commit has a mistake, and the second serves on.
func (s *stage) broken(ctx context.Context) error {
	changed := strings.Replace(s.files[mappingFile], "lookup: countries", "lookpu: countries", 1)
	commit, err := s.commit("a slip of the pen", map[string]string{mappingFile: changed})
	if err != nil {
		return err
	}
	status, err := s.attempted(ctx, commit)
	if err != nil {
		return err
	}
	s.say("5. A third commit has a slip in it. The agent refuses it:")
	for _, d := range status.Diagnostics {
		s.say("     %s", strings.ReplaceAll(d.Error(), "\n", "\n     "))
	}
	s.shop.add(4, time.Now())
	if err := s.arrived(ctx, 4); err != nil {
		return err
	}
	s.say("   %s serves on: 4 more orders came in, and the ERP has every paid one.", shortRevision(status.LastAppliedRevision))
	return nil
}

// last: where one record went, and where to look next.
func (s *stage) last(ctx context.Context) error {
	records, err := s.engine.Search(ctx, "orders", "1001")
	if err != nil {
		return err
	}
	if len(records) != 1 {
		return fmt.Errorf("order 1001 was found %d times, want once", len(records))
	}
	r := records[0]
	s.say("6. Where is order 1001? %s to %s at %s, mapped by commit %s, in run %d.", r.State, r.Destination, r.At.Format("15:04:05"), r.Revision[:8], r.RunID)
	total, err := s.rows(ctx, "1 = 1")
	s.say("\nDone: %d orders moved, each once. Next: dray --help, and README.md for a repository of your own.", total)
	return err
}

// shortRevision cuts main@sha1:<hash> to what people read.
func shortRevision(rev string) string {
	name, hash, _ := strings.Cut(rev, ":")
	if len(hash) > 8 {
		hash = hash[:8]
	}
	return name + ":" + hash
}
