package files

import (
	"slices"

	"github.com/dray-sync/dray/adapters/record"
)

// members is a record by its top-level names, whatever its file's format.
type members struct {
	names  []string
	values []record.Value
}

// membersOf returns record i of a batch. Its values are valid until the batch's next Reset.
func membersOf(b *record.Batch, i int) (members, error) {
	if b.Shape != nil {
		return members{names: columnNames(b.Shape), values: b.Row(i)}, nil
	}
	v, err := record.ParseJSON(b.Doc(i))
	if err != nil {
		return members{}, err
	}
	return members{names: v.Names(), values: v.Elements()}, nil
}

func columnNames(s *record.Shape) []string {
	names := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		names[i] = c.Name
	}
	return names
}

// get returns a member, or an absent value.
func (m members) get(name string) record.Value {
	if i := slices.Index(m.names, name); i >= 0 {
		return m.values[i]
	}
	return record.Value{}
}

// key returns the canonical text of the members that make the key, and whether all are there.
func (m members) key(names []string) (string, bool) {
	var text []byte
	for _, n := range names {
		v := m.get(n)
		if v.IsNull() {
			return "", false
		}
		var err error
		if text, err = v.AppendCanonical(append(text, '\n')); err != nil {
			return "", false
		}
	}
	return string(text), len(names) > 0
}

// id returns what identifies the record, independent of any batch.
func (m members) id(names []string) record.Value {
	switch len(names) {
	case 0:
		return record.Value{}
	case 1:
		return m.get(names[0]).Clone()
	}
	values := make([]record.Value, len(names))
	for i, n := range names {
		values[i] = m.get(n).Clone()
	}
	return record.ListValue(values)
}

// over lays m over old: members that are absent in m stay as they are. changed is whether that makes a difference.
func (m members) over(old members) (merged members, changed bool) {
	merged = members{names: slices.Clone(old.names), values: slices.Clone(old.values)}
	for i, name := range m.names {
		v := m.values[i]
		if v.IsAbsent() {
			continue
		}
		at := slices.Index(merged.names, name)
		switch {
		case at < 0:
			merged.names, merged.values = append(merged.names, name), append(merged.values, v)
			changed = true
		case !merged.values[at].Equal(v):
			merged.values[at], changed = v, true
		}
	}
	return merged, changed
}

// asText turns every value into the text that a CSV cell holds for it. Lists and objects are written as JSON, bytes as base64.
func (m members) asText() members {
	out := members{names: m.names, values: make([]record.Value, len(m.values))}
	for i, v := range m.values {
		out.values[i] = textOf(v)
	}
	return out
}

func textOf(v record.Value) record.Value {
	if e, err := v.Expand(); err == nil {
		v = e
	}
	switch v.Kind() {
	case record.Absent, record.Null, record.String:
		return v
	case record.Int, record.Decimal:
		return record.StringValue(v.Text())
	case record.Bool, record.List, record.Object:
		return record.StringValue(string(v.AppendJSON(nil)))
	case record.Date, record.Time, record.Timestamp:
		return record.StringValue(string(v.AppendISO(nil)))
	default: // bytes and files: the text between the quotes
		json := v.AppendJSON(nil)
		return record.StringValue(string(json[1 : len(json)-1]))
	}
}
