package record

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// all reads the elements to the end.
func all(e *Elements) (list []string, err error) {
	for {
		element, err := e.Next()
		if err != nil {
			return list, err
		}
		list = append(list, string(element))
	}
}

func pathOf(t testing.TB, text string) Path {
	t.Helper()
	if text == "" {
		return nil
	}
	p, err := ParsePath(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestElements(t *testing.T) {
	for _, tt := range []struct {
		name, path, doc string
		want            []string
		kind            Kind
		around          string
		err             string // empty: the document ends well
	}{
		{"a list", "", ` [1, "a" , {"b":[2]},[3],null ] `, []string{`1`, `"a"`, `{"b":[2]}`, `[3]`, `null`}, List, `[]`, ""},
		{"an empty list", "", `[]`, nil, List, `[]`, ""},
		{"nothing at all", "", " \n", nil, Absent, "", ""},
		{"null", "", `null`, nil, Null, "null", ""},
		{"below a path", "a.b", `{"x":{"b":[9]},"a":{"y":"q","b":[1,2],"c":{}},"next":"t"}`, []string{"1", "2"}, List, `{"x":{"b":[9]},"a":{"y":"q","b":[],"c":{}},"next":"t"}`, ""},
		{"below an index", "a[1]", `{"a":[[7],[1,2],[8]]}`, []string{"1", "2"}, List, `{"a":[[7],[],[8]]}`, ""},
		{"an escaped name", "é", `{"\u00e9":[1]}`, []string{"1"}, List, `{"\u00e9":[]}`, ""},
		{"nothing at the path", "a.b", `{"a":{"c":[1]},"d":2}`, nil, Absent, `{"a":{"c":[1]},"d":2}`, ""},
		{"a path through what is no object", "a.b", `{"a":[1],"d":2}`, nil, Absent, `{"a":[1],"d":2}`, ""},
		{"null at the path", "a", `{"a":null,"d":2}`, nil, Null, `{"a":null,"d":2}`, ""},
		{"one object", "a", `{"a":{"b":1},"d":2}`, []string{`{"b":1}`}, Object, `{"a":{},"d":2}`, ""},
		{"no list", "a", `{"a":1}`, nil, Absent, "", ErrNoList.Error()},
		{"a name twice around", "a", `{"a":[1],"a":[2]}`, []string{"1"}, List, "", "invalid JSON at offset 9: duplicate key"},
		{"a name twice within", "a", `{"a":[{"b":1},{"b":1,"b":2}]}`, []string{`{"b":1}`}, List, "", "invalid JSON at offset 21: duplicate key"},
		{"cut off within", "a", `{"a":[1,{"b":`, []string{"1"}, List, "", "invalid JSON at offset 13: ends too early"},
		{"cut off behind the list", "a", `{"a":[1]`, []string{"1"}, List, "", "invalid JSON at offset 8: ends too early"},
		{"cut off in a word", "", `[tru`, nil, List, "", "invalid JSON at offset 1: not JSON"},
		{"more behind", "", `[1] 2`, []string{"1"}, List, "", "invalid JSON at offset 4: more after the end"},
		{"a comma at the end", "", `[1,]`, []string{"1"}, List, "", "invalid JSON at offset 3: not JSON"},
		{"a comma at the end of an object", "a", `{"a":[],}`, nil, List, "", "invalid JSON at offset 8: not JSON"},
		{"no comma", "", `[1 2]`, []string{"1"}, List, "", "invalid JSON at offset 3: not JSON"},
		{"no colon", "a", `{"a" [1]}`, nil, Absent, "", "invalid JSON at offset 5: not JSON"},
		{"a zero byte", "", "[\x00]", nil, List, "", "invalid JSON at offset 1: not JSON"},
		{"invalid UTF-8 around", "a", "{\"b\":\"\xff\",\"a\":[]}", nil, Absent, "", "invalid JSON at offset 6: invalid UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, in := range readers(tt.doc) {
				e := NewElements(in, pathOf(t, tt.path))
				e.Single, e.Keep = true, true
				got, err := all(e)
				if d := cmp.Diff(tt.want, got); d != "" {
					t.Errorf("%s: elements (-want +got):\n%s", name, d)
				}
				want := tt.err
				if want == "" {
					want = io.EOF.Error()
				}
				if err.Error() != want {
					t.Errorf("%s: error %q, want %q", name, err, want)
				}
				if _, again := e.Next(); again != err {
					t.Errorf("%s: then %v", name, again)
				}
				if e.Kind() != tt.kind {
					t.Errorf("%s: kind %s, want %s", name, e.Kind(), tt.kind)
				}
				if tt.err == "" && string(e.Around()) != tt.around {
					t.Errorf("%s: around %q, want %q", name, e.Around(), tt.around)
				}
			}
		})
	}
}

// readers returns readers of a document that hand out different parts of it at once.
func readers(doc string) map[string]io.Reader {
	return map[string]io.Reader{
		"at once":      strings.NewReader(doc),
		"byte by byte": iotest.OneByteReader(strings.NewReader(doc)),
		"in halves":    iotest.HalfReader(strings.NewReader(doc)),
		"end with it":  iotest.DataErrReader(strings.NewReader(doc)),
	}
}

