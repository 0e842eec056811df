package config

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/dray-sync/dray/engine/diag"
)

// Load reads the configuration in fsys, judges all of it, and returns the model together with everything that is wrong, sorted by
// place. The model is nil when there are errors among it. The error is for what kept Load from reading at all: it never
// speaks of the configuration itself. fsys is a revision's tree, or a directory.
func Load(ctx context.Context, fsys fs.FS, o Options) (*Model, diag.List, error) {
	l, err := newLoader(fsys, o)
	if err != nil {
		return nil, nil, err
	}
	if err := l.find(); err != nil {
		return nil, nil, fmt.Errorf("reading the repository: %w", err)
	}
	if err := l.read(ctx); err != nil {
		return nil, nil, fmt.Errorf("reading the repository: %w", err)
	}
	if err := l.readCUE(); err != nil {
		return nil, nil, fmt.Errorf("reading the repository: %w", err)
	}
	model, err := l.resolve(ctx)
	if err != nil {
		return nil, nil, err
	}
	l.list = oneSecretALine(l.list.Sorted())
	l.proposals()
	if l.list.HasErrors() {
		model = nil
	}
	return model, l.list, nil
}

// newLoader returns a loader that has read nothing yet.
func newLoader(fsys fs.FS, o Options) (*loader, error) {
	l := &loader{fsys: fsys, o: o, limits: o.Limits.WithDefaults(), cache: o.Cache, plain: map[string][]*node{}}
	if l.cache == nil {
		l.cache = new(Cache)
	}
	var err error
	if l.table, err = l.cache.definitions(); err != nil {
		return nil, fmt.Errorf("reading the definitions: %w", err)
	}
	return l, nil
}

// A loader is one load under way.
type loader struct {
	fsys     fs.FS
	o        Options
	limits   LoadLimits
	cache    *Cache
	table    *table
	yaml     []string // paths, sorted
	cue      []string
	cueFiles map[string]string // by path, module file included
	found    []*loaded
	plain    map[string][]*node // documents that are no resources, by file
	policies *policies
	doubts   doubts
	turned   bool // the cache has been told that something is linked as a whole
	list     diag.List
}

// loaded is one resource, or patch, with the files its parts stand in.
type loaded struct {
	*candidate
	files []*sourceFile // by origin
	base  *loaded       // what a patch has changed into this; nil: nothing
}

// at returns the place of a node.
func (r *loaded) at(n *node) diag.Pos { return place(r.files, n.origin, n.line, n.col) }

// file returns the path of the file that the resource stands in.
func (r *loaded) file() string { return r.files[0].path }

// find lists the files of configuration. Names that start with a dot are none of ours.
func (l *loader) find() error {
	return fs.WalkDir(l.fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(path.Base(name), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular():
			return nil
		}
		switch path.Ext(name) {
		case ".yaml", ".yml":
			l.yaml = append(l.yaml, name)
		case ".cue":
			l.cue = append(l.cue, name)
		}
		return nil
	})
}

