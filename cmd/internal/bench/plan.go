package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/plan"
)

// planRows compares planning a change of every tenth resource with validating the repository once, cold, both in this process.
func planRows(ctx context.Context, o options) ([]row, error) {
	folders := make([]string, 2)
	for i, name := range []string{"before", "after"} {
		side := o
		side.dir = filepath.Join(o.dir, name)
		root, files, err := writeResources(side)
		if err != nil {
			return nil, err
		}
		if folders[i] = root; name == "after" {
			if err := changeTenth(files); err != nil {
				return nil, err
			}
		}
	}
	var planned, validated []float64
	for range o.n {
		models := make([]*config.Model, 2)
		for i, folder := range folders {
			begin := time.Now()
			m, list, err := config.Load(ctx, os.DirFS(folder), config.Options{})
			if err != nil {
				return nil, err
			}
			if m == nil {
				return nil, fmt.Errorf("the repository to plan is not valid: %w", list)
			}
			if models[i] = m; i == 0 {
				validated = append(validated, time.Since(begin).Seconds())
			}
		}
		begin := time.Now()
		changes := plan.Diff(models[0], models[1])
		planned = append(planned, time.Since(begin).Seconds())
		if want := (o.resources + 8) / 10; len(changes.Resources) != want {
			return nil, fmt.Errorf("the plan has %d changes, want %d", len(changes.Resources), want)
		}
	}
	return []row{compare(fmt.Sprintf("plan of %d resources, a tenth changed (peer: validating one side)", o.resources), "s", planned, validated)}, nil
}

// changeTenth changes every tenth file.
func changeTenth(files []string) error {
	for i := 0; i < len(files); i += 10 {
		text, err := os.ReadFile(files[i])
		if err != nil {
			return err
		}
		if err := os.WriteFile(files[i], bytes.Replace(text, []byte("lower"), []byte("upper"), 1), 0o600); err != nil {
			return err
		}
	}
	return nil
}
