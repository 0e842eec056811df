package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
)

// A merge is the statements that bring rows of one form into a table: rows that have the same columns present.
type merge struct {
	mode    adapters.WriteMode
	columns []int // positions in the request's shape, in the order they are copied
	temp    string
	create  string // makes the temporary table
	copy    string
	apply   string // merges; returns the ordinal of each row that it created, changed or deleted, and whether it created it
	rest    string // returns the ordinals of rows that are not in the table afterwards; empty where that says nothing
	left    adapters.Result
}

// names used inside statements: c0, c1 … are columns of the temporary table i, t is the target.
const ordinal = "dray_ord"

// newMerge writes the statements. n makes the temporary table's name differ from others of the same transaction.
func newMerge(o *object, mode adapters.WriteMode, key []string, names []string, columns []int, n int) *merge {
	m := &merge{mode: mode, columns: columns, temp: fmt.Sprintf("dray_in_%d", n), left: adapters.Unchanged}
	var definition, temps []string
	definition = append(definition, ordinal+" int4")
	temps = append(temps, ordinal)
	for i, name := range names {
		definition = append(definition, fmt.Sprintf("c%d %s", i, o.column(name).sqlType))
		temps = append(temps, fmt.Sprintf("c%d", i))
	}
	m.create = "create temporary table " + m.temp + " (" + strings.Join(definition, ", ") + ") on commit drop"
	m.copy = "copy pg_temp." + m.temp + " (" + strings.Join(temps, ", ") + ") from stdin"
	s := statement{o: o, key: key, names: names, temp: "pg_temp." + m.temp}
	switch mode {
	case adapters.WriteCreate:
		m.apply, m.left = s.create(), adapters.Rejected
	case adapters.WriteEnsure:
		m.apply = s.insert("on conflict (" + quoteAll("", key) + ") do nothing")
	case adapters.WriteUpsert:
		m.apply = s.upsert()
	case adapters.WriteUpdate:
		m.apply, m.rest = s.update(), s.missing()
	case adapters.WriteDelete:
		m.apply = s.delete()
	}
	if o.mayHide && (mode == adapters.WriteUpsert || mode == adapters.WriteEnsure) {
		m.rest = s.missing()
	}
	return m
}

type statement struct {
	o     *object
	key   []string
	names []string
	temp  string
}

// column returns the temporary table's name of a column.
func (s statement) column(name string) string {
	return fmt.Sprintf("i.c%d", slices.Index(s.names, name))
}

func (s statement) temps() string {
	out := make([]string, len(s.names))
	for i := range s.names {
		out[i] = fmt.Sprintf("i.c%d", i)
	}
	return strings.Join(out, ", ")
}

// matches compares the key of the table under alias with the temporary row's.
func (s statement) matches(alias string) string {
	out := make([]string, len(s.key))
	for i, k := range s.key {
		out[i] = alias + "." + quote(k) + " = " + s.column(k)
	}
	return strings.Join(out, " and ")
}

// others returns the columns that are no part of the key.
func (s statement) others() []string {
	return slices.DeleteFunc(slices.Clone(s.names), func(n string) bool { return slices.Contains(s.key, n) })
}

// create inserts and leaves out what exists already where there is a key to tell by.
func (s statement) create() string {
	if len(s.key) > 0 {
		return s.insert("on conflict (" + quoteAll("", s.key) + ") do nothing")
	}
	return "insert into " + s.o.source + " (" + quoteAll("", s.names) + ") select " + s.temps() + " from " + s.temp + " i order by i." + ordinal
}

// insert inserts in the order of the key, so that two writers lock rows in the same order and do not wait for each other in a circle.
func (s statement) insert(conflict string) string {
	keys := make([]string, len(s.key))
	for i, k := range s.key {
		keys[i] = s.column(k)
	}
	created := "(t.xmax = 0)"
	if s.o.isRoot { // a partitioned table does not tell; what was not there before the statement was created by it
		created = "true"
	}
	w := "with w as (insert into " + s.o.source + " as t (" + quoteAll("", s.names) + ") select " + s.temps() + " from " + s.temp +
		" i order by " + strings.Join(keys, ", ") + " " + conflict + " returning " + quoteAll("t.", s.key) + ", " + created + " as dray_created) "
	selection := "select i." + ordinal + ", w.dray_created"
	if s.o.isRoot {
		selection = "select i." + ordinal + ", not exists (select from " + s.o.source + " t where " + s.matches("t") + ")"
	}
	return w + selection + " from w join " + s.temp + " i on " + s.matches("w")
}

func (s statement) upsert() string {
	others := s.others()
	if len(others) == 0 {
		return s.insert("on conflict (" + quoteAll("", s.key) + ") do nothing")
	}
	set, old, sent := make([]string, len(others)), make([]string, len(others)), make([]string, len(others))
	for i, name := range others {
		set[i] = quote(name) + " = excluded." + quote(name)
		old[i], sent[i] = s.comparable("t."+quote(name), name), s.comparable("excluded."+quote(name), name)
	}
	return s.insert("on conflict (" + quoteAll("", s.key) + ") do update set " + strings.Join(set, ", ") +
		" where " + differs(old, sent))
}

func (s statement) update() string {
	others := s.others()
	if len(others) == 0 { // nothing to change
		return "select i." + ordinal + ", false from " + s.temp + " i where false"
	}
	set, old, sent := make([]string, len(others)), make([]string, len(others)), make([]string, len(others))
	for i, name := range others {
		set[i] = quote(name) + " = " + s.column(name)
		old[i], sent[i] = s.comparable("t."+quote(name), name), s.comparable(s.column(name), name)
	}
	return "update " + s.o.source + " t set " + strings.Join(set, ", ") + " from " + s.temp + " i where " + s.matches("t") +
		" and " + differs(old, sent) + " returning i." + ordinal + ", false"
}

func (s statement) delete() string {
	return "delete from " + s.o.source + " t using " + s.temp + " i where " + s.matches("t") + " returning i." + ordinal + ", false"
}

func (s statement) missing() string {
	return "select i." + ordinal + " from " + s.temp + " i where not exists (select from " + s.o.source + " t where " + s.matches("t") + ")"
}

func (s statement) comparable(expression, name string) string {
	if s.o.column(name).typ.hasEquality() {
		return expression
	}
	return expression + "::text"
}

func differs(old, sent []string) string {
	if len(old) == 1 {
		return old[0] + " is distinct from " + sent[0]
	}
	return "(" + strings.Join(old, ", ") + ") is distinct from (" + strings.Join(sent, ", ") + ")"
}
