package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/editor"
)

// Where the schemas lie inside a repository: where the settings that dray init writes look for them.
const (
	schemaFile      = ".vscode/dray.schema.json"
	patchSchemaFile = ".vscode/dray-patch.schema.json"
)

func (a *app) schemaCommand() *cobra.Command {
	c := &cobra.Command{Use: "schema", Short: "Give editors what they need to complete and check configuration", Args: cobra.NoArgs}
	c.AddCommand(a.schemaExportCommand(), a.schemaPrintCommand())
	return c
}

func (a *app) schemaExportCommand() *cobra.Command {
	var check, withCUE bool
	c := &cobra.Command{
		Use:   "export [DIR]",
		Short: "Write the JSON Schema of a repository's files, and the CUE module where it uses CUE",
		Long: `Writes ` + schemaFile + ` and ` + patchSchemaFile + ` into a repository: JSON Schema, draft 7, which the YAML
language server reads. The applications that the repository declares are part of it. Where the folder cue.mod is, or with --cue, the
CUE module of the definitions goes into ` + editor.CUEFolder + `, where cue and its language server find it without a network.

Run it again after an upgrade of Dray or a change to a declared application; --check says whether that is due.

` + exitCodesHelp + `
  4  there are differences; only with --check`,
		Example: "  dray schema export\n  dray schema export ./integrations --check",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir := folder(args)
			if _, err := os.Stat(filepath.Join(dir, "cue.mod")); err == nil {
				withCUE = true
			}
			files, err := a.editorFiles(a.declaredRegistry(c.Context(), dir), withCUE)
			if err != nil {
				return failed(err)
			}
			if check {
				return a.checkFiles(dir, files)
			}
			for _, name := range slices.Sorted(maps.Keys(files)) {
				if err := replaceFile(filepath.Join(dir, filepath.FromSlash(name)), files[name]); err != nil {
					return unreachable(err)
				}
				a.printf("wrote %s\n", name)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&check, "check", false, "write nothing; end with 4 when a file is not what it should be")
	c.Flags().BoolVar(&withCUE, "cue", false, "write the CUE module even where there is no folder cue.mod")
	return c
}

func (a *app) schemaPrintCommand() *cobra.Command {
	var patch bool
	c := &cobra.Command{
		Use:     "print [DIR]",
		Short:   "Print the JSON Schema of a repository's files",
		Long:    "Prints the JSON Schema, draft 7, of one resource, for editors that keep it elsewhere.\n\n" + exitCodesHelp,
		Example: "  dray schema print > ~/.config/dray.schema.json\n  dray schema print --patch",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			files, err := a.editorFiles(a.declaredRegistry(c.Context(), folder(args)), false)
			if err != nil {
				return failed(err)
			}
			name := schemaFile
			if patch {
				name = patchSchemaFile
			}
			_, err = a.out.Write(files[name])
			return err
		},
	}
	c.Flags().BoolVar(&patch, "patch", false, "the schema of an environment's patches instead")
	return c
}

// editorFiles returns the files that editors read, by their name inside a repository.
func (a *app) editorFiles(registry *adapters.Registry, withCUE bool) (map[string][]byte, error) {
	d, err := config.Define(registry)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	if files[schemaFile], err = editor.JSONSchema(d); err != nil {
		return nil, err
	}
	if files[patchSchemaFile], err = editor.PatchSchema(d); err != nil {
		return nil, err
	}
	if !withCUE {
		return files, nil
	}
	module, err := editor.CUEModule(registry)
	for name, text := range module {
		files[editor.CUEFolder+"/"+name] = text
	}
	return files, err
}

// declaredRegistry returns the applications with those that a repository declares. Where the repository has mistakes, those that Dray
// brings must do: editors are needed most then.
func (a *app) declaredRegistry(ctx context.Context, dir string) *adapters.Registry {
	model, _, _, err := a.load(ctx, dir, "")
	if err != nil || model == nil || a.registry.Declarer() == nil {
		return a.registry
	}
	registry := a.registry
	for _, name := range slices.Sorted(maps.Keys(model.Applications)) {
		application, err := registry.Declarer().Declare(name, model.Applications[name].Spec.Declaration)
		if err != nil {
			continue
		}
		if next, err := registry.With(application); err == nil {
			registry = next
		}
	}
	return registry
}

// checkFiles says which files are not there as they should be.
func (a *app) checkFiles(dir string, files map[string][]byte) error {
	differs := false
	for _, name := range slices.Sorted(maps.Keys(files)) {
		have, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unreachable(err)
		}
		if err != nil || !bytes.Equal(have, files[name]) {
			differs = true
			a.printf("%s is not up to date\n", name)
		}
	}
	if differs {
		a.notef("run: dray schema export\n")
		return said(exitChanges)
	}
	return nil
}

// replaceFile puts a file in place of another at once: whoever reads meanwhile sees the one or the other.
func replaceFile(name string, text []byte) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(name); err == nil {
		mode = info.Mode().Perm()
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".dray-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}
