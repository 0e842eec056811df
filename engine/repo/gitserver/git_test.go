package gitserver_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dray-sync/dray/engine/repo/gitserver"
)

// git runs the real git, kept apart from the settings of the machine.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@localhost", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@localhost",
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// needGit skips where there is no git to test against.
func needGit(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
}

// serve starts a server and returns its repository and URL.
func serve(t *testing.T) (*gitserver.Repository, string) {
	t.Helper()
	r := gitserver.New()
	s := httptest.NewServer(gitserver.Handler(r))
	t.Cleanup(s.Close)
	return r, s.URL + "/acme.git"
}

// commit makes a commit on a branch.
func commit(t *testing.T, r *gitserver.Repository, c gitserver.Change) string {
	t.Helper()
	hash, err := r.Commit(c)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestGitClones(t *testing.T) {
	needGit(t)
	r, url := serve(t)
	commit(t, r, gitserver.Change{Files: map[string]string{"a.yaml": "one\n", "dir/b.yaml": "two\n"}, Message: "first"})
	second := commit(t, r, gitserver.Change{Files: map[string]string{"dir/b.yaml": "three\n", "dir.yaml": ""}, Remove: []string{"a.yaml"}, Message: "second"})
	if err := r.Tag("v1", second, "first release"); err != nil {
		t.Fatal(err)
	}

	dir := filepath.Join(t.TempDir(), "clone")
	git(t, ".", "clone", "-q", url, dir)
	if got := git(t, dir, "rev-parse", "HEAD"); got != second {
		t.Errorf("HEAD is %s, want %s", got, second)
	}
	if got := git(t, dir, "rev-parse", "v1^{commit}"); got != second {
		t.Errorf("v1 is %s, want %s", got, second)
	}
	if got, want := git(t, dir, "ls-files"), "dir.yaml\ndir/b.yaml"; got != want {
		t.Errorf("files are %q, want %q", got, want)
	}
	if got := git(t, dir, "rev-list", "--count", "HEAD"); got != "2" {
		t.Errorf("the clone has %s commits, want 2", got)
	}
	git(t, dir, "fsck", "--strict")
	if got := git(t, dir, "status", "--porcelain"); got != "" {
		t.Errorf("the clone is not clean: %s", got)
	}
}

func TestGitListsReferences(t *testing.T) {
	needGit(t)
	r, url := serve(t)
	if got := git(t, ".", "ls-remote", url); got != "" {
		t.Errorf("an empty repository lists %q", got)
	}
	hash := commit(t, r, gitserver.Change{Files: map[string]string{"a": "1"}})
	if err := r.SetBranch("release/1", hash); err != nil {
		t.Fatal(err)
	}
	want := hash + "\tHEAD\n" + hash + "\trefs/heads/main\n" + hash + "\trefs/heads/release/1"
	if got := git(t, ".", "ls-remote", url); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestGitFetchesWhatIsNew(t *testing.T) {
	needGit(t)
	r, url := serve(t)
	commit(t, r, gitserver.Change{Files: map[string]string{"a": "1"}, Message: "first"})
	dir := filepath.Join(t.TempDir(), "clone")
	git(t, ".", "clone", "-q", url, dir)

	// Commits of the clone's own make it tell the server more than it knows.
	for i := range 40 {
		name := filepath.Join(dir, "own"+strings.Repeat("x", i))
		if err := os.WriteFile(name, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		git(t, dir, "add", ".")
		git(t, dir, "commit", "-qm", "mine")
	}
	newest := commit(t, r, gitserver.Change{Files: map[string]string{"b": "2"}, Message: "second"})
	git(t, dir, "fetch", "-q")
	if got := git(t, dir, "rev-parse", "origin/main"); got != newest {
		t.Errorf("fetched %s, want %s", got, newest)
	}
	git(t, dir, "fsck", "--strict")
}

func TestGitDeepens(t *testing.T) {
	needGit(t)
	r, url := serve(t)
	for _, content := range []string{"1", "2", "3", "4", "5"} {
		commit(t, r, gitserver.Change{Files: map[string]string{"a": content}, Message: content})
	}
	dir := filepath.Join(t.TempDir(), "clone")
	count := func() string { return git(t, dir, "rev-list", "--count", "HEAD") }

	git(t, ".", "clone", "-q", "--depth=1", url, dir)
	if got := count(); got != "1" {
		t.Errorf("depth 1 has %s commits", got)
	}
	git(t, dir, "fetch", "-q", "--depth=3")
	if got := count(); got != "3" {
		t.Errorf("depth 3 has %s commits", got)
	}
	git(t, dir, "fetch", "-q", "--unshallow")
	if got := count(); got != "5" {
		t.Errorf("unshallow has %s commits", got)
	}
	git(t, dir, "fsck", "--strict")
}

func TestGitFilters(t *testing.T) {
	needGit(t)
	r, url := serve(t)
	commit(t, r, gitserver.Change{Files: map[string]string{"a": "1"}, Message: "first"})
	commit(t, r, gitserver.Change{Files: map[string]string{"a": "2"}, Message: "second"})

	dir := filepath.Join(t.TempDir(), "treeless")
	git(t, ".", "clone", "-q", "--bare", "--filter=tree:0", url, dir)
	kinds := strings.Fields(git(t, dir, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"))
	if want := []string{"commit", "commit"}; !slices.Equal(kinds, want) {
		t.Errorf("a clone without trees has %v, want %v", kinds, want)
	}

	dir = filepath.Join(t.TempDir(), "blobless")
	git(t, ".", "clone", "-q", "--filter=blob:none", url, dir)
	if data, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || string(data) != "2" {
		t.Errorf("a clone that fetches files late has %q, %v", data, err)
	}
}

func TestGitRefusesWhatIsGone(t *testing.T) {
	needGit(t)
	r, url := serve(t)
	first := commit(t, r, gitserver.Change{Files: map[string]string{"a": "1"}})
	lost := commit(t, r, gitserver.Change{Files: map[string]string{"a": "2"}})
	if err := r.SetBranch("main", first); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	git(t, dir, "init", "-q", ".")
	cmd := exec.Command("git", "fetch", "-q", url, lost)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "not our ref") {
		t.Errorf("fetching a commit no branch leads to: %v, %s", err, out)
	}
}

func TestManyFiles(t *testing.T) {
	needGit(t)
	r, url := serve(t)
	files := map[string]string{}
	random := rand.NewChaCha8([32]byte{1})
	for i := range 300 {
		// Content that does not compress needs more than one frame.
		noise := make([]byte, 1000)
		random.Read(noise)
		files[fmt.Sprintf("touchpoints/%03d.yaml", i)] = strings.Repeat("line of a file\n", i) + string(noise)
	}
	commit(t, r, gitserver.Change{Files: files})
	dir := filepath.Join(t.TempDir(), "clone")
	git(t, ".", "clone", "-q", url, dir)
	got := strings.Split(git(t, dir, "ls-files"), "\n")
	if want := slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		t.Errorf("got %d files, want %d", len(got), len(want))
	}
}

func TestCommit(t *testing.T) {
	needGit(t)
	r, url := serve(t)
	list := func() string {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "clone")
		git(t, ".", "clone", "-q", url, dir)
		git(t, dir, "fsck", "--strict")
		return strings.ReplaceAll(git(t, dir, "ls-tree", "-r", "--name-only", "HEAD"), "\n", " ")
	}
	for _, c := range []struct {
		change gitserver.Change
		want   string
	}{
		{gitserver.Change{Files: map[string]string{"a": "1", "b/c": "2", "b/d/e": "3"}}, "a b/c b/d/e"},
		{gitserver.Change{Files: map[string]string{"b": "a file now"}}, "a b"},
		{gitserver.Change{Files: map[string]string{"a/x/y": "a directory now"}}, "a/x/y b"},
		{gitserver.Change{Remove: []string{"a"}, Files: map[string]string{"a-b": ""}}, "a-b b"},
	} {
		commit(t, r, c.change)
		if got := list(); got != c.want {
			t.Errorf("after %+v: %s, want %s", c.change, got, c.want)
		}
	}
	if _, err := r.Commit(gitserver.Change{Remove: []string{"nowhere"}}); err == nil {
		t.Error("removing what is not there gives no error")
	}
	if _, err := r.Commit(gitserver.Change{Branch: "bad..name"}); err == nil {
		t.Error("a branch with a bad name is made")
	}
	if _, err := r.Commit(gitserver.Change{Parent: strings.Repeat("ab", 20)}); err == nil {
		t.Error("a commit is made on one that is not there")
	}
}
