package mapping

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
)

// wildcard is what a row says of a key that may be anything.
const wildcard = "*"

// table is a lookup ready for use. Rows are grouped by which keys are wildcards, the groups with the fewest first.
type table struct {
	name string
	keys []string
	// elsewhere says that rows are not here: [Elsewhere] has them.
	elsewhere bool
	wait      time.Duration // how long a record waits for a row that is missed
	fold      bool
	miss      Rule         // what a miss is: RuleLookup or ruleSkip; "" with a fallback
	fallback  record.Value // what a miss gives
	groups    []group
	typ       expr.Type
	points    int                 // of its rows, the first; -1: they have none
	rows      []map[string]string // as they are configured, and the column that is the result
	value     string
}

// group is the rows that have wildcards at the same keys.
type group struct {
	wild []bool // by key
	n    int    // keys that are none
	rows map[string]row
}

// row is what a row gives.
type row struct {
	value record.Value
	index int // in the lookup
}

// buildTables makes the tables of all lookups.
func buildTables(o Options) (map[string]*table, []Problem) {
	tables := make(map[string]*table, len(o.Lookups))
	var problems []Problem
	for _, name := range slices.Sorted(maps.Keys(o.Lookups)) {
		build := buildTable
		if given, ok := o.Given[name]; ok {
			build = func(name string, l *config.Lookup) (*table, []Problem) { return givenTable(name, l, given) }
		}
		t, ps := build(name, o.Lookups[name])
		tables[name] = t
		problems = append(problems, ps...)
	}
	return tables, problems
}

func buildTable(name string, l *config.Lookup) (*table, []Problem) {
	t, problems := newTable(name, l)
	t.rows, t.value = l.Rows, l.Value
	keys := make([]string, len(l.Key))
	for i, cells := range l.Rows {
		for k, column := range l.Key {
			keys[k] = cells[column]
		}
		if !t.add(keys, row{rowValue(l, cells), i}) {
			problems = append(problems, lookupProblem(CodeLookupRows, fmt.Sprintf("row %d of lookup %q has the key of an earlier row", i+1, name),
				"each key has one row; fold: case makes keys alike that differ in case only"))
		}
	}
	t.sort()
	return t, problems
}

func lookupProblem(code, message, hint string) Problem {
	return Problem{Code: code, Severity: diag.Error, Path: "spec", Message: message, Hint: hint, Offset: -1}
}

// newTable returns a table without rows.
func newTable(name string, l *config.Lookup) (*table, []Problem) {
	t := &table{name: name, elsewhere: l.Elsewhere(), points: -1, keys: l.Key, fold: l.Fold == "case", miss: RuleLookup, typ: expr.Type{Kind: record.String}}
	switch {
	case len(l.Values) > 0:
		t.typ = expr.Type{Kind: record.Object}
	case t.elsewhere:
		t.typ = expr.Type{}
	}
	switch {
	case l.Expect == "1": // one row, always: a miss is an error whatever else is said
	case l.Miss.Action == "wait":
		t.wait = time.Duration(l.Miss.Wait)
	case l.Miss.Action == "skip":
		t.miss = ruleSkip
	case l.Miss.Action == "default":
		v, err := record.ParseJSON(l.Miss.Default)
		if err != nil {
			return t, []Problem{lookupProblem(CodeLookup, fmt.Sprintf("the default of lookup %q is not a value: %v", name, err), "")}
		}
		t.miss, t.fallback = "", v
		if v.Kind() != t.typ.Kind {
			t.typ = expr.Type{}
		}
	}
	return t, nil
}

// rowValue is what a row gives: a text, or an object of several.
func rowValue(l *config.Lookup, cells map[string]string) record.Value {
	if len(l.Values) == 0 {
		return record.StringValue(cells[l.Value])
	}
	values := make([]record.Value, len(l.Values))
	for i, column := range l.Values {
		values[i] = record.StringValue(cells[column])
	}
	return record.ObjectValue(l.Values, values)
}

// givenTable makes a table of a test's own rows.
func givenTable(name string, l *config.Lookup, rows map[string]json.RawMessage) (*table, []Problem) {
	t, problems := newTable(name, l)
	t.elsewhere = false
	wrong := func(format string, args ...any) {
		problems = append(problems, lookupProblem(CodeLookupRows, fmt.Sprintf(format, args...), "a given key has the values of the lookup's keys, joined with |"))
	}
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		keys := strings.Split(key, "|")
		if len(keys) != len(l.Key) {
			wrong("given key %q of lookup %q has %d parts; its keys are %s", key, name, len(keys), strings.Join(l.Key, "|"))
			continue
		}
		v, err := record.ParseJSON(rows[key])
		switch {
		case err != nil:
			wrong("given value for key %q of lookup %q: %v", key, name, err)
		case !t.add(keys, row{value: v}):
			wrong("given key %q of lookup %q is there twice", key, name)
		}
	}
	t.sort()
	t.typ = expr.Type{}
	return t, problems
}

