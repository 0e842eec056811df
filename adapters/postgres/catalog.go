package postgres

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/dray-sync/dray/adapters"
)

const relationSQL = `
select c.oid, c.relkind::text,
  c.relrowsecurity or exists (select from pg_catalog.pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal and t.tgtype & 3 = 3)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f')`

const columnsSQL = `
select a.attname::text, a.atttypid, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
  a.atthasdef or a.attidentity <> '', a.attgenerated <> '' or a.attidentity = 'a'
from pg_catalog.pg_attribute a
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
order by a.attnum`

const uniqueSQL = `
select i.indisprimary,
  (select array_agg(a.attname::text order by k.n)
   from unnest(i.indkey::int2[]) with ordinality k(att, n)
   join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.att
   where k.n <= i.indnkeyatts)
from pg_catalog.pg_index i
where i.indrelid = $1 and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null
order by i.indisprimary desc, i.indexrelid`

const namesSQL = `
select n.nspname::text, c.relname::text
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
  and n.nspname <> 'information_schema' and n.nspname not like 'pg\_%'
  and pg_catalog.has_schema_privilege(n.oid, 'usage') and c.relname <> '` + checkpointTable + `'`

// split divides a table's name into schema and name. A dot divides, since object names are not quoted.
func (c *connection) split(table string) (schema, name string) {
	if schema, name, ok := strings.Cut(table, "."); ok {
		return schema, name
	}
	return c.cfg.Schema, table
}

func (c *connection) describeTable(ctx context.Context, conn *pgx.Conn, name, table string) (*object, error) {
	schema, rel := c.split(table)
	var (
		oid     uint32
		relkind string
	)
	o := &object{name: name, tableName: rel}
	err := conn.QueryRow(ctx, relationSQL, schema, rel).Scan(&oid, &relkind, &o.mayHide)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, &adapters.Error{Kind: adapters.NotFound, Op: "describing", Object: name, Rule: "no table or view of this name in schema " + schema}
	}
	if err != nil {
		return nil, err
	}
	o.source = quote(schema) + "." + quote(rel)
	o.isTable, o.isRoot = relkind == "r" || relkind == "p", relkind == "p"
	if o.columns, err = loadColumns(ctx, conn, oid); err != nil {
		return nil, err
	}
	return o, o.loadUnique(ctx, conn, oid)
}

func loadColumns(ctx context.Context, conn *pgx.Conn, relation uint32) ([]column, error) {
	rows, err := conn.Query(ctx, columnsSQL, relation)
	if err != nil {
		return nil, err
	}
	var (
		columns []column
		oids    []uint32
		oid     uint32
	)
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.name, &oid, &c.sqlType, &c.notNull, &c.hasValue, &c.generated); err != nil {
			rows.Close()
			return nil, err
		}
		columns, oids = append(columns, c), append(oids, oid)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	types, err := loadTypes(ctx, conn, oids)
	if err != nil {
		return nil, err
	}
	for i := range columns {
		columns[i].typ = types[oids[i]]
	}
	return columns, nil
}

// loadUnique reads the unique indexes, the primary key first, which becomes the object's key.
func (o *object) loadUnique(ctx context.Context, conn *pgx.Conn, relation uint32) error {
	rows, err := conn.Query(ctx, uniqueSQL, relation)
	if err != nil {
		return err
	}
	for rows.Next() {
		var (
			primary bool
			columns []string
		)
		if err := rows.Scan(&primary, &columns); err != nil {
			rows.Close()
			return err
		}
		o.unique = append(o.unique, columns)
		if primary {
			o.key = columns
		}
	}
	return rows.Err()
}

// names lists what can be named as an object, sorted: tables of the connection's schema without it, others with theirs.
func (c *connection) names(ctx context.Context) ([]string, error) {
	conn, release, err := c.acquire(ctx, "discovering", "")
	if err != nil {
		return nil, err
	}
	defer release()
	rows, err := conn.Query(ctx, namesSQL)
	if err != nil {
		return nil, sorted(err, "discovering", "")
	}
	names := map[string]bool{}
	for name := range maps.Keys(c.objects) {
		names[name] = true
	}
	for rows.Next() {
		var schema, name string
		if err := rows.Scan(&schema, &name); err != nil {
			rows.Close()
			return nil, sorted(err, "discovering", "")
		}
		if schema != c.cfg.Schema {
			name = schema + "." + name
		}
		names[name] = true
	}
	if err := rows.Err(); err != nil {
		return nil, sorted(err, "discovering", "")
	}
	return slices.Sorted(maps.Keys(names)), nil
}
