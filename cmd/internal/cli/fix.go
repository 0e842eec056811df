package cli

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	godiff "github.com/rogpeppe/go-internal/diff"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/diag/report"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/repo"
)

// mostRounds bounds how often mended files are read again: mending a file shows what else is wrong with it.
const mostRounds = 10

// fix mends what is safe to mend in a folder, or with dryRun shows how.
func (a *app) fix(ctx context.Context, dir, environment string, dryRun bool) error {
	_, list, rev, err := a.load(ctx, dir, environment)
	if err != nil {
		return err
	}
	o := &overlay{tree: rev.Tree, changed: map[string][]byte{}}
	var made []diag.Diagnostic
	cache := new(config.Cache)
	for range mostRounds {
		edits, n := list.Fixes(false)
		if n == 0 {
			break
		}
		if err := o.apply(edits); err != nil {
			return failed(err)
		}
		made = append(made, applied(list, edits)...)
		if _, list, err = config.Load(ctx, o, config.Options{Environment: environment, Registry: a.registry, Compile: mapping.Check, Cache: cache, Now: a.now()}); err != nil {
			return unreachable(err)
		}
	}
	if dryRun {
		a.printf("%s", o.diff())
	} else if err := o.write(dir); err != nil {
		return unreachable(err)
	}
	for _, d := range made {
		a.notef("%s: %s [%s]\n", safe(d.Pos.String()), safe(d.Fix.Title), d.Code)
	}
	verb := "changed"
	if dryRun {
		verb = "would change"
	}
	errs, warnings := list.Count()
	a.notef("%s %s in %s; %s and %s are left\n", verb, count(len(made), "place"), count(len(o.changed), "file"), count(errs, "error"), count(warnings, "warning"))
	if !dryRun {
		if err := a.diagnosticText().Write(a.out, list, &report.Source{Files: o}); err != nil {
			return err
		}
	}
	if list.HasErrors() {
		return said(exitInvalid)
	}
	return nil
}

// applied returns the diagnostics whose fixes are among the edits.
func applied(list diag.List, edits map[string][]diag.Edit) []diag.Diagnostic {
	var made []diag.Diagnostic
	for _, d := range list {
		if d.Fix != nil && d.Fix.Safe && len(d.Fix.Edits) > 0 && slices.Contains(edits[d.Fix.Edits[0].File], d.Fix.Edits[0]) {
			made = append(made, d)
		}
	}
	return made
}

// An overlay is a tree with some files changed. Not safe for concurrent use while files change.
type overlay struct {
	tree    *repo.Tree
	changed map[string][]byte
}

// Open opens a file as it is in the tree.
func (o *overlay) Open(name string) (fs.File, error) { return o.tree.Open(name) }

// ReadDir lists a folder.
func (o *overlay) ReadDir(name string) ([]fs.DirEntry, error) { return o.tree.ReadDir(name) }

// Stat describes a file as it is in the tree.
func (o *overlay) Stat(name string) (fs.FileInfo, error) { return o.tree.Stat(name) }

// ReadFile reads a file as it was changed.
func (o *overlay) ReadFile(name string) ([]byte, error) {
	if data, ok := o.changed[name]; ok {
		return data, nil
	}
	return o.tree.ReadFile(name)
}

func (o *overlay) apply(edits map[string][]diag.Edit) error {
	for _, name := range slices.Sorted(maps.Keys(edits)) {
		src, err := o.ReadFile(name)
		if err != nil {
			return err
		}
		if o.changed[name], err = diag.Apply(src, edits[name]); err != nil {
			return fmt.Errorf("mending %s: %w", name, err)
		}
	}
	return nil
}

// diff shows all changes.
func (o *overlay) diff() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(o.changed)) {
		before, _ := o.tree.ReadFile(name)
		b.Write(godiff.Diff("a/"+name, before, "b/"+name, o.changed[name]))
	}
	return b.String()
}

// write puts the changed files into their places, each at once. What changed in the meantime is left alone.
func (o *overlay) write(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range slices.Sorted(maps.Keys(o.changed)) {
		file := filepath.FromSlash(name)
		before, _ := o.tree.ReadFile(name)
		now, err := root.ReadFile(file)
		if err != nil {
			return err
		}
		if !bytes.Equal(before, now) {
			return fmt.Errorf("%s changed while it was read: run it again", name)
		}
		info, err := root.Stat(file)
		if err != nil {
			return err
		}
		part := file + ".dray-new"
		if err := root.WriteFile(part, o.changed[name], info.Mode().Perm()); err != nil {
			return err
		}
		if err := root.Rename(part, file); err != nil {
			_ = root.Remove(part)
			return err
		}
	}
	return nil
}
