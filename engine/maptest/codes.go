package maptest

import (
	"fmt"

	"github.com/dray-sync/dray/engine/diag"
)

// The codes of diagnostics. They are stable.
const (
	CodeFailed     = "test/failed"      // a case of a mapping test fails
	CodeNotUpdated = "test/not-updated" // an expectation that cannot be rewritten (warning)
)

// Codes returns every code of this package with its explanation, in a fixed order.
func Codes() []diag.CodeDoc {
	return []diag.CodeDoc{
		{Code: CodeFailed, Doc: "A case of a mapping test does not come out as it expects.", Hint: "mend the mapping, or the expectation: dray test --update writes what comes out"},
		{Code: CodeNotUpdated, Doc: "dray test --update cannot rewrite this expectation in the way it is written.", Hint: "write by hand what dray test shows"},
	}
}

// Diagnostics returns the failures of a report as diagnostics, one for each difference.
func (r Report) Diagnostics() diag.List {
	var list diag.List
	for i := range r.Results {
		c := &r.Results[i]
		add := func(at diag.Pos, what string) {
			list.Add(diag.Diagnostic{
				Code: CodeFailed, Severity: diag.Error, Pos: at, Path: c.tc.Path,
				Message: fmt.Sprintf("%s: %s", c.Name, what), Hint: "mend the mapping, or the expectation: dray test --update writes what comes out",
			})
		}
		if c.Failure != "" {
			add(c.Pos, c.Failure)
		}
		for _, d := range c.Differences {
			add(d.Pos, d.String())
		}
	}
	return list.Sorted()
}
