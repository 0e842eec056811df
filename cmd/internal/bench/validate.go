package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// validateRows compares dray validate with cue vet on the same mappings and definitions: wall time and memory.
func validateRows(ctx context.Context, o options) ([]row, error) {
	root, files, err := writeResources(o)
	if err != nil {
		return nil, err
	}
	ours := command{args: []string{o.dray, "validate", root}}
	what := fmt.Sprintf("validate %d resources", o.resources)
	wall := func(u usage) float64 { return u.wall.Seconds() }
	memory := func(u usage) float64 { return u.memory }
	cue, err := exec.LookPath(o.cue)
	if err != nil {
		all, err := measure(ctx, o.n, ours)
		if err != nil {
			return nil, err
		}
		return []row{
			alone(what, "s", figures(all[0], wall), "cue is not in PATH"),
			alone(what+", memory", "MiB", figures(all[0], memory), "cue is not in PATH"),
		}, nil
	}
	if cue, err = filepath.Abs(cue); err != nil { // it runs in another folder
		return nil, err
	}
	peer := command{args: append([]string{cue, "vet", "-c", "-d", "#Mapping", "."}, files...), dir: o.schema}
	all, err := measure(ctx, o.n, ours, peer)
	if err != nil {
		return nil, err
	}
	return []row{
		compare(what+" (peer: cue vet)", "s", figures(all[0], wall), figures(all[1], wall)),
		compare(what+", memory (peer: cue vet)", "MiB", figures(all[0], memory), figures(all[1], memory)),
	}, nil
}

// writeResources writes a repository of mappings, one a file, and returns its folder and the mappings' files.
func writeResources(o options) (root string, files []string, err error) {
	root = filepath.Join(o.dir, "repository")
	if err := os.MkdirAll(filepath.Join(root, "mappings"), 0o700); err != nil {
		return "", nil, err
	}
	const repository = "apiVersion: dray/v1\nkind: Repository\nmetadata: {name: bench}\nspec:\n  environments:\n    production: {}\n"
	if err := os.WriteFile(filepath.Join(root, "dray.yaml"), []byte(repository), 0o600); err != nil {
		return "", nil, err
	}
	for i := range o.resources - 1 {
		path := filepath.Join(root, "mappings", fmt.Sprintf("m%05d.yaml", i))
		if err := os.WriteFile(path, mappingFile(i), 0o600); err != nil {
			return "", nil, err
		}
		files = append(files, path)
	}
	return root, files, nil
}

// mappingFile returns a mapping of 30 lines.
func mappingFile(i int) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: dray/v1\nkind: Mapping\nmetadata:\n  name: m%05d\n  labels:\n    team: t%d\nspec:\n  fields:\n", i, i%50)
	for k := range 7 {
		fmt.Fprintf(&b, "    field%d:\n      from: source.part%d.value%d\n      apply: [trim, lower]\n", k, i%97, k)
	}
	b.WriteString("    channel: {value: web}\n")
	return []byte(b.String())
}
