package postgres

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/dray-sync/dray/adapters"
)

//go:embed schema.cue
var schema string

type application struct{}

// New returns the application postgres.
func New() adapters.Application { return application{} }

// Spec describes the application.
func (application) Spec() adapters.Spec {
	return adapters.Spec{
		Transactional: true,
		Name:          "postgres",
		Description:   "Tables, views and queries of a PostgreSQL database.",
		Schema:        schema,
		Secrets: []adapters.SecretField{
			{Name: "username", Description: "The role that connects; needed unless the connection says user."},
			{Name: "password", Description: "The role's password."},
		},
		Hosts:    true,
		Endpoint: endpoint,
		Judge:    judge,
		Describe: foretell,
		Dates:    true,
	}
}

// Open prepares a pool of connections and makes none.
func (application) Open(ctx context.Context, env adapters.Env, settings adapters.Settings) (adapters.Connection, error) {
	cfg, err := parseConfig(settings.Config)
	if err != nil {
		return nil, err
	}
	objects, err := parseObjects(settings.Objects)
	if err != nil {
		return nil, err
	}
	pc, err := poolConfig(cfg, env)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), pc)
	if err != nil {
		return nil, fmt.Errorf("preparing the connection pool: %w", sorted(err, "connecting", ""))
	}
	zone := settings.Zone
	if zone == nil {
		zone = time.UTC
	}
	return &connection{cfg: cfg, objects: objects, zone: zone, env: env, pool: pool, reads: make(chan struct{}, cfg.MaxConnections/2)}, nil
}

// connection is an opened database. Its parts never change after Open.
type connection struct {
	cfg     config
	objects map[string]declared
	zone    *time.Location
	env     adapters.Env
	pool    *pgxpool.Pool
	// reads holds a token for each read under way. A read keeps its connection while its records are being written, so that
	// reads alone must never use up the pool.
	reads chan struct{}

	closing sync.Once
	mu      sync.Mutex
	closed  bool
}

var (
	_ adapters.Connection    = (*connection)(nil)
	_ adapters.Source        = (*connection)(nil)
	_ adapters.Destination   = (*connection)(nil)
	_ adapters.Discoverer    = (*connection)(nil)
	_ adapters.KeyReader     = (*connection)(nil)
	_ adapters.Transactional = (*connection)(nil)
)

// Check connects and asks the server for its version.
func (c *connection) Check(ctx context.Context) (string, error) {
	conn, release, err := c.acquire(ctx, "connecting", "")
	if err != nil {
		return "", err
	}
	defer release()
	var version string
	if err := conn.QueryRow(ctx, "show server_version").Scan(&version); err != nil {
		return "", sorted(err, "connecting", "")
	}
	return fmt.Sprintf("PostgreSQL %s, database %q at %s port %d", version, c.cfg.Database, c.cfg.Host, c.cfg.Port), nil
}

// Close ends the pool and waits for connections in use to be given back.
func (c *connection) Close(context.Context) error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.closing.Do(c.pool.Close)
	return nil
}

// acquire takes a connection from the pool when the limiter allows a request. The caller gives both back with release.
func (c *connection) acquire(ctx context.Context, op, object string) (conn *pgxpool.Conn, release func(), err error) {
	if c.isClosed() {
		return nil, nil, adapters.ErrClosed
	}
	answered, err := c.env.Limiter.Acquire(ctx)
	if err != nil {
		return nil, nil, sorted(err, op, object)
	}
	conn, err = c.take(ctx, op, object)
	if err != nil {
		answered()
		return nil, nil, err
	}
	return conn, func() { conn.Release(); answered() }, nil
}

// hold is acquire for a connection that is kept while others are needed too: the limiter counts only the taking.
func (c *connection) hold(ctx context.Context, op, object string) (*pgxpool.Conn, error) {
	if c.isClosed() {
		return nil, adapters.ErrClosed
	}
	answered, err := c.env.Limiter.Acquire(ctx)
	if err != nil {
		return nil, sorted(err, op, object)
	}
	defer answered()
	return c.take(ctx, op, object)
}

func (c *connection) take(ctx context.Context, op, object string) (*pgxpool.Conn, error) {
	conn, err := c.pool.Acquire(ctx)
	switch {
	case err == nil:
		return conn, nil
	case c.isClosed():
		return nil, adapters.ErrClosed
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return nil, &adapters.Error{Kind: adapters.Unavailable, Op: op, Object: object, Rule: "no connection within " + c.cfg.ConnectTimeout}
	default:
		return nil, sorted(err, op, object)
	}
}

func (c *connection) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}
