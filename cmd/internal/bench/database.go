package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"

	"github.com/jackc/pgx/v5"

	"github.com/dray-sync/dray/adapters/pgtest"
)

// saleColumns are the columns of a sale that PostgreSQL and SQLite both understand.
const saleColumns = `id bigint PRIMARY KEY, ref text, email text, currency text, country text, city text, total numeric(19,2), tax numeric(19,2), paid boolean, channel text`

// A database is a PostgreSQL database and psql for it.
type database struct {
	*pgx.Conn
	server string // its URL
	psql   string
}

// openDatabase connects to the server that there is, or says what is missing.
func openDatabase(ctx context.Context) (_ *database, missing string, err error) {
	server, err := pgtest.Server()
	if err != nil {
		return nil, err.Error(), nil
	}
	psql, err := exec.LookPath("psql")
	if err != nil {
		return nil, "psql is not in PATH", nil
	}
	conn, err := pgx.Connect(ctx, server)
	return &database{conn, server, psql}, "", err
}

func (d *database) close(ctx context.Context) { _ = d.Close(ctx) } // nothing is lost

// connection returns a connection to the database, as a document before others.
func (d *database) connection(name string) (string, error) {
	u, err := url.Parse(d.server)
	if err != nil {
		return "", err
	}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		return "", err
	}
	const text = `apiVersion: dray/v1
kind: Connection
metadata: {name: %s}
spec:
  application: postgres
  config: {host: %q, port: %s, database: %q, sslMode: disable}
  credential: erp
---
`
	return fmt.Sprintf(text, name, host, port, u.Path[1:]), nil
}

// makeTables makes the flow's table, sales, and the peer's, copied, anew.
func (d *database) makeTables(ctx context.Context, columns string) error {
	_, err := d.Exec(ctx, "DROP TABLE IF EXISTS sales, copied; CREATE TABLE sales ("+columns+"); CREATE TABLE copied (LIKE sales INCLUDING ALL)")
	return err
}

// run has psql run a command.
func (d *database) run(ctx context.Context, command string) error {
	return output(exec.CommandContext(ctx, d.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", command, d.server))
}

// sums says what is in the two tables.
func (d *database) sums(ctx context.Context) (ours, peers string, err error) {
	ours, err = d.sum(ctx, "sales")
	if err != nil {
		return "", "", err
	}
	peers, err = d.sum(ctx, "copied")
	return ours, peers, err
}

func (d *database) sum(ctx context.Context, table string) (text string, err error) {
	err = d.QueryRow(ctx, "SELECT count(*) || ' rows of ' || coalesce(sum(total), 0) FROM "+table).Scan(&text)
	return text, err
}

// siblingName is the database that the peer writes to.
const siblingName = "dray_bench"

// sibling makes a database on the same server, for the peer, and connects to it.
func (d *database) sibling(ctx context.Context) (*database, error) {
	if _, err := d.Exec(ctx, "CREATE DATABASE "+siblingName); err != nil { // one that is there may be somebody's
		return nil, fmt.Errorf("making the database %s for the peer: %w", siblingName, err)
	}
	u, err := url.Parse(d.server)
	if err != nil {
		return nil, err
	}
	u.Path = "/" + siblingName
	conn, err := pgx.Connect(ctx, u.String())
	return &database{conn, u.String(), d.psql}, err
}

// drop removes the sibling of a database.
func (d *database) drop(ctx context.Context, from *database) {
	d.close(ctx)
	_, _ = from.Exec(ctx, "DROP DATABASE IF EXISTS "+siblingName)
}

// restore has psql make the table sold of another database here, as pg_dump writes it.
func (d *database) restore(ctx context.Context, dump, from string) error {
	out := exec.CommandContext(ctx, dump, "--table=sold", from)
	in := exec.CommandContext(ctx, d.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", d.server)
	var err error
	if in.Stdin, err = out.StdoutPipe(); err != nil {
		return err
	}
	if err := out.Start(); err != nil {
		return fmt.Errorf("running pg_dump: %w", err)
	}
	err = output(in)
	return errors.Join(err, out.Wait())
}

// output runs a command, whose error holds what it wrote.
func output(cmd *exec.Cmd) error {
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Run(); err != nil {
		return errors.Join(fmt.Errorf("running %s: %w", cmd.Path, err), errors.New(text.String()))
	}
	return nil
}
