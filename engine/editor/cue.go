package editor

import (
	"fmt"
	"io/fs"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/ast/astutil"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/schema"
)

// CUEFolder is where CUE looks for the definitions inside a repository, so that cue and its language server need no network. The
// loader leaves it out: it carries its own.
const CUEFolder = "cue.mod/pkg/dray.dev/schema"

// CUEModule returns the files of the CUE module, by name: the definitions of every kind, and those of the applications, by which a connection's
// settings are judged.
func CUEModule(registry *adapters.Registry) (map[string][]byte, error) {
	names, err := fs.Glob(schema.FS, "*.cue")
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte, len(names)+1)
	for _, name := range names {
		if files[name], err = schema.FS.ReadFile(name); err != nil {
			return nil, err
		}
	}
	if files["applications.cue"], err = applicationsFile(registry); err != nil {
		return nil, err
	}
	return files, nil
}

// applicationsFile writes the applications' definitions, each under names of its own, and the choice between them.
func applicationsFile(registry *adapters.Registry) ([]byte, error) {
	var b, choice strings.Builder
	b.WriteString("package schema\n")
	if with, ok := registry.Declarer().(adapters.DeclarationSchema); ok {
		fmt.Fprintf(&b, "\n%s\n#Application: spec!: #ApplicationSpec\n", with.Schema())
	}
	for _, name := range registry.Names() {
		app, _ := registry.Get(name)
		text, has, err := renamed(app.Spec().Schema, "#"+strings.ReplaceAll(name, "-", "_")+"_")
		if err != nil {
			return nil, fmt.Errorf("reading what application %q says of its settings: %w", name, err)
		}
		fmt.Fprintf(&b, "\n// Application %s.\n\n%s\n", name, text)
		if len(has) > 0 {
			fmt.Fprintf(&choice, "if application == %q {\n%s}\n", name, fields(has))
		}
	}
	fmt.Fprintf(&b, "\n#Connection: spec!: {\napplication!: string\n%s}\n", choice.String())
	return format.Source([]byte(b.String()), format.Simplify())
}

// fields says which settings are judged by which definitions.
func fields(has map[string]string) string {
	text := ""
	if name, ok := has["#Config"]; ok {
		text += "config: " + name + "\n"
	}
	if name, ok := has["#Object"]; ok {
		text += "objects?: {[string]: " + name + "}\n"
	}
	return text
}

// renamed gives the definitions of an application names that are its own, and returns them by what they were.
func renamed(text, prefix string) (string, map[string]string, error) {
	file, err := parser.ParseFile("settings.cue", text, parser.ParseComments)
	if err != nil {
		return "", nil, err
	}
	has := map[string]string{}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.Field); ok {
			if name, _, err := ast.LabelName(f.Label); err == nil && strings.HasPrefix(name, "#") {
				has[name] = prefix + name[1:]
			}
		}
	}
	astutil.Apply(file, func(c astutil.Cursor) bool {
		if id, ok := c.Node().(*ast.Ident); ok {
			if name, ours := has[id.Name]; ours {
				id.Name = name
			}
		}
		return true
	}, nil)
	out, err := format.Node(file)
	return string(out), has, err
}
