package cli

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters/all"
)

// namedBlock is a code block whose first line names its file.
var namedBlock = regexp.MustCompile("(?s)```yaml\n# ([a-z_.-]+)\n(.*?)```")

// TestTestingPage runs the repository of docs/testing.md: its expectations hold, and those in a file are written by --update.
func TestTestingPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "testing.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	blocks := namedBlock.FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 3 {
		t.Fatalf("%d files on the page", len(blocks))
	}
	for _, b := range blocks {
		if err := os.WriteFile(filepath.Join(dir, b[1]), []byte(b[2]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	day := `{"number": 1, "billing": {"country": "Germany"}, "total": 1}` + "\n" + `{"number": 2, "billing": {"country": "?"}, "total": 1}` + "\n"
	if err := os.WriteFile(filepath.Join(dir, "day.jsonl"), []byte(day), 0o644); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	a := &app{in: strings.NewReader(""), out: &out, err: io.Discard, registry: all.Registry(), now: time.Now, getenv: func(string) string { return "" }}
	if code := a.run(t.Context(), []string{"test", dir, "--update"}); code != exitOK || out.String() != "7 passed, 0 failed\n" {
		t.Errorf("exit code %d: %s", code, out.String())
	}
	after, err := os.ReadFile(filepath.Join(dir, "day-expected.jsonl"))
	if err != nil || !strings.Contains(string(after), `{"$rejected":{"field":"country","rule":"lookup"}}`) {
		t.Errorf("expected outputs: %s (%v)", after, err)
	}
	tests, err := os.ReadFile(filepath.Join(dir, "sale_test.yaml"))
	if err != nil || string(tests) != blocks[2][2] {
		t.Errorf("the page's own expectations do not hold; they become:\n%s", tests)
	}
}
