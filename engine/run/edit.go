package run

import (
	"encoding/json"
	"slices"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// An Edit puts a value in place of another one of a source record.
type Edit struct {
	// Path leads to the value from the record's root; what is missing on the way is made.
	Path string `json:"path"`
	// Value is JSON.
	Value json.RawMessage `json:"value"`
}

// edited returns a batch with edits made to every record; the batch itself where there are none. Edited records are documents.
func edited(b *record.Batch, edits []Edit) (*record.Batch, error) {
	if len(edits) == 0 {
		return b, nil
	}
	out := new(record.Batch)
	out.Reset(nil)
	for i := range b.Len() {
		if b.Op(i) == record.Delete {
			continue
		}
		doc, err := editedDoc(appendSource(nil, b, i), edits)
		if err != nil {
			return nil, err
		}
		out.AppendDoc(doc)
	}
	return out, nil
}

// editedDoc returns a document with edits made to it.
func editedDoc(doc []byte, edits []Edit) ([]byte, error) {
	if len(edits) == 0 {
		return doc, nil
	}
	v, err := record.ParseJSON(doc)
	if err != nil {
		return nil, err
	}
	for _, e := range edits {
		path, x, err := e.parse()
		if err != nil {
			return nil, err
		}
		var ok bool
		if v, ok = put(v, path, x); !ok {
			return nil, e.wrong("the record has no such place")
		}
	}
	return v.AppendJSON(nil), nil
}

// CheckEdits says which of some edits cannot be made to any record.
func CheckEdits(edits []Edit) error {
	for _, e := range edits {
		if _, _, err := e.parse(); err != nil {
			return err
		}
	}
	return nil
}

func (e Edit) parse() (record.Path, record.Value, error) {
	path, err := record.ParsePath(e.Path)
	if err != nil || len(path) == 0 || path[0].Name == "" || path[0].Name[0] == '$' {
		return nil, record.Value{}, e.wrong("it is not the path of a field of the record")
	}
	x, err := record.ParseJSON(e.Value)
	if err != nil {
		return nil, record.Value{}, e.wrong("its value is not JSON")
	}
	return path, x, nil
}

func (e Edit) wrong(rule string) error {
	return &adapters.Error{Kind: adapters.Invalid, Op: "editing", Field: e.Path, Rule: rule}
}

// put returns v with x at the end of a path. false: the path leads through a value that has no members, or past the end of a list.
func put(v record.Value, path record.Path, x record.Value) (record.Value, bool) {
	if len(path) == 0 {
		return x, true
	}
	step := path[0]
	if v.Kind() == record.Raw {
		var err error
		if v, err = v.Expand(); err != nil {
			return v, false
		}
	}
	if step.Name == "" {
		if v.Kind() != record.List || step.Index < 0 || step.Index >= v.Len() {
			return v, false
		}
		inner, ok := put(v.Index(step.Index), path[1:], x)
		values := slices.Clone(v.Elements())
		values[step.Index] = inner
		return record.ListValue(values), ok
	}
	if v.IsNull() {
		v = record.ObjectValue(nil, nil)
	}
	if v.Kind() != record.Object {
		return v, false
	}
	inner, ok := put(v.Get(step.Name), path[1:], x)
	names, values := slices.Clone(v.Names()), slices.Clone(v.Elements())
	if i := slices.Index(names, step.Name); i >= 0 {
		values[i] = inner
	} else {
		names, values = append(names, step.Name), append(values, inner)
	}
	return record.ObjectValue(names, values), ok
}
