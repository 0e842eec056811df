package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// csvPostgresRows compares a flow from a CSV file into PostgreSQL with psql \copy of the same file.
func csvPostgresRows(ctx context.Context, o options) ([]row, error) {
	m := move{what: fmt.Sprintf("CSV to PostgreSQL upsert, %d orders, ledger on", o.delivered), peer: `psql \copy`, rows: o.delivered}
	db, missing, err := openDatabase(ctx)
	if err != nil || missing != "" {
		return m.without(missing), err
	}
	defer db.close(ctx)
	connection, err := db.connection("erp")
	if err != nil {
		return nil, err
	}
	sales, err := writeSales(o)
	if err != nil {
		return nil, err
	}
	folder := filepath.Dir(sales)
	m.flow = flow{resources: connection + csvConnection(folder) + typedFields + tableFlow, server: db.server, folder: folder}
	m.empty = func(ctx context.Context) error { return db.makeTables(ctx, saleColumns) }
	m.copy = func(ctx context.Context) error {
		return db.run(ctx, `\copy copied from '`+sales+`' with (format csv, header)`)
	}
	m.sums = db.sums
	return m.measure(ctx, o)
}

// postgresPostgresRows compares a flow from one table of PostgreSQL into another with pg_dump of the table into psql, which makes it, in
// another database of the same server.
func postgresPostgresRows(ctx context.Context, o options) ([]row, error) {
	m := move{what: fmt.Sprintf("PostgreSQL to PostgreSQL upsert, %d orders, ledger on", o.delivered), peer: "pg_dump | psql", rows: o.delivered}
	db, missing, err := openDatabase(ctx)
	if err != nil || missing != "" {
		return m.without(missing), err
	}
	defer db.close(ctx)
	dump, err := exec.LookPath("pg_dump")
	if err != nil {
		return m.without("pg_dump is not in PATH"), nil
	}
	from, errFrom := db.connection("from")
	erp, errERP := db.connection("erp")
	if err := errors.Join(errFrom, errERP, db.fillSold(ctx, o)); err != nil {
		return nil, err
	}
	target, err := db.sibling(ctx)
	if err != nil {
		return nil, err
	}
	defer target.drop(ctx, db)
	m.flow = flow{resources: from + erp + plainFields + strings.Replace(tableFlow, "object: orders", "object: sold", 1), server: db.server}
	m.empty = func(ctx context.Context) error { return db.makeTables(ctx, saleColumns) }
	m.ready = func(ctx context.Context) error {
		_, err := target.Exec(ctx, "DROP TABLE IF EXISTS sold")
		return err
	}
	m.copy = func(ctx context.Context) error { return target.restore(ctx, dump, db.server) }
	m.sums = func(ctx context.Context) (ours, peers string, err error) {
		ours, errOurs := db.sum(ctx, "sales")
		peers, errPeers := target.sum(ctx, "sold")
		return ours, peers, errors.Join(errOurs, errPeers)
	}
	return m.measure(ctx, o)
}

// csvSQLiteRows compares a flow from a CSV file into SQLite with the .import of its shell.
func csvSQLiteRows(ctx context.Context, o options) ([]row, error) {
	m := move{what: fmt.Sprintf("CSV to SQLite upsert, %d orders, ledger on", o.delivered), peer: "sqlite3 .import", rows: o.delivered}
	program, err := exec.LookPath("sqlite3")
	if err != nil {
		return m.without("sqlite3 is not in PATH"), nil
	}
	sales, err := writeSales(o)
	if err != nil {
		return nil, err
	}
	folder := filepath.Dir(sales)
	ours, peers := shell{program, filepath.Join(folder, "sales.db")}, shell{program, filepath.Join(folder, "copied.db")}
	m.flow = flow{resources: fmt.Sprintf(sqliteConnection, ours.file) + csvConnection(folder) + typedFields + tableFlow, folder: folder}
	m.empty = func(ctx context.Context) error { return errors.Join(ours.makeTable(ctx), peers.makeTable(ctx)) }
	m.copy = func(ctx context.Context) error {
		_, err := peers.run(ctx, ".import --csv --skip 1 "+sales+" sales")
		return err
	}
	m.sums = func(ctx context.Context) (string, string, error) {
		const sum = "SELECT count(*), sum(CAST(round(total * 100) AS integer)) FROM sales"
		left, errLeft := ours.run(ctx, sum)
		right, errRight := peers.run(ctx, sum)
		return left, right, errors.Join(errLeft, errRight)
	}
	return m.measure(ctx, o)
}

// fillSold makes the table sold, which holds the orders.
func (d *database) fillSold(ctx context.Context, o options) error {
	sales, err := writeSales(o)
	if err != nil {
		return err
	}
	if _, err := d.Exec(ctx, "DROP TABLE IF EXISTS sold; CREATE TABLE sold ("+saleColumns+")"); err != nil {
		return err
	}
	return d.run(ctx, `\copy sold from '`+sales+`' with (format csv, header)`)
}

// csvConnection returns a connection to the folder of the sales, as a document before others.
func csvConnection(folder string) string {
	return fmt.Sprintf(`apiVersion: dray/v1
kind: Connection
metadata: {name: from}
spec:
  application: files
  config: {path: %q}
  objects: {orders: {pattern: sales.csv, format: csv, key: [id]}}
---
`, folder)
}

// sqliteConnection is a connection to a file, whose path goes in, as a document before others.
const sqliteConnection = `apiVersion: dray/v1
kind: Connection
metadata: {name: erp}
spec: {application: sqlite, config: {path: %q}}
---
`

// typedFields make a sale of cells, which are text.
const typedFields = `apiVersion: dray/v1
kind: Mapping
metadata: {name: sale}
spec:
  fields:
    id:       {from: id, as: int}
    ref:      {from: ref}
    email:    {from: email}
    currency: {from: currency}
    country:  {from: country}
    city:     {from: city}
    total:    {from: total, as: decimal}
    tax:      {from: tax, as: decimal}
    paid:     {from: paid, as: bool}
    channel:  {from: channel}
---
`

// plainFields take a sale as it is.
const plainFields = `apiVersion: dray/v1
kind: Mapping
metadata: {name: sale}
spec:
  fields:
    id:       {from: id}
    ref:      {from: ref}
    email:    {from: email}
    currency: {from: currency}
    country:  {from: country}
    city:     {from: city}
    total:    {from: total}
    tax:      {from: tax}
    paid:     {from: paid}
    channel:  {from: channel}
---
`

// tableFlow moves all that the connection from has to the connection erp.
const tableFlow = `apiVersion: dray/v1
kind: Touchpoint
metadata: {name: orders}
spec:
  source: {connection: from, object: orders, start: beginning, read: full}
  mapping: sale
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`
