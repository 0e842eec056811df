package postgres

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// keysPerQuery bounds how many keys one query looks up.
const keysPerQuery = 1000

// A selection is a query ready to send, in text parameters, with what its rows are.
type selection struct {
	sql     string
	params  []string
	columns []column
	order   []int // positions of the columns it sorts by, from the most significant
}

// selectRows builds the query of an incremental or full read.
func (o *object) selectRows(req adapters.ReadRequest, cfg config, zone *time.Location) (selection, error) {
	s := selection{columns: o.wanted(req.Paths)}
	by := o.key
	if req.Mode == adapters.ReadIncremental {
		if o.cursor == "" {
			return s, unfit("reading", o.name, "", "it has no cursor: say cursor in the connection's objects, or read: full")
		}
		by = []string{o.cursor}
		for _, k := range o.key {
			if k != o.cursor {
				by = append(by, k)
			}
		}
	}
	for _, name := range by {
		s.order = append(s.order, slices.IndexFunc(s.columns, func(c column) bool { return c.name == name }))
	}
	conditions, err := s.conditions(o, req, cfg, zone)
	if err != nil {
		return s, err
	}
	s.sql = "select " + s.list() + " from " + o.source
	if len(conditions) > 0 {
		s.sql += " where " + strings.Join(conditions, " and ")
	}
	if len(by) > 0 {
		s.sql += " order by " + quoteAll("", by)
	}
	if req.Limit > 0 {
		s.sql += fmt.Sprintf(" limit %d", req.Limit)
	}
	return s, nil
}

func (s *selection) conditions(o *object, req adapters.ReadRequest, cfg config, zone *time.Location) ([]string, error) {
	var conditions []string
	if req.Mode == adapters.ReadIncremental {
		conditions = append(conditions, quote(o.cursor)+" is not null")
		if upper := upperBound(o.column(o.cursor), cfg.lag, zone); upper != "" {
			conditions = append(conditions, upper)
		}
	}
	if req.From == nil {
		return s.fromStart(conditions, o, req, zone)
	}
	from, ok := parsePlace(req.From, req.Mode, len(s.order))
	if !ok || len(s.order) == 0 {
		return nil, unfit("reading", o.name, "", "the cursor is not one of this object in this mode; reset the touchpoint to read anew")
	}
	first := s.columns[s.order[0]]
	if req.Mode == adapters.ReadIncremental && req.Overlap > 0 && first.typ.isTemporal() {
		back := req.Overlap
		if first.typ.oid != oidTimestamptz {
			back += hiddenHour(from.Values[0], zone)
		}
		p, q := s.param(from.Values[0]), s.param(interval(back))
		return append(conditions, fmt.Sprintf("%s >= (%s::%s - %s::interval)::%s", quote(first.name), p, stepType(first.typ), q, first.typ.name)), nil
	}
	left, right := make([]string, len(s.order)), make([]string, len(s.order))
	for i, at := range s.order {
		left[i] = quote(s.columns[at].name)
		right[i] = s.param(from.Values[i]) + "::" + s.columns[at].typ.name
	}
	return append(conditions, "("+strings.Join(left, ", ")+") > ("+strings.Join(right, ", ")+")"), nil
}

func (s *selection) fromStart(conditions []string, o *object, req adapters.ReadRequest, zone *time.Location) ([]string, error) {
	if req.Mode != adapters.ReadIncremental || req.Start.IsZero() {
		return conditions, nil
	}
	c := o.column(o.cursor)
	switch c.typ.oid {
	case oidTimestamptz:
		return append(conditions, quote(c.name)+" >= "+s.param(req.Start.UTC().Format("2006-01-02 15:04:05.999999999Z07:00"))+"::timestamptz"), nil
	case oidTimestamp:
		return append(conditions, quote(c.name)+" >= "+s.param(req.Start.In(zone).Format("2006-01-02 15:04:05.999999999"))+"::timestamp"), nil
	case oidDate:
		return append(conditions, quote(c.name)+" >= "+s.param(req.Start.In(zone).Format(time.DateOnly))+"::date"), nil
	default:
		return nil, unfit("reading", o.name, o.cursor, "the cursor is no time, so that a read cannot start at an instant; say start: beginning")
	}
}

