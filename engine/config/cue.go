package config

import (
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

// refuseCUE reports resources written in CUE, which are not evaluated: what is not applied must not pass in silence. Modules
// and policies are files of other tools, and stay out of it.
func (l *loader) refuseCUE() {
	for _, name := range l.cue {
		if first, _, _ := strings.Cut(name, "/"); first == "cue.mod" || first == "policies" {
			continue
		}
		l.list.Add(diag.Diagnostic{
			Code: codeCUE, Severity: diag.Error, Pos: diag.Pos{File: name, Line: 1, Col: 1}, Message: "resources in CUE are not evaluated",
			Hint: "write the resource as YAML, or export it with cue export --out yaml and commit the result",
		})
	}
}
