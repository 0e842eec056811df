package postgres

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// A column of an object.
type column struct {
	name      string
	typ       *pgType
	sqlType   string // with its length or precision, and the domain itself where it is one
	notNull   bool
	hasValue  bool // the database fills it in when nothing is sent
	generated bool // only the database writes it
}

// An object as the catalogue and the connection's settings describe it.
type object struct {
	name      string
	source    string // what SQL reads from: a quoted table, or a query in parentheses with an alias
	isTable   bool   // it can be written
	isRoot    bool   // a partitioned table
	columns   []column
	key       []string
	cursor    string
	version   string
	unique    [][]string // columns of unique indexes that a merge can rely on
	mayHide   bool       // a trigger or policy may drop rows silently
	tableName string
}

func (o *object) column(name string) *column {
	i := slices.IndexFunc(o.columns, func(c column) bool { return c.name == name })
	if i < 0 {
		return nil
	}
	return &o.columns[i]
}

// isUnique reports whether a unique index covers exactly these columns.
func (o *object) isUnique(key []string) bool {
	want := slices.Sorted(slices.Values(key))
	return slices.ContainsFunc(o.unique, func(u []string) bool { return slices.Equal(slices.Sorted(slices.Values(u)), want) })
}

// describe converts to the contract's form.
func (o *object) describe() adapters.Object {
	d := adapters.Object{Name: o.name, Reads: []adapters.ReadMode{adapters.ReadFull}}
	for _, k := range o.key {
		d.Key = append(d.Key, pathTo(k))
	}
	if len(o.key) > 0 {
		d.Reads = append(d.Reads, adapters.ReadKeys)
	}
	if o.cursor != "" {
		d.Cursor = append([]record.Path{pathTo(o.cursor)}, d.Key...)
		d.Reads = append(d.Reads, adapters.ReadIncremental)
	}
	if o.version != "" {
		d.Version = pathTo(o.version)
	}
	if o.isTable {
		d.Writes = []adapters.WriteMode{adapters.WriteCreate}
		if len(o.unique) > 0 {
			d.Writes = append(d.Writes, adapters.WriteEnsure, adapters.WriteUpdate, adapters.WriteUpsert, adapters.WriteDelete)
		}
	}
	for _, c := range o.columns {
		f := adapters.Field{
			Name: c.name, Type: c.typ.fieldType(), Required: c.notNull && !c.hasValue && !c.generated, Nullable: !c.notNull,
			ReadOnly: c.generated || !o.isTable, Enum: c.typ.enum, MaxLength: c.maxLength(),
		}
		if c.typ.elem != nil {
			f.Items = c.typ.elem.fieldType()
		}
		d.Fields = append(d.Fields, f)
	}
	return d
}

// maxLength returns how many characters the column holds: varchar(n) and char(n) say so. 0: as many as one likes.
func (c *column) maxLength() int {
	rest, ok := strings.CutPrefix(c.sqlType, "character")
	if !ok || c.typ.elem != nil {
		return 0
	}
	rest = strings.TrimPrefix(rest, " varying")
	if !strings.HasPrefix(rest, "(") || !strings.HasSuffix(rest, ")") {
		return 0
	}
	n, err := strconv.Atoi(rest[1 : len(rest)-1])
	if err != nil {
		return 0
	}
	return n
}

func pathTo(name string) record.Path { return record.Path{{Name: name, Index: -1}} }

// Describe returns what the catalogue and the settings say of an object.
func (c *connection) Describe(ctx context.Context, name string) (adapters.Object, error) {
	o, err := c.lookUp(ctx, "describing", name)
	if err != nil {
		return adapters.Object{}, err
	}
	return o.describe(), nil
}

// Discover lists tables, views and declared objects, or describes one.
func (c *connection) Discover(ctx context.Context, name string) ([]adapters.Object, error) {
	if name != "" {
		o, err := c.Describe(ctx, name)
		if err != nil {
			return nil, err
		}
		return []adapters.Object{o}, nil
	}
	names, err := c.names(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]adapters.Object, 0, len(names))
	for _, n := range names {
		o, err := c.Describe(ctx, n)
		if kind := adapters.KindOf(err); err != nil && (kind == adapters.NotFound || kind == adapters.Invalid) {
			c.env.Log.Warn("leaving out an object that cannot be described", "object", n, "error", err)
			continue // dropped meanwhile, or declared wrongly
		}
		if err != nil {
			return nil, err
		}
		o.Fields = nil
		out = append(out, o)
	}
	return out, nil
}

// lookUp finds an object by name: declared ones first, then tables.
func (c *connection) lookUp(ctx context.Context, op, name string) (*object, error) {
	conn, release, err := c.acquire(ctx, op, name)
	if err != nil {
		return nil, err
	}
	defer release()
	d := c.objects[name]
	var o *object
	if d.Query != "" {
		o, err = describeQuery(ctx, conn.Conn(), name, d.Query)
	} else {
		table := d.Table
		if table == "" {
			table = name
		}
		o, err = c.describeTable(ctx, conn.Conn(), name, table)
	}
	if err != nil {
		return nil, sorted(err, op, name)
	}
	return o, o.apply(d, op)
}

// apply adds what a declaration says, and checks that it names columns.
func (o *object) apply(d declared, op string) error {
	if len(d.Key) > 0 {
		o.key = d.Key
	}
	o.cursor, o.version = d.Cursor, d.Version
	if o.version == "" {
		o.version = o.cursor
	}
	for _, name := range append([]string{o.cursor, o.version}, o.key...) {
		if name != "" && o.column(name) == nil {
			return unfit(op, o.name, name, "no such column")
		}
	}
	return nil
}

func describeQuery(ctx context.Context, conn *pgx.Conn, name, query string) (*object, error) {
	query = strings.TrimRight(strings.TrimSpace(query), ";")
	o := &object{name: name, source: "(" + query + "\n) as dray_source"}
	sd, err := conn.PgConn().Prepare(ctx, "", "select * from "+o.source, nil)
	if err != nil {
		return nil, err
	}
	oids := make([]uint32, len(sd.Fields))
	for i, f := range sd.Fields {
		oids[i] = f.DataTypeOID
	}
	types, err := loadTypes(ctx, conn, oids)
	if err != nil {
		return nil, err
	}
	for i, f := range sd.Fields {
		t := types[oids[i]]
		if o.column(f.Name) != nil {
			return nil, unfit("describing", name, f.Name, "the query returns two columns of this name")
		}
		o.columns = append(o.columns, column{name: f.Name, typ: t, sqlType: t.name})
	}
	return o, nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
