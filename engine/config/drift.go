package config

import (
	"fmt"
	"slices"
	"strings"
)

// A Drift is one difference between what is committed of an object and what the live system says.
type Drift struct {
	Path      string `json:"path"` // of the field; empty: the object itself
	What      string `json:"what"` // added, removed, or the property that differs: type, required …
	Committed string `json:"committed,omitempty"`
	Live      string `json:"live,omitempty"`
}

// String returns the drift on one line: + name: type, - name, ~ name: property committed → live.
func (d Drift) String() string {
	switch {
	case d.What == "added":
		return fmt.Sprintf("+ %s: %s", d.Path, d.Live)
	case d.What == "removed":
		return fmt.Sprintf("- %s: %s", d.Path, d.Committed)
	case d.Path == "":
		return fmt.Sprintf("~ %s %s → %s", d.What, said(d.Committed), said(d.Live))
	}
	return fmt.Sprintf("~ %s: %s %s → %s", d.Path, d.What, said(d.Committed), said(d.Live))
}

func said(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// Drift returns how the live object differs from the committed one, in the order of the fields. What the live system does not say is taken
// as committed: see [Object.Refined].
func (o *Object) Drift(live Object) []Drift {
	live = o.Refined(live)
	var all []Drift
	note := func(what string, committed, now []string) {
		if !slices.Equal(committed, now) {
			all = append(all, Drift{What: what, Committed: strings.Join(committed, ", "), Live: strings.Join(now, ", ")})
		}
	}
	note("key", o.KeyPaths(), live.KeyPaths())
	if o.Reads != nil {
		note("reads", slices.Sorted(slices.Values(o.Reads)), slices.Sorted(slices.Values(live.Reads)))
	}
	if o.Writes != nil {
		note("writes", slices.Sorted(slices.Values(o.Writes)), slices.Sorted(slices.Values(live.Writes)))
	}
	return append(all, fieldDrift("", o.Fields, live.Fields)...)
}

func fieldDrift(around string, committed, live []ObjectField) []Drift {
	var all []Drift
	path := func(name string) string {
		return strings.TrimPrefix(around+"."+pathString([]segment{{name: name}}), ".")
	}
	for _, c := range committed {
		i := fieldIndex(live, c.Name)
		if i < 0 {
			all = append(all, Drift{Path: path(c.Name), What: "removed", Committed: c.words()})
			continue
		}
		l := live[i]
		for _, p := range [][3]string{
			{"type", c.Type, l.Type},
			{"items", c.Items, l.Items},
			{"required", yes(c.Required), yes(l.Required)},
			{"nullable", yes(c.Nullable), yes(l.Nullable)},
			{"readOnly", yes(c.ReadOnly), yes(l.ReadOnly)},
			{"enum", strings.Join(c.Enum, ", "), strings.Join(l.Enum, ", ")},
			{"maxLength", number(c.MaxLength), number(l.MaxLength)},
		} {
			if p[1] != p[2] {
				all = append(all, Drift{Path: path(c.Name), What: p[0], Committed: p[1], Live: p[2]})
			}
		}
		all = append(all, fieldDrift(path(c.Name), c.Fields, l.Fields)...)
	}
	for _, l := range live {
		if fieldIndex(committed, l.Name) < 0 {
			all = append(all, Drift{Path: path(l.Name), What: "added", Live: l.words()})
		}
	}
	return all
}

func fieldIndex(fields []ObjectField, name string) int {
	return slices.IndexFunc(fields, func(f ObjectField) bool { return f.Name == name })
}

func yes(b bool) string { return map[bool]string{true: "true", false: "false"}[b] }

func number(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// words describes a field in short.
func (f *ObjectField) words() string {
	parts := []string{f.Type}
	for _, p := range []struct {
		word string
		is   bool
	}{{"required", f.Required}, {"nullable", f.Nullable}, {"readOnly", f.ReadOnly}} {
		if p.is {
			parts = append(parts, p.word)
		}
	}
	if len(f.Enum) > 0 {
		parts = append(parts, "one of "+strings.Join(f.Enum, " "))
	}
	return strings.Join(parts, ", ")
}

// Refined returns the live object with what people have added to the committed one and the live system does not know: classes of data,
// the type of what can hold anything, the fields inside, lengths and enums. The order of the fields is the live one.
func (o *Object) Refined(live Object) Object {
	live.Application, live.Connection = o.Application, o.Connection
	if len(live.Key) == 0 {
		live.Key = o.KeyPaths()
	}
	if live.Reads == nil {
		live.Reads = o.Reads
	}
	live.Fields = refined(o.Fields, live.Fields)
	return live
}

func refined(committed, live []ObjectField) []ObjectField {
	if live == nil {
		return committed
	}
	out := slices.Clone(live)
	for i := range out {
		l := &out[i]
		k := fieldIndex(committed, l.Name)
		if k < 0 {
			continue
		}
		c := &committed[k]
		l.Key = c.Key
		if l.Class == "" {
			l.Class = c.Class
		}
		if l.Type == "any" {
			l.Type = c.Type
		}
		if l.Items == "" {
			l.Items = c.Items
		}
		if l.MaxLength == 0 {
			l.MaxLength = c.MaxLength
		}
		if l.Enum == nil {
			l.Enum = c.Enum
		}
		l.Fields = refined(c.Fields, l.Fields)
	}
	return out
}

// ObjectFor returns the committed description of an object of a connection: its own, else that of its application; nil: there is none.
func (m *Model) ObjectFor(connection, object string) *Resource[Object] {
	c := m.Connections[connection]
	var found *Resource[Object]
	for _, o := range m.Objects {
		switch {
		case o.Spec.Object != object:
		case o.Spec.Connection == connection:
			return o
		case c != nil && o.Spec.Application == c.Spec.Application && o.Spec.Application != "":
			found = o
		}
	}
	return found
}
