package main

import (
	"context"
	"fmt"
	"strings"
)

// A fact is what a destination should have of a record.
type fact struct {
	Rev  int64
	Name string
}

// bad reports whether no destination takes it: what is there may be older then, or nothing.
func (f fact) bad() bool { return strings.HasPrefix(f.Name, poison) }

// A place is where a flow writes, with what should be there and what is.
type place struct {
	name string
	want func(context.Context, *world) (map[string]fact, error)
	got  func(context.Context, *world) (map[string][]stored, error)
}

// A flow is one touchpoint.
type flow struct {
	name     string
	postgres bool
	spec     string // of the touchpoint
	places   []place
	// letters says how many dead letters a bad record leaves. nil: one.
	letters func(*order) int
	source  string // orders, events, file, server: where its records are
}

// flows are all there are.
var flows = []flow{
	{
		name: "plain", source: "orders",
		spec: `
  source: {connection: shop, object: orders, start: beginning, overlap: 5s}
  mapping: plain
  destination: {connection: warehouse, object: plain, write: upsert, key: [id]}`,
		places: []place{{"plain", wantOrders(nil), gotFrom("plain")}},
	},
	{
		name: "unsorted", source: "orders",
		spec: `
  source: {connection: shop, object: orders-by-id, start: beginning, overlap: 5s}
  mapping: plain
  destination: {connection: warehouse, object: unsorted, write: upsert, key: [id]}`,
		places: []place{{"unsorted", wantOrders(nil), gotFrom("unsorted")}},
	},
	{
		name: "full", source: "orders",
		spec: `
  source: {connection: shop, object: orders-by-id, start: beginning, read: full}
  mapping: plain
  destination: {connection: warehouse, object: full, write: upsert, key: [id]}`,
		places: []place{{"full", wantOrders(nil), gotFrom("full")}},
	},
	{
		name: "create", source: "events",
		spec: `
  source: {connection: shop, object: events, start: beginning, overlap: 5s}
  mapping: plain
  destination: {connection: warehouse, object: create, write: create, key: [id]}`,
		places: []place{{"create", wantEvents, gotFrom("create")}},
	},
	{
		name: "destinations", source: "orders",
		spec: `
  source: {connection: shop, object: orders, start: beginning, overlap: 5s}
  mapping: plain
  destinations:
    - {name: one, connection: warehouse, object: one, write: upsert, key: [id]}
    - {name: two, connection: file-to, object: copies, write: upsert, key: [id]}`,
		places:  []place{{"one", wantOrders(nil), gotFrom("one")}, {"two", wantOrders(nil), gotFile}},
		letters: func(*order) int { return 2 },
	},
	{
		name: "routes", source: "orders",
		spec: `
  source: {connection: shop, object: orders, start: beginning, overlap: 5s}
  mapping: plain
  destination: {connection: warehouse, object: route-c, write: upsert, key: [id]}
  routes:
    cases:
      - {name: a, when: kind == "a", destination: {object: route-a, write: upsert, key: [id]}}
      - {name: b, when: kind == "b", destination: {object: route-b, write: upsert, key: [id]}}`,
		places: []place{
			{"a", wantOrders(ofKind("a")), gotFrom("route-a")},
			{"b", wantOrders(ofKind("b")), gotFrom("route-b")},
			{"c", wantOrders(ofKind("c")), gotFrom("route-c")},
		},
	},
	{
		name: "split", source: "orders",
		spec: `
  source: {connection: shop, object: orders, start: beginning, overlap: 5s}
  split: {each: lines, key: [nr]}
  mapping: line
  destination: {connection: warehouse, object: lines, write: upsert, key: [id, line]}`,
		places:  []place{{"lines", wantLines, gotFrom("lines")}},
		letters: func(o *order) int { return len(o.Lines) },
	},
	{
		name: "steps", source: "orders",
		spec: `
  source: {connection: shop, object: orders, start: beginning, overlap: 5s}
  steps:
    - {name: group, connection: warehouse, object: groups, find: {id: {from: grp}}, whenMissing: create, mapping: group}
  mapping: member
  destination: {connection: warehouse, object: members, write: upsert, key: [id]}`,
		places: []place{{"members", wantOrders(nil), gotFrom("members")}, {"groups", wantGroups, gotFrom("groups")}},
	},
	{
		name: "write-back", source: "orders",
		spec: `
  source: {connection: shop, object: orders, start: beginning, overlap: 5s}
  mapping: plain
  destination: {connection: warehouse, object: backed, write: upsert, key: [id]}
  writeBack:
    - {on: delivered, object: acks, write: upsert, fields: {rev: {from: rev}}}
  onReject: {retry: {every: 1s, for: 1d}}`,
		places: []place{{"backed", wantOrders(nil), gotFrom("backed")}, {"acks", wantOrders(nil), gotAcks}},
	},
	{
		name: "file", source: "file",
		spec: `
  source: {connection: file-from, object: items, start: beginning}
  mapping: plain
  destination: {connection: warehouse, object: from-file, write: upsert, key: [id]}`,
		places: []place{{"from-file", wantFile, gotFrom("from-file")}},
	},
	{
		name: "server", source: "orders", postgres: true,
		spec: `
  source: {connection: shop, object: orders, start: beginning, overlap: 5s}
  mapping: plain
  destination: {connection: server, object: copies, write: upsert, key: [id]}`,
		places: []place{{"copies", wantOrders(nil), gotServer("copies")}},
	},
	{
		name: "from-server", source: "server", postgres: true,
		spec: `
  source: {connection: server, object: items, start: beginning, overlap: 5s}
  mapping: plain
  destination: {connection: server, object: seconds, write: upsert, key: [id]}`,
		places: []place{{"seconds", wantServer, gotServer("seconds")}},
	},
}

