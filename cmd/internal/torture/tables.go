package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver

	"github.com/dray-sync/dray/adapters/pgtest"
)

// tables are the databases at both ends. SQLite files can be read and written by both sides at once, since they keep a write-ahead log.
type tables struct {
	from, to *sql.DB // SQLite files
	postgres *sql.DB // nil: there is none
	server   *pgx.ConnConfig
}

const sqliteTables = `CREATE TABLE items (id TEXT PRIMARY KEY, rev INTEGER NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL);
CREATE UNIQUE INDEX items_seq ON items (seq);
CREATE TABLE copies (id TEXT NOT NULL, rev INTEGER NOT NULL, name TEXT NOT NULL CHECK (name NOT LIKE 'poison%'), PRIMARY KEY (id))`

const postgresTables = `DROP TABLE IF EXISTS items, copies, seconds;
CREATE TABLE items (id text PRIMARY KEY, rev bigint NOT NULL, name text NOT NULL, changed timestamptz NOT NULL);
CREATE TABLE copies (id text PRIMARY KEY, rev bigint NOT NULL, name text NOT NULL CHECK (name NOT LIKE 'poison%'));
CREATE TABLE seconds (LIKE copies INCLUDING ALL)`

func openTables(ctx context.Context, dir, server string) (*tables, error) {
	t := &tables{}
	var err error
	if t.from, err = openFile(ctx, filepath.Join(dir, "from.db")); err != nil {
		return t, err
	}
	if t.to, err = openFile(ctx, filepath.Join(dir, "to.db")); err != nil {
		return t, err
	}
	if server == "" {
		if server, err = pgtest.Server(); err != nil {
			return t, nil // the flows that need it are left out
		}
	}
	if t.server, err = pgx.ParseConfig(server); err != nil {
		return t, err
	}
	admin := stdlib.OpenDB(*t.server)
	name := "dray_torture_" + strconv.FormatInt(time.Now().UnixNano(), 36)
	_, err = admin.ExecContext(ctx, "CREATE DATABASE "+name)
	if err = errors.Join(err, admin.Close()); err != nil {
		return t, err
	}
	t.server.Database = name
	t.postgres = stdlib.OpenDB(*t.server)
	_, err = t.postgres.ExecContext(ctx, postgresTables)
	return t, err
}

func openFile(ctx context.Context, path string) (*sql.DB, error) {
	q := url.Values{"_pragma": {"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(NORMAL)"}}
	db, err := sql.Open("sqlite", "file:"+path+"?"+q.Encode())
	if err == nil {
		db.SetMaxOpenConns(1) // there is one writer at a time
		_, err = db.ExecContext(ctx, sqliteTables)
	}
	return db, err
}

// close closes what is open, and removes the database on the server.
func (t *tables) close() error {
	var err error
	for _, db := range []*sql.DB{t.from, t.to, t.postgres} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	if t.postgres == nil {
		return err
	}
	name := t.server.Database
	t.server.Database = "postgres"
	admin := stdlib.OpenDB(*t.server)
	_, dropped := admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
	return errors.Join(err, dropped, admin.Close())
}

// putFile makes or changes an item of the SQLite file.
func (t *tables) putFile(ctx context.Context, id, name string) error {
	_, err := t.from.ExecContext(ctx, `INSERT INTO items VALUES (?1, 1, ?2, (SELECT coalesce(max(seq), 0) + 1 FROM items))
		ON CONFLICT (id) DO UPDATE SET rev = rev + 1, name = ?2, seq = (SELECT max(seq) + 1 FROM items)`, id, name)
	return err
}

// putServer makes or changes an item of the PostgreSQL server. It is committed some time after the instant it bears.
func (t *tables) putServer(ctx context.Context, id, name string, late time.Duration) error {
	_, err := t.postgres.ExecContext(ctx, `WITH put AS (INSERT INTO items VALUES ($1, 1, $2, clock_timestamp())
		ON CONFLICT (id) DO UPDATE SET rev = items.rev + 1, name = $2, changed = clock_timestamp() RETURNING 1) SELECT pg_sleep($3) FROM put`, id, name, late.Seconds())
	return err
}

// rows reads a table by its key.
func rows(ctx context.Context, db *sql.DB, table string) (map[string][]stored, error) {
	found, err := db.QueryContext(ctx, "SELECT id, rev, name FROM "+table)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }() // Err tells
	all := map[string][]stored{}
	for found.Next() {
		var id string
		var s stored
		if err := found.Scan(&id, &s.Rev, &s.Name); err != nil {
			return nil, err
		}
		all[id] = append(all[id], s)
	}
	return all, found.Err()
}

// facts reads a table that is a source.
func facts(ctx context.Context, db *sql.DB) (map[string]fact, error) {
	list, err := rows(ctx, db, "items")
	all := make(map[string]fact, len(list))
	for id, s := range list {
		all[id] = fact{Rev: s[0].Rev, Name: s[0].Name}
	}
	return all, err
}

// connection is the kind: Connection of the PostgreSQL server behind a wire.
func (t *tables) connection(w *wire) string {
	return fmt.Sprintf(`apiVersion: dray/v1
kind: Connection
metadata: {name: server}
spec:
  application: postgres
  config: {host: 127.0.0.1, port: %d, database: %s, user: %s, sslMode: disable, connectTimeout: 2s}
  objects: {items: {cursor: changed, version: rev}}
`, w.port(), t.server.Database, t.server.User)
}
