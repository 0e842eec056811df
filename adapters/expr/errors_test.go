package expr

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters/record"
)

// closedScope is one whose types are all known.
func closedScope() Scope {
	str, num := Type{Kind: record.String}, Type{Kind: record.Decimal}
	line := Type{Kind: record.Object, Fields: map[string]Type{"sku": str, "price": num, "quantity": {Kind: record.Int}}}
	this := Type{Kind: record.Object, Fields: map[string]Type{
		"name": str, "email": {Kind: record.String, Nullable: true}, "price": num, "quantity": {Kind: record.Int},
		"test": {Kind: record.Bool}, "lines": {Kind: record.List, Elem: &line}, "createdAt": {Kind: record.Timestamp},
		"day": {Kind: record.Date}, "shipping": {Kind: record.Object, Fields: map[string]Type{"country": str}}, "extra": {},
	}}
	return Scope{This: this, Roots: map[string]Type{"$root": this, "$out": {}}}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		source string
		want   string // offset:length code; the message and hint contain the rest
		text   string
	}{
		// Syntax.
		{"", "0:0 expr/syntax", "empty"},
		{"price *", "7:0 expr/syntax", "ends too early"},
		{"price * * 2", "8:1 expr/syntax", `unexpected "*"`},
		{"(price", "6:0 expr/syntax", "ends too early"},
		{"price = 2", "6:1 expr/syntax", "=="},
		{"name == \"x", "10:0 expr/syntax", "does not end"},
		{"ä == §", "6:2 expr/syntax", ""},
		{"extra ?? 1 + 2", "11:1 expr/syntax", "parentheses"},
		{"#.price > 1", "0:1 expr/syntax", "no element"},
		{strings.Repeat("1+", 4096) + "1", "8192:1 expr/too-large", "longer than"},
		{strings.Repeat("1+", 1000) + "1", "", "more than 1000 parts"},
		{"\xff", "0:1 expr/syntax", "UTF-8"},

		// Numbers.
		{"quantity == 0123", "12:4 expr/number", "starts with a zero"},
		{"price + 1e1001", "8:6 expr/number", "out of bounds"},
		{"price + " + strings.Repeat("9", 1001), "8:1001 expr/number", "out of bounds"},
		{"price + 1.", "8:2 expr/number", "ends with a point"},
		{"12abc", "2:1 expr/syntax", "bad number"},
		{"price 12.50", "6:5 expr/syntax", `unexpected "12.50"`},
		{"{1.50: 2}", "0:9 expr/not-allowed", ""},
		{"1.50 and test", "0:4 expr/type", ""},

		// Names.
		{"nmae == \"x\"", "0:4 expr/unknown-name", `did you mean "name"`},
		{"\"ä\" + nmae", "7:4 expr/unknown-name", `did you mean "name"`},
		{"shipping.contry", "9:6 expr/unknown-name", `did you mean "country"`},
		{"shipping[\"contry\"]", "9:8 expr/unknown-name", `did you mean "country"`},
		{"$root.shipping.contry == 1", "15:6 expr/unknown-name", `did you mean "country"`},
		{"$steps.partner.CardCode", "0:6 expr/unknown-name", "available here: $out, $root, $this"},
		{"$env", "0:4 expr/unknown-name", "not available"},
		{"sum(lines, .pirce)", "12:5 expr/unknown-name", `did you mean "price"`},
		{"lines[0].pirce", "9:5 expr/unknown-name", `did you mean "price"`},
		{"filter(lines, .price > 1)[0].pirce", "29:5 expr/unknown-name", `did you mean "price"`},
		{"lower", "0:5 expr/unknown-name", "call it as lower(text)"},
		{"uper(name)", "0:4 expr/unknown-name", "did you mean upper(text)?"},
		{"fromJSON(name)", "0:8 expr/unknown-name", "no function"},
		{"now()", "0:3 expr/unknown-name", "$run.now"},
		{"len(lines, 1)", "0:3 expr/arguments", "at most 1"},
		{"replace(name)", "0:7 expr/arguments", "replace(text, old, new)"},
		{"count(lines)", "0:5 expr/arguments", "count(list, predicate)"},

		// Types.
		{"name + 1", "5:1 expr/type", "string(1)"},
		{"1 + name", "2:1 expr/type", "string(1)"},
		{"name + price * 2", "5:1 expr/type", "string(price * 2)"},
		{"name * 2", "0:4 expr/type", "decimal(name)"},
		{"2 - test", "4:4 expr/type", "bool where a number"},
		{"-name", "1:4 expr/type", "decimal(name)"},
		{"not name", "4:4 expr/type", "condition"},
		{"test and name", "9:4 expr/type", "condition"},
		{"name ? 1 : 2", "0:4 expr/type", "condition"},
		{"name == 1", "5:2 expr/type", "decimal(name)"},
		{"name > 1", "5:1 expr/type", "cannot compare"},
		{"test > true", "0:4 expr/type", "no order"},
		{"name in [1, 2]", "5:2 expr/type", "never in a list of int"},
		{"name in \"abc\"", "5:2 expr/type", "contains"},
		{"lines contains \"x\"", "6:8 expr/type", "in lines"},
		{"price contains \"x\"", "0:5 expr/type", "string is needed"},
		{"lines.price", "6:5 expr/type", "list has no member"},
		{"name.first", "5:5 expr/type", "string has no member"},
		{"name[0]", "5:1 expr/type", "no elements"},
		{"quantity[1:]", "0:8 expr/type", "no parts"},
		{"lower(price)", "6:5 expr/type", "string(price)"},
		{"abs(name)", "4:4 expr/type", "decimal(name)"},
		{"sum(lines, .sku)", "11:4 expr/type", "where a number"},
		{"filter(lines, .sku)", "14:4 expr/type", "condition"},
		{"day + 1", "4:1 expr/type", "addDays(day, 1)"},
		{"nil + 1", "4:1 expr/type", "cannot add nil and int"},
		{"nil * 1", "0:3 expr/type", "nil where a number"},
		{"sum(price, #)", "4:5 expr/type", "not list"},

		{"lower(name) * 2", "0:11 expr/type", "decimal(lower(name))"},
		{"(name) * 2", "1:4 expr/type", "decimal(name)"},
		{"\"x\" + (price + 1) * 2", "4:1 expr/type", "string((price + 1) * 2)"},
		{"\"x\" + 2 * (price + (1))", "4:1 expr/type", "string(2 * (price + (1)))"},
		{"lines[0] * 2", "0:8 expr/type", "object where a number"},
		{"filter(lines, true) * 2", "0:19 expr/type", "a number"},
		{"name == 1.50", "5:2 expr/type", "string(1.50)"},
		{"1 == name", "2:2 expr/type", "int(name)"},
		{"name == lines", "5:2 expr/type", "in list"},
		{"price[name]", "6:4 expr/type", "has no members"},

		// Rounding.
		{"(price + 1) / (2 + 1)", "12:1 expr/rounding", "div(price + 1, 2 + 1, SCALE, MODE)"},
		{"price / 2", "6:1 expr/rounding", `div(price, 2, SCALE, MODE)`},
		{"round(price, 2)", "0:5 expr/rounding", "round(number, scale, mode)"},
		{"round(price, 2, \"half-evne\")", "16:11 expr/rounding", `did you mean "half-even"?`},
		{"round(price, 2, name)", "16:4 expr/rounding", "written out"},

		// Not allowed.
		{"1 < quantity < 3", "13:1 expr/not-allowed", "a < b and b < c"},
		{"1..3", "1:2 expr/not-allowed", "range"},
		{"{a: 1}", "0:6 expr/not-allowed", "object"},
		{"b\"x\"", "0:4 expr/not-allowed", "bytes"},
		{"let x = 1; x", "4:1 expr/not-allowed", "$out.NAME"},
		{"1; 2", "0:1 expr/not-allowed", "sequence"},
		{"name ?: 1", "0:4 expr/not-allowed", "??"},
		{"name.lower()", "5:5 expr/not-allowed", "no methods"},
		{"reduce(lines, #acc + 1, 0)", "0:6 expr/unknown-name", "reduce"},
		{"map(lines, #acc)", "11:1 expr/not-allowed", "#index"},
		{"name matches email", "13:5 expr/not-allowed", "written out"},
		{"name matches \"(\"", "13:3 expr/syntax", "pattern"},
		{"name matches \"(a{1000}){1}(b{1000})c{1000}\"", "13:30 expr/too-large", "pattern"},
		{"any(lines, any(lines, any(lines, any(lines, true))))", "33:3 expr/too-large", "nested"},
		{"formatDate(day, \"D.M.\")", "16:6 expr/arguments", "no token"},
		{"inZone(createdAt, \"Mars\")", "18:6 expr/arguments", "no zone"},
	}
	for _, tt := range tests {
		t.Run(tt.source[:min(60, len(tt.source))], func(t *testing.T) {
			_, err := Compile(tt.source, Options{Scope: closedScope()})
			errs, ok := err.(Errors)
			if !ok {
				t.Fatalf("got %v, want errors", err)
			}
			e := errs[0]
			got := fmt.Sprintf("%d:%d %s", e.Offset, e.Length, e.Code)
			if tt.want != "" && got != tt.want {
				t.Errorf("got %s, want %s: %v", got, tt.want, errs)
			}
			if !strings.Contains(errs.Error(), tt.text) {
				t.Errorf("got %q, want it to contain %q", errs.Error(), tt.text)
			}
			if len(errs) != 1 {
				t.Errorf("got %d errors, want 1: %v", len(errs), errs)
			}
		})
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	_, err := Compile("nmae + 1 == prise / 2", Options{Scope: closedScope()})
	var got []string
	for _, e := range err.(Errors) {
		got = append(got, fmt.Sprintf("%d %s", e.Offset, e.Code))
	}
	want := []string{"0 expr/unknown-name", "12 expr/unknown-name", "18 expr/rounding"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("errors differ (-want +got):\n%s", diff)
	}
}

