package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/pgtest"
	"github.com/dray-sync/dray/adapters/postgres"
	"github.com/dray-sync/dray/adapters/rest"
	"github.com/dray-sync/dray/engine"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/mapping/orders"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// pageSize is how many orders the shop answers at once.
const pageSize = 1000

// deliverRows compares a whole run, from paged HTTP through mapping and ledger into PostgreSQL by upsert, with psql \copy of the
// finished rows into a table of the same kind.
func deliverRows(ctx context.Context, o options) ([]row, error) {
	what := fmt.Sprintf("HTTP to PostgreSQL upsert, %d orders, ledger on", o.delivered)
	server, err := pgtest.Server()
	if err != nil {
		return []row{{what, "-", err.Error(), "-"}}, nil
	}
	psql, err := exec.LookPath("psql")
	if err != nil {
		return []row{{what, "-", "psql is not in PATH", "-"}}, nil
	}
	db, err := pgx.Connect(ctx, server)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close(ctx) }()
	shop := httptest.NewServer(newShop(o.delivered))
	defer shop.Close()
	var ours, peers []float64
	rows := filepath.Join(o.dir, "rows.tsv")
	for i := range o.n {
		took, err := deliverOnce(ctx, o, db, server, shop.URL, i)
		if err != nil {
			return nil, err
		}
		ours = append(ours, float64(o.delivered)/took.Seconds())
		if took, err = copyOnce(ctx, db, psql, server, rows); err != nil {
			return nil, err
		}
		peers = append(peers, float64(o.delivered)/took.Seconds())
	}
	return []row{compare(what+` (peer: psql \copy)`, "rows/s", ours, peers)}, nil
}

const tables = `DROP TABLE IF EXISTS sales, copied;
CREATE TABLE sales (id bigint PRIMARY KEY, ref text, email text, currency text, country text, city text, total numeric(19,2), tax numeric(19,2), paid boolean, channel text, lines jsonb);
CREATE TABLE copied (LIKE sales INCLUDING ALL)`

// deliverOnce runs the flow once into an empty table, with a state of its own.
func deliverOnce(ctx context.Context, o options, db *pgx.Conn, server, shop string, i int) (time.Duration, error) {
	if _, err := db.Exec(ctx, tables); err != nil {
		return 0, err
	}
	run, err := localRun(ctx, filepath.Join(o.dir, "state"+strconv.Itoa(i)), server, shop)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	r, err := run.Do(ctx)
	took := time.Since(begin)
	if err == nil && (r.Status != state.RunSucceeded || r.Counts.Created != int64(o.delivered)) {
		err = fmt.Errorf("the run ended %s with %d of %d rows: %s", r.Status, r.Counts.Created, o.delivered, r.Detail)
	}
	return took, err
}

