package repo_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/repo/gitserver"
	"github.com/dray-sync/dray/engine/repo/repotest"
)

// stored returns a revision and its bytes.
func stored(t testing.TB) (*repo.Revision, []byte) {
	t.Helper()
	server := repotest.NewServer(t)
	server.Commit(map[string]string{"a.yaml": "1"}, "one")
	server.Change(gitserver.Change{
		Files: map[string]string{"dir/b.yaml": "two\n", "empty": ""}, Message: "two",
		Entries: map[string]gitserver.Entry{"run": {Mode: 0o100755, Content: "#!"}, "link": {Mode: 0o120000, Content: "a"}},
	})
	source, err := repo.Open(repo.Options{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	rev, err := source.Fetch(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	data, err := rev.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return rev, data
}

func TestStoredRevision(t *testing.T) {
	rev, data := stored(t)
	got, err := repo.UnmarshalRevision(data, repo.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	ignoreTree := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Tree" }, cmp.Ignore())
	if diff := cmp.Diff(rev, got, ignoreTree); diff != "" {
		t.Errorf("revision (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(rev.Tree.Files(), got.Tree.Files()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(contents(t, rev.Tree), contents(t, got.Tree)); diff != "" {
		t.Errorf("contents (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(rev.Tree.Problems(), got.Tree.Problems()); diff != "" || len(got.Tree.Problems()) != 1 {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	again, err := got.MarshalBinary()
	if err != nil || !bytes.Equal(again, data) {
		t.Errorf("the bytes differ the second time: %v", err)
	}
}

func TestStoredRevisionDamaged(t *testing.T) {
	_, data := stored(t)
	for i := range data {
		if _, err := repo.UnmarshalRevision(data[:i], repo.Limits{}); err == nil {
			t.Errorf("the first %d bytes are taken for a revision", i)
		}
	}
	if _, err := repo.UnmarshalRevision(data, repo.Limits{FileBytes: 3}); err == nil {
		t.Error("a file larger than the limit is taken")
	}
	if _, err := repo.UnmarshalRevision(data, repo.Limits{Files: 3}); err == nil {
		t.Error("more files than the limit are taken")
	}
}

func FuzzUnmarshalRevision(f *testing.F) {
	_, data := stored(f)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		rev, err := repo.UnmarshalRevision(data, repo.Limits{})
		if err == nil && rev.Tree.Digest() != rev.Digest {
			t.Error("the digest does not hold")
		}
	})
}