func TestWant(t *testing.T) {
	boolean := Type{Kind: record.Bool}
	tests := []struct {
		source string
		want   Type
		code   Code // of the error when compiling; empty for none
		rule   Rule // of the error of the run; empty for none
	}{
		{"price > 1", boolean, "", ""},
		{"name", boolean, CodeType, ""},
		{"extra", boolean, "", RuleNull},
		{"extra", Type{Kind: record.Bool, Nullable: true}, "", ""},
		{"nil", boolean, CodeType, ""},
		{"price", Type{Kind: record.String}, CodeType, ""},
		{"quantity", Type{Kind: record.Decimal}, "", ""},
		{"price", Type{Kind: record.Int}, "", RuleType},
		{"$out.x", Type{Kind: record.Int}, "", RuleType},
		{"$out.x", Type{}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.source+" as "+tt.want.String(), func(t *testing.T) {
			p, err := Compile(tt.source, Options{Scope: closedScope(), Want: tt.want})
			if tt.code != "" {
				if errs, ok := err.(Errors); !ok || errs[0].Code != tt.code {
					t.Fatalf("got error %v, want %s", err, tt.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Run(new(Machine), lookUp(t, p.Refs(), map[string]record.Value{
				"":     parsed(t, `{"price": 1.5, "quantity": 2, "extra": null}`),
				"$out": parsed(t, `{"x": "text"}`),
			}))
			var got Rule
			if err != nil {
				got = err.(*RunError).Rule
			}
			if got != tt.rule {
				t.Errorf("got rule %q, want %q", got, tt.rule)
			}
		})
	}
}
