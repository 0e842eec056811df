package config

import (
	"path"

	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"

	"github.com/dray-sync/dray/engine/cuebuild"
	"github.com/dray-sync/dray/engine/diag"
)

// Syntax returns what keeps one file, YAML or CUE by its name, from being read as it was meant, without judging what it says. A file
// without such problems can be written anew and mean the same.
func Syntax(name string, src []byte) diag.List {
	var list diag.List
	if path.Ext(name) == ".cue" {
		_, err := parser.ParseFile(name, src, parser.ParseComments)
		for _, e := range errors.Errors(err) {
			at := e.Position()
			list.Add(diag.Diagnostic{
				Code: codeCUE, Severity: diag.Error, Pos: diag.Pos{File: name, Line: at.Line(), Col: at.Column()},
				Message: cuebuild.Message(e), Hint: defaultHint(codeSyntax),
			})
		}
		return list.Sorted()
	}
	_, problems := parseYAML(src, LoadLimits{}.WithDefaults())
	file := []*sourceFile{{path: name, bytes: src}}
	for _, p := range problems {
		list.Add(p.diagnostic(file))
	}
	return list.Sorted()
}
