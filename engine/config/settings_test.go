package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSettingsBeyondTheTable has CUE judge what the table cannot say, and places what it finds.
func TestSettingsBeyondTheTable(t *testing.T) {
	s, err := newSettingsSchema("#Base: {host!: string, port: *443 | int}\n#Config: {\n\t#Base\n\tmin: int\n\tmax: int & >=min\n}\n")
	if err != nil {
		t.Fatal(err)
	}
	if !s.opaque {
		t.Fatal("the table claims to say it all")
	}
	for _, c := range []struct {
		yaml, json string
		line       int32 // of the problem; 0: none
	}{
		{"host: a\nmin: 1\nmax: 2\n", `{"host":"a","max":2,"min":1,"port":443}`, 0},
		{"host: a\nmin: 3\nmax: 2\n", "", 3},
		{"host: a\nmin: 1\nmax: 2\nextra: 1\n", "", 4},
		{"host: 5\nmin: 1\nmax: 2\n", "", 1},
	} {
		docs, problems := parseYAML([]byte(c.yaml), LoadLimits{}.WithDefaults())
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		check := &checker{}
		got := s.judge(check, docs[0].root, "#Config", s.config)
		switch {
		case c.line == 0 && len(check.problems) > 0:
			t.Errorf("%q: %v", c.yaml, check.problems)
		case c.line == 0 && !cmp.Equal(string(got), c.json):
			t.Errorf("%q: got %s, want %s", c.yaml, got, c.json)
		case c.line > 0 && (len(check.problems) == 0 || check.problems[0].line != c.line):
			t.Errorf("%q: got %+v, want a problem in line %d", c.yaml, check.problems, c.line)
		}
	}
}
