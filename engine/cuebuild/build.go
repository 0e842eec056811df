// Package cuebuild builds CUE packages that are held in memory, with the definitions of Dray's kinds beside them.
//
// It opens no file and reaches no network: what is not among the files, and is not [schema.ModulePath], does not exist. Its
// callers run it in a bounded child wherever strangers wrote the files. The entry point is [New].
package cuebuild

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
	"cuelang.org/go/mod/modfile"
	"cuelang.org/go/mod/module"

	"github.com/dray-sync/dray/schema"
)

const (
	schemaFolder  = ".dray/schema" // where the definitions lie beside the files
	schemaVersion = "v1.0.0"
	cueLanguage   = "v0.16.0"
)

// ModuleFile is where a repository says which CUE module it is.
const ModuleFile = "cue.mod/module.cue"

// A Set is files that packages are built of. Not safe for concurrent use.
type Set struct {
	files    map[string]string
	fsys     *memoryFS
	registry schemaRegistry
}

// New returns a set of files by path. The error is that of a malformed module file, for [Set.Problems].
func New(texts map[string]string) (*Set, error) {
	definitions, err := schemaFiles()
	if err != nil {
		return nil, err
	}
	return newSet(texts, definitions)
}

// NewLoose is [New] with definitions that have their names and allow everything: what the files themselves have wrong shows, and
// resources that the definitions refuse can be looked at.
func NewLoose(texts map[string]string) (*Set, error) {
	definitions, err := schemaFiles()
	if err != nil {
		return nil, err
	}
	for name, text := range definitions {
		if path.Ext(name) != ".cue" || name == ModuleFile {
			continue
		}
		if definitions[name], err = loose(name, text); err != nil {
			return nil, err
		}
	}
	return newSet(texts, definitions)
}

// loose returns a file of definitions that all allow anything.
func loose(name string, text []byte) ([]byte, error) {
	f, err := parser.ParseFile(name, text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "package %s\n", f.PackageName())
	for _, d := range f.Decls {
		field, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		if label, _, err := ast.LabelName(field.Label); err == nil && strings.HasPrefix(label, "#") {
			fmt.Fprintf(&b, "%s: _\n", label)
		}
	}
	return b.Bytes(), nil
}

func newSet(texts map[string]string, definitions map[string][]byte) (*Set, error) {
	files := make(map[string][]byte, len(texts))
	for name, text := range texts {
		files[name] = []byte(text)
	}
	var err error
	s := &Set{files: texts, registry: schemaRegistry{newMemoryFS("/"+schemaFolder, definitions)}}
	for name, data := range definitions {
		files[schemaFolder+"/"+name] = data
	}
	if files[ModuleFile], err = withSchema(files[ModuleFile]); err != nil {
		return s, err
	}
	s.fsys = newMemoryFS("/", files)
	return s, nil
}

// schemaFiles returns the files of the definitions' module.
func schemaFiles() (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(schema.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[name], err = schema.FS.ReadFile(name)
		return err
	})
	return files, err
}

// withSchema adds the definitions to what a module depends on. Without a module file it makes one.
func withSchema(file []byte) ([]byte, error) {
	m := &modfile.File{Module: "repository.example@v0", Language: &modfile.Language{Version: cueLanguage}}
	if file != nil {
		var err error
		if m, err = modfile.ParseNonStrict(file, ModuleFile); err != nil {
			return nil, err
		}
	}
	if m.Deps == nil {
		m.Deps = map[string]*modfile.Dep{}
	}
	m.Deps[schema.ModulePath] = &modfile.Dep{Version: schemaVersion}
	return modfile.Format(m)
}

// schemaRegistry knows one module, the definitions. There is no network behind it.
type schemaRegistry struct{ files *memoryFS }

// ModFile returns the module file of the definitions.
func (r schemaRegistry) ModFile(_ context.Context, m module.Version) (*modfile.File, error) {
	if m.Path() != schema.ModulePath {
		return nil, unknownModule(m)
	}
	return modfile.Parse(r.files.files[ModuleFile], ModuleFile)
}

// Fetch returns where the definitions lie.
func (r schemaRegistry) Fetch(_ context.Context, m module.Version) (module.SourceLoc, error) {
	if m.Path() != schema.ModulePath {
		return module.SourceLoc{}, unknownModule(m)
	}
	return module.SourceLoc{FS: r.files, Dir: "."}, nil
}

// ModuleVersions returns the one version there is.
func (r schemaRegistry) ModuleVersions(_ context.Context, path string) ([]string, error) {
	if base, _, _ := strings.Cut(schema.ModulePath, "@"); path != schema.ModulePath && path != base {
		return nil, nil
	}
	return []string{schemaVersion}, nil
}

func unknownModule(m module.Version) error {
	return fmt.Errorf("module %s is not in this repository, and nothing is fetched; only %s comes with Dray", m, schema.ModulePath)
}

// A Package is files that are built together.
type Package struct {
	Name  string   // of its package clause; empty: the file has none and stands alone
	Files []string // paths, sorted

	arg string // for the loader
}

// Packages groups the CUE files that take wants by folder and package clause, in order. Files without a clause stand alone.
func (s *Set) Packages(take func(name string) bool) []Package {
	byArg := map[string]*Package{}
	for name, text := range s.files {
		if path.Ext(name) != ".cue" || !take(name) {
			continue
		}
		p := Package{arg: "./" + name}
		if f, err := parser.ParseFile(name, text, parser.PackageClauseOnly); err == nil && f.PackageName() != "" && f.PackageName() != "_" {
			p.Name, p.arg = f.PackageName(), "./"+path.Dir(name)+":"+f.PackageName()
		}
		if byArg[p.arg] == nil {
			byArg[p.arg] = &p
		}
		byArg[p.arg].Files = append(byArg[p.arg].Files, name)
	}
	packages := make([]Package, 0, len(byArg))
	for _, p := range byArg {
		slices.Sort(p.Files)
		packages = append(packages, *p)
	}
	slices.SortFunc(packages, func(a, b Package) int { return strings.Compare(a.arg, b.arg) })
	return packages
}

// Load reads a package with these tags (name=value), and its files named _test.cue if tests is set.
func (s *Set) Load(p Package, tags []string, tests bool) *build.Instance {
	config := &load.Config{
		FS: s.fsys, Dir: "/", Registry: s.registry, Env: []string{}, Tags: tags, Tests: tests,
		FromFSPath: func(name string) string { return strings.TrimPrefix(name, "/") },
	}
	return load.Instances([]string{p.arg}, config)[0]
}

// A Position is a place in one of the files.
type Position struct {
	File      string
	Line, Col int
}

// At returns a place, if it is in one of the set's own files.
func (s *Set) At(p token.Pos) (Position, bool) {
	if !p.IsValid() {
		return Position{}, false
	}
	name := strings.TrimPrefix(p.Filename(), "/")
	if _, ok := s.files[name]; !ok {
		return Position{}, false
	}
	return Position{name, p.Line(), p.Column()}, true
}

// OfDefinitions reports whether a place is in the definitions that come with Dray.
func OfDefinitions(p token.Pos) bool {
	return strings.HasPrefix(strings.TrimPrefix(p.Filename(), "/"), schemaFolder+"/")
}