func ofKind(kind string) func(*order) bool { return func(o *order) bool { return o.Kind == kind } }

// wantOrders are the orders that a condition chooses; nil: all.
func wantOrders(chosen func(*order) bool) func(context.Context, *world) (map[string]fact, error) {
	return func(_ context.Context, w *world) (map[string]fact, error) {
		all := map[string]fact{}
		for _, o := range w.shop.all() {
			if chosen == nil || chosen(o) {
				all[o.ID] = fact{o.Rev, o.Name}
			}
		}
		return all, nil
	}
}

func wantEvents(_ context.Context, w *world) (map[string]fact, error) {
	all := map[string]fact{}
	for _, o := range w.shop.told() {
		all[o.ID] = fact{o.Rev, o.Name}
	}
	return all, nil
}

func wantLines(_ context.Context, w *world) (map[string]fact, error) {
	all := map[string]fact{}
	for _, o := range w.shop.all() {
		for _, l := range o.Lines {
			all[fmt.Sprintf("%s/%d", o.ID, l.No)] = fact{o.Rev, o.Name}
		}
	}
	return all, nil
}

func wantGroups(_ context.Context, w *world) (map[string]fact, error) {
	all := map[string]fact{}
	for _, o := range w.shop.all() {
		all[o.Group] = fact{}
	}
	return all, nil
}

func wantFile(ctx context.Context, w *world) (map[string]fact, error) {
	return facts(ctx, w.tables.from)
}

func wantServer(ctx context.Context, w *world) (map[string]fact, error) {
	return facts(ctx, w.tables.postgres)
}

func gotFrom(object string) func(context.Context, *world) (map[string][]stored, error) {
	return func(_ context.Context, w *world) (map[string][]stored, error) { return w.warehouse.rows(object), nil }
}

func gotAcks(_ context.Context, w *world) (map[string][]stored, error) {
	names := map[string]string{}
	for _, o := range w.shop.all() {
		names[o.ID] = o.Name
	}
	all := map[string][]stored{}
	for id, rev := range w.shop.acknowledged() {
		all[id] = []stored{{Rev: rev, Name: strings.TrimPrefix(names[id], poison)}}
	}
	return all, nil
}

func gotFile(ctx context.Context, w *world) (map[string][]stored, error) {
	return rows(ctx, w.tables.to, "copies")
}

func gotServer(table string) func(context.Context, *world) (map[string][]stored, error) {
	return func(ctx context.Context, w *world) (map[string][]stored, error) {
		return rows(ctx, w.tables.postgres, table)
	}
}
