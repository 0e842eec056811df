package repo_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/repo"
)

// runGit runs the real git, kept apart from the settings of the machine.
func runGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com",
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// realRepository makes a repository with git itself: a history of 120 commits,
// packed with deltas, and a tag. It returns its path and its files.
func realRepository(t *testing.T) (string, map[string]string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := filepath.Join(t.TempDir(), "acme")
	runGit(t, ".", "init", "-q", "-b", "main", dir)
	files := map[string]string{}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 60 {
		lines := make([]string, 200)
		for j := range lines {
			lines[j] = fmt.Sprintf("line %d %x", j, random.Uint64())
		}
		files[fmt.Sprintf("dir%d/file%d.yaml", i%7, i)] = strings.Join(lines, "\n")
	}
	writeFiles(t, dir, files)
	runGit(t, dir, "add", ".")
	runGit(t, dir, "commit", "-qm", "first")
	for i := range 119 {
		name := fmt.Sprintf("dir%d/file%d.yaml", i%60%7, i%60)
		files[name] += fmt.Sprintf("\nchange %d", i)
		writeFiles(t, dir, map[string]string{name: files[name]})
		runGit(t, dir, "commit", "-qam", "change")
	}
	runGit(t, dir, "tag", "-am", "release", "v1", "HEAD~60")
	runGit(t, dir, "gc", "-q")
	return dir, files
}

// serveReal serves the folder of a repository by git's own server.
func serveReal(t *testing.T, dir string) string {
	t.Helper()
	backend := filepath.Join(runGit(t, ".", "--exec-path"), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		t.Skip("git-http-backend is not installed")
	}
	server := httptest.NewServer(&cgi.Handler{
		Path: backend,
		// What git says of requests that are refused is not a result of the test.
		Stderr: io.Discard,
		Env:    []string{"GIT_PROJECT_ROOT=" + filepath.Dir(dir), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + t.TempDir()},
	})
	t.Cleanup(server.Close)
	return server.URL + "/" + filepath.Base(dir)
}

func TestAgainstGit(t *testing.T) {
	dir, files := realRepository(t)
	newest, first := runGit(t, dir, "rev-parse", "HEAD"), runGit(t, dir, "rev-list", "--max-parents=0", "HEAD")
	tagged := runGit(t, dir, "rev-parse", "v1^{commit}")
	bare := filepath.Join(t.TempDir(), "bare.git")
	runGit(t, ".", "clone", "-q", "--bare", dir, bare)
	shared := filepath.Join(t.TempDir(), "shared")
	runGit(t, ".", "clone", "-q", "--shared", dir, shared)
	side := filepath.Join(t.TempDir(), "side")
	runGit(t, dir, "worktree", "add", "-q", "--detach", side)
	filtering := filepath.Join(t.TempDir(), "filtering.git")
	runGit(t, ".", "clone", "-q", "--bare", dir, filtering)
	runGit(t, filtering, "config", "uploadpack.allowFilter", "true")

	var digest string
	for _, c := range []struct{ name, url string }{
		{"http", serveReal(t, bare)},
		{"http with filters", serveReal(t, filtering)},
		{"path", dir},
		{"path of a bare repository", bare},
		{"path of a second worktree", side},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := open(t, repo.Options{URL: c.url})
			rev := fetch(t, source, "")
			if rev.Commit != newest {
				t.Errorf("got %s, want %s", rev, newest)
			}
			if diff := cmp.Diff(files, contents(t, rev.Tree)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if digest == "" {
				digest = rev.Digest
			}
			if rev.Digest != digest {
				t.Errorf("digest %s differs from %s", rev.Digest, digest)
			}
			if got := fetch(t, source, "v1"); got.Commit != tagged {
				t.Errorf("v1 is %s, want %s", got.Commit, tagged)
			}
			old := fetch(t, source, tagged)
			for _, d := range []struct {
				from string
				rev  *repo.Revision
				want repo.Descent
			}{{first, rev, repo.DescentYes}, {tagged, rev, repo.DescentYes}, {newest, old, repo.DescentNo}} {
				if got, err := source.IsDescendant(t.Context(), d.from, d.rev); got != d.want || err != nil {
					t.Errorf("%s from %s: %s, %v", d.rev.Commit, d.from, got, err)
				}
			}
		})
	}
	_, err := open(t, repo.Options{URL: shared}).Fetch(t.Context(), "")
	wantError(t, err, shared, repo.KindInvalid, "repository URL: cannot be read: reading commit "+newest+": object "+newest+
		": object not found; clone it without --shared, --reference and --filter")
	_, err = open(t, repo.Options{URL: serveReal(t, bare) + "x"}).Head(t.Context())
	if repo.KindOf(err) != repo.KindNotFound {
		t.Errorf("no such repository: %v", err)
	}
	_, err = open(t, repo.Options{URL: serveReal(t, bare)}).Fetch(t.Context(), strings.Repeat("ab", 20))
	if repo.KindOf(err) != repo.KindCommitNotFound {
		t.Errorf("no such commit: %v", err)
	}
}
