package expr

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters/record"
)

func typedRecord() Type {
	return Type{Kind: record.Object, Fields: map[string]Type{
		"status":  {Kind: record.String, Nullable: true, Enum: []string{"paid", "open", "void"}},
		"email":   {Kind: record.String, Nullable: true, Length: 80},
		"country": {Kind: record.String, Enum: []string{"DE", "FR"}},
		"name":    {Kind: record.String, Length: 20},
		"id":      {Kind: record.Int},
		"total":   {Kind: record.Decimal},
		"any":     {},
		"since":   {Kind: record.String, Of: record.Timestamp},
		"until":   {Kind: record.String, Of: record.Timestamp, Nullable: true},
		"billing": {Kind: record.Object, Fields: map[string]Type{"zip": {Kind: record.String}}},
		"lines":   {Kind: record.List, Elem: &Type{Kind: record.Object, Fields: map[string]Type{"sku": {Kind: record.String}, "qty": {Kind: record.Int}}}},
	}}
}

func TestFacts(t *testing.T) {
	this := typedRecord()
	tests := []struct{ condition, want string }{
		{`status == "paid"`, `status not nil, only paid`},
		{`status != "paid"`, `status only open void`},
		{`status in ["paid", "open"] and id > 1`, `status not nil, only paid open`},
		{`status == "paid" or status == "open"`, `status only paid open`},
		{`status == "paid" or id > 1`, ``},
		{`not (status == "paid" or id > 1)`, `status only open void`},
		{`not (status == "paid" and id > 1)`, ``},
		{`not (status in ["paid", "open"])`, `status only void`},
		{`"paid" == $root.status`, `$root.status not nil, only paid`},
		{`status == "paid" and status == "open"`, `status not nil, only`},
		{`email != nil and country != "DE"`, `email not nil; country only FR`},
		{`email in ["a", any]`, ``},
	}
	for _, tt := range tests {
		t.Run(tt.condition, func(t *testing.T) {
			p, err := Compile(tt.condition, Options{Scope: Scope{This: this, Roots: map[string]Type{"$root": this}}, Want: Type{Kind: record.Bool}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range p.Facts() {
				var parts []string
				if f.NotNil {
					parts = append(parts, "not nil")
				}
				if f.Only != nil {
					parts = append(parts, strings.TrimSpace("only "+strings.Join(f.Only, " ")))
				}
				got = append(got, f.Ref.String()+" "+strings.Join(parts, ", "))
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "; ")); diff != "" {
				t.Errorf("facts differ (-want +got):\n%s", diff)
			}
			narrowed := this.With(p.Facts())
			for _, f := range p.Facts() {
				at, mistake := Scope{}.Follow(narrowed, f.Ref.Path)
				if mistake != nil || at.Nullable && f.NotNil || f.Only != nil && !cmp.Equal(at.Enum, f.Only) {
					t.Errorf("With makes %+v of %s: %v", at, f.Ref, mistake)
				}
			}
			if !this.Fields["status"].Nullable || len(this.Fields["status"].Enum) != 3 {
				t.Error("With has changed the type it was asked of")
			}
		})
	}
}

// TestEnums refuses what a field never is, at its place.
func TestEnums(t *testing.T) {
	this := typedRecord()
	tests := []struct{ source, want string }{
		{`status == "payd"`, `10:6 did you mean "paid"?`},
		{`"payd" != status`, `0:6 did you mean "paid"?`},
		{`status in ["paid", "opne"]`, `19:6 did you mean "open"?`},
		{`status == "paid"`, ``},
		{`status == nil`, ``},
		{`any == "payd"`, ``},
		{`name == "payd"`, ``},
		{`status == country`, ``},
		{`country == "de"`, `11:4 did you mean "DE"?`},
		{`country == "Germany"`, `11:9 it is one of DE, FR`},
		{`(status ?? "none") == "none"`, ``},
		{`(status ?? "none") == "no"`, `22:4 it is one of paid, open, void, none`},
	}
	for _, tt := range tests {
		t.Run(tt.source, func(t *testing.T) {
			_, err := Compile(tt.source, Options{Scope: Scope{This: this}})
			var got strings.Builder
			if all, ok := err.(Errors); ok {
				for _, e := range all {
					got.WriteString(fmt.Sprintf("%d:%d %s", e.Offset, e.Length, e.Hint))
					if e.Code != CodeValue || !strings.Contains(e.Message, "is never") {
						t.Errorf("got %v", e)
					}
				}
			}
			if got.String() != tt.want {
				t.Errorf("got %q, want %q", got.String(), tt.want)
			}
		})
	}
}

// TestKnownResults holds what is known of results.
func TestKnownResults(t *testing.T) {
	this := typedRecord()
	tests := []struct {
		source string
		want   Type
	}{
		{`id * 2`, Type{Kind: record.Int}},
		{`any * 2`, Type{Kind: record.Decimal, Loose: true}},
		{`any * total`, Type{Kind: record.Decimal}},
		{`round(total, 0, "half-up")`, Type{Kind: record.Decimal, Loose: true}},
		{`round(total, 2, "half-up")`, Type{Kind: record.Decimal}},
		{`sum(lines, .qty)`, Type{Kind: record.Int}},
		{`sum([0.1, total])`, Type{Kind: record.Decimal}},
		{`abs(id)`, Type{Kind: record.Int}},
		{`1.50`, Type{Kind: record.Decimal}},
		{`id > 1 ? "a" : "b"`, Type{Kind: record.String, Enum: []string{"a", "b"}}},
		{`id > 1 ? "a" : name`, Type{Kind: record.String, Length: 20}},
		{`id > 1 ? "a" : status`, Type{Kind: record.String, Nullable: true, Enum: []string{"a", "paid", "open", "void"}}},
		{`"WEB-" + name`, Type{Kind: record.String, Length: 24}},
		{`"WEB-" + string(id)`, Type{Kind: record.String}},
		{`until ?? since`, Type{Kind: record.String, Of: record.Timestamp}},
		{`until ?? "x"`, Type{Kind: record.String}},
		{`lower(since)`, Type{Kind: record.String}},
	}
	for _, tt := range tests {
		t.Run(tt.source, func(t *testing.T) {
			p, err := Compile(tt.source, Options{Scope: Scope{This: this}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, p.Type()); diff != "" {
				t.Errorf("type differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFollow(t *testing.T) {
	this := typedRecord()
	s := Scope{Roots: map[string]Type{"$root": this}}
	line := this.Fields["lines"].elem()
	tests := []struct {
		from       Type
		path, want string
	}{
		{this, "billing.zip", "string"},
		{this, "billing.zp", `step 1: there is no field "zp"; did you mean "zip"?`},
		{this, "zip", `step 0: there is no field "zip"; did you mean billing.zip?`},
		{this, "Email", `step 0: there is no field "Email"; did you mean "email"?`},
		{line, "id", `step 0: there is no field "id"; the record itself has it: write $root.id`},
		{this, "lines.sku", `step 1: a list has no member "sku"; name an element [0], or use each, or map, filter or sum over the list`},
		{this, "lines[0].sku", "string"},
		{this, "id[0]", `step 1: an int has no elements; only a list has; a member of an object is named: a.b`},
		{this, "name.first", `step 1: a string has no member "first"; it is a single value: end the path here`},
		{this, "any.of[3].it", "unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			p, err := record.ParsePath(tt.path)
			if err != nil {
				t.Fatal(err)
			}
			typ, mistake := s.Follow(tt.from, p)
			got := typ.String()
			if mistake != nil {
				got = fmt.Sprintf("step %d: %s; %s", mistake.Offset, mistake.Message, mistake.Hint)
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
