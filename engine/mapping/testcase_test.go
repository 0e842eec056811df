package mapping

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/dray-sync/dray/engine/config"
)

func TestRunTest(t *testing.T) {
	m := mappingOf(t, `{"fields":{"ref":{"expr":"\"WEB-\" + name"},"total":{"from":"total","as":"decimal"},"at":{"from":"$run.now","as":"date"},
		"lines":{"each":"lines","fields":{"item":{"from":"sku","lookup":"items"},"n":{"from":"n","as":"int"}}}},
		"checks":[{"name":"not-test","expr":"not test","else":"skip"},{"name":"small","expr":"$out.total < 1000","else":"park"}]}`)
	const input = `{"name":"1","total":"1.10","test":false,"lines":[{"sku":"A","n":1}]}`
	for _, tt := range []struct {
		name string
		tc   config.TestCase
		want string // "" when it passes
	}{
		{"subset, number by value", config.TestCase{Expect: json.RawMessage(`{"total":1.1,"lines":[{"n":1}]}`)}, ""},
		{"now", config.TestCase{Expect: json.RawMessage(`{"at":"2026-04-02"}`)}, ""},
		{"exactly", config.TestCase{ExpectExactly: json.RawMessage(`{"ref":"WEB-1","total":1.10,"at":"2026-04-02","lines":[{"item":"I-A","n":1}]}`)}, ""},
		{"exactly, more", config.TestCase{ExpectExactly: json.RawMessage(`{"ref":"WEB-1","at":"2026-04-02","lines":[{"item":"I-A","n":1}]}`)}, "total: want nothing, got 1.10"},
		{
			"differs",
			config.TestCase{Expect: json.RawMessage(`{"ref":"WEB-2","lines":[{"item":"I-B"},{"n":2}],"gone":null}`)},
			`ref: want "WEB-2", got "WEB-1"; lines[0].item: want "I-B", got "I-A"; lines[1]: want {"n":2}, got nothing; gone: want null, got nothing`,
		},
		{"list too long", config.TestCase{Expect: json.RawMessage(`{"lines":[]}`)}, `lines[0]: want nothing, got {"item":"I-A","n":1}`},
		{"given lookup", config.TestCase{
			Given:  &config.Given{Lookups: map[string]map[string]json.RawMessage{"items": {"A": json.RawMessage(`"given"`)}}},
			Expect: json.RawMessage(`{"lines":[{"item":"given"}]}`),
		}, ""},
		{"given lookup is unknown", config.TestCase{
			Given:  &config.Given{Lookups: map[string]map[string]json.RawMessage{"nope": {}}},
			Expect: json.RawMessage(`{}`),
		}, `given lookup "nope" does not exist`},
		{"given lookup lacks the key", config.TestCase{
			Given:          &config.Given{Lookups: map[string]map[string]json.RawMessage{"items": {}}},
			ExpectRejected: &config.Rejection{Field: "lines[0].item", Rule: "lookup"},
		}, ""},
		{
			"rejected by another field",
			config.TestCase{Input: json.RawMessage(`{"name":"1","lines":[{"sku":"?"}]}`), ExpectRejected: &config.Rejection{Field: "ref", Rule: "lookup"}},
			`want it rejected with field "ref" and rule "lookup", got field lines[0].item: rule lookup (string)`,
		},
		{"not rejected", config.TestCase{ExpectRejected: &config.Rejection{Field: "ref"}}, "want it rejected, but it is mapped"},
		{"rejected", config.TestCase{Input: json.RawMessage(`{"name":"1","total":"x"}`), Expect: json.RawMessage(`{}`)}, "want it mapped, but it is rejected: field total: rule number (string)"},
		{"skipped", config.TestCase{Input: json.RawMessage(strings.Replace(input, "false", "true", 1)), ExpectSkipped: true}, ""},
		{"not skipped", config.TestCase{ExpectSkipped: true}, "want it skipped, but it is mapped"},
		{"parked", config.TestCase{Input: json.RawMessage(strings.Replace(input, "1.10", "1000", 1)), ExpectRejected: &config.Rejection{Rule: "check"}}, ""},
		{"nothing expected", config.TestCase{}, "the case expects nothing; add expect, expectExactly, expectRejected or expectSkipped"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.tc.Input == nil {
				tt.tc.Input = json.RawMessage(input)
			}
			results, problems := RunTest(m, &config.MappingTest{Now: "2026-04-02T10:00:00Z", Cases: []config.TestCase{tt.tc}}, Options{Lookups: lookups()})
			if len(results) != 1 {
				t.Fatalf("problems %+v", problems)
			}
			r := results[0]
			var got []string
			if r.Failure != "" {
				got = append(got, r.Failure)
			}
			for _, d := range r.Differences {
				got = append(got, d.String())
			}
			if g := strings.Join(got, "; "); g != tt.want || r.Passed != (tt.want == "") {
				t.Errorf("passed %v\ngot  %s\nwant %s", r.Passed, g, tt.want)
			}
		})
	}
}

func ExampleProgram_Preview() {
	var m config.Mapping
	if err := json.Unmarshal([]byte(`{"fields":{"total":{"from":"total","as":"decimal","scale":2,"round":"half-even"}}}`), &m); err != nil {
		panic(err)
	}
	p, _ := Compile(&m, Options{})
	fmt.Printf("%s\n", p.Preview([]byte(`{"total": "9007199254740993.005"}`), testNow).Output)
	fmt.Println(p.Preview([]byte(`{"total": "about ten"}`), testNow).Reason)
	// Output:
	// {"total":9007199254740993.00}
	// field total: rule number (string)
}
