package cli

import (
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// repositoryFiles returns the files, by patterns from the root of the repository, in which commands are written for others to run.
func repositoryFiles(t *testing.T, patterns ...string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, pattern := range patterns {
		names, err := filepath.Glob(filepath.Join("..", "..", "..", pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: nothing there: %v", pattern, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = string(text)
		}
	}
	return files
}

// templates returns what dray init copies.
func templates(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(initFiles, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := initFiles.ReadFile(name)
		files[name] = string(text)
		return err
	})
	if err != nil || len(files) < 8 {
		t.Fatalf("%d templates: %v", len(files), err)
	}
	return files
}

var (
	inCode  = regexp.MustCompile("(?m)`(dray [a-z][^`]*)`|^ *(dray [a-z].*)$")
	inYAML  = regexp.MustCompile(`(?m)(?:entry:|run:|^ *-|^ *|\{ )\s*(dray [a-z].*)$`)
	endOf   = regexp.MustCompile(`\s(&&|\|\||[|>;#<]).*$|;.*$`)
	quoting = strings.NewReplacer(`"`, "", `'`, "")
)

// TestWrittenCommandsExist finds every command line in the documentation, and in what CI and hooks run, and holds that command and flags
// exist, and that forms of output are ones that the command has.
func TestWrittenCommandsExist(t *testing.T) {
	count := 0
	for name, text := range repositoryFiles(t, "README.md", "docs/README.md", "docs/editors-and-ci.md", "docs/from-appseconnect.md", "docs/reference/*.md", "docs/reference/applications/*.md") {
		for _, m := range inCode.FindAllStringSubmatch(text, -1) {
			count++
			checkCommand(t, name, m[1]+m[2])
		}
	}
	scripts := templates(t)
	maps.Copy(scripts, repositoryFiles(t, "action.yml", ".pre-commit-hooks.yaml", "docs/gitlab-ci.yml"))
	for name, text := range scripts {
		if ext := filepath.Ext(name); ext != ".yml" && ext != ".yaml" {
			continue
		}
		for _, m := range inYAML.FindAllStringSubmatch(text, -1) {
			count++
			checkCommand(t, name, m[1])
		}
	}
	if count < 60 {
		t.Errorf("only %d command lines", count)
	}
}

func checkCommand(t *testing.T, where, text string) {
	t.Helper()
	for part := range strings.SplitSeq(text, "&&") {
		words := strings.Fields(quoting.Replace(endOf.ReplaceAllString(strings.TrimSpace(part)+" ", "")))
		if len(words) < 2 || words[0] != "dray" {
			continue
		}
		a := &app{in: strings.NewReader(""), out: io.Discard, err: io.Discard, now: time.Now, getenv: func(string) string { return "" }}
		words = slices.DeleteFunc(words, func(w string) bool { return strings.HasPrefix(w, "${") || strings.HasPrefix(w, "$BASE") || w == "…" })
		c, rest, err := a.root().Find(words[1:])
		if err != nil || !c.HasParent() {
			t.Errorf("%s: %q: there is no such command", where, text)
			continue
		}
		if err := c.ParseFlags(rest); err != nil && !strings.Contains(err.Error(), "needs an argument") {
			t.Errorf("%s: %q: %v", where, text, err)
			continue
		}
		if o := c.Flags().Lookup("output"); o != nil && o.Changed && c.PreRunE != nil {
			if err := c.PreRunE(c, nil); err != nil {
				t.Errorf("%s: %q: %v", where, text, err)
			}
		}
	}
}

// TestWrittenFilesAreWellFormed reads every YAML and JSON file that others get, and holds that CI asks for nothing it does not need.
func TestWrittenFilesAreWellFormed(t *testing.T) {
	files := templates(t)
	maps.Copy(files, repositoryFiles(t, "action.yml", ".pre-commit-hooks.yaml", "docs/gitlab-ci.yml"))
	pinned := regexp.MustCompile(`uses: \S+@[0-9a-f]{40} # v`)
	for name, text := range files {
		var v any
		switch filepath.Ext(name) {
		case ".json":
			if err := json.Unmarshal([]byte(text), &v); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case ".yml", ".yaml":
			dec := yaml.NewDecoder(strings.NewReader(text))
			for dec.Decode(&v) == nil {
			}
			if err := dec.Decode(&v); err != nil && err != io.EOF { //nolint:errorlint // the decoder returns it as it is
				t.Errorf("%s: %v", name, err)
			}
		}
		for line := range strings.Lines(text) {
			if strings.Contains(line, "uses:") && !pinned.MatchString(line) {
				t.Errorf("%s: not pinned by commit: %s", name, line)
			}
		}
		if strings.Contains(text, "secrets.") || strings.Contains(text, "pull_request_target") {
			t.Errorf("%s: CI of a pull request is given secrets", name)
		}
	}
}

// TestPinnedVersion holds that CI installs releases, and nothing that only a developer has.
func TestPinnedVersion(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3": "v1.2.3", "v0.1.0-rc.1": "v0.1.0-rc.1", "unknown": "latest", "v0.1.0-5-gabcdef0": "latest", "v1.2.3-dirty": "latest",
	} {
		if got := pinnedVersion(version); got != want {
			t.Errorf("%s: got %s, want %s", version, got, want)
		}
	}
}