// read parses all YAML files, two at a time.
func (l *loader) read(ctx context.Context) error {
	if n := len(l.yaml) + len(l.cue); n > l.limits.Files {
		l.list.Add(diag.Diagnostic{Code: codeTooLarge, Severity: diag.Error, Pos: diag.Pos{File: "."}, Message: fmt.Sprintf("the repository has %d files of configuration, and %d are allowed", n, l.limits.Files), Hint: "put the parts that belong together into repositories of their own"})
		l.yaml, l.cue = nil, nil
		return nil
	}
	contents := make([]*fileContent, len(l.yaml))
	sums := make([][sha256.Size]byte, len(l.yaml))
	g, ctx := errgroup.WithContext(ctx)
	const workers = 2
	for w := range workers {
		g.Go(func() error {
			for i := w; i < len(l.yaml); i += workers {
				if err := ctx.Err(); err != nil {
					return err
				}
				src, err := l.content(l.yaml[i])
				if err != nil {
					return err
				}
				contents[i], sums[i] = l.cache.content(src, l.limits)
				l.judgeAll(contents[i])
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return l.collect(contents, sums)
}

// A sharer is a file system that holds its files in memory, as a revision's tree does.
type sharer interface {
	// Shared is ReadFile for those who do not change the content.
	Shared(name string) ([]byte, error)
}

// content returns the content of a file, which must not be changed.
func (l *loader) content(name string) ([]byte, error) {
	if s, ok := l.fsys.(sharer); ok {
		return s.Shared(name)
	}
	return fs.ReadFile(l.fsys, name)
}

// turnCache has the cache drop what this load does not use.
func (l *loader) turnCache() {
	if !l.turned {
		l.turned = true
		l.cache.turn()
	}
}

// judgeAll judges the documents of a file beforehand, in this worker. Patches are judged in vain, which costs little.
func (l *loader) judgeAll(c *fileContent) {
	for _, d := range c.docs {
		d.verdict(l.table)
	}
}

// collect takes the files in order.
func (l *loader) collect(contents []*fileContent, sums [][sha256.Size]byte) error {
	kept := make(map[[sha256.Size]byte]*fileContent, len(contents))
	total := 0
	for i, c := range contents {
		file := &sourceFile{path: l.yaml[i], bytes: c.bytes}
		total += len(c.bytes)
		kept[sums[i]] = c
		for _, p := range c.problems {
			l.list.Add(p.diagnostic([]*sourceFile{file}))
		}
		if len(c.plain) > 0 {
			l.plain[file.path] = c.plain
		}
		if slices.ContainsFunc(c.problems, func(p problem) bool { return p.code == codeSyntax || p.code == codeTooLarge }) {
			l.doubts.file(c.bytes)
		}
		for _, d := range c.docs {
			l.found = append(l.found, &loaded{candidate: d, files: []*sourceFile{file}})
		}
	}
	l.cache.keep(kept)
	if total > l.limits.TotalBytes {
		l.list.Add(diag.Diagnostic{Code: codeTooLarge, Severity: diag.Error, Pos: diag.Pos{File: "."}, Message: fmt.Sprintf("the configuration is larger than %d MiB in all", l.limits.TotalBytes>>20), Hint: "move data out of the configuration"})
	}
	return nil
}

// resolve judges every environment that is asked for and returns the model of the first.
func (l *loader) resolve(ctx context.Context) (*Model, error) {
	for _, r := range l.found {
		if l.table.kind(r.kind) == nil {
			l.doubts.kindless = append(l.doubts.kindless, r.tree())
		}
	}
	repository, err := l.repository(ctx)
	if err != nil {
		return nil, err
	}
	var spec Repository
	if repository != nil {
		spec = repository.v.resource.(*Resource[Repository]).Spec
	}
	patches, base := l.splitPatches(spec, repository)
	l.checkTags(spec, repository)
	if err := l.loadPolicies(ctx, spec, repository); err != nil {
		return nil, err
	}
	for _, r := range base {
		if r.name == "" {
			l.doubts.unnamed(r.kind)
		}
	}
	names := l.environments(spec, repository)
	environments, lists := make([]*environment, len(names)), make([]diag.List, len(names))
	var first *Model
	for i, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e := &environment{loader: l, name: name, spec: spec.Environments[name], repository: repository}
		if err := e.patch(ctx, base, patches); err != nil {
			return nil, err
		}
		if m := e.link(); i == 0 {
			first = m
		}
		if err := e.judgePolicies(ctx); err != nil {
			return nil, err
		}
		e.noteExempt()
		environments[i], lists[i] = e, e.list
	}
	if l.o.Environment == "" || len(spec.Environments) <= 1 {
		l.unused(environments)
		l.idlePools(environments)
	}
	for _, e := range environments {
		if e.linked {
			e.settle()
		}
	}
	l.list.Add(diag.Merge(names, lists)...)
	if l.o.Environment == "" || len(spec.Environments) <= 1 {
		l.leftoverExemptions(repository)
	}
	return first, nil
}

// repository finds dray.yaml: the first kind: Repository, in order of files. Where no YAML file has it, a CUE package may.
func (l *loader) repository(ctx context.Context) (*loaded, error) {
	found := l.found
	if !slices.ContainsFunc(found, (*loaded).isRepository) {
		built, _, err := l.evaluateCUE(ctx, nil) // its problems are reported where its tags are known
		if err != nil {
			return nil, err
		}
		found = append(slices.Clip(found), built...)
	}
	for _, r := range found {
		if r.isRepository() {
			r.verdict(l.table)
			return r, nil
		}
	}
	if l.doubts.mayHoldRepository() {
		return nil, nil
	}
	l.list.Add(diag.Diagnostic{
		Code: codeRepository, Severity: diag.Error, Pos: diag.Pos{File: "dray.yaml"},
		Message: "there is no kind: Repository", Hint: "add dray.yaml with apiVersion: dray/v1, kind: Repository and metadata: {name: …}, or start with dray init",
	})
	return nil, nil
}

func (r *loaded) isRepository() bool { return r.kind == "Repository" }

// isSettings reports whether the resource is the repository's own, and not a second one. One of a CUE package is built anew for
// every environment.
func (e *environment) isSettings(r *loaded) bool {
	return r == e.repository || (e.repository != nil && r.isRepository() && r.at(r.tree()) == e.repository.at(e.repository.tree()))
}

// soleRepository reports all others.
func (e *environment) soleRepository() {
	for _, r := range e.resources {
		if e.repository == nil || !r.isRepository() || e.isSettings(r) {
			continue
		}
		e.list.Add(diag.Diagnostic{
			Code: codeRepository, Severity: diag.Error, Pos: r.at(r.tree()), Related: []diag.Pos{e.repository.at(e.repository.tree())},
			Message: "there is a second kind: Repository", Hint: "keep one, in dray.yaml at the root",
		})
	}
}

// environments returns the names of the environments to judge. Where the one asked for does not exist, all of them are, so that
// the mistake hides no other.
func (l *loader) environments(spec Repository, repository *loaded) []string {
	names := make([]string, 0, len(spec.Environments))
	for name := range spec.Environments {
		names = append(names, name)
	}
	slices.Sort(names)
	switch {
	case l.o.Environment == "" && len(names) == 0:
		return []string{""}
	case l.o.Environment == "":
		return names
	case slices.Contains(names, l.o.Environment):
		return []string{l.o.Environment}
	}
	if repository != nil {
		at := repository.tree()
		if s := at.get("spec"); s.key("environments") != nil {
			at = s.key("environments")
		}
		d := diag.Diagnostic{
			Code: codeUnknownEnvironment, Severity: diag.Error, Pos: repository.at(at), Path: "spec.environments",
			Message: fmt.Sprintf("there is no environment %q", l.o.Environment), Hint: "add it here, or start for another",
		}
		if near := diag.Nearest(l.o.Environment, names); near != "" {
			d.Hint = fmt.Sprintf("did you mean %s?", near)
		}
		l.list.Add(d)
	}
	if len(names) == 0 {
		return []string{l.o.Environment}
	}
	return names
}
