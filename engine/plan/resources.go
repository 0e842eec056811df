package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/dray-sync/dray/engine/config"
)

// item is one resource in the form in which it is compared.
type item struct {
	digest      string
	renamedFrom string
	body        any // the resource without its digest
}

// resourceChanges compares all resources of two models, sorted by kind and name.
func resourceChanges(from, to *config.Model) []ResourceChange {
	before, after := items(from), items(to)
	var out []ResourceChange
	for _, kind := range kinds {
		out = append(out, kindChanges(kind, before[kind], after[kind])...)
	}
	return out
}

func kindChanges(kind string, before, after map[string]item) (out []ResourceChange) {
	renamed := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		a := after[name]
		b, was := before[name]
		c := ResourceChange{Kind: kind, Name: name, Action: Update}
		if !was && a.renamedFrom != "" {
			old, there := before[a.renamedFrom]
			if _, still := after[a.renamedFrom]; there && !still {
				b, was, c.Action, c.RenamedFrom = old, true, Rename, a.renamedFrom
				renamed[a.renamedFrom] = true
			}
		}
		switch {
		case !was:
			out = append(out, ResourceChange{Kind: kind, Name: name, Action: Create})
		case a.digest != b.digest || c.Action == Rename:
			diffValue("", b.body, a.body, &c.Fields)
			if len(c.Fields) == 0 { // equal as data: only the order of fields differs
				c.Fields = []FieldChange{{Path: "spec.fields", Before: json.RawMessage(`"order before"`), After: json.RawMessage(`"order after"`)}}
			}
			out = append(out, c)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, still := after[name]; !still && !renamed[name] {
			out = append(out, ResourceChange{Kind: kind, Name: name, Action: Delete})
		}
	}
	return out
}

// kinds is the order in which changes are shown: what others stand on first.
var kinds = []string{
	"Repository", "Agent", "KeyRing", "Application", "Object", "Connection", "Credential", "Schedule", "Lookup", "Mapping", "Touchpoint",
}

func items(m *config.Model) map[string]map[string]item {
	all := map[string]map[string]item{
		"Agent": itemsOf(m.Agents), "KeyRing": itemsOf(m.KeyRings), "Application": itemsOf(m.Applications),
		"Object": itemsOf(m.Objects), "Connection": itemsOf(m.Connections), "Credential": itemsOf(m.Credentials),
		"Schedule": itemsOf(m.Schedules), "Lookup": itemsOf(m.Lookups), "Mapping": itemsOf(m.Mappings),
		"Touchpoint": itemsOf(m.Touchpoints),
	}
	if m.Repository != nil {
		all["Repository"] = itemsOf(map[string]*config.Resource[config.Repository]{m.Repository.Metadata.Name: m.Repository})
	}
	return all
}

func itemsOf[T any](resources map[string]*config.Resource[T]) map[string]item {
	out := make(map[string]item, len(resources))
	for name, r := range resources {
		out[name] = item{digest: r.Digest, renamedFrom: r.Metadata.RenamedFrom, body: body(r.Metadata, r.Spec)}
	}
	return out
}

// body turns a resource into plain data. What a model holds always marshals.
func body(metadata config.Metadata, spec any) any {
	text, err := json.Marshal(map[string]any{"metadata": metadata, "spec": spec})
	if err != nil {
		panic(fmt.Sprintf("plan: internal error: a resource of kind %T does not marshal", spec))
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		panic("plan: internal error: a marshalled resource does not decode")
	}
	return v
}

// diffValue appends the differences between two values, leaf by leaf.
func diffValue(path string, before, after any, out *[]FieldChange) {
	b, bIsObject := before.(map[string]any)
	a, aIsObject := after.(map[string]any)
	if bIsObject && aIsObject {
		keys := maps.Clone(b)
		maps.Copy(keys, a)
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			diffValue(join(path, k), b[k], a[k], out)
		}
		return
	}
	bl, bIsList := before.([]any)
	al, aIsList := after.([]any)
	if bIsList && aIsList && len(bl) == len(al) {
		for i := range bl {
			diffValue(path+"["+strconv.Itoa(i)+"]", bl[i], al[i], out)
		}
		return
	}
	bt, at := text(before), text(after)
	if !bytes.Equal(bt, at) {
		*out = append(*out, FieldChange{Path: path, Before: bt, After: at})
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
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