// upperBound keeps an incremental read behind the database's clock.
func upperBound(c *column, lag time.Duration, zone *time.Location) string {
	now := fmt.Sprintf("(now() - interval '%s')", interval(lag))
	if c.typ.oid == oidTimestamp || c.typ.oid == oidDate {
		now = fmt.Sprintf("(%s at time zone %s)", now, literal(zoneName(zone)))
	}
	switch {
	case c.typ.oid == oidDate:
		return quote(c.name) + " <= " + now + "::date"
	case c.typ.isTemporal():
		return quote(c.name) + " <= " + now
	default:
		return ""
	}
}

// zoneName names the zone for the database. A zone of this machine has no name there.
func zoneName(zone *time.Location) string {
	if zone == time.Local {
		return "UTC"
	}
	return zone.String()
}

// stepType is the type in which an interval can be taken off.
func stepType(t *pgType) string {
	if t.oid == oidDate {
		return "timestamp"
	}
	return t.name
}

func interval(d time.Duration) string { return fmt.Sprintf("%d microseconds", d.Microseconds()) }

// hiddenHour returns how much further back a read of local times must start where the clocks went back shortly before or
// after: rows of the second passing of that hour look older than rows of the first.
func hiddenHour(local string, zone *time.Location) time.Duration {
	t, err := time.ParseInLocation("2006-01-02 15:04:05.999999", local, zone)
	if err != nil {
		return 0
	}
	_, before := t.Add(-3 * time.Hour).Zone()
	_, after := t.Add(3 * time.Hour).Zone()
	return time.Duration(max(before-after, 0)) * time.Second
}

// selectKeys builds the query for some keys.
func (o *object) selectKeys(req adapters.ReadRequest, keys [][]record.Value, zone *time.Location) (selection, error) {
	s := selection{columns: o.wanted(req.Paths)}
	by := o.key
	if req.By != nil {
		by = req.By
	}
	params, types, rule := o.keyArrays(by, keys, zone)
	if rule != "" {
		return s, unfit("reading", o.name, "", rule)
	}
	s.params = params
	s.sql = "select " + s.list() + " from " + o.source + " where (" + quoteAll("", by) + ") in (select * from unnest(" + arrayList(types) + "))"
	return s, nil
}

func arrayList(types []string) string {
	out := make([]string, len(types))
	for i, t := range types {
		out[i] = fmt.Sprintf("$%d::%s[]", i+1, t)
	}
	return strings.Join(out, ", ")
}

// keyArrays writes keys as one array literal for each column of the key.
func (o *object) keyArrays(key []string, keys [][]record.Value, zone *time.Location) (params, types []string, rule string) {
	e := encoder{zone: zone}
	for i, name := range key {
		c := o.column(name)
		if c == nil {
			return nil, nil, "no such column: " + name
		}
		text := []byte{'{'}
		for j, k := range keys {
			if len(k) != len(key) {
				return nil, nil, fmt.Sprintf("a key has %d values, the object's has %d", len(k), len(key))
			}
			if j > 0 {
				text = append(text, ',')
			}
			if text, rule = e.element(text, c.typ, k[i]); rule != "" {
				return nil, nil, rule
			}
		}
		params, types = append(params, string(append(text, '}'))), append(types, c.typ.name)
	}
	return params, types, ""
}

// wanted returns the columns that paths, key, cursor and version need; all of them for no paths.
func (o *object) wanted(paths []record.Path) []column {
	if paths == nil {
		return o.columns
	}
	needed := map[string]bool{o.cursor: true, o.version: true}
	for _, k := range o.key {
		needed[k] = true
	}
	for _, p := range paths {
		if p.Root() == "$root" && len(p) == 1 {
			return o.columns
		}
		if p.Root() != "" && len(p) > 1 {
			p = p[1:]
		}
		if len(p) > 0 {
			needed[p[0].Name] = true
		}
	}
	var out []column
	for _, c := range o.columns {
		if needed[c.name] {
			out = append(out, c)
		}
	}
	return out
}

func (s *selection) param(text string) string {
	s.params = append(s.params, text)
	return fmt.Sprintf("$%d", len(s.params))
}

func (s *selection) list() string {
	names := make([]string, len(s.columns))
	for i, c := range s.columns {
		names[i] = c.name
	}
	return quoteAll("", names)
}

func (s *selection) shape() *record.Shape {
	columns := make([]record.Column, len(s.columns))
	for i, c := range s.columns {
		columns[i] = record.Column{Name: c.name, Kind: c.typ.kind()}
	}
	return record.NewShape(columns...)
}

// quoteAll writes names separated by commas, each behind prefix.
func quoteAll(prefix string, names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = prefix + quote(n)
	}
	return strings.Join(quoted, ", ")
}

// literal quotes a text for SQL.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
