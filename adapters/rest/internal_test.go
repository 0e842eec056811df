package rest

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters/record"
)

func TestTimeFormats(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 7, 1, 22, 30, 15, 500, time.UTC)
	for format, want := range map[string]string{
		"iso": "2026-07-01T22:30:15Z", "unix": "1782945015", "unix-ms": "1782945015000", "YYYY-MM-DD": "2026-07-02",
		"YYYY-MM-DDTHH:mm:ss": "2026-07-02T00:30:15", "YYYY-MM-DDTHH:mm:ssZ": "2026-07-01T22:30:15Z", "DD.MM.YYYY HH:mm": "02.07.2026 00:30",
	} {
		f, err := parseFormat(format)
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		got := f.format(at, berlin)
		if got != want {
			t.Errorf("%s: wrote %q, want %q", format, got, want)
		}
		back, ok := f.parse(got, berlin)
		if !ok || back.After(at) || at.Sub(back) >= f.unit {
			t.Errorf("%s: read back %v, want within %s before %v", format, back, f.unit, at)
		}
	}
	for _, bad := range []string{"", "YYYY-MM", "YYYY-MM-DD MM", "2006-01-02", "yyyy-MM-DD", "YYYY-MM-DD hh:mm"} {
		if _, err := parseFormat(bad); err == nil {
			t.Errorf("%q was taken for a format", bad)
		}
	}
	f, err := parseFormat("YYYY-MM-DDTHH:mm:ss")
	if err != nil {
		t.Fatal(err)
	}
	if got := f.hidden(time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC), berlin); got != time.Hour {
		t.Errorf("hidden when clocks go back is %s, want 1h", got)
	}
	if got := f.hidden(at, berlin); got != 0 {
		t.Errorf("hidden in summer is %s, want 0", got)
	}
}

func TestLinkHeader(t *testing.T) {
	for header, want := range map[string]string{
		`<https://a/x?p=2>; rel="next"`:                         "https://a/x?p=2",
		`<https://a/x?p=0>; rel="prev", </x?a=1,2>; rel="next"`: "/x?a=1,2",
		`</x>; title="a"; rel="last next"`:                      "/x",
		`</x>; rel=next`:                                        "/x",
		`</x>; rel="prev"`:                                      "",
		`</first>; rel="first",</nextpage>; rel="next-archive"`: "",
		`nonsense`: "",
	} {
		if got := linkHeader(http.Header{"Link": {header}}); got != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
}

// FuzzFind compares with encoding/json: the walker must find what a decoder finds and never leave the text.
func FuzzFind(f *testing.F) {
	for _, seed := range []string{`{"a":{"b":[1,{"c":"x\"]}"}]}}`, `[]`, ` {"a\u0062":1, "x" : [ [ ] , {} ] } `, `"s"`, `{"":0}`, "{\"a\":-1.50e3 \t}"} {
		f.Add(seed, "ab")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		if !json.Valid([]byte(text)) {
			return
		}
		var m map[string]json.RawMessage
		decodes := json.Unmarshal([]byte(text), &m) == nil && m != nil
		raw, ok := find([]byte(text), record.Path{{Name: name, Index: -1}})
		if _, has := m[name]; decodes && name != "" && ok != has {
			t.Errorf("found is %t, a decoder finds: %t", ok, has)
		}
		if ok && !json.Valid(raw) {
			t.Errorf("found %q, which is no value", raw)
		}
		if list, isList := find([]byte(text), nil); isList && list[0] == '[' {
			var want []json.RawMessage
			if err := json.Unmarshal(list, &want); err != nil {
				t.Fatal(err)
			}
			n := 0
			eachElement(list, func(e []byte) bool {
				if string(e) != string(want[n]) {
					t.Errorf("element %d is %q, a decoder finds %q", n, e, want[n])
				}
				n++
				return true
			})
			if n != len(want) {
				t.Errorf("walked over %d elements, a decoder over %d", n, len(want))
			}
		}
	})
}
