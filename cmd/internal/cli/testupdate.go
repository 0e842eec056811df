package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/maptest"
	"github.com/dray-sync/dray/engine/repo"
)

// updateTests writes what comes out into the expectations of the cases that fail.
func (a *app) updateTests(ctx context.Context, dir string, f *testFlags, match func(test, name string) bool) error {
	source, err := repo.OpenDirectory(dir, repo.Limits{})
	if err != nil {
		return unreachable(err)
	}
	m, list, rev, err := a.loadWith(ctx, source, "", config.Options{Environment: f.environment, Updating: true})
	if err != nil {
		return err
	}
	if err := a.refuse(list); err != nil {
		return err
	}
	report, err := maptest.Run(ctx, maptest.Options{Model: m, Match: match, Now: a.now()})
	if err != nil {
		return failed(err)
	}
	u, err := maptest.Updated(rev.Tree, m, report)
	if err != nil {
		return failed(err)
	}
	for _, file := range keys(u.Files) {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(file)), u.Files[file], 0o644); err != nil {
			return unreachable(err)
		}
	}
	for _, d := range u.Left {
		a.notef("%s\n", safeLines(d.Error()))
	}
	if u.Cases > 0 {
		a.notef("updated %s in %s\n", count(u.Cases, "expectation"), strings.Join(keys(u.Files), ", "))
	}
	return nil
}
