package record

import "testing"

func TestPathIn(t *testing.T) {
	v, err := ParseJSON([]byte(`{"a":{"b":[{"c":1},{"c":2}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	raw := ObjectValue([]string{"r"}, []Value{RawValue(`{"x":[7]}`)})
	for path, want := range map[string]string{"a.b[1].c": "2", "a.b[2].c": "", "a.b.c": "", "a[0]": "", "a.b[0]": `{"c":1}`} {
		p, err := ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if found := p.In(v); !found.IsAbsent() {
			got = string(found.AppendJSON(nil))
		}
		if got != want {
			t.Errorf("%s leads to %q, want %q", path, got, want)
		}
	}
	if p, _ := ParsePath("r.x[0]"); string(p.In(raw).AppendJSON(nil)) != "7" {
		t.Error("the way through text that is not expanded is not found")
	}
}
