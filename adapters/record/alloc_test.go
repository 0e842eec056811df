//go:build !race

package record

import "testing"

// Neither a scan nor an extraction allocates for a record, in the long run.
func TestScanDoesNotAllocate(t *testing.T) {
	doc := []byte(`{"id":9007199254740993,"a\u0062":"c\u00e9","list":[{"x":1.50,"y":null},{"x":2,"y":true}]}`)
	slots := NewSlots()
	slots.Add(path(t, "id"), false)
	slots.Add(path(t, "list[1].x"), false)
	slots.Add(path(t, "ab"), false)
	x := slots.NewExtractor()
	for name, work := range map[string]func() error{
		"Scan": func() error { return Scan(doc) },
		"Extractor": func() error {
			x.Reset()
			_, err := x.Document(doc)
			return err
		},
	} {
		allocations := testing.AllocsPerRun(1000, func() {
			if err := work(); err != nil {
				t.Fatal(err)
			}
		})
		if allocations > 0 {
			t.Errorf("%s: %v allocations for each record", name, allocations)
		}
	}
}
