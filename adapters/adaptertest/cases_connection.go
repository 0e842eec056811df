package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
)

func connectionCases() []Case {
	return []Case{
		{"spec", "validation and plan read the spec before anything is opened, so it must be whole and always the same", trySpec},
		{"open-close", "reload closes what a failed start closed already; a second Close must do nothing", tryOpenClose},
		{"closed", "a late worker must learn that its connection is gone, not hang or reach a system it should have left", tryClosed},
		{"check", "operators ask whom a connection reaches before they trust it with records", tryCheck},
		{"config-error", "a mistake in settings is shown at its place in the user's file, which the path leads to", tryMistakes},
		{"capabilities", "the engine decides by what is there: a capability that is not meant loses or duplicates records", tryCapabilities},
		{"describe", "a mapping is checked against what discovery said; a run uses what Describe says", tryDescribe},
		{"not-found", "a misspelt object must be told apart from a system that is down, which is retried for days", tryNotFound},
		{"unavailable", "an outage is waited out; any other kind would set records aside or stop the flow", tryUnavailable},
		{"unauthorized", "a refused credential must pause the connection before the account is locked", tryUnauthorized},
	}
}

func trySpec(_ context.Context, p *probe) error {
	a, b := p.h.Application.Spec(), p.h.Application.Spec()
	switch {
	case a.Name == "" || a.Description == "":
		return errors.New("the spec has no name or no description")
	case !strings.Contains(a.Schema, "#Config"):
		return errors.New("the schema defines no #Config")
	case strings.Contains(a.Schema, "import "):
		return errors.New("the schema imports something")
	case a.Hosts != (a.Endpoint != nil):
		return errors.New("Hosts and Endpoint disagree")
	}
	if a.Endpoint != nil {
		if _, err := a.Endpoint(p.t.Settings.Config); err != nil {
			return fmt.Errorf("no endpoint for working settings: %w", err)
		}
	}
	if err := foretold(a, p.t, p.h.Can); err != nil {
		return err
	}
	a.Endpoint, b.Endpoint = nil, nil
	a.Judge, b.Judge = nil, nil
	a.Describe, b.Describe = nil, nil
	if !reflect.DeepEqual(a, b) {
		return errors.New("the spec differs from one call to the next")
	}
	return nil
}

// foretold holds what a spec says of settings to what the adapter can do.
func foretold(s adapters.Spec, t *Target, can Capabilities) error {
	if s.Judge != nil {
		if err := s.Judge(t.Settings); err != nil {
			return fmt.Errorf("working settings are refused: %w", err)
		}
	}
	if s.Describe == nil {
		return nil
	}
	o, known := s.Describe(t.Settings, t.Object)
	if !known {
		return nil
	}
	for _, m := range can.Reads {
		if !o.CanRead(m) {
			return fmt.Errorf("settings alone say that the object cannot be read in the mode %s, and it can", m)
		}
	}
	for _, m := range can.Writes {
		if !o.CanWrite(m) {
			return fmt.Errorf("settings alone say that the object cannot be written in the mode %s, and it can", m)
		}
	}
	return nil
}

func tryOpenClose(ctx context.Context, p *probe) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	for range 2 {
		if err := p.within("Close", func() error { return p.conn.Close(ctx) }); err != nil {
			return fmt.Errorf("closing: %w", err)
		}
	}
	p.conn = nil
	return p.open(ctx) // the target is not spoiled by having been left
}

func tryClosed(ctx context.Context, p *probe) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	if err := p.conn.Close(ctx); err != nil {
		return err
	}
	for _, call := range p.calls() {
		err := p.within(call.name, func() error { return call.do(ctx) })
		if !errors.Is(err, adapters.ErrClosed) {
			return fmt.Errorf("%s after Close: got %v, want ErrClosed", call.name, err)
		}
	}
	return nil
}

type call struct {
	name string
	do   func(ctx context.Context) error
}

// calls returns every method of the connection with sensible arguments.
func (p *probe) calls() []call {
	calls := []call{{"Check", func(ctx context.Context) error { _, err := p.conn.Check(ctx); return err }}}
	if s, ok := p.conn.(adapters.Source); ok {
		calls = append(calls, call{"Describe", func(ctx context.Context) error { _, err := s.Describe(ctx, p.t.Object); return err }},
			call{"OpenRead", func(ctx context.Context) error {
				m, _ := p.mode()
				r, err := s.OpenRead(ctx, adapters.ReadRequest{Object: p.t.Object, Mode: m})
				if err == nil {
					_ = r.Close(ctx)
				}
				return err
			}})
	}
	if d, ok := p.conn.(adapters.Destination); ok && len(p.h.Can.Writes) > 0 {
		calls = append(calls, call{"OpenWrite", func(ctx context.Context) error {
			w, err := d.OpenWrite(ctx, p.writeRequest(p.h.Can.Writes[0]))
			if err == nil {
				_ = w.Close(ctx)
			}
			return err
		}})
	}
	if d, ok := p.conn.(adapters.Discoverer); ok {
		calls = append(calls, call{"Discover", func(ctx context.Context) error { _, err := d.Discover(ctx, ""); return err }})
	}
	if t, ok := p.conn.(adapters.Transactional); ok {
		calls = append(calls, call{"Begin", func(ctx context.Context) error {
			tx, err := t.Begin(ctx, p.writeRequest(adapters.WriteUpsert), adapters.Scope{ID: "closed", Epoch: 1})
			if err == nil {
				_ = tx.Rollback(ctx)
			}
			return err
		}})
	}
	return calls
}

