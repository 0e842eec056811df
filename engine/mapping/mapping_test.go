package mapping

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
)

var testNow = time.Date(2026, 4, 2, 10, 0, 0, 0, time.UTC)

func mappingOf(t testing.TB, text string) *config.Mapping {
	t.Helper()
	var m config.Mapping
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("mapping: %v", err)
	}
	return &m
}

func lookups() map[string]*config.Lookup {
	return map[string]*config.Lookup{
		"items":    {Rows: []map[string]string{{"sku": "A", "item": "I-A"}, {"sku": "B", "item": "I-B"}, {"sku": "0.07", "item": "seven"}}, Key: []string{"sku"}, Value: "item", Expect: "0..1", Miss: config.Miss{Action: "reject"}},
		"folded":   {Rows: []map[string]string{{"k": "Käse", "v": "cheese"}, {"k": "Brot", "v": "bread"}}, Key: []string{"k"}, Value: "v", Fold: "case", Miss: config.Miss{Action: "skip"}},
		"currency": {Rows: []map[string]string{{"k": "EUR", "v": "978"}}, Key: []string{"k"}, Value: "v", Miss: config.Miss{Action: "default", Default: json.RawMessage(`"0"`)}},
		"strict":   {Rows: []map[string]string{{"k": "x", "v": "y"}}, Key: []string{"k"}, Value: "v", Expect: "1", Miss: config.Miss{Action: "default", Default: json.RawMessage(`"0"`)}},
		"several":  {Rows: []map[string]string{{"k": "x", "a": "1", "b": "2"}}, Key: []string{"k"}, Values: []string{"a", "b"}, Miss: config.Miss{Action: "reject"}},
		"tax": {Rows: []map[string]string{
			{"country": "DE", "rate": "0.19", "v": "A1"}, {"country": "DE", "rate": "*", "v": "A*"}, {"country": "*", "rate": "*", "v": "**"}, {"country": "*", "rate": "0.2", "v": "*2"},
		}, Key: []string{"country", "rate"}, Value: "v", Miss: config.Miss{Action: "reject"}},
		"twofit": {Rows: []map[string]string{{"a": "1", "b": "*", "v": "x"}, {"a": "*", "b": "2", "v": "y"}}, Key: []string{"a", "b"}, Value: "v", Miss: config.Miss{Action: "reject"}},
	}
}

// mapOne compiles the fields and maps one record.
func mapOne(t testing.TB, fields, in string, o Options) (string, Result) {
	t.Helper()
	return mapWhole(t, `{"fields":`+fields+`}`, in, o)
}

func mapWhole(t testing.TB, mapping, in string, o Options) (string, Result) {
	t.Helper()
	if o.Lookups == nil {
		o.Lookups = lookups()
	}
	p, problems := Compile(mappingOf(t, mapping), o)
	if p == nil {
		t.Fatalf("Compile: %+v", problems)
	}
	var b record.Batch
	b.Reset(nil)
	b.AppendDoc([]byte(in))
	r := p.NewExecutor(func() time.Time { return testNow }).Map(&b, 0)
	if r.Row == nil {
		return "", r
	}
	return string(p.AppendJSON(nil, r.Row, true)), r
}

