package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"

	"github.com/dray-sync/dray/engine/mapping/orders"
)

// pageSize is how many orders the shop answers at once.
const pageSize = 1000

// deliverRows compares a whole run, from paged HTTP through mapping and ledger into PostgreSQL by upsert, with psql \copy of the
// finished rows into a table of the same kind.
func deliverRows(ctx context.Context, o options) ([]row, error) {
	m := move{what: fmt.Sprintf("HTTP to PostgreSQL upsert, %d orders, ledger on", o.delivered), peer: `psql \copy`, rows: o.delivered}
	db, missing, err := openDatabase(ctx)
	if err != nil || missing != "" {
		return m.without(missing), err
	}
	defer db.close(ctx)
	connection, err := db.connection("erp")
	if err != nil {
		return nil, err
	}
	shop := httptest.NewServer(newShop(o.delivered))
	defer shop.Close()
	finished := filepath.Join(o.dir, "rows.tsv")
	m.flow = flow{resources: connection + fmt.Sprintf(flowFile, shop.URL), server: db.server}
	m.empty = func(ctx context.Context) error { return db.makeTables(ctx, saleColumns+", lines jsonb") }
	m.ready = func(ctx context.Context) error { return db.run(ctx, `\copy sales to '`+finished+`'`) }
	m.copy = func(ctx context.Context) error { return db.run(ctx, `\copy copied from '`+finished+`'`) }
	m.sums = db.sums
	return m.measure(ctx, o)
}

// flowFile reads the shop, whose URL goes in, and writes to the connection erp.
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
