package cli

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/format"
)

func (a *app) fmtCommand() *cobra.Command {
	f := &formatter{app: a}
	c := &cobra.Command{
		Use:   "fmt [PATH...]",
		Short: "Write configuration in its one canonical form",
		Long: `Puts the fields of resources in the order of the format, indents by two spaces, quotes expressions and texts that YAML
could read as something else, and leaves comments where they are. What a file means never changes. A field that is
written on one line stays so, names of your own (of mapped fields, labels) stay in your order, and ciphertext is never touched.

PATH is a file, a folder, or - for standard input to standard output; unsaid, the working directory. A file that cannot be
read as it was meant is reported and left alone.

` + exitCodesHelp + `
  4  there are differences; only with --check`,
		Example: "  dray fmt\n  dray fmt --check --diff\n  dray fmt touchpoints/orders.yaml\n  dray fmt - < order.yaml",
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := config.Define(a.registry)
			if err != nil {
				return failed(err)
			}
			f.definitions = d
			if len(args) == 0 {
				args = []string{"."}
			}
			for _, path := range args {
				if err := f.path(path); err != nil {
					return err
				}
			}
			return f.end()
		},
	}
	c.Flags().BoolVar(&f.check, "check", false, "write nothing; name the files that would change, and end with 4 when there are any")
	c.Flags().BoolVar(&f.diff, "diff", false, "write nothing; show what would change")
	return c
}

// A formatter is one dray fmt under way.
type formatter struct {
	app         *app
	definitions *config.Definitions
	check, diff bool
	changed     bool
	list        diag.List
	refused     int
}

// path formats a file, or all configuration in a folder.
func (f *formatter) path(path string) error {
	if path == "-" {
		return f.stdin()
	}
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		if !isConfiguration(path) {
			return invalid(fmt.Errorf("%s is neither YAML nor CUE by its name: .yaml, .yml, .cue", path))
		}
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return unreachable(err)
		}
		if err := f.file(path); err != nil {
			return unreachable(err)
		}
		return nil
	}
	err := filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != path && strings.HasPrefix(e.Name(), "."), e.Name() == "cue.mod":
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !e.Type().IsRegular(), !isConfiguration(name):
			return nil
		}
		return f.file(name)
	})
	if err != nil {
		return unreachable(err)
	}
	return nil
}

func isConfiguration(name string) bool {
	ext := filepath.Ext(name)
	return ext == ".yaml" || ext == ".yml" || ext == ".cue"
}

func (f *formatter) file(name string) error {
	src, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	got, ok := f.format(filepath.ToSlash(filepath.Clean(name)), src)
	if !ok || bytes.Equal(src, got) {
		return nil
	}
	f.changed = true
	if f.diff {
		f.app.printf("%s", safeLines(string(diff.Diff(name, src, name+" (formatted)", got))))
	} else {
		f.app.printf("%s\n", safe(name))
	}
	if f.check || f.diff {
		return nil
	}
	return replaceFile(name, got)
}

// stdin formats what comes in; what cannot be formatted goes out as it came.
func (f *formatter) stdin() error {
	const most = 64 << 20
	src, err := io.ReadAll(io.LimitReader(f.app.in, most))
	if err != nil {
		return unreachable(err)
	}
	got, ok := f.format("stdin.yaml", src)
	if !ok {
		got = src
	}
	_, err = f.app.out.Write(got)
	return err
}

// format returns a file's canonical form, or notes why there is none.
func (f *formatter) format(name string, src []byte) ([]byte, bool) {
	if list := config.Syntax(name, src); list.HasErrors() {
		f.list = append(f.list, list...)
		return nil, false
	}
	var got []byte
	var err error
	if filepath.Ext(name) == ".cue" {
		got, err = format.CUE(src)
	} else {
		got, err = format.YAML(src, f.definitions)
	}
	if err == nil {
		return got, true
	}
	f.refused++
	f.app.notef("%s: left as it is: %s\n", safe(name), safeLines(err.Error()))
	return nil, false
}

// end says what could not be formatted, and how all went.
func (f *formatter) end() error {
	if len(f.list) > 0 {
		f.app.notef("%s\n", safeLines(f.list.Error()))
	}
	if errs, _ := f.list.Count(); errs+f.refused > 0 {
		return invalid(fmt.Errorf("%s kept files from being formatted", count(errs+f.refused, "mistake")))
	}
	if f.check && f.changed {
		return said(exitChanges)
	}
	return nil
}
