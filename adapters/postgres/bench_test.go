package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// BenchmarkUpsert merges batches of 2,500 rows of 15 columns, new ones and then changed ones.
func BenchmarkUpsert(b *testing.B) {
	const rows, width = 2500, 15
	names, columns := make([]string, width), make([]string, width)
	for i := range names {
		names[i], columns[i] = fmt.Sprintf("c%d", i), fmt.Sprintf("c%d text", i)
	}
	_, conn, _ := database(b, "create table t ("+strings.Join(columns, ", ")+", primary key (c0))", nil)
	req := adapters.WriteRequest{Object: "t", Mode: adapters.WriteUpsert, Key: []string{"c0"}, Shape: shapeOf(names...)}
	w, err := conn.(adapters.Destination).OpenWrite(b.Context(), req)
	if err != nil {
		b.Fatal(err)
	}
	var batch record.Batch
	out := make([]adapters.Outcome, rows)
	for n := 0; b.Loop(); n++ {
		batch.Reset(req.Shape)
		row := make([]record.Value, width)
		for i := range rows {
			row[0] = text(fmt.Sprintf("key-%d", (n/2)*rows+i))
			for j := 1; j < width; j++ {
				row[j] = text(fmt.Sprintf("value %d of round %d", j, n))
			}
			batch.AppendRow(row...)
		}
		clear(out)
		if err := w.Write(b.Context(), &batch, out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkRead streams a table of 15 columns.
func BenchmarkRead(b *testing.B) {
	const rows = 20000
	_, conn, _ := database(b, fmt.Sprintf(`create table t as select i as id, i::numeric / 100 as n, now() as at, 'text of '||i as s,
		i as i1, i as i2, i as i3, i as i4, i as i5, 'a' as s1, 'b' as s2, 'c' as s3, 'd' as s4, true as b1, false as b2 from generate_series(1, %d) i;
		alter table t add primary key (id)`, rows), nil)
	var batch record.Batch
	for b.Loop() {
		r, err := conn.(adapters.Source).OpenRead(b.Context(), adapters.ReadRequest{Object: "t", Mode: adapters.ReadFull})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for r.Next(b.Context(), &batch) == nil {
			n += batch.Len()
		}
		if n != rows {
			b.Fatalf("read %d rows, want %d", n, rows)
		}
		if err := r.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
}
