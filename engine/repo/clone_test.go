package repo_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/dray-sync/dray/engine/repo"
)

func openClone(t *testing.T, dir string) *repo.Clone {
	t.Helper()
	c, err := repo.OpenClone(dir, repo.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// remoteBranch has a branch of origin point at a commit, as a fetch does.
func remoteBranch(t *testing.T, r *git.Repository, name, commit string) {
	t.Helper()
	ref := plumbing.NewHashReference(plumbing.NewRemoteReferenceName("origin", name), plumbing.NewHash(commit))
	if err := r.Storer.SetReference(ref); err != nil {
		t.Fatal(err)
	}
}

func TestBase(t *testing.T) {
	dir, r := initialise(t, false)
	first := commitFiles(t, dir, r, map[string]string{"a.yaml": "1"}, "first")
	expect := func(what, name, commit string) {
		t.Helper()
		ref, err := openClone(t, dir).Base(t.Context())
		if err != nil || ref.Name != name || ref.Commit != commit {
			t.Errorf("%s: got %+v, error %v; want %s %s", what, ref, err, name, commit)
		}
	}
	expect("without a remote", "HEAD", first)
	if err := r.Storer.SetShallow([]plumbing.Hash{plumbing.NewHash(first)}); err != nil {
		t.Fatal(err)
	}
	if ref, err := openClone(t, dir).Base(t.Context()); err == nil {
		t.Errorf("a shallow clone that knows no other branch starts from %v", ref)
	}
	if err := r.Storer.SetShallow(nil); err != nil {
		t.Fatal(err)
	}
	remoteBranch(t, r, "main", first)
	expect("at its tip", "origin/main", first)
	mine := commitFiles(t, dir, r, map[string]string{"a.yaml": "2"}, "mine")
	expect("with a commit of its own", "origin/main", first)

	// The remote goes on, and HEAD stays where it was.
	w, err := r.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Checkout(&git.CheckoutOptions{Hash: plumbing.NewHash(first), Branch: "refs/heads/other", Create: true}); err != nil {
		t.Fatal(err)
	}
	theirs := commitFiles(t, dir, r, map[string]string{"b.yaml": "1"}, "theirs")
	remoteBranch(t, r, "main", theirs)
	if err := w.Checkout(&git.CheckoutOptions{Branch: "refs/heads/main"}); err != nil {
		t.Fatal(err)
	}
	expect("beside a remote that went on", "origin/main", first)

	if err := r.Storer.SetReference(plumbing.NewSymbolicReference("refs/remotes/origin/HEAD", "refs/remotes/origin/develop")); err != nil {
		t.Fatal(err)
	}
	expect("with a default branch that was not fetched", "origin/main", first)
	remoteBranch(t, r, "develop", mine)
	expect("with a default branch of another name", "origin/develop", mine)
	remoteBranch(t, r, "develop", "0123456789012345678901234567890123456789")
	if _, err := openClone(t, dir).Base(t.Context()); err == nil {
		t.Error("a commit that is not in the clone is no error")
	}
}

func TestCloneOfAFolder(t *testing.T) {
	dir, r := initialise(t, false)
	commit := commitFiles(t, dir, r, map[string]string{"flows/eu/a.yaml": "1", "other.yaml": "x"}, "first")
	c := openClone(t, filepath.Join(dir, "flows", "eu"))
	if c.Folder != "flows/eu" {
		t.Errorf("folder %q", c.Folder)
	}
	rev, err := c.Fetch(t.Context(), commit)
	if err != nil {
		t.Fatal(err)
	}
	if files := rev.Tree.Files(); len(files) != 1 || files[0].Path != "a.yaml" {
		t.Errorf("files %v", files)
	}
	if err := os.MkdirAll(filepath.Join(dir, "new"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := openClone(t, filepath.Join(dir, "new")).Fetch(t.Context(), commit); !os.IsNotExist(err) {
		t.Errorf("a folder that was not there: %v", err)
	}
	if _, err := repo.OpenClone(t.TempDir(), repo.Limits{}); err == nil {
		t.Error("a folder outside of git is a clone")
	}
}

func TestLastChange(t *testing.T) {
	dir, r := initialise(t, false)
	first := commitFiles(t, dir, r, map[string]string{"x/key.yaml": "1", "x/a.yaml": "1"}, "first")
	w, err := r.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	writeFiles(t, dir, map[string]string{"x/key.yaml": "2"})
	if _, err := w.Add("x/key.yaml"); err != nil {
		t.Fatal(err)
	}
	second, err := w.Commit("second", &git.CommitOptions{Author: &object.Signature{Name: "Eve", Email: "eve@example.com", When: time.Unix(1_780_000_000, 0)}})
	if err != nil {
		t.Fatal(err)
	}
	commitFiles(t, dir, r, map[string]string{"x/a.yaml": "2"}, "third")
	c := openClone(t, filepath.Join(dir, "x"))
	ref, who, ok, err := c.LastChange(t.Context(), first, "", "key.yaml")
	if err != nil || !ok || who.Name != "Eve" || ref.Commit != second.String() {
		t.Errorf("got %v by %v, %v, error %v", ref, who, ok, err)
	}
	if _, _, ok, err := c.LastChange(t.Context(), second.String(), "", "key.yaml"); ok || err != nil {
		t.Errorf("a change since the change: %v, error %v", ok, err)
	}
	if ref, who, ok, err := c.LastChange(t.Context(), "", first, "key.yaml"); !ok || err != nil || who.Name != "Ada" || ref.Commit != first {
		t.Errorf("the first commit: %v by %v, %v, error %v", ref, who, ok, err)
	}
}
