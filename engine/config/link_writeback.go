package config

import (
	"fmt"
	"slices"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/diag"
)

// writeBacks judges where answers are written back to.
func (e *environment) writeBacks(r *loaded, t *Touchpoint) {
	for i, b := range t.WriteBack {
		path := fmt.Sprintf("spec.writeBack[%d]", i)
		connection := t.writeBackConnection(b)
		if o, ok := e.object(r, path, connection, b.Object); ok && b.Write != "" && !o.CanWrite(adapters.WriteMode(b.Write)) {
			at := path + ".write"
			if n, found := r.tree().at(parsePath(at)); n == nil || found < len(parsePath(at)) {
				at = path + ".object"
			}
			e.problemPath(r, at, codeUnsupported, fmt.Sprintf("%q cannot be written in the mode %s", b.Object, b.Write), "write write: with "+wordList(o.Writes))
		}
		for j, k := range b.Key {
			if !slices.ContainsFunc(b.Fields, func(f NamedField) bool { return f.Name == k }) {
				e.problemPath(r, fmt.Sprintf("%s.key[%d]", path, j), codeKeyNotMapped, fmt.Sprintf("the fields do not set %q", k), "add it to fields, with the path of its value")
			}
		}
		if b.On != "delivered" || connection != t.Source.Connection || b.Object != t.Source.Object || e.wrong(r) {
			continue
		}
		for _, d := range t.Targets() {
			if d.Destination.Unchanged != "send" {
				continue
			}
			n, _ := r.tree().at(parsePath(path + ".object"))
			e.note(r, n, diag.Warning, codeWriteBackLoop, path+".object", fmt.Sprintf("each write-back changes the record in %q, which is read, sent and written back again without end", b.Object),
				"write unchanged: ledger at the destination, or write back to another object")
			break
		}
	}
}