// copyOnce copies the rows that the run delivered into a table like its own.
func copyOnce(ctx context.Context, db *pgx.Conn, psql, server, rows string) (time.Duration, error) {
	psqlRun := func(command string) error {
		var text bytes.Buffer
		cmd := exec.CommandContext(ctx, psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", command, server)
		cmd.Stdout, cmd.Stderr = &text, &text
		if err := cmd.Run(); err != nil {
			return errors.Join(err, errors.New(text.String()))
		}
		return nil
	}
	if err := psqlRun(`\copy sales to '` + rows + `'`); err != nil {
		return 0, err
	}
	if _, err := db.Exec(ctx, "TRUNCATE copied"); err != nil {
		return 0, err
	}
	begin := time.Now()
	err := psqlRun(`\copy copied from '` + rows + `'`)
	return time.Since(begin), err
}

// localRun prepares the flow over a fresh state directory.
func localRun(ctx context.Context, dir, server, shop string) (engine.LocalRun, error) {
	u, err := url.Parse(server)
	if err != nil {
		return engine.LocalRun{}, err
	}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		return engine.LocalRun{}, err
	}
	identity, err := secret.GenerateAgent(secret.Classic)
	if err != nil {
		return engine.LocalRun{}, err
	}
	recipients := []secret.Recipient{identity.Public().Recipient}
	ring, err := secret.CreateRing("bench", recipients, time.Now())
	if err != nil {
		return engine.LocalRun{}, err
	}
	ringFile, err := ring.File().Encode()
	if err != nil {
		return engine.LocalRun{}, err
	}
	bind, err := secret.ParseBindings([]string{"postgres://" + u.Host + u.Path})
	if err != nil {
		return engine.LocalRun{}, err
	}
	password, _ := u.User.Password()
	if password == "" {
		password = "unused"
	}
	credential, err := secret.CreateCredential("bench", secret.Envelope{
		Name: "erp", Application: "postgres", Bind: bind, Use: secret.UseLocal, Environments: []string{"bench"}, Recipients: recipients,
	}, secret.Values{"username": secret.NewValue(u.User.Username()), "password": secret.NewValue(password)}, time.Now())
	if err != nil {
		return engine.LocalRun{}, err
	}
	credentialFile, err := credential.Encode()
	if err != nil {
		return engine.LocalRun{}, err
	}
	files := fstest.MapFS{
		"dray.yaml":       {Data: []byte("apiVersion: dray/v1\nkind: Repository\nmetadata: {name: bench}\nspec: {environments: {bench: {}}}\n")},
		"keys/bench.yaml": {Data: ringFile},
		"erp.yaml":        {Data: credentialFile},
		"flow.yaml":       {Data: fmt.Appendf(nil, flowFile, shop, host, port, u.Path[1:])},
	}
	registry := adapters.NewRegistry(rest.New(), postgres.New())
	m, list, err := config.Load(ctx, files, config.Options{Registry: registry})
	if err = errors.Join(err, list.Err()); err != nil {
		return engine.LocalRun{}, err
	}
	return engine.LocalRun{
		Options: engine.Options{
			Environment: "bench", Identity: identity, StateDir: dir, Registry: registry,
			Egress: connect.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		},
		Files: files, Model: m, Touchpoint: "orders", Revision: "bench",
	}, os.MkdirAll(dir, 0o700)
}

const flowFile = `apiVersion: dray/v1
kind: Application
metadata: {name: bench-shop}
spec:
  description: Orders in pages.
  objects:
    orders:
      key: [id]
      read: {path: /orders, paging: {kind: page, sizeParam: limit, size: 1000, stop: short}}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: shop}
spec: {application: bench-shop, config: {url: %q}}
---
apiVersion: dray/v1
kind: Connection
metadata: {name: erp}
spec:
  application: postgres
  config: {host: %q, port: %s, database: %q, sslMode: disable}
  credential: erp
---
apiVersion: dray/v1
kind: Mapping
metadata: {name: sale}
spec:
  fields:
    id:       {from: id}
    ref:      {from: name}
    email:    {from: customer.email, apply: [trim, lower]}
    currency: {from: currency}
    country:  {from: shipping_address.country_code}
    city:     {from: shipping_address.city, apply: [trim]}
    total:    {from: total_price, as: decimal, scale: 2, round: half-even}
    tax:      {from: total_tax, as: decimal, scale: 2, round: half-even}
    paid:     {from: paid, as: bool}
    channel:  {value: web}
    lines:
      each: line_items
      fields:
        sku:   {from: sku}
        qty:   {from: quantity, as: int}
        price: {from: price, as: decimal, scale: 2, round: half-even}
---
apiVersion: dray/v1
kind: Touchpoint
metadata: {name: orders}
spec:
  source: {connection: shop, object: orders, start: beginning, read: full}
  mapping: sale
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`

// newShop answers pages of orders that it has ready.
func newShop(n int) http.Handler {
	var pages [][]byte
	docs := orders.Documents(n, 1)
	for from := 0; from < n; from += pageSize {
		page := append([]byte("["), bytes.Join(docs[from:min(from+pageSize, n)], []byte(","))...)
		pages = append(pages, append(page, ']'))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		i, err := strconv.Atoi(r.URL.Query().Get("page"))
		if err != nil || i < 1 || i > len(pages) {
			_, _ = w.Write([]byte("[]"))
			return
		}
		_, _ = w.Write(pages[i-1]) // a client that has gone is its own affair
	})
}
