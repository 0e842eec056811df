package main

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"testing/fstest"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/files"
	"github.com/dray-sync/dray/adapters/postgres"
	"github.com/dray-sync/dray/adapters/rest"
	"github.com/dray-sync/dray/adapters/sqlite"
	"github.com/dray-sync/dray/engine"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/secret"
)

// A flow is the touchpoint orders and all it needs.
type flow struct {
	resources string // as YAML
	server    string // the URL of the database that the credential erp is for; empty: there is no credential
	folder    string // that files may be in; empty: nowhere
}

// prepare readies the flow for one run over a state directory.
func (f flow) prepare(ctx context.Context, dir string) (engine.LocalRun, error) {
	identity, err := secret.GenerateAgent(secret.Classic)
	if err != nil {
		return engine.LocalRun{}, err
	}
	tree, err := f.tree(identity.Public().Recipient)
	if err != nil {
		return engine.LocalRun{}, err
	}
	registry := adapters.NewRegistry(rest.New(), files.New(), postgres.New(), sqlite.New())
	m, list, err := config.Load(ctx, tree, config.Options{Registry: registry})
	if err = errors.Join(err, list.Err()); err != nil {
		return engine.LocalRun{}, err
	}
	o := engine.Options{
		Environment: "bench", Identity: identity, StateDir: dir, Registry: registry,
		Egress: connect.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
	}
	if f.folder != "" {
		o.AllowPaths = []connect.AllowedPath{{Dir: f.folder, Write: true}}
	}
	return engine.LocalRun{Options: o, Files: tree, Model: m, Touchpoint: "orders", Revision: "bench"}, nil
}

// tree returns the repository of the flow, whose secrets are for one agent.
func (f flow) tree(agent secret.Recipient) (fstest.MapFS, error) {
	ring, err := secret.CreateRing("bench", []secret.Recipient{agent}, time.Now())
	if err != nil {
		return nil, err
	}
	keys, err := ring.File().Encode()
	if err != nil {
		return nil, err
	}
	tree := fstest.MapFS{
		"dray.yaml":       {Data: []byte("apiVersion: dray/v1\nkind: Repository\nmetadata: {name: bench}\nspec: {environments: {bench: {}}}\n")},
		"keys/bench.yaml": {Data: keys},
		"flow.yaml":       {Data: []byte(f.resources)},
	}
	if f.server == "" {
		return tree, nil
	}
	credential, err := databaseCredential(f.server, agent)
	tree["erp.yaml"] = &fstest.MapFile{Data: credential}
	return tree, err
}

// databaseCredential returns the credential erp, as a file, with what the URL of a database says.
func databaseCredential(server string, agent secret.Recipient) ([]byte, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	bind, err := secret.ParseBindings([]string{"postgres://" + u.Host + u.Path})
	if err != nil {
		return nil, err
	}
	password, _ := u.User.Password()
	if password == "" {
		password = "unused"
	}
	credential, err := secret.CreateCredential("bench", secret.Envelope{
		Name: "erp", Application: "postgres", Bind: bind, Use: secret.UseLocal, Environments: []string{"bench"}, Recipients: []secret.Recipient{agent},
	}, secret.Values{"username": secret.NewValue(u.User.Username()), "password": secret.NewValue(password)}, time.Now())
	if err != nil {
		return nil, err
	}
	return credential.Encode()
}
