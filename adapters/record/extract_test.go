package record

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func path(t testing.TB, s string) Path {
	t.Helper()
	if s == "" {
		return nil
	}
	p, err := ParsePath(s)
	if err != nil {
		t.Fatalf("ParsePath(%q): %v", s, err)
	}
	return p
}

// follow is extraction the slow way.
func follow(v Value, p Path) Value {
	for _, s := range p {
		switch {
		case s.IsIndex():
			if v.kind != List || s.Index >= v.Len() {
				return Value{}
			}
			v = v.Index(s.Index)
		default:
			v = v.Get(s.Name)
		}
	}
	return v
}

// wanted is a set of paths, with those below each list.
type wanted struct {
	paths []string
	trees []string
	each  map[string]*wanted
}

func (w *wanted) build(t testing.TB, s *Slots) {
	for _, p := range w.paths {
		s.Add(path(t, p), false)
	}
	for _, p := range w.trees {
		s.Add(path(t, p), true)
	}
	for p, below := range w.each {
		_, elements := s.Each(path(t, p))
		below.build(t, elements)
	}
}

// check compares slots with the values reached the slow way.
func (w *wanted) check(t testing.TB, s *Slots, v Value, got []Value) {
	t.Helper()
	for _, p := range append(w.paths[:len(w.paths):len(w.paths)], w.trees...) {
		value := got[s.Add(path(t, p), false)]
		if want := follow(v, path(t, p)); !value.Equal(want) {
			t.Fatalf("slot %q is %s, want %s", p, value.AppendJSON(nil), want.AppendJSON(nil))
		}
	}
	for _, p := range w.trees {
		if value := got[s.Add(path(t, p), true)]; value.kind == Raw {
			t.Fatalf("slot %q is Raw", p)
		}
	}
	for p, below := range w.each {
		slot, elements := s.Each(path(t, p))
		want, list := follow(v, path(t, p)), got[slot]
		if want.kind != List {
			if list.kind != want.kind || (want.kind != Object && !list.Equal(want)) {
				t.Fatalf("list %q is %s, want %s", p, list.kind, want.kind)
			}
			continue
		}
		if list.kind != List || list.Len() != want.Len() {
			t.Fatalf("list %q is %s of %d, want %d", p, list.kind, list.Len(), want.Len())
		}
		for i := range list.Len() {
			below.check(t, elements, want.Index(i), list.Index(i).Elements())
		}
	}
}

var orderPaths = &wanted{
	paths: []string{"id", "name", "total", "null", "lines", "lines[1].sku", "lines[0]", "a.b[0].c", "a", "missing.too"},
	trees: []string{"a.b", ""},
	each: map[string]*wanted{
		"lines": {paths: []string{"", "sku", "qty", "price", "tax[0].rate"}, each: map[string]*wanted{"tax": {paths: []string{"rate"}, trees: []string{""}}}},
		"a.b":   {paths: []string{"c"}},
		"":      {paths: []string{""}},
	},
}

func FuzzExtract(f *testing.F) {
	for _, d := range documents {
		f.Add([]byte(d))
	}
	s := NewSlots()
	orderPaths.build(f, s)
	f.Fuzz(func(t *testing.T, doc []byte) {
		x := s.NewExtractor()
		for range 3 { // the second time names are known
			x.Reset()
			got, err := x.Document(doc)
			v, parseErr := ParseJSON(doc)
			if (err == nil) != (parseErr == nil) {
				t.Fatalf("%q: extracting says %v, parsing %v", doc, err, parseErr)
			}
			if err == nil {
				orderPaths.check(t, s, v, got)
			}
		}
	})
}

func TestExtract(t *testing.T) {
	s := NewSlots()
	orderPaths.build(t, s)
	x := s.NewExtractor()
	for _, d := range append(documents, `{"lines":5,"a":{"b":{}}}`, `{"lines":null}`, `{"lines":{"sku":1}}`, `{"lines":[1,"x",[2]],"a":{"b":[[1]]}}`) {
		x.Reset()
		got, err := x.Document([]byte(d))
		v, parseErr := ParseJSON([]byte(d))
		if (err == nil) != (parseErr == nil) {
			t.Fatalf("%s: extracting says %v, parsing %v", d, err, parseErr)
		}
		if err == nil {
			orderPaths.check(t, s, v, got)
		}
	}
}

// An extractor that has seen many records must judge each as a new one does: order, missing and additional names, duplicates.
func TestExtractLearnedNames(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	s := NewSlots()
	w := &wanted{paths: []string{"k1", "k3", "k7", "k20.x"}, each: map[string]*wanted{"k5": {paths: []string{"x"}}}}
	w.build(t, s)
	x := s.NewExtractor()
	duplicates := 0
	for range 5000 {
		var members []string
		for i := range 24 {
			if rng.IntN(6) > 0 {
				members = append(members, `"k`+strconv.Itoa(i)+`":`+[]string{"1", `{"x":2}`, `[{"x":1},{"y":2,"x":3}]`}[rng.IntN(3)])
			}
		}
		if rng.IntN(4) == 0 {
			rng.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		}
		if rng.IntN(3) == 0 && len(members) > 0 {
			members = append(members, members[rng.IntN(len(members))])
		}
		doc := []byte("{" + strings.Join(members, ", ") + "}")
		x.Reset()
		got, err := x.Document(doc)
		v, parseErr := ParseJSON(doc)
		if (err == nil) != (parseErr == nil) {
			t.Fatalf("%s: extracting says %v, parsing %v", doc, err, parseErr)
		}
		if err != nil {
			duplicates++
			continue
		}
		w.check(t, s, v, got)
	}
	if duplicates == 0 {
		t.Error("no document had a duplicate")
	}
}

func TestExtractRowsAsDocuments(t *testing.T) {
	s := NewSlots()
	orderPaths.build(t, s)
	docs, rows := s.NewExtractor(), s.NewExtractor()
	for _, d := range documents {
		v, err := ParseJSON([]byte(d))
		if err != nil || v.Kind() != Object {
			continue
		}
		columns := make([]Column, v.Len())
		raw := make([]Value, v.Len())
		for i := range columns {
			columns[i].Name = v.Name(i)
			raw[i] = v.Index(i)
			if k := raw[i].Kind(); k == List || k == Object {
				raw[i] = RawValue(string(raw[i].AppendJSON(nil)))
			}
		}
		shape := NewShape(columns...)
		fromDoc, err := docs.Document([]byte(d))
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range [][]Value{v.Elements(), raw} {
			fromRow, err := rows.Row(shape, row)
			if err != nil {
				t.Fatal(err)
			}
			orderPaths.check(t, s, v, fromRow)
			for i := range fromRow {
				if !fromRow[i].Equal(fromDoc[i]) {
					t.Errorf("slot %s of %s differs", s.names[i], d)
				}
			}
		}
	}
}

func TestExtractDoesNotAllocate(t *testing.T) {
	s := NewSlots()
	(&wanted{paths: []string{"id", "name", "total", "null"}, each: map[string]*wanted{"lines": {paths: []string{"sku", "qty", "price"}}}}).build(t, s)
	x := s.NewExtractor()
	doc := []byte(documents[0])
	if n := testing.AllocsPerRun(100, func() {
		x.Reset()
		if _, err := x.Document(doc); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations a record", n)
	}
}
