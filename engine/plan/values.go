package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// plain turns a value into what JSON knows. What a model holds always marshals.
func plain(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("plan: internal error: a %T does not marshal", v))
	}
	return decode(b)
}

// without is plain, less one field.
func without(v any, field string) any {
	m, _ := plain(v).(map[string]any)
	delete(m, field)
	return m
}

// differing names the fields that differ between two values, besides those that are known.
func differing(before, after any, known []string) (names []string) {
	b, _ := plain(before).(map[string]any)
	a, _ := plain(after).(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(union(b, a))) {
		if !slices.Contains(known, name) && !bytes.Equal(text(b[name]), text(a[name])) {
			names = append(names, name)
		}
	}
	return names
}

func decode(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		panic("plan: internal error: what a model holds does not decode")
	}
	return v
}

func text(v any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("plan: internal error: decoded JSON does not encode")
	}
	return bytes.TrimSpace(b.Bytes())
}
