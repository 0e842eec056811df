package diag

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"destination", "source", "schedule", "mapping"}
	for name, want := range map[string]string{"destnation": "destination", "shcedule": "schedule", "sorce": "source", "whatever": "", "": ""} {
		if got := Nearest(name, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestListSortsAndRemovesRepetitions(t *testing.T) {
	a := Diagnostic{Code: "x/a", Pos: Pos{"b.yaml", 2, 1}, Message: "second"}
	b := Diagnostic{Code: "x/a", Pos: Pos{"a.yaml", 9, 1}, Message: "first", Hint: "mend it", Related: []Pos{{"c.yaml", 1, 1}}}
	l := List{a, b, a}.Sorted()
	want := "a.yaml:9:1: first [x/a]\n    hint: mend it\n    see: c.yaml:1:1\nb.yaml:2:1: second [x/a]"
	if got := l.Error(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if (List{{Severity: Warning}}).Err() != nil {
		t.Error("a list of warnings is an error")
	}
}
