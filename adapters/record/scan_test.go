package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestScan(t *testing.T) {
	long := strings.Repeat("1", MaxDigits)
	for _, tt := range []struct {
		name, in string
		what     string // empty: valid
		offset   int
	}{
		{"scalars", ` [1, -0, 1.10, 1e3, 1E-3, true, false, null, "x"] `, "", 0},
		{"nested", `{"a":{"a":[{"a":1},{"a":2}]},"b":{}}`, "", 0},
		{"unicode", `{"ä":"日本 \u65e5 \ud83d\ude00 😀"}`, "", 0},
		{"thousand digits", long, "", 0},
		{"thousand and one digits", long + "1", BadNumber, 0},
		{"digits around the point", "[" + long + ".1]", BadNumber, 1},
		{"exponent", `[1e1001]`, BadNumber, 1},
		{"empty", ``, BadEnd, 0},
		{"blank", "  \n", BadEnd, 3},
		{"cut", `{"a":"b`, BadEnd, 7},
		{"cut after colon", `{"a":`, BadEnd, 5},
		{"trailing", `{} {}`, BadTrailing, 3},
		{"trailing comma", `[1,]`, BadSyntax, 3},
		{"member comma", `{"a":1,}`, BadSyntax, 7},
		{"no colon", `{"a" 1}`, BadSyntax, 5},
		{"bare word", `[nil]`, BadSyntax, 1},
		{"leading zero", `[01]`, BadSyntax, 1},
		{"plus", `[+1]`, BadSyntax, 1},
		{"point without digits", `[1.]`, BadSyntax, 3},
		{"exponent without digits", `[1e+]`, BadSyntax, 4},
		{"duplicate", `{"a":1,"b":2,"a":3}`, BadKey, 13},
		{"duplicate, escaped", `{"a":1,"\u0061":3}`, BadKey, 7},
		{"duplicate, deep", `[{"x":{"k":1,"k":1}}]`, BadKey, 13},
		{"duplicate empty", `{"":1,"":1}`, BadKey, 6},
		{"invalid UTF-8", "[\"abcdefghij\xff\"]", BadUTF8, 12},
		{"overlong", "[\"\xc0\xaf\"]", BadUTF8, 2},
		{"encoded surrogate", "[\"\xed\xa0\x80\"]", BadUTF8, 2},
		{"invalid UTF-8 in a name", "{\"\xff\":1}", BadUTF8, 2},
		{"high surrogate alone", `["\ud83d"]`, BadSurrogate, 2},
		{"high surrogate twice", `["\ud83d\ud83d"]`, BadSurrogate, 2},
		{"low surrogate alone", `["x\ude00"]`, BadSurrogate, 3},
		{"escape", `["\x"]`, BadEscape, 2},
		{"short unicode escape", `["\u12"]`, BadEscape, 2},
		{"control", "[\"a\nb\"]", BadControl, 3},
		{"byte order mark", "\ufeff{}", BadSyntax, 0},
		{"deep", strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth), "", 0},
		{"too deep", strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1), BadDepth, MaxDepth},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := &ScanError{}
			if err := Scan([]byte(tt.in)); err != nil && !errors.As(err, &got) {
				t.Fatalf("Scan: %T, want *ScanError", err)
			}
			if got.What != tt.what || got.Offset != tt.offset {
				t.Errorf("Scan = %d %q, want %d %q", got.Offset, got.What, tt.offset, tt.what)
			}
			_, err := ParseJSON([]byte(tt.in))
			if (err != nil) != (tt.what != "") {
				t.Errorf("ParseJSON = %v, but Scan says %q", err, tt.what)
			}
		})
	}
}