func tryCheck(ctx context.Context, p *probe) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	line, err := p.conn.Check(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("checking: %w", err)
	case line == "" || strings.ContainsAny(line, "\r\n"):
		return fmt.Errorf("Check said %q, want one line", line)
	}
	return nil
}

func tryMistakes(ctx context.Context, p *probe) error {
	if len(p.h.Mistakes) == 0 {
		return skip("the harness has no mistakes")
	}
	for _, m := range p.h.Mistakes {
		conn, err := p.h.Application.Open(ctx, p.t.Env, m.Settings)
		if err == nil {
			_ = conn.Close(ctx)
			return fmt.Errorf("settings with a mistake at %v were accepted", m.Path)
		}
		ce, ok := errors.AsType[*adapters.ConfigError](fmt.Errorf("outer: %w", err))
		switch {
		case !ok:
			return fmt.Errorf("mistake at %v: got %w, want a ConfigError", m.Path, err)
		case !slices.Equal(ce.Path, m.Path):
			return fmt.Errorf("got the mistake at %v, want %v", ce.Path, m.Path)
		case ce.Message == "":
			return fmt.Errorf("mistake at %v has no message", m.Path)
		}
	}
	return nil
}

func tryCapabilities(ctx context.Context, p *probe) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	_, source := p.conn.(adapters.Source)
	_, destination := p.conn.(adapters.Destination)
	_, discoverer := p.conn.(adapters.Discoverer)
	_, transactional := p.conn.(adapters.Transactional)
	_, keyReader := p.conn.(adapters.KeyReader)
	can := p.h.Can
	for _, c := range []struct {
		name      string
		got, want bool
	}{
		{"Source", source, can.Source},
		{"Destination", destination, can.Destination},
		{"Discoverer", discoverer, can.Discoverer},
		{"Transactional", transactional, can.Transactional},
		{"KeyReader", keyReader, can.KeyReader},
	} {
		if c.got != c.want {
			return fmt.Errorf("%s: present is %t, declared is %t", c.name, c.got, c.want)
		}
	}
	if app := p.h.Application.Spec(); can.Transactional && !app.Transactional {
		return errors.New("Transactional: the spec says that it never is")
	}
	obj, err := p.describe(ctx, p.t.Object)
	if err != nil {
		return err
	}
	for _, m := range []adapters.ReadMode{adapters.ReadIncremental, adapters.ReadFull, adapters.ReadKeys} {
		if obj.CanRead(m) != slices.Contains(can.Reads, m) {
			return fmt.Errorf("reading %q: described as %t, declared as %t", m, obj.CanRead(m), !obj.CanRead(m))
		}
	}
	for _, m := range writeModes() {
		if obj.CanWrite(m) != slices.Contains(can.Writes, m) {
			return fmt.Errorf("writing %q: described as %t, declared as %t", m, obj.CanWrite(m), !obj.CanWrite(m))
		}
	}
	return p.refusesOthers(ctx)
}