// Each row: one field named x, a record, and what comes of it: JSON, or "outcome field rule type".
var formTests = []struct{ name, field, in, want string }{
	{"from", `{"from":"a.b[1].c"}`, `{"a":{"b":[1,{"c":"v"}]}}`, `{"x":"v"}`},
	{"from quoted", `{"from":"\"Art.-Nr.\""}`, `{"Art.-Nr.":7}`, `{"x":7}`},
	{"from absent", `{"from":"a"}`, `{}`, `{}`},
	{"from null", `{"from":"a"}`, `{"a":null}`, `{"x":null}`},
	{"from object", `{"from":"a"}`, `{"a": {"b" : [1, 2.50]} }`, `{"x":{"b":[1,2.50]}}`},
	{"from whole", `{"from":"$this"}`, `{"a": 1}`, `{"x":{"a":1}}`},
	{"from now", `{"from":"$run.now"}`, `{}`, `{"x":"2026-04-02T10:00:00Z"}`},
	{"exact 2^53+1", `{"from":"a"}`, `{"a":9007199254740993}`, `{"x":9007199254740993}`},
	{"exact decimal", `{"from":"a"}`, `{"a":1234567890123456.78}`, `{"x":1234567890123456.78}`},
	{"exact beyond int64", `{"from":"a","as":"int"}`, `{"a":99999999999999999999}`, `{"x":99999999999999999999}`},
	{"exact beyond int64 as decimal", `{"from":"a","as":"decimal"}`, `{"a":"99999999999999999999"}`, `{"x":99999999999999999999}`},
	{"exact sum", `{"expr":"a + b"}`, `{"a":0.1,"b":0.2}`, `{"x":0.3}`},
	{"exact expression", `{"expr":"a + 1"}`, `{"a":9007199254740993}`, `{"x":9007199254740994}`},
	{"value", `{"value":[1.10,"web",null]}`, `{}`, `{"x":[1.10,"web",null]}`},
	{"value converted", `{"value":"2026-01-31","as":"date"}`, `{}`, `{"x":"2026-01-31"}`},
	{"value of money at run time", `{"value":"5","as":"money","currency":"cur"}`, `{"cur":"JPY"}`, `{"x":5}`},
	{"expr", `{"expr":"\"WEB-\" + name"}`, `{"name":"1001"}`, `{"x":"WEB-1001"}`},
	{"expr fails", `{"expr":"a + 1"}`, `{"a":"canary"}`, "rejected x expr type"},
	{"expr nil", `{"expr":"nil"}`, `{}`, `{"x":null}`},

	{"default absent", `{"from":"a","default":"EUR"}`, `{}`, `{"x":"EUR"}`},
	{"default null", `{"from":"a","default":"EUR"}`, `{"a":null}`, `{"x":"EUR"}`},
	{"default not for blank", `{"from":"a","default":"EUR"}`, `{"a":""}`, `{"x":""}`},
	{"default converted", `{"from":"a","as":"decimal","scale":2,"round":"up","default":"5"}`, `{}`, `{"x":5.00}`},
	{"default plain although marks", `{"from":"a","as":"decimal","decimalMark":",","default":"1.5"}`, `{}`, `{"x":1.5}`},
	{"default of money", `{"from":"a","as":"money","currency":"c","default":1}`, `{"c":"EUR"}`, `{"x":1.00}`},
	{"required", `{"from":"a","required":true}`, `{}`, "rejected x required absent"},
	{"required null", `{"from":"a","required":true}`, `{"a":null}`, "rejected x required null"},
	{"ifAbsent omit", `{"from":"a","ifAbsent":"omit"}`, `{"a":null}`, `{}`},
	{"ifAbsent null", `{"from":"a","ifAbsent":"null"}`, `{}`, `{"x":null}`},
	{"ifAbsent error", `{"from":"a","ifAbsent":"error"}`, `{"a":null}`, "rejected x absent null"},
	{"when", `{"from":"a","when":"b > 1"}`, `{"a":1,"b":2}`, `{"x":1}`},
	{"when not", `{"from":"a","when":"b > 1","required":true}`, `{"b":1}`, `{}`},
	{"when not, null", `{"from":"a","when":"b > 1","ifAbsent":"null"}`, `{"a":1,"b":1}`, `{"x":null}`},
	{"when fails", `{"from":"a","when":"b > 1"}`, `{"a":1,"b":"t"}`, "rejected x expr type"},

	{"string of int", `{"from":"a","as":"string"}`, `{"a":9007199254740993}`, `{"x":"9007199254740993"}`},
	{"string of decimal", `{"from":"a","as":"string"}`, `{"a":1.10}`, `{"x":"1.10"}`},
	{"string of bool", `{"from":"a","as":"string"}`, `{"a":true}`, `{"x":"true"}`},
	{"string of list", `{"from":"a","as":"string"}`, `{"a":[1]}`, "rejected x type raw"},
	{"int of text", `{"from":"a","as":"int"}`, `{"a":"-12"}`, `{"x":-12}`},
	{"int of text with zeros", `{"from":"a","as":"int"}`, `{"a":"000123"}`, `{"x":123}`},
	{"int of whole decimal", `{"from":"a","as":"int"}`, `{"a":5.00}`, `{"x":5}`},
	{"int of fraction", `{"from":"a","as":"int"}`, `{"a":1.5}`, "rejected x integer decimal"},
	{"int of fraction in text", `{"from":"a","as":"int"}`, `{"a":"1.5"}`, "rejected x integer string"},
	{"int rounded", `{"from":"a","as":"int","round":"half-even"}`, `{"a":2.5}`, `{"x":2}`},
	{"int of exponent", `{"from":"a","as":"int"}`, `{"a":1e3}`, `{"x":1000}`},
	{"int of blank", `{"from":"a","as":"int"}`, `{"a":""}`, "rejected x number string"},
	{"int of blanks around", `{"from":"a","as":"int"}`, `{"a":" 1"}`, "rejected x number string"},
	{"int of plus", `{"from":"a","as":"int"}`, `{"a":"+1"}`, "rejected x number string"},
	{"int of bool", `{"from":"a","as":"int"}`, `{"a":true}`, "rejected x type bool"},
	{"int beyond", `{"from":"a","as":"int"}`, `{"a":12345678901234567890.0}`, `{"x":12345678901234567890}`},
	{"decimal keeps scale", `{"from":"a","as":"decimal"}`, `{"a":"1.10"}`, `{"x":1.10}`},
	{"decimal scale up", `{"from":"a","as":"decimal","scale":2,"round":"half-even"}`, `{"a":"1.5"}`, `{"x":1.50}`},
	{"decimal scale down exact", `{"from":"a","as":"decimal","scale":2}`, `{"a":1.500}`, `{"x":1.50}`},
	{"decimal scale down lossy", `{"from":"a","as":"decimal","scale":2}`, `{"a":1.505}`, "rejected x scale decimal"},
	{"decimal scale 0", `{"from":"a","as":"decimal","scale":0,"round":"half-even"}`, `{"a":2.5}`, `{"x":2}`},
	{"decimal big rounded", `{"from":"a","as":"decimal","scale":2,"round":"half-even"}`, `{"a":12345678901234567890.125}`, `{"x":12345678901234567890.12}`},
	{"decimal big lossy", `{"from":"a","as":"decimal","scale":2}`, `{"a":12345678901234567890.125}`, "rejected x scale decimal"},
	{"decimal overflow of int64 when scaled", `{"from":"a","as":"decimal","scale":2,"round":"up"}`, `{"a":999999999999999999}`, `{"x":999999999999999999.00}`},
	{"decimal comma", `{"from":"a","as":"decimal","decimalMark":",","groupMark":"."}`, `{"a":"1.234.567,80"}`, `{"x":1234567.80}`},
	{"decimal comma, no groups", `{"from":"a","as":"decimal","decimalMark":",","groupMark":"."}`, `{"a":"-1234,5"}`, `{"x":-1234.5}`},
	{"decimal wrong groups", `{"from":"a","as":"decimal","decimalMark":",","groupMark":"."}`, `{"a":"1.23"}`, "rejected x number string"},
	{"decimal point where comma is said", `{"from":"a","as":"decimal","decimalMark":","}`, `{"a":"1.23"}`, "rejected x number string"},
	{"money", `{"from":"a","as":"money","currency":"EUR"}`, `{"a":"12.5"}`, `{"x":12.50}`},
	{"money too fine", `{"from":"a","as":"money","currency":"EUR"}`, `{"a":"12.505"}`, "rejected x scale string"},
	{"money rounded", `{"from":"a","as":"money","currency":"EUR","round":"half-up"}`, `{"a":"12.505"}`, `{"x":12.51}`},
	{"money by path", `{"from":"a","as":"money","currency":"$root.c"}`, `{"a":"12.5","c":"BHD"}`, `{"x":12.500}`},
	{"money without digits", `{"from":"a","as":"money","currency":"c"}`, `{"a":"12","c":"JPY"}`, `{"x":12}`},
	{"money minor", `{"from":"a","as":"money","currency":"EUR","minor":true}`, `{"a":1999}`, `{"x":19.99}`},
	{"money minor fraction", `{"from":"a","as":"money","currency":"EUR","minor":true}`, `{"a":1999.5}`, "rejected x scale decimal"},
	{"money unknown currency", `{"from":"a","as":"money","currency":"c"}`, `{"a":1,"c":"ZZZ"}`, "rejected x currency int"},
	{"money small letters", `{"from":"a","as":"money","currency":"c"}`, `{"a":1,"c":"eur"}`, "rejected x currency int"},
	{"money no currency", `{"from":"a","as":"money","currency":"c"}`, `{"a":1}`, "rejected x currency int"},
	{"money gold", `{"from":"a","as":"money","currency":"c"}`, `{"a":1,"c":"XAU"}`, "rejected x currency int"},
	{"bool text", `{"from":"a","as":"bool"}`, `{"a":"false"}`, `{"x":false}`},
	{"bool number", `{"from":"a","as":"bool"}`, `{"a":1}`, `{"x":true}`},
	{"bool guess", `{"from":"a","as":"bool"}`, `{"a":"yes"}`, "rejected x bool string"},
	{"bool two", `{"from":"a","as":"bool"}`, `{"a":2}`, "rejected x bool int"},

	{"date", `{"from":"a","as":"date"}`, `{"a":"2026-01-31"}`, `{"x":"2026-01-31"}`},
	{"date of no day", `{"from":"a","as":"date"}`, `{"a":"2026-02-29"}`, "rejected x date string"},
	{"date moved", `{"from":"a","as":"date","to":"Europe/Berlin"}`, `{"a":"2026-03-31T23:30:00Z"}`, `{"x":"2026-04-01"}`},
	{"date in its own offset", `{"from":"a","as":"date"}`, `{"a":"2026-03-31T23:30:00-05:00"}`, `{"x":"2026-03-31"}`},
	{"date local", `{"from":"a","as":"date","zone":"America/New_York","to":"Europe/Berlin"}`, `{"a":"2026-03-31T20:30:00"}`, `{"x":"2026-04-01"}`},
	{"date local, zone unknown", `{"from":"a","as":"date","to":"Europe/Berlin"}`, `{"a":"2026-03-31T20:30:00"}`, "rejected x zone string"},
	{"date tokens", `{"from":"a","as":"date","format":"DD.MM.YYYY"}`, `{"a":"31.01.2026"}`, `{"x":"2026-01-31"}`},
	{"date tokens, other order", `{"from":"a","as":"date","format":"DD.MM.YYYY"}`, `{"a":"2026-01-31"}`, "rejected x date string"},
	{"date tokens, not padded", `{"from":"a","as":"date","format":"DD.MM.YYYY"}`, `{"a":"1.1.2026"}`, "rejected x date string"},
	{"date tokens, more", `{"from":"a","as":"date","format":"YYYYMMDD"}`, `{"a":"20260131x"}`, "rejected x date string"},
	{"date unix", `{"from":"a","as":"date","format":"unix","to":"Europe/Berlin"}`, `{"a":1767221999}`, `{"x":"2025-12-31"}`},
	{"date of number", `{"from":"a","as":"date"}`, `{"a":20260131}`, "rejected x type int"},
	{"datetime", `{"from":"a","as":"datetime"}`, `{"a":"2026-01-31T10:00:00.250+01:00"}`, `{"x":"2026-01-31T10:00:00.25+01:00"}`},
	{"datetime to", `{"from":"a","as":"datetime","to":"Europe/Berlin"}`, `{"a":"2026-07-01T10:00:00Z"}`, `{"x":"2026-07-01T12:00:00+02:00"}`},
	{"datetime zone", `{"from":"a","as":"datetime","zone":"Europe/Berlin","to":"UTC"}`, `{"a":"2026-01-01 00:30"}`, `{"x":"2025-12-31T23:30:00Z"}`},
	{"datetime no zone", `{"from":"a","as":"datetime"}`, `{"a":"2026-01-01T00:30:00"}`, "rejected x zone string"},
	{"datetime skipped", `{"from":"a","as":"datetime","zone":"Europe/Berlin"}`, `{"a":"2026-03-29T02:30:00"}`, "rejected x local-time-gap string"},
	{"datetime repeated", `{"from":"a","as":"datetime","zone":"Europe/Berlin"}`, `{"a":"2026-10-25T02:30:00"}`, "rejected x local-time-twice string"},
	{"datetime after the change", `{"from":"a","as":"datetime","zone":"Europe/Berlin"}`, `{"a":"2026-10-25T03:00:00"}`, `{"x":"2026-10-25T03:00:00+01:00"}`},
	{"datetime of day", `{"from":"a","as":"datetime"}`, `{"a":"2026-01-01"}`, "rejected x date string"},
	{"datetime of day, zone said", `{"from":"a","as":"datetime","zone":"Europe/Berlin"}`, `{"a":"2026-01-01"}`, `{"x":"2026-01-01T00:00:00+01:00"}`},
	{"datetime unix-ms", `{"from":"a","as":"datetime","format":"unix-ms"}`, `{"a":"1767225600123"}`, `{"x":"2026-01-01T00:00:00.123Z"}`},
	{"datetime unix beyond", `{"from":"a","as":"datetime","format":"unix"}`, `{"a":99999999999999}`, "rejected x date int"},
	{"datetime tokens", `{"from":"a","as":"datetime","format":"YYYY-MM-DDTHH:mm:ss.SSSZ"}`, `{"a":"2026-01-01T01:02:03.450+0130"}`, `{"x":"2026-01-01T01:02:03.45+01:30"}`},
	{"datetime hour 24", `{"from":"a","as":"datetime"}`, `{"a":"2026-01-01T24:00:00Z"}`, "rejected x date string"},
	{"written date", `{"from":"a","as":"string","format":"DD.MM.YYYY","to":"Europe/Berlin"}`, `{"a":"2025-12-31T23:30:00Z"}`, `{"x":"01.01.2026"}`},
	{"written day", `{"from":"a","as":"string","format":"YYYYMMDD"}`, `{"a":"2025-12-31"}`, `{"x":"20251231"}`},
	{"written time", `{"from":"a","as":"string","format":"HH:mm:ss Z","to":"Europe/Berlin"}`, `{"a":"2025-12-31T22:30:05Z"}`, `{"x":"23:30:05 +01:00"}`},

	{"apply", `{"from":"a","apply":["trim","lower"]}`, `{"a":"  ÄB\t"}`, `{"x":"äb"}`},
	{"apply upper", `{"from":"a","apply":["upper"]}`, `{"a":"äb"}`, `{"x":"ÄB"}`},
	{"apply collapse", `{"from":"a","apply":["collapse"]}`, `{"a":" a \n b "}`, `{"x":"a b"}`},
	{"apply digits", `{"from":"a","apply":["digits"]}`, `{"a":"+49 (0) 7"}`, `{"x":"4907"}`},
	{"apply truncate", `{"from":"a","apply":[{"truncate":2}]}`, `{"a":"äöü"}`, `{"x":"äö"}`},
	{"apply padLeft", `{"from":"a","apply":[{"padLeft":{"length":5,"with":"0"}}]}`, `{"a":42}`, `{"x":"00042"}`},
	{"apply padRight", `{"from":"a","apply":[{"padRight":{"length":3,"with":"."}}]}`, `{"a":"ab"}`, `{"x":"ab."}`},
	{"apply prefix, suffix", `{"from":"a","apply":[{"prefix":"<"},{"suffix":">"}]}`, `{"a":"b"}`, `{"x":"<b>"}`},
	{"apply strip", `{"from":"a","apply":[{"stripPrefix":"gid://"},{"stripSuffix":"/x"}]}`, `{"a":"gid://7/x"}`, `{"x":"7"}`},
	{"apply replace", `{"from":"a","apply":[{"replace":{"find":"-","with":""}}]}`, `{"a":"1-2-3"}`, `{"x":"123"}`},
	{"apply then as", `{"from":"a","apply":["trim"],"as":"int"}`, `{"a":" 7 "}`, `{"x":7}`},
	{"apply emptyToNull then default", `{"from":"a","apply":["trim","emptyToNull"],"default":"n/a"}`, `{"a":" "}`, `{"x":"n/a"}`},
	{"apply of bool", `{"from":"a","apply":["trim"]}`, `{"a":true}`, "rejected x type bool"},

	{"lookup", `{"from":"a","lookup":"items"}`, `{"a":"A"}`, `{"x":"I-A"}`},
	{"lookup miss", `{"from":"a","lookup":"items"}`, `{"a":"a"}`, "rejected x lookup string"},
	{"lookup blank", `{"from":"a","lookup":"items"}`, `{"a":" "}`, "rejected x blank-key string"},
	{"lookup absent", `{"from":"a","lookup":"items","default":"none"}`, `{}`, `{"x":"none"}`},
	{"lookup number", `{"from":"a","lookup":"items"}`, `{"a":0.070}`, `{"x":"seven"}`},
	{"lookup list", `{"from":"a","lookup":"items"}`, `{"a":[]}`, "rejected x type raw"},
	{"lookup fold", `{"from":"a","lookup":"folded"}`, `{"a":"KÄSE"}`, `{"x":"cheese"}`},
	{"lookup skip", `{"from":"a","lookup":"folded"}`, `{"a":"Milch"}`, "skipped x lookup string"},
	{"lookup default", `{"from":"a","lookup":"currency","as":"int"}`, `{"a":"USD"}`, `{"x":0}`},
	{"lookup expect 1", `{"from":"a","lookup":"strict"}`, `{"a":"z"}`, "rejected x lookup string"},
	{"lookup values", `{"from":"a","lookup":"several"}`, `{"a":"x"}`, `{"x":{"a":"1","b":"2"}}`},
	{"lookup with", `{"lookup":"tax","with":{"country":"c","rate":"r"}}`, `{"c":"DE","r":0.19}`, `{"x":"A1"}`},
	{"lookup with wildcard", `{"lookup":"tax","with":{"country":"c","rate":"r"}}`, `{"c":"DE","r":"0.07"}`, `{"x":"A*"}`},
	{"lookup with other wildcard", `{"lookup":"tax","with":{"country":"c","rate":"r"}}`, `{"c":"FR","r":0.20}`, `{"x":"*2"}`},
	{"lookup with all wildcards", `{"lookup":"tax","with":{"country":"c","rate":"r"}}`, `{"c":"FR","r":0.1}`, `{"x":"**"}`},
	{"lookup with two that fit", `{"lookup":"tax","with":{"country":"c","rate":"r"}}`, `{"c":"DE","r":0.2}`, "rejected x lookup-ambiguous string"},
	{"lookup with absent", `{"lookup":"tax","with":{"country":"c","rate":"r"}}`, `{"c":"DE"}`, "rejected x blank-key absent"},
	{"lookup with blank", `{"lookup":"tax","with":{"country":"c","rate":"r"}}`, `{"c":"DE","r":""}`, "rejected x blank-key string"},
	{"lookup with absent, default", `{"lookup":"tax","with":{"country":"c","rate":"r"},"default":"A0"}`, `{"c":"DE"}`, `{"x":"A0"}`},
	{"lookup ambiguous", `{"lookup":"twofit","with":{"a":"a","b":"b"}}`, `{"a":1,"b":2}`, "rejected x lookup-ambiguous int"},

	{"each", `{"each":"l","where":"q > 0","fields":{"s":{"from":"s"},"i":{"from":"$index"},"r":{"from":"$root.n"},"p":{"from":"$parent.n"}}}`, `{"n":"N","l":[{"s":"a","q":0},{"s":"b","q":2}]}`, `{"x":[{"s":"b","i":1,"r":"N","p":"N"}]}`},
	{"each of texts", `{"each":"l","fields":{"t":{"from":"$this","apply":["upper"]}}}`, `{"l":["a","b"]}`, `{"x":[{"t":"A"},{"t":"B"}]}`},
	{"each counts only", `{"each":"l","fields":{"t":{"value":1}}}`, `{"l":[{},{}]}`, `{"x":[{"t":1},{"t":1}]}`},
	{"each empty", `{"each":"l","fields":{"t":{"from":"t"}}}`, `{"l":[]}`, `{"x":[]}`},
	{"each absent", `{"each":"l","fields":{"t":{"from":"t"}}}`, `{}`, `{}`},
	{"each null, required", `{"each":"l","required":true,"fields":{"t":{"from":"t"}}}`, `{"l":null}`, "rejected x required null"},
	{"each of text", `{"each":"l","fields":{"t":{"from":"t"}}}`, `{"l":"canary"}`, "rejected x type string"},
	{"each of object", `{"each":"l","fields":{"t":{"from":"t"}}}`, `{"l":{"t":1}}`, "rejected x type object"},
	{"each fails inside", `{"each":"l","fields":{"o":{"fields":{"n":{"from":"n","as":"int"}}}}}`, `{"l":[{"n":1},{"n":"canary"}]}`, "rejected x[1].o.n number string"},
	{"each nested", `{"each":"l","fields":{"m":{"each":"m","fields":{"v":{"expr":"v * $parent.f + $index"},"r":{"from":"$root.k"}}}}}`, `{"k":9,"l":[{"f":2,"m":[{"v":1},{"v":2}]},{"f":3,"m":[{"v":1}]}]}`, `{"x":[{"m":[{"v":2,"r":9},{"v":5,"r":9}]},{"m":[{"v":3,"r":9}]}]}`},
	{"concat", `{"concat":[{"each":"l","where":"q > 0","fields":{"c":{"from":"s"}}},{"each":"none","fields":{"c":{"from":"s"}}},{"when":"tip != nil","fields":{"c":{"value":"TIP"},"p":{"from":"tip"}}}]}`, `{"l":[{"s":"a","q":1},{"s":"b","q":0}],"tip":"1.5"}`, `{"x":[{"c":"a"},{"c":"TIP","p":"1.5"}]}`},
	{
		"group", `{"each":"l","where":"q != 9","group":{"by":["s"],"sum":["q","p"],"min":["d"],"max":["w"],"count":"n"},"fields":{"s":{"from":"s"},"q":{"from":"q"},"p":{"from":"p"},"d":{"from":"d"},"w":{"from":"w"},"n":{"expr":"n * 10"}}}`,
		`{"l":[{"s":"a","q":1,"p":"0.10","d":"2026-02-01","w":2},{"s":"b","q":5},{"s":"a","q":9},{"s":"a","q":2,"p":0.2,"d":"2026-01-01","w":10},{"s":"b","q":null}]}`,
		`{"x":[{"s":"a","q":3,"p":0.30,"d":"2026-01-01","w":10,"n":20},{"s":"b","q":5,"n":20}]}`,
	},
	{
		"group by two", `{"each":"l","group":{"by":["a","b"],"sum":["q"]},"fields":{"a":{"from":"a"},"b":{"from":"b"},"q":{"from":"q"}}}`,
		`{"l":[{"a":"x","b":"yz","q":1},{"a":"xy","b":"z","q":2},{"a":"x","b":"yz","q":3},{"b":"n","q":4},{"a":null,"b":"n","q":5}]}`,
		`{"x":[{"a":"x","b":"yz","q":4},{"a":"xy","b":"z","q":2},{"b":"n","q":9}]}`,
	},
	{"group of numbers", `{"each":"l","group":{"by":["a"],"count":"n"},"fields":{"a":{"from":"a"},"n":{"from":"n"}}}`, `{"l":[{"a":1},{"a":1.0},{"a":"1"}]}`, `{"x":[{"a":1,"n":2},{"a":"1","n":1}]}`},
	{"group fails", `{"each":"l","group":{"by":["s"],"sum":["q"]},"fields":{"q":{"from":"q"}}}`, `{"l":[{"s":"a","q":1},{"s":"a","q":"many"}]}`, "rejected x[1].q number string"},
	{"concat without", `{"concat":[{"each":"l","fields":{"c":{"from":"s"}}},{"when":"tip != nil","fields":{"c":{"value":"TIP"}}}]}`, `{}`, `{"x":[]}`},
	{"concat fails", `{"concat":[{"each":"l","fields":{"c":{"from":"s"}}},{"fields":{"n":{"from":"t","as":"int"}}}]}`, `{"l":[{}],"t":"y"}`, "rejected x[1].n number string"},
	{"fields", `{"fields":{"a":{"from":"a"},"b":{"fields":{"c":{"from":"c"}}}}}`, `{"c":1}`, `{"x":{"b":{"c":1}}}`},
	{"fields all absent", `{"fields":{"a":{"from":"a"},"b":{"fields":{"c":{"from":"c"}}}}}`, `{}`, `{}`},
	{"fields all absent, required", `{"required":true,"fields":{"a":{"from":"a"}}}`, `{}`, "rejected x required absent"},
	{"odd name in a path", `{"fields":{"a b":{"from":"a","as":"int"}}}`, `{"a":"z"}`, `rejected x."a b" number string`},
}

