package adaptertest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters/record"
)

// numbers are what a float cannot hold.
var numbers = [...]string{"9007199254740993", "1234567890123456.78", "99999999999999999999", "0.30", "-12.5"}

// someItems returns n items with growing rev, three of each, so that a batch ends between equals.
func someItems(n int) []Item {
	items := make([]Item, n)
	for i := range items {
		items[i] = Item{
			ID: fmt.Sprintf("k%06d", i), Name: new(fmt.Sprintf("name of %d", i)),
			Amount: fmt.Sprintf("%d.25", i), Rev: int64(i/3) + 1,
		}
	}
	return items
}

// shape is what the kit writes.
func shape() *record.Shape {
	return record.NewShape(record.Column{Name: "id", Kind: record.String}, record.Column{Name: "name", Kind: record.String},
		record.Column{Name: "amount"}, record.Column{Name: "rev", Kind: record.Int})
}

func (it Item) values() []record.Value {
	name := record.NullValue
	if it.Name != nil {
		name = record.StringValue(*it.Name)
	}
	amount, err := record.ParseNumber(it.Amount)
	if err != nil {
		panic(fmt.Sprintf("adaptertest: internal error: %q is no number", it.Amount))
	}
	return []record.Value{record.StringValue(it.ID), name, amount, record.IntValue(it.Rev)}
}

// fill puts rows into b as a writer wants them.
func fill(b *record.Batch, enc record.Encoding, s *record.Shape, rows [][]record.Value) error {
	if enc == record.Rows {
		b.Reset(s)
		for _, row := range rows {
			b.AppendRow(row...)
		}
		return nil
	}
	b.Reset(nil)
	for _, row := range rows {
		doc, err := document(s, row)
		if err != nil {
			return err
		}
		b.AppendDoc(doc)
	}
	return nil
}

func document(s *record.Shape, row []record.Value) ([]byte, error) {
	out := []byte{'{'}
	for i, v := range row {
		if v.IsAbsent() {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		name, err := json.Marshal(s.Columns[i].Name)
		if err != nil {
			return nil, err
		}
		out = append(append(out, name...), ':')
		switch v.Kind() {
		case record.Null:
			out = append(out, "null"...)
		case record.Int, record.Decimal:
			out = v.AppendNumber(out)
		case record.String:
			text, err := json.Marshal(v.Text())
			if err != nil {
				return nil, err
			}
			out = append(out, text...)
		default:
			return nil, fmt.Errorf("the kit writes no %s", v.Kind())
		}
	}
	return append(out, '}'), nil
}

// itemsOf reads the records of a batch.
func itemsOf(b *record.Batch) ([]Item, error) {
	items := make([]Item, b.Len())
	for i := range items {
		var err error
		if b.Encoding == record.Rows {
			items[i], err = itemOfRow(b.Shape, b.Row(i))
		} else {
			items[i], err = itemOfDoc(b.Doc(i))
		}
		if err != nil {
			return nil, fmt.Errorf("record %d of a batch: %w", i, err)
		}
	}
	return items, nil
}

func itemOfRow(s *record.Shape, row []record.Value) (Item, error) {
	var it Item
	for i, c := range s.Columns {
		v := row[i].Clone() // it outlives the batch
		switch c.Name {
		case "id":
			it.ID = v.Text()
		case "amount":
			it.Amount = v.Text()
		case "name":
			if !v.IsNull() {
				it.Name = new(v.Text())
			}
		}
	}
	if it.ID == "" {
		return it, errors.New("no id")
	}
	return it, nil
}

func itemOfDoc(doc []byte) (Item, error) {
	var m map[string]any
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	if err := dec.Decode(&m); err != nil {
		return Item{}, fmt.Errorf("not a JSON object: %w", err)
	}
	it := Item{ID: textOf(m["id"]), Amount: textOf(m["amount"])}
	if m["name"] != nil {
		it.Name = new(textOf(m["name"]))
	}
	if it.ID == "" {
		return it, errors.New("no id")
	}
	return it, nil
}

func textOf(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// diff compares items without their rev and order. A source without nulls may deliver an empty text for one.
func (p *probe) diff(got, want []Item) error {
	plain := func(items []Item) []Item {
		out := append([]Item{}, items...)
		for i := range out {
			out[i].Rev = 0
			if !p.h.Can.Nulls && out[i].Name == nil {
				out[i].Name = new("")
			}
		}
		slices.SortStableFunc(out, func(a, b Item) int { return cmp.Compare(a.ID, b.ID) })
		return out
	}
	g, w := plain(got), plain(want)
	if len(g) != len(w) {
		return fmt.Errorf("got %d records, want %d%s", len(g), len(w), repeated(g))
	}
	if d := gocmp.Diff(g, w); d != "" {
		return fmt.Errorf("records differ (-got +want):\n%s", d)
	}
	return nil
}

func repeated(sorted []Item) string {
	for i := 1; i < len(sorted); i++ {
		if sorted[i].ID == sorted[i-1].ID {
			return fmt.Sprintf("; %q came more than once", sorted[i].ID)
		}
	}
	return ""
}
