package expr

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters/record"
)

func TestWarnings(t *testing.T) {
	num := Type{Kind: record.Decimal, Nullable: true}
	line := Type{Kind: record.Object, Fields: map[string]Type{"price": num, "quantity": {Kind: record.Int}}}
	was := Type{Kind: record.Object, Nullable: true, Fields: map[string]Type{"price": {Kind: record.Decimal}}}
	scope := Scope{
		This: Type{Kind: record.Object, Fields: map[string]Type{
			"price": num, "name": {Kind: record.String, Nullable: true}, "test": {Kind: record.Bool, Nullable: true},
			"lines": {Kind: record.List, Elem: &line}, "more": {Kind: record.List, Nullable: true, Elem: &line}, "sure": {Kind: record.Int},
		}},
		Roots: map[string]Type{"$was": was, "$out": {}},
	}
	boolean := Type{Kind: record.Bool}
	tests := []struct {
		source string
		want   Type
		at     []string // offset:length of the warnings
	}{
		{"sure + 1", Type{}, nil},
		{"price + 1", Type{}, []string{"0:5"}},
		{"1 - price * price", Type{}, []string{"4:5", "12:5"}},
		{"(price ?? 0) + 1", Type{}, nil},
		{"price != nil and price > 1", Type{}, nil},
		{"nil != price and price > 1", Type{}, nil},
		{"price > 1 and price != nil", Type{}, []string{"0:5"}},
		{"price == nil or price > 1", Type{}, nil},
		{"price == nil and price > 1", Type{}, []string{"17:5"}},
		{"price != nil or price > 1", Type{}, []string{"16:5"}},
		{"not (price == nil) and price > 1", Type{}, nil},
		{"not (price == nil or name == nil) and price > len(name)", Type{}, nil},
		{"not (price == nil and name == nil) and price > len(name)", Type{}, []string{"39:5", "51:4"}},
		{"price != nil ? price + 1 : price * 2", Type{}, []string{"27:5"}},
		{"name == \"x\" and name + \"y\" == \"xy\"", Type{}, nil},
		{"name == \"x\" or name + \"y\" == \"xy\"", Type{}, []string{"15:4"}},
		{"$this.price != nil and price > 1", Type{}, nil},
		{"$was == nil or $out.price >= $was.price * 0.5", Type{}, nil},
		{"$was.price != nil and $was.price > 1", Type{}, nil},
		{"$was.price > 1", Type{}, []string{"0:10"}},
		{"filter(lines, .price > 1)", Type{}, []string{"14:6"}},
		{"filter(lines, .price != nil and .price > 1)", Type{}, nil},
		{"filter(lines, .price != nil and any(lines, .price > 1))", Type{}, []string{"43:6"}},
		{"sum(lines, .price)", Type{}, []string{"11:6"}},
		{"sum(lines, .quantity)", Type{}, nil},
		{"sum(more, .quantity)", Type{}, []string{"4:4"}},
		{"test", boolean, []string{"0:4"}},
		{"test ?? false", boolean, nil},
		{"not test", Type{}, []string{"4:4"}},
		{"lower(name)", Type{}, []string{"6:4"}},
		{"name + \"x\"", Type{}, []string{"0:4"}},
		{"name contains \"x\"", Type{}, []string{"0:4"}},
		{"name matches \"x\"", Type{}, []string{"0:4"}},
		{"name in [\"x\"]", Type{}, nil},
		{"sure in map(more, .quantity)", Type{}, []string{"12:4"}},
		{"name == \"x\"", Type{}, nil},
		{"name[1:]", Type{}, []string{"0:4"}},
		{"-price", Type{}, []string{"1:5"}},
		{"lines[0].quantity + 1", Type{}, []string{"0:17"}},
		{"lines[0] != nil and lines[0].quantity > 1", Type{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.source, func(t *testing.T) {
			p, err := Compile(tt.source, Options{Scope: scope, Want: tt.want})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range p.Warnings() {
				got = append(got, fmt.Sprintf("%d:%d", w.Offset, w.Length))
				if w.Code != CodeNull || !strings.Contains(w.Message, "may be nil") || w.Hint == "" {
					t.Errorf("warning is not complete: %v", w)
				}
			}
			if diff := cmp.Diff(tt.at, got); diff != "" {
				t.Errorf("warnings differ (-want +got):\n%s", diff)
			}
		})
	}
}
