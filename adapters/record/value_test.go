package record

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func parsed(t testing.TB, s string) Value {
	t.Helper()
	v, err := ParseJSON([]byte(s))
	if err != nil {
		t.Fatalf("ParseJSON(%s): %v", s, err)
	}
	return v
}

func TestEqualAndCanonical(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)
	for _, tt := range []struct {
		name  string
		v, w  Value
		equal bool
	}{
		{"scale", parsed(t, `1.10`), parsed(t, `1.1`), true},
		{"int and decimal", parsed(t, `100`), parsed(t, `100.00`), true},
		{"exponent", parsed(t, `1e2`), parsed(t, `100`), true},
		{"zeros", parsed(t, `-0.00`), parsed(t, `0`), true},
		{"large", parsed(t, `99999999999999999999`), parsed(t, `99999999999999999999.0`), true},
		{"nearly", parsed(t, `9007199254740993`), parsed(t, `9007199254740992`), false},
		{"text and number", parsed(t, `"1"`), parsed(t, `1`), false},
		{"order of members", parsed(t, `{"a":1,"b":[1,2]}`), parsed(t, `{"b":[1.0,2],"a":1}`), true},
		{"order of elements", parsed(t, `[1,2]`), parsed(t, `[2,1]`), false},
		{"absent member", ObjectValue([]string{"a", "b"}, []Value{IntValue(1), {}}), parsed(t, `{"a":1}`), true},
		{"null member", parsed(t, `{"a":1,"b":null}`), parsed(t, `{"a":1}`), false},
		{"raw", RawValue(`{"b": 1.0, "a": "\u0041"}`), parsed(t, `{"a":"A","b":1}`), true},
		{"instant", TimestampValue(at), TimestampValue(at.In(time.FixedZone("", 5400))), true},
		{"later", TimestampValue(at), TimestampValue(at.Add(time.Nanosecond)), false},
	} {
		if got := tt.v.Equal(tt.w); got != tt.equal {
			t.Errorf("%s: Equal = %v", tt.name, got)
		}
		a, err := tt.v.AppendCanonical(nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := tt.w.AppendCanonical(nil)
		if err != nil {
			t.Fatal(err)
		}
		if (string(a) == string(b)) != tt.equal {
			t.Errorf("%s: canonical %s and %s", tt.name, a, b)
		}
	}
}

func TestCompare(t *testing.T) {
	day := DateValue(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC))
	for _, tt := range []struct {
		v, w Value
		want int
		ok   bool
	}{
		{IntValue(2), parsed(t, `10`), -1, true},
		{parsed(t, `0.30`), parsed(t, `0.3`), 0, true},
		{parsed(t, `99999999999999999999`), parsed(t, `9`), 1, true},
		{StringValue("10"), StringValue("9"), -1, true},
		{BoolValue(false), BoolValue(true), -1, true},
		{day, day, 0, true},
		{StringValue("1"), IntValue(1), 0, false},
		{NullValue, NullValue, 0, false},
		{parsed(t, `[]`), parsed(t, `[]`), 0, false},
	} {
		if got, ok := tt.v.Compare(tt.w); got != tt.want || ok != tt.ok {
			t.Errorf("Compare(%s, %s) = %d, %v", tt.v.AppendJSON(nil), tt.w.AppendJSON(nil), got, ok)
		}
	}
}

func TestAppendJSON(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 600_000_000, time.FixedZone("", -5400))
	v := ObjectValue(
		[]string{"bytes", "date", "time", "at", "text", "raw", "none", "file"},
		[]Value{
			BytesValue([]byte{0xff, 0}), DateValue(at), TimeOfDayValue(90*time.Second + 5*time.Millisecond), TimestampValue(at),
			StringValue("a\"\\\n\x01é"), RawValue("{ \"a b\" : [ 1 ,\n\"\\\" x\" ] }"),
			{},
			FileValue("in/x.csv"),
		})
	want := `{"bytes":"/wA=","date":"2026-01-02","time":"00:01:30.005","at":"2026-01-02T03:04:05.6-01:30","text":"a\"\\\n\u0001é","raw":{"a b":[1,"\" x"]},"file":"in/x.csv"}`
	if got := string(v.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestCloneAndCopiedRowsOutliveTheirBatch(t *testing.T) {
	const doc = `{"text":"first","list":[{"name":"first"}],"big":11111111111111111111,"esc":"f\u0069rst"}`
	s := NewSlots()
	text, list, big, esc := s.Add(path(t, "text"), false), s.Add(path(t, "list"), true), s.Add(path(t, "big"), false), s.Add(path(t, "esc"), false)
	x := s.NewExtractor()
	var in, out Batch
	in.Reset(nil)
	in.AppendDoc([]byte(doc))
	got, err := x.Record(&in, 0)
	if err != nil {
		t.Fatal(err)
	}
	out.Reset(NewShape(Column{Name: "text"}, Column{Name: "list"}, Column{Name: "big"}, Column{Name: "esc"}))
	row := []Value{got[text], got[list], got[big], got[esc]}
	out.CopyRow(row)
	clones := []Value{row[0].Clone(), row[1].Clone(), row[2].Clone(), row[3].Clone()}
	before := string(ListValue(row).AppendJSON(nil))

	in.Reset(nil)
	in.AppendDoc([]byte(strings.NewReplacer("first", "OTHER", "rst", "XXX", "1", "2", "name", "NAME").Replace(doc)))
	x.Reset()
	if _, err := x.Record(&in, 0); err == nil {
		t.Log("the second document is valid")
	}
	if after := string(ListValue(out.Row(0)).AppendJSON(nil)); after != before {
		t.Errorf("copied row became %s, was %s", after, before)
	}
	if after := string(ListValue(clones).AppendJSON(nil)); after != before {
		t.Errorf("clones became %s, were %s", after, before)
	}
}

func TestParsePath(t *testing.T) {
	for _, s := range []string{"a", "a.b[0].c", "$root.a", `"Art.-Nr.".x`, "größe", "a-b.c", `a."b c"[12]`} {
		p, err := ParsePath(s)
		if err != nil || p.String() != s {
			t.Errorf("ParsePath(%s) = %s, %v", s, p, err)
		}
	}
	for _, s := range []string{"", ".a", "a.", "a..b", "a[", "a[-1]", "a[x]", "a.[0]", "[0]", "a b", `"a`, `""`, "1a", "a$", strings.Repeat("a.", MaxPathSteps) + "a"} {
		if p, err := ParsePath(s); err == nil {
			t.Errorf("ParsePath(%q) = %s, want an error", s, p)
		}
	}
}

func TestContentIsNotPrinted(t *testing.T) {
	v := StringValue("canary")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if s := fmt.Sprintf(verb, v); strings.Contains(s, "canary") {
			t.Errorf("%s prints %s", verb, s)
		}
	}
}
