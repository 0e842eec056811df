package maptest

import (
	"math/rand/v2"
	"strings"

	"github.com/dray-sync/dray/adapters/record"
)

// mode is how the values of one input are chosen.
type mode uint8

const (
	mixed    mode = iota // anything that can be
	plain                // all there, nothing unusual
	sparse               // nothing there that need not be
	nulls                // null where that can be
	emptyish             // lists without elements, texts without characters
)

// A maker makes inputs of a shape. Not safe for concurrent use.
type maker struct {
	*rand.Rand
	mode mode
}

// make returns a value of the shape; absent where it may be left out.
func (m *maker) make(s *shape, depth int) record.Value {
	if s.nullable {
		switch {
		case m.mode == sparse, m.mode == mixed && m.IntN(8) == 0:
			return record.Value{}
		case m.mode == nulls, m.mode == mixed && m.IntN(10) == 0:
			return record.NullValue
		}
	}
	switch {
	case s.enum != nil:
		return record.StringValue(s.enum[m.IntN(len(s.enum))])
	case s.kind == "object":
		return m.object(s, depth)
	case s.kind == "list":
		return m.list(s, depth)
	case len(s.pool) > 0 && m.IntN(2) == 0:
		if v := s.pool[m.IntN(len(s.pool))]; s.takes(v) {
			return v
		}
	}
	return m.scalar(s)
}

// takes reports whether a value is one of the shape's.
func (s *shape) takes(v record.Value) bool {
	switch s.kind {
	case "", "any":
		return true
	case "int":
		return v.Kind() == record.Int
	case "decimal":
		return v.Kind() == record.Int || v.Kind() == record.Decimal
	case "string":
		return v.Kind() == record.String && (s.length == 0 || len([]rune(v.Text())) <= s.length)
	}
	return false
}

func (m *maker) object(s *shape, depth int) record.Value {
	names, values := make([]string, 0, len(s.names)), make([]record.Value, 0, len(s.names))
	for _, name := range s.names {
		if v := m.make(s.fields[name], depth+1); !v.IsAbsent() {
			names, values = append(names, name), append(values, v)
		}
	}
	return record.ObjectValue(names, values)
}

func (m *maker) list(s *shape, depth int) record.Value {
	n := []int{0, 1, 1, 2, 3}[m.IntN(5)]
	switch {
	case m.mode == plain:
		n = 2
	case m.mode != mixed:
		n = 0
	}
	if m.mode == plain || m.IntN(4) > 0 {
		n = max(n, s.least)
	}
	if depth > 8 {
		n = 0
	}
	values := make([]record.Value, 0, n)
	for range n {
		v := m.make(s.element(), depth+1)
		if v.IsAbsent() {
			v = record.NullValue
		}
		values = append(values, v)
	}
	return record.ListValue(values)
}

// The values that records have every day, and those at the edges of what there is.
var (
	plainTexts = []string{"abc", "A-1001", "Ada Lovelace", "Berlin"}
	edgeTexts  = []string{"", " ", "0", "007", "-1", "1e5", "null", "Ünï→✓ 😀", "e\u0301", "\u202eabc", "<b>&amp;", "a\nb\tc", `"\'`, "ß", "İ", strings.Repeat("x", 300)}
	ints       = []string{"0", "1", "-1", "2147483648", "9007199254740993", "9223372036854775808", "-99999999999999999999"}
	decimals   = []string{"0.0", "0.1", "1.005", "-2.50", "0.0000000001", "12345678901234567890.123456789"}
	dates      = []string{"2026-04-02", "2024-02-29", "2026-03-29", "2026-10-25", "0001-01-01", "9999-12-31"}
	clocks     = []string{"10:00:00", "00:00:00", "23:59:59", "02:30:00"}
	instants   = []string{"2026-04-02T10:00:00Z", "2026-03-29T01:30:00Z", "2026-10-25T02:30:00+02:00", "1969-12-31T23:59:59.999Z", "2024-02-29T23:59:59-12:00", "9999-12-31T23:59:59Z"}
)

func (m *maker) scalar(s *shape) record.Value {
	switch s.kind {
	case "string":
		return m.text(s)
	case "int":
		return m.number(ints)
	case "decimal":
		if m.IntN(3) == 0 {
			return m.number(ints)
		}
		return m.number(decimals)
	case "bool":
		return record.BoolValue(m.IntN(2) == 0)
	case "date":
		return m.one(dates)
	case "time":
		return m.one(clocks)
	case "datetime":
		return m.one(instants)
	case "bytes":
		return m.one([]string{"", "AA==", "SGVsbG8="})
	}
	if len(s.texts) > 0 && m.IntN(4) > 0 {
		return m.text(s)
	}
	switch m.IntN(4) {
	case 0:
		return m.number(ints)
	case 1:
		return m.number(decimals)
	case 2:
		return record.BoolValue(m.IntN(2) == 0)
	}
	return m.text(s)
}

// one returns one of the texts: the first unless it may be an edge.
func (m *maker) one(texts []string) record.Value {
	if m.mode == plain {
		return record.StringValue(texts[0])
	}
	return record.StringValue(texts[m.IntN(len(texts))])
}

func (m *maker) number(numbers []string) record.Value {
	i := 1
	if m.mode != plain {
		i = m.IntN(len(numbers))
	}
	v, _ := record.ParseNumber(numbers[i]) // they are numbers
	return v
}

func (m *maker) text(s *shape) record.Value {
	var text string
	switch {
	case m.mode == emptyish:
	case len(s.texts) > 0 && (m.mode == plain || m.IntN(3) > 0):
		text = s.texts[0]
		if m.mode != plain {
			text = s.texts[m.IntN(len(s.texts))]
		}
	case m.mode == plain || m.IntN(2) == 0:
		text = plainTexts[m.IntN(len(plainTexts))]
	default:
		text = edgeTexts[m.IntN(len(edgeTexts))]
	}
	if runes := []rune(text); s.length > 0 && len(runes) > s.length {
		text = string(runes[:s.length])
	}
	return record.StringValue(text)
}
