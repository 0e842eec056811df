package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/dray-sync/dray/adapters/record"
)

// Types by their fixed numbers in every PostgreSQL.
const (
	oidBool        = 16
	oidBytea       = 17
	oidInt8        = 20
	oidInt2        = 21
	oidInt4        = 23
	oidOID         = 26
	oidJSON        = 114
	oidXML         = 142
	oidFloat4      = 700
	oidFloat8      = 701
	oidDate        = 1082
	oidTime        = 1083
	oidTimestamp   = 1114
	oidTimestamptz = 1184
	oidNumeric     = 1700
	oidJSONB       = 3802
	oidFirstOwn    = 16384 // types of extensions and users start here
)

// A pgType is a type of the database, with domains resolved to what they are made of.
type pgType struct {
	oid  uint32
	name string   // as SQL writes it
	enum []string // the values of an enum
	elem *pgType  // the element of an array
}

const typesSQL = `
with recursive r(oid) as (
  select unnest($1::oid[])
  union
  select case when t.typtype = 'd' then t.typbasetype else t.typelem end
  from r join pg_catalog.pg_type t on t.oid = r.oid
  where t.typtype = 'd' or (t.typcategory = 'A' and t.typelem <> 0)
)
select t.oid, pg_catalog.format_type(t.oid, -1), case when t.typtype = 'd' then t.typbasetype else 0 end,
  case when t.typtype <> 'd' and t.typcategory = 'A' then t.typelem else 0 end,
  (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid)
from r join pg_catalog.pg_type t on t.oid = r.oid`

// loadTypes resolves types and all that they are made of.
func loadTypes(ctx context.Context, conn *pgx.Conn, oids []uint32) (map[uint32]*pgType, error) {
	rows, err := conn.Query(ctx, typesSQL, oids)
	if err != nil {
		return nil, err
	}
	types := map[uint32]*pgType{}
	bases, elems := map[uint32]uint32{}, map[uint32]uint32{}
	var base, elem uint32
	for rows.Next() {
		t := &pgType{}
		if err := rows.Scan(&t.oid, &t.name, &base, &elem, &t.enum); err != nil {
			rows.Close()
			return nil, err
		}
		types[t.oid] = t
		if base != 0 {
			bases[t.oid] = base
		}
		if elem != 0 {
			elems[t.oid] = elem
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for oid, e := range elems {
		types[oid].elem = resolve(types, bases, e)
	}
	out := make(map[uint32]*pgType, len(oids))
	for _, oid := range oids {
		t := resolve(types, bases, oid)
		if t == nil {
			return nil, fmt.Errorf("type %d is not in the catalogue", oid)
		}
		out[oid] = t
	}
	return out, nil
}

func resolve(types map[uint32]*pgType, bases map[uint32]uint32, oid uint32) *pgType {
	for range len(bases) + 1 {
		base, isDomain := bases[oid]
		if !isDomain {
			break
		}
		oid = base
	}
	return types[oid]
}

// kind returns how values of the type are held.
func (t *pgType) kind() record.Kind {
	if t.elem != nil {
		return record.List
	}
	switch t.oid {
	case oidBool:
		return record.Bool
	case oidInt2, oidInt4, oidInt8, oidOID:
		return record.Int
	case oidNumeric, oidFloat4, oidFloat8:
		return record.Decimal
	case oidBytea:
		return record.Bytes
	case oidDate:
		return record.Date
	case oidTime:
		return record.Time
	case oidTimestamp, oidTimestamptz:
		return record.Timestamp
	case oidJSON, oidJSONB:
		return record.Raw
	default:
		return record.String
	}
}

// fieldType names the type as the contract does.
func (t *pgType) fieldType() string {
	switch t.kind() {
	case record.Bool:
		return "bool"
	case record.Int:
		return "int"
	case record.Decimal:
		return "decimal"
	case record.Bytes:
		return "bytes"
	case record.Date:
		return "date"
	case record.Time:
		return "time"
	case record.Timestamp:
		return "datetime"
	case record.Raw:
		return "any"
	case record.List:
		return "list"
	default:
		return "string"
	}
}

func (t *pgType) isJSON() bool { return t.oid == oidJSON || t.oid == oidJSONB }

// isNumber reports whether text for the type must be a finite number.
func (t *pgType) isNumber() bool {
	k := t.kind()
	return k == record.Int || k == record.Decimal
}

// isTemporal reports whether the type is a point in time, so that lag and overlap mean something.
func (t *pgType) isTemporal() bool {
	return t.oid == oidDate || t.oid == oidTimestamp || t.oid == oidTimestamptz
}

// hasEquality reports whether values can be compared as they are. The others are compared as text, which is exact: json, xml and
// the geometric types have no equality or only an approximate one, and of foreign types nothing is known.
func (t *pgType) hasEquality() bool {
	switch {
	case t.elem != nil:
		return t.elem.hasEquality()
	case t.enum != nil:
		return true
	case t.oid >= oidFirstOwn:
		return false
	case t.oid == oidJSON, t.oid == oidXML, t.oid >= 600 && t.oid <= 604, t.oid == 628, t.oid == 718:
		return false
	default:
		return true
	}
}
