package adaptertest

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"go.uber.org/goleak"

	"github.com/dray-sync/dray/adapters"
)

func hygieneCases() []Case {
	return []Case{
		{"secrets", "errors and logs end up in tickets and chat rooms", trySecrets},
		{"leaks", "an agent runs for months and opens a connection every few minutes", tryLeaks},
	}
}

// trySecrets provokes every failure it can and looks for what must not be said.
func trySecrets(ctx context.Context, p *probe) error {
	canaries := append([]string(nil), p.t.Secrets...)
	if p.t.Poison != nil {
		canaries = append(canaries, *p.t.Poison.Name)
	}
	if len(canaries) == 0 {
		return skip("there is nothing secret")
	}
	var said strings.Builder
	for _, err := range p.provoke(ctx) {
		if err != nil {
			fmt.Fprintf(&said, "%v\n%+v\n", err, err)
		}
	}
	if p.t.Log != nil {
		said.WriteString(p.t.Log())
	}
	for _, c := range canaries {
		for form, text := range formsOf(c) {
			if strings.Contains(said.String(), text) {
				return fmt.Errorf("a secret or the content of a record was printed (%s)", form)
			}
		}
	}
	return nil
}

func formsOf(s string) map[string]string {
	return map[string]string{
		"as it is": s, "as base64": strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(s)), "="),
		"as hex": hex.EncodeToString([]byte(s)), "escaped for a URL": url.QueryEscape(s),
	}
}

// provoke collects the errors of everything that goes wrong, whatever they are.
func (p *probe) provoke(ctx context.Context) []error {
	var errs []error
	try := func(f func(ctx context.Context, p *probe) error) {
		errs = append(errs, p.within("a call", func() error { return f(ctx, p) }))
	}
	errs = append(errs, p.open(ctx))
	if p.conn == nil {
		return errs
	}
	sayAll := func(ctx context.Context, p *probe) error {
		for _, c := range p.calls() {
			errs = append(errs, c.do(ctx))
		}
		return nil
	}
	try(sayAll)
	_, err := p.describe(ctx, missing)
	errs = append(errs, err)
	if mode, merr := p.anyMode(); merr == nil && p.t.Poison != nil {
		out, err := p.write(ctx, mode, rowsOf([]Item{*p.t.Poison}))
		errs = append(errs, err)
		for _, o := range out {
			errs = append(errs, errOf(o))
		}
	}
	if p.t.Break != nil {
		p.t.Break()
		try(sayAll)
		if p.t.Mend != nil {
			p.t.Mend()
		}
	}
	if p.t.Refuse != nil {
		p.t.Refuse()
		try(sayAll)
	}
	return errs
}

// tryLeaks uses the connection in every way, leaves a read in the middle, and looks for goroutines that were not there before.
func tryLeaks(ctx context.Context, p *probe) error {
	before := goleak.IgnoreCurrent()
	if err := p.open(ctx); err != nil {
		return err
	}
	if p.h.Can.Source {
		if err := p.seed(ctx, someItems(2*p.h.Batch+1)); err != nil {
			return err
		}
		if mode, err := p.mode(); err == nil {
			if _, err := p.read(ctx, adapters.ReadRequest{Mode: mode}, readOptions{batches: 1}); err != nil {
				return err
			}
		}
	}
	if mode, err := p.anyMode(); err == nil && p.h.Can.Destination {
		if _, err := p.write(ctx, mode, rowsOf(someItems(3))); err != nil {
			return err
		}
	}
	if err := p.conn.Close(ctx); err != nil {
		return err
	}
	if idle, ok := p.t.Env.HTTP.(interface{ CloseIdleConnections() }); ok {
		idle.CloseIdleConnections() // the pool is the engine's, not the adapter's
	}
	if err := goleak.Find(before); err != nil {
		return fmt.Errorf("goroutines outlive Close: %w", err)
	}
	return nil
}
