package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/rest"
	"github.com/dray-sync/dray/adapters/sqlite"
	"github.com/dray-sync/dray/engine/enginetest"
)

// fewRevisions are those after which an agent has all that it needs.
const fewRevisions = 100

// heapRows shows that an agent does not grow with the revisions it reconciles: its heap after many beside that after a few.
func heapRows(ctx context.Context, o options) ([]row, error) {
	heaps, err := enginetest.Heaps(ctx, adapters.NewRegistry(rest.New(), sqlite.New()), filepath.Join(o.dir, "heap"), fewRevisions, o.revisions)
	if err != nil {
		return nil, err
	}
	mebibytes := func(i int) []float64 { return []float64{float64(heaps[i]) / (1 << 20)} }
	return []row{compare(fmt.Sprintf("heap of an agent after %d revisions (peer: the same after %d)", o.revisions, fewRevisions), "MiB", mebibytes(1), mebibytes(0))}, nil
}
