package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func committedOrders() Object {
	return Object{
		Connection: "erp", Object: "orders", Key: []string{"id"}, Reads: []string{"full"}, Writes: []string{"create", "upsert"},
		Fields: []ObjectField{
			{Name: "id", Type: "int", Required: true},
			{Name: "email", Type: "string", Nullable: true, Class: "personal", MaxLength: 80},
			{Name: "state", Type: "string", Enum: []string{"open", "done"}},
			{Name: "doc", Type: "list", Fields: []ObjectField{{Name: "sku", Type: "string"}}},
			{Name: "Art.-Nr.", Type: "string"},
		},
	}
}

func TestDrift(t *testing.T) {
	tests := []struct {
		name string
		live func(o *Object)
		want []string
	}{
		{"none", func(*Object) {}, nil},
		{"what the live system does not know", func(o *Object) {
			o.Key, o.Reads = nil, nil
			o.Fields[1].Class, o.Fields[1].MaxLength = "", 0
			o.Fields[2].Enum = nil
			o.Fields[3] = ObjectField{Name: "doc", Type: "any"}
		}, nil},
		{"another order", func(o *Object) {
			o.Fields[0], o.Fields[1] = o.Fields[1], o.Fields[0]
			o.Writes = []string{"upsert", "create"}
		}, nil},
		{"added and removed", func(o *Object) {
			o.Fields = append(o.Fields[1:], ObjectField{Name: "tax", Type: "decimal", Required: true})
		}, []string{"- id: int, required", "+ tax: decimal, required"}},
		{"properties", func(o *Object) {
			o.Fields[0].Type, o.Fields[0].ReadOnly = "string", true
			o.Fields[1].Nullable, o.Fields[1].MaxLength = false, 40
			o.Fields[2].Enum = []string{"open"}
			o.Fields[4].Required = true
		}, []string{
			"~ id: type int → string", "~ id: readOnly false → true", "~ email: nullable true → false", "~ email: maxLength 80 → 40",
			"~ state: enum open, done → open", `~ "Art.-Nr.": required false → true`,
		}},
		{
			"inside", func(o *Object) {
				o.Fields[3].Fields = []ObjectField{{Name: "sku", Type: "int"}, {Name: "qty", Type: "int"}}
			},
			[]string{"~ doc.sku: type string → int", "+ doc.qty: int"},
		},
		{
			"the object itself", func(o *Object) { o.Key, o.Writes = []string{"id", "email"}, []string{} },
			[]string{"~ key id → id, email", "~ writes create, upsert → none"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			committed, live := committedOrders(), committedOrders()
			tt.live(&live)
			var got []string
			for _, d := range committed.Drift(live) {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("drift differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRefinedKeepsWhatPeopleAdded writes an object anew without losing classes and the fields of documents.
func TestRefinedKeepsWhatPeopleAdded(t *testing.T) {
	committed := committedOrders()
	live := committedOrders()
	live.Connection, live.Fields[1].Class, live.Fields[3] = "", "", ObjectField{Name: "doc", Type: "any"}
	if diff := cmp.Diff(committed, committed.Refined(live)); diff != "" {
		t.Errorf("something is lost (-want +got):\n%s", diff)
	}
	if !strings.Contains(strings.Join(committed.KeyPaths(), ","), "id") {
		t.Error("the key is lost")
	}
}