func TestScanManyKeys(t *testing.T) {
	object := func(n int, extra string) []byte {
		var b bytes.Buffer
		b.WriteString(`{"in":{`)
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"key` + strings.Repeat("x", i%7) + string(IntValue(int64(i)).AppendNumber(nil)) + `":{"a":1,"b":2}`)
		}
		b.WriteString(extra + `},"b":0}`)
		return b.Bytes()
	}
	for _, n := range []int{1, 15, 16, 17, 18, 63, 64, 65, 1000, 5000} {
		if err := Scan(object(n, "")); err != nil {
			t.Errorf("%d names: %v", n, err)
		}
		var e *ScanError
		if err := Scan(object(n, `,"key0":1`)); !errors.As(err, &e) || e.What != BadKey {
			t.Errorf("%d names, the first again: %v, want a duplicate", n, err)
		}
	}
}

func TestScanErrorHoldsNoContent(t *testing.T) {
	const canary = "canary-5417"
	for _, in := range []string{
		`{"` + canary + `":1,"` + canary + `":2}`, `["` + canary, `[` + canary + `]`, `"` + canary + "\xff\"", `"` + canary + `" x`,
	} {
		err := Scan([]byte(in))
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("Scan: %v", err)
		}
	}
}

// strict judges a document the slow way.
func strict(doc []byte) bool {
	if !json.Valid(doc) || !utf8.Valid(doc) || loneSurrogate(doc) {
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	return strictValue(dec, 0)
}

func strictValue(dec *json.Decoder, depth int) bool {
	token, err := dec.Token()
	if err != nil {
		return false
	}
	switch token := token.(type) {
	case json.Number:
		_, err := ParseNumber(string(token))
		return err == nil
	case json.Delim:
		if depth == MaxDepth {
			return false
		}
		seen := map[any]bool{}
		for dec.More() {
			if token == '{' {
				name, err := dec.Token()
				if err != nil || seen[name] {
					return false
				}
				seen[name] = true
			}
			if !strictValue(dec, depth+1) {
				return false
			}
		}
		_, err := dec.Token()
		return err == nil
	}
	return true
}

// loneSurrogate looks for half pairs in valid JSON, where a backslash only stands in a string.
func loneSurrogate(doc []byte) bool {
	for i := 0; i < len(doc); i++ {
		if doc[i] != '\\' {
			continue
		}
		i++
		if doc[i] != 'u' {
			continue
		}
		r, _ := hex4(string(doc), i+1)
		i += 4
		if r < 0xD800 || r > 0xDFFF {
			continue
		}
		if r >= 0xDC00 || i+6 >= len(doc) || doc[i+1] != '\\' || doc[i+2] != 'u' {
			return true
		}
		if low, _ := hex4(string(doc), i+3); low < 0xDC00 || low > 0xDFFF {
			return true
		}
		i += 6
	}
	return false
}

// documents are seeds of the fuzz targets.
var documents = []string{
	`{"id":9007199254740993,"name":"A\u00e9\ud83d\ude00","total":"1.10","lines":[{"sku":"x","qty":2,"price":1234567890123456.78},{"sku":"y\n","tax":[{"rate":0.07}]}],"null":null}`,
	`{"a":1,"a":2}`, `{"\u0061":1,"a":2}`, `[1e5,-0.0,1E-7]`, "\"\xff\"", `"\ud800"`, `[[[]]]`, `{"a":{"b":[{"c":1},2,null]},"d":true}`, `[0.1e1000]`, ``,
}

func FuzzScan(f *testing.F) {
	for _, d := range documents {
		f.Add([]byte(d))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		err := Scan(doc)
		if want := strict(doc); (err == nil) != want {
			t.Fatalf("Scan(%q) = %v, encoding/json with our rules says %v", doc, err, want)
		}
		v, parseErr := ParseJSON(doc)
		if (parseErr == nil) != (err == nil) {
			t.Fatalf("Scan(%q) = %v, ParseJSON = %v", doc, err, parseErr)
		}
		if err != nil {
			return
		}
		out := v.AppendJSON(nil)
		again, err := ParseJSON(out)
		if err != nil || !again.Equal(v) {
			t.Fatalf("%q was written as %q, which is read as something else: %v", doc, out, err)
		}
		raw, err := ParseJSON(RawValue(string(doc)).AppendJSON(nil))
		if err != nil || !raw.Equal(v) {
			t.Fatalf("%q as Raw was written as something else: %v", doc, err)
		}
	})
}
