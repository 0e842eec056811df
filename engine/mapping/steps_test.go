package mapping

import (
	"strings"
	"testing"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
)

func TestSteps(t *testing.T) {
	m := mappingOf(t, `{"fields":{"partner":{"from":"$steps.partner.CardCode"},"upper":{"expr":"upper($steps.partner.CardCode ?? \"none\")"},"all":{"each":"lines","fields":{"of":{"from":"$steps.other.list[1].id"}}}}}`)
	p, problems := Compile(m, Options{Steps: map[string]expr.Type{"partner": {}, "other": {}}})
	if p == nil {
		t.Fatalf("Compile: %+v", problems)
	}
	e := p.NewExecutor(nil)
	for _, tt := range []struct{ partner, other, want string }{
		{`{"CardCode":"c1"}`, `{"list":[{},{"id":7}]}`, `{"partner":"c1","upper":"C1","all":[{"of":7}]}`},
		{`null`, `{"list":[]}`, `{"upper":"NONE","all":[{}]}`},
	} {
		for name, text := range map[string]string{"partner": tt.partner, "other": tt.other, "unknown": "1"} {
			v, err := record.ParseJSON([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			e.SetStep(name, v)
		}
		var b record.Batch
		b.AppendDoc([]byte(`{"lines":[{}]}`))
		r := e.Map(&b, 0)
		if got := string(p.AppendJSON(nil, r.Row, true)); got != tt.want {
			t.Errorf("got %s, want %s (%v)", got, tt.want, r.Reason)
		}
	}
	for fields, want := range map[string]string{
		`{"x":{"from":"$steps.partnr.CardCode"}}`: `there is no step "partnr"`,
		`{"x":{"from":"$steps"}}`:                 "$steps alone is no value",
	} {
		_, problems := Compile(mappingOf(t, `{"fields":`+fields+`}`), Options{Steps: map[string]expr.Type{"partner": {}}})
		if len(problems) != 1 || problems[0].Message != want {
			t.Errorf("%s: problems %+v", fields, problems)
		}
	}
	if _, problems := Compile(m, Options{}); len(problems) == 0 || problems[0].Code != CodeRoot {
		t.Errorf("without steps: %+v", problems)
	}
}

// A text of ASCII alone, which takes a way of its own, changes its case as any other.
func TestCaseOfASCII(t *testing.T) {
	e := &Executor{}
	for c := range byte(0x80) {
		s := "x" + string(rune(c)) + "Y"
		if got, _ := lower(e, s); got != strings.ToLower(s) {
			t.Errorf("lower %q: %q", s, got)
		}
		if got, _ := upper(e, s); got != strings.ToUpper(s) {
			t.Errorf("upper %q: %q", s, got)
		}
	}
}