// add notes a row and reports false when there is one with its key.
func (t *table) add(keys []string, r row) bool {
	wild := make([]bool, len(keys))
	var packed []byte
	n := 0
	for i, key := range keys {
		if wild[i] = key == wildcard; !wild[i] {
			packed, n = t.pack(packed, key), n+1
		}
	}
	g := slices.IndexFunc(t.groups, func(g group) bool { return slices.Equal(g.wild, wild) })
	if g < 0 {
		g = len(t.groups)
		t.groups = append(t.groups, group{wild: wild, n: n, rows: map[string]row{}})
	}
	if _, twice := t.groups[g].rows[string(packed)]; twice {
		return false
	}
	t.groups[g].rows[string(packed)] = r
	return true
}

func (t *table) sort() {
	slices.SortStableFunc(t.groups, func(a, b group) int { return b.n - a.n })
}

// pack appends a key so that several never run into each other.
func (t *table) pack(dst []byte, key string) []byte {
	from := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	if !t.fold {
		dst = append(dst, key...)
	} else {
		dst = appendFolded(dst, key)
	}
	binary.LittleEndian.PutUint32(dst[from:], uint32(len(dst)-from-4))
	return dst
}

// appendFolded appends a text so that it is the same for texts that differ in case only.
func appendFolded(dst []byte, s string) []byte {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return append(dst, strings.ToLower(strings.ToUpper(s))...)
		}
	}
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// find returns the value of the most specific row. With a rule it says which key is to blame. point is that of a hit; the next is that of a
// miss.
func (t *table) find(e *Executor, keys []record.Value, point int) (v record.Value, rule Rule, at int) {
	texts := e.keyTexts[:0]
	for i, k := range keys {
		text, rule := keyText(e, k)
		if rule == "" && strings.TrimSpace(text) == "" {
			rule = RuleBlankKey
		}
		if rule != "" {
			return v, rule, i
		}
		texts = append(texts, text)
	}
	e.keyTexts = texts
	if t.elsewhere {
		return t.ask(e, keys, point)
	}
	level, found, index := -1, false, 0
	for i := range t.groups {
		g := &t.groups[i]
		if found && g.n < level {
			break
		}
		packed := e.packed[:0]
		for k, text := range texts {
			if !g.wild[k] {
				packed = t.pack(packed, text)
			}
		}
		e.packed = packed
		w, ok := g.rows[string(packed)]
		switch {
		case !ok:
		case found:
			return v, RuleLookupAmbiguous, 0
		default:
			v, level, found, index = w.value, g.n, true, w.index
		}
	}
	if e.reached != nil {
		e.reachEither(point, found)
		if found && t.points >= 0 {
			e.reach(t.points + index)
		}
	}
	if found {
		return v, "", 0
	}
	return t.missed(e)
}

// missed is what a lookup gives that has no row.
func (t *table) missed(e *Executor) (v record.Value, rule Rule, at int) {
	if t.miss == "" {
		return t.fallback, "", 0
	}
	e.waits = t.wait
	return v, t.miss, 0
}

// keyText is how a value is written in a lookup's key: numbers without trailing zeros, the rest as in JSON without quotes.
func keyText(e *Executor, v record.Value) (string, Rule) {
	switch v.Kind() {
	case record.String:
		return v.Text(), ""
	case record.Int, record.Decimal:
		b, err := v.AppendCanonical(e.arena.Grow(32))
		if err != nil {
			return "", RuleType
		}
		return e.arena.Text(b), ""
	}
	w, rule := toString(e, v)
	return w.Text(), rule
}

// table returns the lookup of a name. nil when there is none.
func (c *compiler) table(at, name string) *table {
	t, ok := c.tables[name]
	if !ok {
		c.problem(CodeLookup, at+".lookup", fmt.Sprintf("unknown lookup %q", name), didYouMean(name, slices.Sorted(maps.Keys(c.tables))))
		return nil
	}
	return t
}

// lookupStep compiles a lookup of the field's own value.
func (c *compiler) lookupStep(at, name string) (step, expr.Type) {
	t := c.table(at, name)
	if t == nil {
		return nil, expr.Type{}
	}
	if len(t.keys) != 1 {
		c.problem(CodeLookup, at+".lookup", fmt.Sprintf("lookup %q has %d keys: %s", name, len(t.keys), strings.Join(t.keys, ", ")), "write with: and a path for each key")
		return nil, expr.Type{}
	}
	point := c.lookupPoint(at)
	return func(e *Executor, v record.Value) (record.Value, Rule) {
		e.keys = append(e.keys[:0], v)
		w, rule, _ := t.find(e, e.keys, point)
		if rule != "" {
			return v, rule
		}
		return w, ""
	}, t.typ
}
