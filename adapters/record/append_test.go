package record

import "testing"

func TestAppendTakesRecordsOperationsAndCheckpoint(t *testing.T) {
	shape := NewShape(Column{Name: "id"})
	for name, fill := range map[string]func(b *Batch, text string){
		"documents": func(b *Batch, text string) { b.AppendDoc([]byte(`{"id":"` + text + `"}`)) },
		"rows":      func(b *Batch, text string) { b.CopyRow([]Value{StringValue(text)}) },
	} {
		t.Run(name, func(t *testing.T) {
			var to, from, want Batch
			for _, b := range []*Batch{&to, &from, &want} {
				b.Reset(nil)
				if name == "rows" {
					b.Reset(shape)
				}
			}
			fill(&to, "a")
			fill(&from, "b")
			fill(&from, "c")
			from.SetOp(1, Delete)
			from.Safe = Cursor("behind c")
			for _, text := range []string{"a", "b", "c"} {
				fill(&want, text)
			}
			to.Append(&from)
			from.Reset(from.Shape)
			fill(&from, "x") // what was appended is a copy
			for i := range want.Len() {
				got, expected := "", ""
				if name == "rows" {
					got, expected = to.Row(i)[0].Text(), want.Row(i)[0].Text()
				} else {
					got, expected = string(to.Doc(i)), string(want.Doc(i))
				}
				if op := to.Op(i); got != expected || (op == Delete) != (i == 2) {
					t.Errorf("record %d is %q with operation %d", i, got, op)
				}
			}
			if to.Len() != 3 || string(to.Safe) != "behind c" {
				t.Errorf("%d records, safe at %q", to.Len(), to.Safe)
			}
		})
	}
}
