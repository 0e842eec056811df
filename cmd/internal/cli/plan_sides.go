package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/plan"
	"github.com/dray-sync/dray/engine/reconcile"
	"github.com/dray-sync/dray/engine/repo"
)

// A side is one of the two revisions that a plan compares.
type side struct {
	revision plan.Revision
	models   map[string]*config.Model // by environment
	clone    *repo.Clone              // nil: the files lie in no git repository
	list     diag.List
}

// planSides loads what is compared.
func (a *app) planSides(ctx context.Context, o *planOptions) (before, after side, err error) {
	clone, cloneErr := repo.OpenClone(o.dir, repo.Limits{})
	if before, err = a.fromSide(ctx, o, clone, cloneErr); err != nil {
		return before, after, err
	}
	after.clone = clone
	var tree *repo.Tree
	if o.to == "" {
		after.revision = plan.Revision{Files: true}
		source, err := repo.OpenDirectory(o.dir, repo.Limits{})
		if err != nil {
			return before, after, unreachable(err)
		}
		rev, err := source.Fetch(ctx, "")
		if err != nil {
			return before, after, unreachable(err)
		}
		tree = rev.Tree
	} else {
		if cloneErr != nil {
			return before, after, unreachable(cloneErr)
		}
		rev, err := clone.Fetch(ctx, o.to)
		if err != nil {
			return before, after, unreachable(fmt.Errorf("--to %q: %w", o.to, err))
		}
		after.revision, tree = plan.Revision{Name: o.to, Commit: rev.Commit}, rev.Tree
	}
	if after.models, after.list, err = a.environments(ctx, tree, o.environment, true); err != nil {
		return before, after, unreachable(err)
	}
	return before, after, a.refuse(after.list)
}

// fromSide loads the revision to start from.
func (a *app) fromSide(ctx context.Context, o *planOptions, clone *repo.Clone, cloneErr error) (side, error) {
	if o.fromSaid && o.from == "" {
		return side{clone: clone}, nil
	}
	if cloneErr != nil {
		return side{}, unreachable(errors.Join(cloneErr, errors.New("a plan compares revisions of a git repository; where there is none yet, say --from ''")))
	}
	name, commit := o.from, o.from
	if !o.fromSaid {
		base, err := clone.Base(ctx)
		if err != nil {
			return side{}, unreachable(fmt.Errorf("%w, with --from", err))
		}
		name, commit = base.Name, base.Commit
	}
	rev, err := clone.Fetch(ctx, commit)
	s := side{revision: plan.Revision{Name: name}, clone: clone}
	if errors.Is(err, fs.ErrNotExist) { // the folder is new
		return s, nil
	}
	if err != nil {
		return side{}, unreachable(fmt.Errorf("--from %q: %w", name, err))
	}
	s.revision.Commit = rev.Commit
	models, list, err := a.environments(ctx, rev.Tree, "", true)
	s.list = list
	if broken := slices.DeleteFunc(slices.Clone(list), ofPolicies); list.HasErrors() && !broken.HasErrors() { // it was served, before a rule found that
		models, list, err = a.environments(ctx, rev.Tree, "", false)
	}
	if list.HasErrors() && o.environment != "" { // perhaps only others are broken
		models, list, err = a.environments(ctx, rev.Tree, o.environment, false)
	}
	if err != nil {
		return side{}, unreachable(err)
	}
	if s.models = models; o.environment != "" {
		s.models = map[string]*config.Model{}
		if m := models[o.environment]; m != nil {
			s.models[o.environment] = m
		}
	}
	if !list.HasErrors() {
		return s, nil
	}
	errs, _ := list.Count()
	a.notef("in %s, to start from:\n%s\n", safe(s.revision.String()), safeLines(list.Error()))
	return side{}, invalid(fmt.Errorf("the revision to start from, %s, has %s, so that no agent serves it; name one that is served with --from", safe(s.revision.String()), count(errs, "error")))
}

// ofPolicies reports whether a diagnostic is what a rule found.
func ofPolicies(d diag.Diagnostic) bool { return strings.HasPrefix(d.Code, "policy/") }

// environments loads the models of all environments of a tree, or only of one, and judges them by their policies if that is asked for.
func (a *app) environments(ctx context.Context, tree *repo.Tree, only string, policies bool) (map[string]*config.Model, diag.List, error) {
	o := config.Options{Environment: only, SkipPolicies: !policies, Registry: a.registry, Compile: mapping.Check, Cache: new(config.Cache)}
	first, list, err := config.Load(ctx, tree, o)
	list = append(reconcile.TreeDiagnostics(tree), list...).Sorted()
	if err != nil || first == nil || list.HasErrors() {
		return nil, list, err
	}
	models := map[string]*config.Model{first.Environment: first}
	if only != "" {
		return models, list, nil
	}
	for _, name := range keys(first.Repository.Spec.Environments) {
		if models[name] != nil {
			continue
		}
		o.Environment, o.SkipPolicies = name, true // they have been judged
		if models[name], _, err = config.Load(ctx, tree, o); err != nil {
			return nil, list, err
		}
		if models[name] == nil {
			return nil, list, fmt.Errorf("environment %q is valid among all, and not by itself", name)
		}
	}
	return models, list, nil
}

// addAuthors says who changed credentials, key rings and agents last, where git knows.
func (a *app) addAuthors(ctx context.Context, before, after side, r *plan.Report) {
	if after.clone == nil {
		return
	}
	for i := range r.Environments {
		c := &r.Environments[i]
		m := after.models[c.Environment]
		for j := range c.Resources {
			change := &c.Resources[j]
			file := keyFile(m, change)
			if file == "" {
				continue
			}
			ref, who, ok, err := after.clone.LastChange(ctx, before.revision.Commit, after.revision.Commit, file)
			switch {
			case err != nil: // a plan without authors is a plan
			case ok:
				change.By = fmt.Sprintf("changed by %s <%s>, %s, commit %s", who.Name, who.Email, who.Time.Format("2006-01-02"), short(ref.Commit))
			case after.revision.Files:
				change.By = "not committed yet"
			}
		}
	}
}

// keyFile returns the file of a changed resource that keeps or opens secrets.
func keyFile(m *config.Model, c *plan.ResourceChange) string {
	var source *config.Source
	switch c.Kind {
	case "Credential":
		if r := m.Credentials[c.Name]; r != nil {
			source = r.Source
		}
	case "KeyRing":
		if r := m.KeyRings[c.Name]; r != nil {
			source = r.Source
		}
	case "Agent":
		if r := m.Agents[c.Name]; r != nil {
			source = r.Source
		}
	}
	if source == nil {
		return ""
	}
	return source.At.File
}