func TestForms(t *testing.T) {
	for _, tt := range formTests {
		t.Run(tt.name, func(t *testing.T) {
			got, r := mapOne(t, `{"x":`+tt.field+`}`, tt.in, Options{})
			if r.Outcome != Mapped {
				got = fmt.Sprintf("%s %s %s %s", r.Outcome, r.Reason.Field, r.Reason.Rule, r.Reason.Type)
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestRounding(t *testing.T) {
	values := []string{"2.5", "-2.5", "3.5", "2.4", "-2.6", "2.51", "12345678901234567892.5", "-12345678901234567893.5"}
	for mode, want := range map[string]string{
		"half-even": "2 -2 4 2 -3 3 12345678901234567892 -12345678901234567894",
		"half-up":   "3 -3 4 2 -3 3 12345678901234567893 -12345678901234567894",
		"half-down": "2 -2 3 2 -3 3 12345678901234567892 -12345678901234567893",
		"up":        "3 -3 4 3 -3 3 12345678901234567893 -12345678901234567894",
		"down":      "2 -2 3 2 -2 2 12345678901234567892 -12345678901234567893",
		"ceiling":   "3 -2 4 3 -2 3 12345678901234567893 -12345678901234567893",
		"floor":     "2 -3 3 2 -3 2 12345678901234567892 -12345678901234567894",
	} {
		var got []string
		for _, v := range values {
			out, r := mapOne(t, `{"x":{"from":"a","as":"int","round":"`+mode+`"}}`, `{"a":`+v+`}`, Options{})
			if r.Outcome != Mapped {
				t.Fatalf("%s of %s: %s", mode, v, r.Reason)
			}
			got = append(got, strings.TrimSuffix(strings.TrimPrefix(out, `{"x":`), "}"))
		}
		if g := strings.Join(got, " "); g != want {
			t.Errorf("%s: got %s, want %s", mode, g, want)
		}
	}
}

func TestWhereOutAndChecks(t *testing.T) {
	const mapping = `{"fields":{
		"lines":{"each":"l","fields":{"q":{"from":"q","as":"int"},"p":{"from":"p","as":"decimal"}}},
		"sum":{"expr":"sum($out.lines, .q * .p)"},
		"copy":{"from":"$out.sum"},
		"id":{"from":"id","write":"create"}},
		"checks":[
			{"name":"parks","expr":"$out.sum < 100","else":"park","message":"look at it"},
			{"name":"agree","expr":"$out.sum == total","else":"reject","message":"lines do not add up"},
			{"name":"not-test","expr":"not test","else":"skip"}]}`
	in := func(total, test string) string {
		return `{"id":7,"l":[{"q":2,"p":0.1},{"q":1,"p":0.10}],"total":` + total + `,"test":` + test + `,"status":"PAID"}`
	}
	o := Options{Where: `status in ["PAID"]`, Extra: []record.Path{{{Name: "id", Index: -1}}, {{Name: "missing", Index: -1}}}}
	out, r := mapWhole(t, mapping, in("0.3", "false"), o)
	if want := `{"lines":[{"q":2,"p":0.1},{"q":1,"p":0.10}],"sum":0.30,"copy":0.30,"id":7}`; r.Outcome != Mapped || out != want {
		t.Fatalf("%s %s: got %s, want %s", r.Outcome, r.Reason, out, want)
	}
	if id, ok := r.Extra[0].Int64(); !ok || id != 7 || !r.Extra[1].IsAbsent() {
		t.Errorf("extra: %s %s", r.Extra[0].Text(), r.Extra[1].Kind())
	}
	for _, tt := range []struct {
		name, in string
		outcome  Outcome
		reason   Reason
	}{
		{"rejected", in("0.31", "false"), Rejected, Reason{Rule: RuleCheck, Check: "agree", Message: "lines do not add up"}},
		{"skipped", in("0.3", "true"), Skipped, Reason{Rule: RuleCheck, Check: "not-test"}},
		{"check fails", in("0.3", `"canary"`), Rejected, Reason{Rule: RuleExpr, Type: "type", Check: "not-test"}},
		{"parked", strings.Replace(in("200", "false"), `"p":0.1}`, `"p":99.95}`, 1), Parked, Reason{Rule: RuleCheck, Check: "parks", Message: "look at it"}},
		{"filtered", strings.Replace(in("0.3", "false"), "PAID", "OPEN", 1), Filtered, Reason{}},
		{"not json", `{"id":1,"id":2}`, Rejected, Reason{Rule: RuleJSON, Type: record.BadKey}},
	} {
		_, r := mapWhole(t, mapping, tt.in, o)
		if r.Outcome != tt.outcome || r.Reason != tt.reason {
			t.Errorf("%s: got %s %+v, want %s %+v", tt.name, r.Outcome, r.Reason, tt.outcome, tt.reason)
		}
		if (r.Row != nil) != (tt.outcome == Parked) || (r.Extra == nil) != (tt.name == "not json") {
			t.Errorf("%s: row %v, extra %v", tt.name, r.Row, r.Extra)
		}
	}
}

func TestColumns(t *testing.T) {
	p, problems := Compile(mappingOf(t, `{"fields":{"a":{"from":"a","as":"money","currency":"EUR","write":"create"},"b":{"each":"l","fields":{"s":{"from":"s"},"r":{"from":"$root.r"}}},"c":{"expr":"n + 1"}}}`),
		Options{Extra: []record.Path{{{Name: "id", Index: -1}}}})
	if p == nil || len(problems) != 0 {
		t.Fatalf("%+v", problems)
	}
	if c := p.Columns()[0]; c != (Column{Name: "a", Kind: record.Decimal, CreateOnly: true}) {
		t.Errorf("column %+v", c)
	}
	if k := p.Shape().Columns[1].Kind; k != record.List {
		t.Errorf("b is %s", k)
	}
	var paths []string
	for _, path := range p.Paths() {
		paths = append(paths, path.String())
	}
	if got := strings.Join(paths, " "); got != "id a l.s r n" {
		t.Errorf("paths %s", got)
	}
	out := p.AppendJSON(nil, []record.Value{record.IntValue(1), {}, record.IntValue(2)}, false)
	if string(out) != `{"c":2}` {
		t.Errorf("on update: %s", out)
	}
}

func TestDestinationKey(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":1}`: "mapped  ", `{}`: "rejected x key", `{"a":null}`: "rejected x key", `{"a":"  "}`: "rejected x key",
	} {
		_, r := mapOne(t, `{"x":{"from":"a"}}`, in, Options{Key: []string{"x"}})
		if got := fmt.Sprintf("%s %s %s", r.Outcome, r.Reason.Field, r.Reason.Rule); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestProblems(t *testing.T) {
	for _, tt := range []struct{ name, fields, code, path string }{
		{"nothing", `{"x":{}}`, CodeSource, "spec.fields.x"},
		{"two", `{"x":{"from":"a","value":1}}`, CodeSource, "spec.fields.x"},
		{"each without fields", `{"x":{"each":"a"}}`, CodeSource, "spec.fields.x.each"},
		{"with without lookup", `{"x":{"with":{"a":"b"}}}`, CodeConflict, "spec.fields.x.with"},
		{"where without each", `{"x":{"from":"a","where":"b"}}`, CodeConflict, "spec.fields.x.where"},
		{"scale without as", `{"x":{"from":"a","scale":2}}`, CodeConflict, "spec.fields.x.scale"},
		{"as with each", `{"x":{"each":"a","as":"int","fields":{"y":{"from":"z"}}}}`, CodeConflict, "spec.fields.x.as"},
		{"path", `{"x":{"from":"a..b"}}`, CodePath, "spec.fields.x.from"},
		{"root", `{"x":{"from":"$file.a"}}`, CodeRoot, "spec.fields.x.from"},
		{"parent at the top", `{"x":{"from":"$parent.a"}}`, CodeRoot, "spec.fields.x.from"},
		{"index at the top", `{"x":{"from":"$index"}}`, CodeRoot, "spec.fields.x.from"},
		{"later", `{"x":{"from":"$out.y"},"y":{"from":"a"}}`, CodeLater, "spec.fields.x.from"},
		{"later in an expression", `{"x":{"expr":"$out.y"},"y":{"from":"a"}}`, "expr/unknown-name", "spec.fields.x.expr"},
		{"as", `{"x":{"from":"a","as":"integer"}}`, CodeAs, "spec.fields.x.as"},
		{"apply", `{"x":{"from":"a","apply":["trimm"]}}`, CodeApply, "spec.fields.x.apply[0]"},
		{"apply argument", `{"x":{"from":"a","apply":["trim",{"truncate":"a"}]}}`, CodeApply, "spec.fields.x.apply[1]"},
		{"apply without argument", `{"x":{"from":"a","apply":["truncate"]}}`, CodeApply, "spec.fields.x.apply[0]"},
		{"apply with argument", `{"x":{"from":"a","apply":[{"trim":1}]}}`, CodeApply, "spec.fields.x.apply[0]"},
		{"lookup", `{"x":{"from":"a","lookup":"item"}}`, CodeLookup, "spec.fields.x.lookup"},
		{"lookup of two keys", `{"x":{"from":"a","lookup":"tax"}}`, CodeLookup, "spec.fields.x.lookup"},
		{"with lacks a key", `{"x":{"lookup":"tax","with":{"rate":"a"}}}`, CodeLookup, "spec.fields.x.with"},
		{"with has another key", `{"x":{"lookup":"items","with":{"sku":"a","b":"c"}}}`, CodeLookup, "spec.fields.x.with.b"},
		{"zone", `{"x":{"from":"a","as":"date","to":"Berlin"}}`, CodeZone, "spec.fields.x.to"},
		{"local zone", `{"x":{"from":"a","as":"date","zone":"Local"}}`, CodeZone, "spec.fields.x.zone"},
		{"format", `{"x":{"from":"a","as":"date","format":"dd.mm.yy"}}`, CodeFormat, "spec.fields.x.format"},
		{"format without a year", `{"x":{"from":"a","as":"date","format":"DD.MM."}}`, CodeFormat, "spec.fields.x.format"},
		{"scale", `{"x":{"from":"a","as":"decimal","scale":-1,"round":"up"}}`, CodeScale, "spec.fields.x.scale"},
		{"round", `{"x":{"from":"a","as":"int","round":"nearest"}}`, CodeRounding, "spec.fields.x.round"},
		{"no currency", `{"x":{"from":"a","as":"money"}}`, CodeCurrency, "spec.fields.x.as"},
		{"no such currency", `{"x":{"from":"a","as":"money","currency":"EUX"}}`, CodeCurrency, "spec.fields.x.currency"},
		{"marks alike", `{"x":{"from":"a","as":"int","groupMark":"."}}`, CodeMark, "spec.fields.x.groupMark"},
		{"mark is a digit", `{"x":{"from":"a","as":"int","groupMark":"0"}}`, CodeMark, "spec.fields.x.groupMark"},
		{"constant", `{"x":{"value":"x","as":"int"}}`, CodeConstant, "spec.fields.x.value"},
		{"default", `{"x":{"from":"a","default":"x","as":"int"}}`, CodeConstant, "spec.fields.x.default"},
		{"ifAbsent", `{"x":{"from":"a","ifAbsent":"skip"}}`, CodeAbsent, "spec.fields.x.ifAbsent"},
		{"ifAbsent and default", `{"x":{"from":"a","ifAbsent":"omit","default":1}}`, CodeAbsent, "spec.fields.x.ifAbsent"},
		{"ifAbsent and required", `{"x":{"from":"a","ifAbsent":"omit","required":true}}`, CodeAbsent, "spec.fields.x.ifAbsent"},
		{"write", `{"x":{"from":"a","write":"update"}}`, CodeWrite, "spec.fields.x.write"},
		{"write inside", `{"x":{"fields":{"y":{"from":"a","write":"create"}}}}`, CodeWrite, "spec.fields.x.fields.y.write"},
		{"twice", `{"x":{"from":"a"},"x":{"from":"b"}}`, CodeDuplicate, "spec.fields.x"},
		{"in a part", `{"x":{"concat":[{"each":"a","fields":{"y":{"from":"$no.b"}}}]}}`, CodeRoot, "spec.fields.x.concat[0].fields.y.from"},
		{"group by what is around", `{"x":{"each":"a","group":{"by":["$root.b"]},"fields":{"y":{"from":"b"}}}}`, CodeRoot, "spec.fields.x.group.by[0]"},
		{"group counts under a path", `{"x":{"each":"a","group":{"by":["b"],"count":"c.d"},"fields":{"y":{"from":"b"}}}}`, CodePath, "spec.fields.x.group.count"},
		{"where in a single part", `{"x":{"concat":[{"where":"a","fields":{"y":{"from":"b"}}}]}}`, CodeConflict, "spec.fields.x.concat[0].where"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, problems := Compile(mappingOf(t, `{"fields":`+tt.fields+`}`), Options{Lookups: lookups()})
			if p != nil || len(problems) != 1 || problems[0].Code != tt.code || problems[0].Path != tt.path {
				t.Fatalf("got %+v, want one of %s at %s", problems, tt.code, tt.path)
			}
			if problems[0].Message == "" || problems[0].Severity != diag.Error {
				t.Errorf("problem %+v", problems[0])
			}
		})
	}
}

func TestProblemsAreReportedAtOnce(t *testing.T) {
	_, problems := Compile(mappingOf(t, `{"fields":{"a":{},"b":{"from":"x","as":"nope"},"c":{"expr":"1 +"}},"checks":[{"name":"k","expr":"true","else":"stop"}]}`),
		Options{Where: "a ==", Key: []string{"d"}, Zone: "Nowhere"})
	var got []string
	for _, p := range problems {
		got = append(got, p.Path)
	}
	if want := "  spec.source.where spec.fields.a spec.fields.b.as spec.fields.c.expr spec.fields spec.checks[0].else"; strings.Join(got, " ") != strings.TrimPrefix(want, " ") {
		t.Errorf("got %q", got)
	}
}

func TestScaleWithoutRoundWarns(t *testing.T) {
	p, problems := Compile(mappingOf(t, `{"fields":{"x":{"from":"a","as":"decimal","scale":2}}}`), Options{})
	if p == nil || len(problems) != 1 || problems[0].Severity != diag.Warning || problems[0].Code != CodeRounding {
		t.Errorf("%+v", problems)
	}
}

func TestKeyMustNotBeTruncated(t *testing.T) {
	_, problems := Compile(mappingOf(t, `{"fields":{"x":{"from":"a","apply":[{"truncate":5}]}}}`), Options{Key: []string{"x"}})
	if len(problems) != 1 || problems[0].Code != CodeKey || problems[0].Path != "spec.fields.x.apply" {
		t.Errorf("%+v", problems)
	}
}

func TestLookupRowsTwice(t *testing.T) {
	l := lookups()
	l["folded"].Rows = append(l["folded"].Rows, map[string]string{"k": "BROT", "v": "other"})
	_, problems := Compile(mappingOf(t, `{"fields":{"x":{"from":"a"}}}`), Options{Lookups: l})
	if len(problems) != 1 || problems[0].Code != CodeLookupRows {
		t.Errorf("%+v", problems)
	}
}

// No reason holds anything of the record, whatever fails.
func TestReasonsHoldNoContent(t *testing.T) {
	const canary = "canary-90210"
	for _, tt := range formTests {
		in := strings.NewReplacer(`":"`, `":"`+canary, `["`, `["`+canary).Replace(tt.in)
		_, r := mapOne(t, `{"x":`+tt.field+`}`, in, Options{})
		if s := fmt.Sprintf("%+v %s", r.Reason, r.Reason); strings.Contains(s, canary) {
			t.Errorf("%s: %s", tt.name, s)
		}
	}
}

func TestSourceFieldsAreKnown(t *testing.T) {
	o := Options{Source: config.Side{Object: &config.Object{Fields: []config.ObjectField{{Name: "total"}, {Name: "lines"}, {Name: "billing.email"}}}}}
	p, problems := Compile(mappingOf(t, `{"fields":{"a":{"from":"total"},"b":{"from":"billing.email"},"c":{"each":"lines","fields":{"x":{"from":"any"},"y":{"expr":"$root.total"}}}}}`), o)
	if p == nil {
		t.Fatalf("%+v", problems)
	}
	_, problems = Compile(mappingOf(t, `{"fields":{"a":{"from":"totl"},"b":{"expr":"totl + 1"},"c":{"each":"line","fields":{"x":{"from":"y"}}}}}`), o)
	var got []string
	for _, p := range problems {
		got = append(got, p.Code+" "+p.Path+" "+p.Hint)
	}
	want := `mapping/unknown-field spec.fields.a.from did you mean "total"?|expr/unknown-name spec.fields.b.expr did you mean "total"?|mapping/unknown-field spec.fields.c.each did you mean "lines"?`
	if strings.Join(got, "|") != want {
		t.Errorf("got %q", got)
	}
}

// TestEveryCodeIsAmongCodes keeps the constants and their explanations together.
func TestEveryCodeIsAmongCodes(t *testing.T) {
	known := map[string]bool{}
	for _, c := range Codes() {
		known[c.Code] = true
	}
	for file, pattern := range map[string]string{"codes.go": `= "(mapping/[a-z-]+)"`, "../../adapters/expr/errors.go": `= "(expr/[a-z-]+)"`} {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(pattern).FindAllStringSubmatch(string(src), -1)
		if len(found) == 0 {
			t.Errorf("no codes in %s", file)
		}
		for _, m := range found {
			if !known[m[1]] {
				t.Errorf("%s is a constant and not among Codes", m[1])
			}
		}
	}
}