// An element and what is around the list have bounds; what is passed over has none.
func TestElementsAreBounded(t *testing.T) {
	large := `"` + strings.Repeat("x", 3<<20) + `"`
	many := "[" + strings.Repeat(`{"a":"0123456789"},`, 100_000) + "1]"
	for _, tt := range []struct {
		name, doc string
		keep      bool
		n         int
		err       string
	}{
		{"a large element", `{"a":[1,` + large + `]}`, false, 1, BadSize},
		{"a large text beside", `{"b":` + large + `,"a":[1]}`, false, 0, BadSize},
		{"a large list beside", `{"b":{"c":` + many + `},"a":[1]}`, false, 1, ""},
		{"a large list behind", `{"a":[1],"b":` + many + `}`, false, 1, ""},
		{"a large list beside that is kept", `{"b":` + many + `,"a":[1]}`, true, 0, BadSize},
		{"many elements", `{"a":` + many + `}`, true, 100_001, ""},
		{"a mistake in a large list beside", `{"b":` + strings.Replace(many, `,1]`, `,,1]`, 1) + `,"a":[1]}`, false, 0, BadSyntax},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := NewElements(strings.NewReader(tt.doc), pathOf(t, "a"))
			e.MaxElement, e.Keep = 1<<20, tt.keep
			got, err := all(e)
			if len(got) != tt.n {
				t.Errorf("%d elements, want %d", len(got), tt.n)
			}
			var bad *ScanError
			if !errors.As(err, &bad) && !errors.Is(err, io.EOF) || bad != nil && bad.What != tt.err || bad == nil && tt.err != "" {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if len(e.buf) > 8<<20 {
				t.Errorf("held %d bytes", len(e.buf))
			}
		})
	}
}

// What a reader fails with is handed on, after the elements that came before.
func TestElementsHandOnErrors(t *testing.T) {
	broken := errors.New("broken")
	got, err := all(NewElements(io.MultiReader(strings.NewReader(`[1,2`), iotest.ErrReader(broken)), nil))
	if !errors.Is(err, broken) || len(got) != 1 { // 2 could go on
		t.Errorf("got %q, %v", got, err)
	}
}

// Whatever the document and however it comes in, the elements are those of the whole document, and it is refused where Scan refuses it.
func FuzzElements(f *testing.F) {
	for _, doc := range []string{
		`{"x":1,"a":{"b":[{"c":"d\u00e9"},2.50,[true,null]],"e":1e3},"n":"t"}`, `{"a":{"b":null}}`, `{"a":{"b":{}}}`, `[1,2]`, `{"a":{"b":[1],"b":2}}`, `{"a":{"b":["\ud83d\ude80"]}}`,
	} {
		f.Add(doc, uint8(1))
	}
	f.Fuzz(func(t *testing.T, doc string, chunk uint8) {
		whole, bad := ParseJSON([]byte(doc))
		path := Path{{Name: "a", Index: -1}, {Name: "b", Index: -1}}
		e := NewElements(&chunks{[]byte(doc), int(chunk)%16 + 1}, path)
		e.Keep = true
		got, err := all(e)
		if bad != nil {
			if errors.Is(err, io.EOF) && strings.Trim(doc, " \t\r\n") != "" {
				t.Fatalf("accepted, but %v", bad)
			}
			return
		}
		at := whole.Get("a").Get("b")
		switch {
		case at.Kind() == List:
			var want []string
			for i := range at.Len() {
				want = append(want, string(at.Index(i).AppendJSON(nil)))
			}
			for i := range got {
				got[i] = string(compact(t, got[i]))
			}
			if d := cmp.Diff(want, got); d != "" || !errors.Is(err, io.EOF) {
				t.Fatalf("%v (-want +got):\n%s", err, d)
			}
		case at.IsNull():
			if len(got) > 0 || !errors.Is(err, io.EOF) {
				t.Fatalf("got %q, %v", got, err)
			}
		default:
			if !errors.Is(err, ErrNoList) {
				t.Fatalf("got %v", err)
			}
			return
		}
		if err := Scan(e.Around()); err != nil {
			t.Fatalf("around: %v", err)
		}
	})
}

func compact(t *testing.T, doc string) []byte {
	t.Helper()
	v, err := ParseJSON([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return v.AppendJSON(nil)
}

// chunks hands out so many bytes at once.
type chunks struct {
	text []byte
	n    int
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.text) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.text[:min(c.n, len(c.text))])
	c.text = c.text[n:]
	return n, nil
}

func BenchmarkElements(b *testing.B) {
	doc := []byte(`{"orders":[` + strings.Repeat(`{"id":1234567890,"name":"#1001","lines":[{"sku":"A","price":"10.00"}]},`, 10_000) + `1]}`)
	path := Path{{Name: "orders", Index: -1}}
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		e := NewElements(bytes.NewReader(doc), path)
		for _, err := e.Next(); ; _, err = e.Next() {
			if err != nil {
				break
			}
		}
	}
}
