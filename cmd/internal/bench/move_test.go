package main

import (
	"context"
	"encoding/csv"
	"math/big"
	"os"
	"strings"
	"testing"
)

func TestPeersThatMoveSomethingElseAreFound(t *testing.T) {
	for _, test := range []struct{ ours, peers, want string }{
		{"2 rows of 10.00", "2 rows of 10.00", ""},
		{"2 rows of 10.00", "2 rows of 10.01", "disagree: 2 rows of 10.00 and 2 rows of 10.01"},
	} {
		m := move{
			peer: "another",
			copy: func(context.Context) error { return nil },
			sums: func(context.Context) (string, string, error) { return test.ours, test.peers, nil },
		}
		_, err := m.runPeer(t.Context())
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s beside %s: got %v, want %q", test.ours, test.peers, err, test.want)
		}
	}
}

func TestSalesAreWrittenWhole(t *testing.T) {
	const rows = 20
	path, err := writeSales(options{dir: t.TempDir(), delivered: rows})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil || len(all) != rows+1 {
		t.Fatalf("got %d lines and %v, want %d", len(all), err, rows+1)
	}
	for i, line := range all[1:] {
		for c, cell := range line {
			if cell == "" {
				t.Errorf("row %d has no %s", i, all[0][c])
			}
		}
		if _, ok := new(big.Rat).SetString(line[6]); !ok {
			t.Errorf("row %d has the total %q", i, line[6])
		}
	}
}

// TestCSVIsMovedIntoSQLite runs a row as it is measured, with few orders.
func TestCSVIsMovedIntoSQLite(t *testing.T) {
	p := &profiles{}
	rows, err := csvSQLiteRows(t.Context(), options{n: 1, delivered: 50, dir: t.TempDir(), profiles: p})
	if err != nil || len(rows) != 1 {
		t.Fatalf("got %d rows and %v", len(rows), err)
	}
	if rows[0].ratio == "-" {
		t.Skip("skipped:", rows[0].peers)
	}
	if len(p.list) != 1 {
		t.Errorf("got %d profiles, want 1", len(p.list))
	}
}
