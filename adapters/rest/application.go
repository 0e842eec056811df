package rest

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/dray-sync/dray/adapters"
)

//go:embed config.cue
var configSchema string

// application is a declared application.
type application struct {
	name        string
	declaration declaration
	objects     map[string]*object
}

// config is #Config of config.cue.
type config struct {
	URL            string `json:"url"`
	RequestTimeout string `json:"requestTimeout"`
	Concurrency    int    `json:"concurrency"`
	MaxAnswer      int64  `json:"maxAnswer"`
}

// Spec describes the application.
func (a *application) Spec() adapters.Spec {
	s := adapters.Spec{
		Name: a.name, Description: a.declaration.Description, Schema: configSchema,
		Secrets: secretsOf(a.declaration.Auth), Hosts: true, Endpoint: a.endpoint, Documents: true, Judge: a.judge,
		Limits: adapters.Limits(a.declaration.Limits),
	}
	for _, name := range a.names() {
		s.Objects = append(s.Objects, a.objects[name].describe())
	}
	return s
}

func (a *application) names() []string { return slices.Sorted(maps.Keys(a.objects)) }

func secretsOf(auth authDeclaration) []adapters.SecretField {
	switch {
	case auth.Kind == "basic":
		return []adapters.SecretField{
			{Name: "username", Description: "The user name.", Required: true}, {Name: "password", Description: "The password.", Required: true},
		}
	case auth.Kind == "bearer":
		return []adapters.SecretField{{Name: "token", Description: "The bearer token.", Required: true}}
	case auth.Kind == "apiKey" && (auth.Header == "") != (auth.Query == ""):
		return []adapters.SecretField{{Name: "key", Description: "The API key.", Required: true}}
	default:
		return nil
	}
}

func (a *application) endpoint(text json.RawMessage) (string, error) {
	_, base, err := a.parseConfig(text)
	if err != nil {
		return "", err
	}
	return base.String(), nil
}

// judge is [adapters.Spec].Judge.
func (a *application) judge(s adapters.Settings) error {
	_, _, err := a.parseConfig(s.Config)
	return err
}

func (a *application) parseConfig(text json.RawMessage) (config, *url.URL, error) {
	var c config
	if err := strictly(text, &c); err != nil {
		return c, nil, &adapters.ConfigError{Path: []string{"config"}, Message: "is not a valid configuration of " + a.name}
	}
	if c.URL == "" {
		c.URL = a.declaration.URL
	}
	if c.URL == "" {
		return c, nil, &adapters.ConfigError{Path: []string{"config", "url"}, Message: "is missing", Hint: "the application has no URL of its own"}
	}
	base, err := parseBase(c.URL)
	if err != nil {
		return c, nil, &adapters.ConfigError{Path: []string{"config", "url"}, Message: err.Error(), Hint: "such as https://api.example.com/v2"}
	}
	return c, base, nil
}

// Open prepares requests and sends none.
func (a *application) Open(_ context.Context, env adapters.Env, settings adapters.Settings) (adapters.Connection, error) {
	c, base, err := a.parseConfig(settings.Config)
	if err != nil {
		return nil, err
	}
	timeout, err := time.ParseDuration(c.RequestTimeout)
	if err != nil || timeout <= 0 {
		return nil, &adapters.ConfigError{Path: []string{"config", "requestTimeout"}, Message: "is not a duration", Hint: "60s"}
	}
	for _, f := range secretsOf(a.declaration.Auth) {
		if s, ok := env.Secrets.Get(f.Name); !ok || s.IsEmpty() {
			return nil, &adapters.ConfigError{Message: fmt.Sprintf("the credential has no field %q", f.Name), Hint: "write it with dray credential set"}
		}
	}
	zone := settings.Zone
	if zone == nil {
		zone = time.UTC
	}
	return &connection{
		app: a, zone: zone, workers: max(c.Concurrency, 1), log: env.Log, clock: env.Clock,
		client: client{env: env, base: base, auth: a.declaration.Auth, headers: a.declaration.Headers, timeout: timeout, most: max(c.MaxAnswer, 1024)},
	}, nil
}

// connection is an opened application. Only closed changes after Open.
type connection struct {
	app     *application
	zone    *time.Location
	workers int
	log     logger
	clock   adapters.Clock
	client  client
	closed  atomic.Bool
}

// logger is the part of the engine's logger that is used here.
type logger interface {
	Warn(msg string, args ...any)
}

var (
	_ adapters.Connection  = (*connection)(nil)
	_ adapters.Source      = (*connection)(nil)
	_ adapters.Destination = (*connection)(nil)
	_ adapters.Discoverer  = (*connection)(nil)
	_ adapters.KeyReader   = (*connection)(nil)
)

// Check fetches what the declaration names for it, or the first page of the first readable object.
func (c *connection) Check(ctx context.Context) (string, error) {
	if c.closed.Load() {
		return "", adapters.ErrClosed
	}
	q := request{method: "GET", url: c.client.at(c.app.declaration.Check), op: "connecting"}
	if c.app.declaration.Check == "" {
		for _, name := range c.app.names() {
			if r := c.app.objects[name].read; r != nil {
				p := newPager(r, c.client.at(r.path), r.query)
				q.url, q.object = p.url(), name
				break
			}
		}
	}
	a, err := c.client.send(ctx, q)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s answered with status %d", c.client.base.Host, a.status), nil
}

// Close ends nothing: requests belong to their callers, connections to the engine's transport.
func (c *connection) Close(context.Context) error {
	c.closed.Store(true)
	return nil
}

func (c *connection) object(op, name string) (*object, error) {
	if c.closed.Load() {
		return nil, adapters.ErrClosed
	}
	o, ok := c.app.objects[name]
	if !ok {
		return nil, &adapters.Error{Kind: adapters.NotFound, Op: op, Object: name, Rule: "the application declares no such object"}
	}
	return o, nil
}

// Describe returns what is declared.
func (c *connection) Describe(_ context.Context, name string) (adapters.Object, error) {
	o, err := c.object("describing", name)
	if err != nil {
		return adapters.Object{}, err
	}
	return o.describe(), nil
}

// Discover returns what is declared.
func (c *connection) Discover(ctx context.Context, name string) ([]adapters.Object, error) {
	names := []string{name}
	if name == "" {
		names = c.app.names()
	}
	var (
		out  []adapters.Object
		errs []error
	)
	for _, n := range names {
		o, err := c.Describe(ctx, n)
		out, errs = append(out, o), append(errs, err)
	}
	return out, errors.Join(errs...)
}

// unfit is the error of a request that does not fit the object or the other side.
func unfit(op, object, rule string) *adapters.Error {
	return &adapters.Error{Kind: adapters.Invalid, Op: op, Object: object, Rule: rule}
}
