package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```")
	yamlBlock    = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	changing     = regexp.MustCompile(`in [0-9.]+(µs|ms|s)\b`)
)

// TestReadme runs what README.md shows: its commands print what stands below them, where … is the rest of a line, and its
// configuration is that of the example.
func TestReadme(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	page, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown, block := consoleBlock.FindSubmatch(page), yamlBlock.FindSubmatch(page)
	if shown == nil || block == nil {
		t.Fatal("README.md shows no transcript or no configuration")
	}
	transcript(t, string(shown[1]))

	var files strings.Builder
	for _, name := range []string{"touchpoints/orders.yaml", "mappings/order-to-sale.yaml"} {
		text, err := os.ReadFile(filepath.Join(root, "examples", "shop-to-erp", name))
		if err != nil {
			t.Fatal(err)
		}
		files.Write(text)
	}
	for doc := range strings.SplitSeq(string(block[1]), "---\n") {
		if !strings.Contains(files.String(), doc) {
			t.Errorf("the example has another form of\n%s", doc)
		}
	}
}

// transcript runs the lines that begin with $, one after the other in one shell, and compares what it prints with all of the text.
func transcript(t *testing.T, want string) {
	t.Helper()
	var script strings.Builder
	for line := range strings.Lines(want) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			script.WriteString("cat <<'SHOWN'\n" + line + "SHOWN\n" + command)
		}
	}
	cmd := exec.Command("sh", "-c", script.String())
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "NO_COLOR=1",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.org")
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited { // the last command may end with any code
		t.Fatal(err)
	}
	pattern := regexp.QuoteMeta(changing.ReplaceAllString(want, "in TIME"))
	pattern = strings.ReplaceAll(pattern, "…\n", "(?s:.*?)\n")
	if got := changing.ReplaceAllString(string(out), "in TIME"); !regexp.MustCompile(`\A` + pattern + `\z`).MatchString(got) {
		t.Errorf("it prints\n%s\nwhere README.md shows\n%s", got, want)
	}
}
