package diag

import (
	"testing"
)

func TestApply(t *testing.T) {
	src := "a: 1\nb: 2\r\n# c\nd: 4"
	for _, tt := range []struct {
		name, want string
		edits      []Edit
	}{
		{"nothing", src, nil},
		{"a word", "a: one\nb: 2\r\n# c\nd: 4", []Edit{{Line: 1, Col: 4, EndLine: 1, EndCol: 5, Text: "one"}}},
		{"a line goes", "a: 1\n# c\nd: 4", []Edit{{Line: 2, Col: 1, EndLine: 3, EndCol: 1}}},
		{"in any order", "x: 1\nb: 2\r\n# c\nd: y", []Edit{{Line: 4, Col: 4, EndLine: 4, EndCol: 5, Text: "y"}, {Line: 1, Col: 1, EndLine: 1, EndCol: 2, Text: "x"}}},
		{"at the end", src + "!", []Edit{{Line: 4, Col: 5, EndLine: 4, EndCol: 5, Text: "!"}}},
		{"the last line goes", "a: 1\nb: 2\r\n# c\n", []Edit{{Line: 4, Col: 1, EndLine: 5, EndCol: 1}}},
		{"beyond the end", "", []Edit{{Line: 9, Col: 1, EndLine: 9, EndCol: 1}}},
		{"overlapping", "", []Edit{{Line: 1, Col: 1, EndLine: 1, EndCol: 3}, {Line: 1, Col: 2, EndLine: 1, EndCol: 4}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Apply([]byte(src), tt.edits)
			if (err != nil) != (tt.want == "") {
				t.Fatalf("error %v", err)
			}
			if string(got) != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFixesOfOnePlace(t *testing.T) {
	fix := func(line, col, endCol int, safe bool) Diagnostic {
		return Diagnostic{Fix: &Fix{Safe: safe, Edits: []Edit{{File: "a", Line: line, Col: col, EndLine: line, EndCol: endCol}}}}
	}
	l := List{fix(1, 1, 5, true), fix(1, 5, 7, true), fix(1, 9, 10, true), fix(2, 1, 2, false), {}}
	edits, n := l.Fixes(false)
	if n != 2 || len(edits["a"]) != 2 {
		t.Errorf("%d fixes: %v", n, edits)
	}
	if _, n := l.Fixes(true); n != 3 {
		t.Errorf("%d fixes of all", n)
	}
}

func TestSure(t *testing.T) {
	for _, tt := range []struct {
		name, near string
		candidates []string
		want       bool
	}{
		{"evry", "every", []string{"every", "cron"}, true},
		{"desitnatoin", "destination", []string{"destination", "source"}, true},
		{"shop-1", "shop-2", []string{"shop-2"}, false},
		{"ab", "abc", []string{"abc"}, false},
		{"form", "from", []string{"from", "for"}, false},
		{"whatever", "", nil, false},
		{"max_creates", "maxCreates", []string{"maxCreates", "maxUpdates"}, true},
		{"stop-after", "stopAfter", []string{"stopAfter"}, true},
	} {
		if got := Sure(tt.name, tt.near, tt.candidates); got != tt.want {
			t.Errorf("Sure(%q, %q, %v) = %v", tt.name, tt.near, tt.candidates, got)
		}
	}
}
