package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/sqlite"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/repo"
)

// incrementalRuns is how often each side is measured.
const incrementalRuns = 5

// incrementalRows compares what an agent takes to load a revision in which one resource has changed with loading it cold, policies
// included. Reading the files is left out of both: git has done that.
func incrementalRows(ctx context.Context, o options) ([]row, error) {
	root := filepath.Join(o.dir, "flows")
	if err := writeFlows(root, o.resources); err != nil {
		return nil, err
	}
	registry := adapters.NewRegistry(nil, sqlite.New())
	load := func(cache *config.Cache) (float64, error) {
		tree, err := readTree(ctx, root)
		if err != nil {
			return 0, err
		}
		begin := time.Now()
		m, list, err := config.Load(ctx, tree, config.Options{Registry: registry, Cache: cache, Compile: mapping.Check})
		if took := time.Since(begin).Seconds(); m != nil {
			return took, err
		}
		return 0, errors.Join(err, list.Err())
	}
	var cold, warm []float64
	for run := range incrementalRuns {
		cache := new(config.Cache)
		took, err := load(cache)
		if err != nil {
			return nil, err
		}
		cold = append(cold, took)
		if err := os.WriteFile(filepath.Join(root, "m00007.yaml"), flowMapping(7, fmt.Sprintf("edition%d", run)), 0o600); err != nil {
			return nil, err
		}
		if took, err = load(cache); err != nil {
			return nil, err
		}
		warm = append(warm, took)
	}
	return []row{compare(fmt.Sprintf("validate: one of %d changed (peer: all of them, cold)", o.resources), "s", warm, cold)}, nil
}

// readTree reads the files of a folder.
func readTree(ctx context.Context, root string) (fs.FS, error) {
	source, err := repo.OpenDirectory(root, repo.Limits{})
	if err != nil {
		return nil, err
	}
	revision, err := source.Fetch(ctx, "")
	if err != nil {
		return nil, err
	}
	return revision.Tree, nil
}

// writeFlows writes a repository of that many resources: half of them touchpoints, each with a mapping of its own.
func writeFlows(root string, resources int) error {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return err
	}
	const connections = 20
	files := map[string][]byte{
		"dray.yaml": []byte("apiVersion: dray/v1\nkind: Repository\nmetadata: {name: bench}\nspec: {policies: [baseline]}\n"),
	}
	for i := range connections {
		files[fmt.Sprintf("c%02d.yaml", i)] = fmt.Appendf(nil, "apiVersion: dray/v1\nkind: Connection\nmetadata: {name: c%d}\nspec: {application: sqlite, config: {path: /var/lib/bench/c%d.db}}\n", i, i)
	}
	for i := range (resources - len(files)) / 2 {
		files[fmt.Sprintf("m%05d.yaml", i)] = flowMapping(i, "value")
		files[fmt.Sprintf("t%05d.yaml", i)] = fmt.Appendf(nil, flowTouchpoint, i, i%50, i%connections, i, i, (i+1)%connections, i, 15+i%40)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(root, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func flowMapping(i int, from string) []byte {
	return fmt.Appendf(nil, "apiVersion: dray/v1\nkind: Mapping\nmetadata: {name: m%d}\nspec:\n  fields:\n    id: {from: number}\n    name: {from: part%d.%s, apply: [trim, lower]}\n    channel: {value: web}\n", i, i%97, from)
}

const flowTouchpoint = `apiVersion: dray/v1
kind: Touchpoint
metadata: {name: t%d, labels: {owner: team%d}}
spec:
  source: {connection: c%d, object: orders, read: full, start: "2026-04-01T00:00:00+02:00", where: total > %d}
  mapping: m%d
  destination: {connection: c%d, object: sales%d, write: upsert, key: [id]}
  limits: {maxCreates: 500, maxUpdates: 20%%}
  stopAfter: 100
  schedule: {every: %dm}
`
