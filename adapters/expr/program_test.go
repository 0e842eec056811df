package expr

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters/record"
)

func TestRefs(t *testing.T) {
	tests := []struct {
		source string
		want   []string
	}{
		{"1 + 2", nil},
		{"a.b[0].c + a.b[0].c + $root.x", []string{"a.b[0].c", "$root.x"}},
		{"$this.a == a", []string{"a"}},
		{"$this", []string{"$this"}},
		{"a?.b?.c ?? a.b.d", []string{"a.b.c", "a.b.d"}},
		{"a[b]", []string{"a", "b"}},
		{"a[-1].x", []string{"a"}},
		{"sum(lines, .price * factor) + $out.total", []string{"lines", "factor", "$out.total"}},
		{`$this["Art.-Nr."].price`, []string{`"Art.-Nr.".price`}},
		{"$index", []string{"$index"}},
		{"not in and $this.in", nil},
	}
	for _, tt := range tests {
		t.Run(tt.source, func(t *testing.T) {
			p, err := Compile(tt.source, Options{Scope: openScope()})
			if err != nil {
				if tt.want != nil {
					t.Fatal(err)
				}
				return
			}
			var got []string
			for _, r := range p.Refs() {
				got = append(got, r.String())
				if r.String() == "$this" {
					continue
				}
				path, err := record.ParsePath(r.String())
				if err != nil {
					t.Errorf("ref %s is no path: %v", r, err)
				}
				if path.Root() != r.Root {
					t.Errorf("ref %s has root %q, want %q", r, r.Root, path.Root())
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("refs differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTypes(t *testing.T) {
	tests := []struct{ source, want string }{
		{"price", "decimal"},
		{"quantity + 1", "int"},
		{"quantity * price", "decimal"},
		{"name + \"x\"", "string"},
		{"name == \"x\"", "bool"},
		{"lines", "list of object"},
		{"map(lines, .sku)", "list of string"},
		{"filter(lines, true)[0].price", "decimal"},
		{"test ? 1 : 2.5", "decimal"},
		{"test ? 1 : \"x\"", "unknown"},
		{"email ?? name", "string"},
		{"extra", "unknown"},
		{"nil", "nil"},
		{"date(createdAt)", "date"},
		{"max(quantity, 1)", "int"},
		{"[1, 2]", "list of int"},
	}
	for _, tt := range tests {
		t.Run(tt.source, func(t *testing.T) {
			p, err := Compile(tt.source, Options{Scope: closedScope()})
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Type().String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestNullableTypes(t *testing.T) {
	tests := []struct {
		source string
		want   bool
	}{
		{"name", false},
		{"email", true},
		{"email ?? name", false},
		{"email ?? nil", true},
		{"lines[0]", true},
		{"lines[0].sku", true},
		{"test ? name : nil", true},
	}
	for _, tt := range tests {
		p, err := Compile(tt.source, Options{Scope: closedScope()})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Type().Nullable; got != tt.want {
			t.Errorf("%s: nullable is %v, want %v", tt.source, got, tt.want)
		}
	}
}

func TestFunctionExamples(t *testing.T) {
	for _, f := range Functions() {
		t.Run(f.Name, func(t *testing.T) {
			if f.Doc == "" || !strings.HasPrefix(f.Signature, f.Name+"(") || !strings.Contains(f.Example, f.Name+"(") {
				t.Errorf("documentation of %s is not complete: %+v", f.Name, f)
			}
			v, _, err := runSource(f.Example, Options{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := show(v); got != f.Result {
				t.Errorf("%s gives %s, documented is %s", f.Example, got, f.Result)
			}
		})
	}
}

// A raw value is read exactly, wherever it stands.
func TestRaw(t *testing.T) {
	raw := record.RawValue(`{"n": 12345678901234567890.12, "lines": [{"q": 2}, {"q": 3}]}`)
	tests := []struct {
		source string
		values []record.Value
		want   string
	}{
		{"sum(a, .q)", []record.Value{record.RawValue(`[{"q": 2}, {"q": 3}]`)}, "5"},
		{"sum(a, .q)", []record.Value{record.ListValue([]record.Value{record.RawValue(`{"q": 7}`)})}, "7"},
		{"a + 0.01", []record.Value{record.RawValue("12345678901234567890.12")}, "12345678901234567890.13"},
		{"$this.a", []record.Value{record.RawValue("null")}, "nil"},
		{"a ?? 1", []record.Value{record.RawValue("null")}, "1"},
		{"7 in a", []record.Value{record.ListValue([]record.Value{record.RawValue("7.0")})}, "true"},
		{"a == [1]", []record.Value{record.RawValue("[1]")}, "true"},
		{"$this.n", []record.Value{record.ObjectValue([]string{"x"}, []record.Value{raw}).Get("x").Get("n")}, "nil"},
		{"(true ? a : nil).x.n", []record.Value{record.ObjectValue([]string{"x"}, []record.Value{raw})}, "12345678901234567890.12"},
	}
	for _, tt := range tests {
		v, _, err := runSource(tt.source, Options{}, tt.values)
		if err != nil {
			t.Errorf("%s: %v", tt.source, err)
		} else if got := show(v); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.source, got, tt.want)
		}
	}
	if _, _, err := runSource("a.b == 1 or a == 1", Options{}, []record.Value{{}, record.RawValue("{")}); err == nil ||
		err.(*RunError).Rule != RuleInvalidJSON {
		t.Errorf("got %v, want rule %s", err, RuleInvalidJSON)
	}
}

// Errors of a run say field, rule and kinds, never content.
func TestRunErrorsHoldNoContent(t *testing.T) {
	const canary = "canary4711"
	values := []string{`"` + canary + `"`, `["` + canary + `"]`, `{"` + canary + `": "` + canary + `"}`, "4711.4711", "4711"}
	sources := []string{
		"a + 1", "a * 2", "a > 1", "not a", "a.b.c", "a[0][0]", "sum(a)", "sum(a, #)", "int(a)", "decimal(a)", "date(a)",
		"datetime(a)", "a == 1", "a == \"x\"", "a in [1]", "a in [\"x\"]", "a % 2", "join(a, a)", "padLeft(a, 99999999, \"x\")", "a[1:]",
		"truncate(\"x\", a)", "max(a, 1)", "1 ** a", "lower(a)", "a contains 1 or a contains \"x\"", "round(1, a, \"up\")",
		"addDays(date(\"2026-01-01\"), a * 1000)", "filter(a, #)", "matches_(a)",
	}
	failed := 0
	for _, source := range sources {
		p, err := Compile(source, Options{})
		if err != nil {
			continue
		}
		for _, v := range values {
			_, err := p.Run(new(Machine), lookUp(t, p.Refs(), map[string]record.Value{"": parsed(t, `{"a": `+v+`}`)}))
			if err == nil {
				continue
			}
			failed++
			if strings.Contains(err.Error(), "4711") {
				t.Errorf("%s: error holds content: %v", source, err)
			}
		}
	}
	if failed < 50 {
		t.Errorf("only %d runs failed: the test looks at too little", failed)
	}
}
