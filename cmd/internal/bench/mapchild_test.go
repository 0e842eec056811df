package main

import (
	"bytes"
	"testing"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/mapping/orders"
)

// The child maps every order to one line, with a checkpoint for each batch.
func TestMapLines(t *testing.T) {
	const n = batchSize + 100
	in := bytes.Join(orders.Documents(n, 1), []byte("\n"))
	var out bytes.Buffer
	if err := mapLines(t.Context(), t.TempDir(), bytes.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(out.Bytes(), []byte("\n")), []byte("\n"))
	if len(lines) != n {
		t.Fatalf("%d lines, want %d", len(lines), n)
	}
	for i, line := range lines {
		if err := record.Scan(line); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
	}
}
