package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/diag/report"
)

// TestGeneratedDiagnostics keeps docs/diagnostics.md what the codes say of themselves. UPDATE=1 writes it.
func TestGeneratedDiagnostics(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# Diagnostics

Written by ` + "`make generate`" + ` from what ` + "`dray validate --explain`" + ` prints. In the examples apiVersion and metadata are left out where they
do not matter.

A diagnostic has a code that never changes its meaning, a place, a message that says what is wrong, and a hint that says how to mend it.
Errors keep a revision from being applied; warnings do not. ` + "`dray validate --fix`" + ` makes the changes that can only be meant in one way.

| --output | for |
|---|---|
| text | people; on a terminal with the line and a mark under the place |
| json | programs: ` + "`{errors, warnings, diagnostics: [{code, severity, pos: {file, line, col}, path, message, hint, related, fix}]}`" + ` |
| github | GitHub Actions: annotations of the lines |
| gitlab | GitLab: a code quality report |
| sarif | SARIF 2.1.0, for code scanning and editors, with fixes |
| junit | JUnit XML: a test case for each file |

Lines and columns count from 1, columns in bytes (github and sarif: in UTF-16 units); 0 is unknown. Fields may be added to the JSON, and
none changes its meaning. A fix has a title, safe, and edits {file, line, col, endLine, endCol, text}.
`)
	for _, c := range allCodes() {
		b.WriteString("\n## " + c.Code + "\n\n" + report.Page(c))
	}
	file := filepath.Join("..", "..", "..", "docs", "diagnostics.md")
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(have), b.String()); d != "" {
		t.Errorf("docs/diagnostics.md is not what the codes say; run make generate (-file +codes):\n%s", d)
	}
}