// refusesOthers checks that modes that are not declared are refused, not ignored.
func (p *probe) refusesOthers(ctx context.Context) error {
	if s, ok := p.conn.(adapters.Source); ok {
		for _, m := range []adapters.ReadMode{adapters.ReadIncremental, adapters.ReadFull, adapters.ReadKeys} {
			if slices.Contains(p.h.Can.Reads, m) {
				continue
			}
			r, err := s.OpenRead(ctx, adapters.ReadRequest{Object: p.t.Object, Mode: m})
			if err == nil {
				_ = r.Close(ctx)
			}
			if err := wantKind(fmt.Sprintf("reading in the undeclared mode %q", m), err, adapters.Invalid); err != nil {
				return err
			}
		}
	}
	if d, ok := p.conn.(adapters.Destination); ok {
		for _, m := range writeModes() {
			if slices.Contains(p.h.Can.Writes, m) {
				continue
			}
			w, err := d.OpenWrite(ctx, p.writeRequest(m))
			if err == nil {
				_ = w.Close(ctx)
			}
			if err := wantKind(fmt.Sprintf("writing in the undeclared mode %q", m), err, adapters.Invalid); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeModes() []adapters.WriteMode {
	return []adapters.WriteMode{
		adapters.WriteCreate, adapters.WriteEnsure, adapters.WriteUpdate, adapters.WriteUpsert, adapters.WriteDelete,
		adapters.WriteAction,
	}
}

// describe asks whichever side of the connection can tell.
func (p *probe) describe(ctx context.Context, object string) (adapters.Object, error) {
	switch c := p.conn.(type) {
	case adapters.Source:
		return c.Describe(ctx, object)
	case adapters.Destination:
		return c.Describe(ctx, object)
	default:
		return adapters.Object{}, errors.New("the connection is neither source nor destination")
	}
}

func tryDescribe(ctx context.Context, p *probe) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	obj, err := p.describe(ctx, p.t.Object)
	if err != nil {
		return fmt.Errorf("describing: %w", err)
	}
	if obj.Name != p.t.Object {
		return fmt.Errorf("described %q, asked for %q", obj.Name, p.t.Object)
	}
	if p.h.Can.Source && !p.h.Can.Acks && (len(obj.Key) != 1 || obj.Key[0].String() != "id") {
		return fmt.Errorf("described key %v, want id", obj.Key)
	}
	if obj.CanRead(adapters.ReadIncremental) && len(obj.Cursor) == 0 && !p.h.Can.Acks {
		return errors.New("can be read incrementally but names no cursor")
	}
	d, ok := p.conn.(adapters.Discoverer)
	if !ok {
		return nil
	}
	one, err := d.Discover(ctx, p.t.Object)
	if err != nil {
		return fmt.Errorf("discovering one: %w", err)
	}
	if len(one) != 1 {
		return fmt.Errorf("discovering one object returned %d", len(one))
	}
	all, err := d.Discover(ctx, "")
	if err != nil {
		return fmt.Errorf("discovering all: %w", err)
	}
	i := slices.IndexFunc(all, func(o adapters.Object) bool { return o.Name == p.t.Object })
	if i < 0 {
		return fmt.Errorf("discovering all did not list %q", p.t.Object)
	}
	obj.Fields, one[0].Fields, all[i].Fields = nil, nil, nil
	if d := gocmp.Diff(one[0], obj); d != "" {
		return fmt.Errorf("Discover and Describe differ (-discover +describe):\n%s", d)
	}
	if d := gocmp.Diff(all[i], obj); d != "" {
		return fmt.Errorf("the list and Describe differ (-list +describe):\n%s", d)
	}
	return nil
}

const missing = "no-such-object"

func tryNotFound(ctx context.Context, p *probe) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	_, err := p.describe(ctx, missing)
	if err := wantKind("describing a missing object", err, adapters.NotFound); err != nil {
		return err
	}
	if d, ok := p.conn.(adapters.Discoverer); ok {
		_, err := d.Discover(ctx, missing)
		if err := wantKind("discovering a missing object", err, adapters.NotFound); err != nil {
			return err
		}
	}
	if s, ok := p.conn.(adapters.Source); ok {
		mode, err := p.mode()
		if err != nil {
			return err
		}
		r, err := s.OpenRead(ctx, adapters.ReadRequest{Object: missing, Mode: mode})
		if err == nil {
			_, err = drain(ctx, r, readOptions{})
			_ = r.Close(ctx)
		}
		if err := wantKind("reading a missing object", err, adapters.NotFound); err != nil {
			return err
		}
	}
	if d, ok := p.conn.(adapters.Destination); ok {
		req := p.writeRequest(p.h.Can.Writes[0])
		req.Object = missing
		w, err := d.OpenWrite(ctx, req)
		if err == nil {
			_ = w.Close(ctx)
		}
		return wantKind("opening a write to a missing object", err, adapters.NotFound)
	}
	return nil
}

func tryUnavailable(ctx context.Context, p *probe) error {
	if p.t.Break == nil {
		return skip("there is no link to cut")
	}
	if err := p.open(ctx); err != nil {
		return err
	}
	p.t.Break()
	err := p.within("Check", func() error { _, err := p.conn.Check(ctx); return err })
	if err := wantKind("checking over a cut link", err, adapters.Unavailable); err != nil {
		return err
	}
	if mode, merr := p.mode(); merr == nil && p.h.Can.Source {
		err := p.within("a read", func() error {
			_, err := p.read(ctx, adapters.ReadRequest{Mode: mode}, readOptions{items: 1})
			return err
		})
		if err := wantKind("reading over a cut link", err, adapters.Unavailable); err != nil {
			return err
		}
	}
	if p.t.Mend == nil {
		return nil
	}
	p.t.Mend()
	if _, err := p.conn.Check(ctx); err != nil {
		return fmt.Errorf("checking over the mended link: %w", err)
	}
	return nil
}

func tryUnauthorized(ctx context.Context, p *probe) error {
	if p.t.Refuse == nil {
		return skip("there is no credential to refuse")
	}
	p.t.Refuse()
	err := p.open(ctx)
	if err == nil {
		_, err = p.conn.Check(ctx)
	}
	return wantKind("checking with a refused credential", err, adapters.Unauthorized)
}
