package repo_test

import (
	"fmt"
	"testing"

	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/repo/gitserver"
	"github.com/dray-sync/dray/engine/repo/repotest"
)

func TestIsDescendant(t *testing.T) {
	server := repotest.NewServer(t)
	var commits []string
	for i := range 600 {
		commits = append(commits, server.Commit(map[string]string{"a": fmt.Sprint(i)}, "step"))
	}
	side := server.Change(gitserver.Change{Branch: "side", Parent: commits[0], Files: map[string]string{"a": "side"}})
	source := open(t, repo.Options{URL: server.URL})
	newest := fetch(t, source, "")
	for _, c := range []struct {
		name, old string
		packs     int
		want      repo.Descent
	}{
		{"itself", commits[599], 0, repo.DescentYes},
		{"parent", commits[598], 0, repo.DescentYes},
		{"near", commits[560], 1, repo.DescentYes},
		{"far", commits[200], 2, repo.DescentYes},
		{"first", commits[0], 3, repo.DescentYes},
		{"not in the history", side, 3, repo.DescentNo},
		{"nowhere", "0123456789012345678901234567890123456789", 3, repo.DescentNo},
		{"the digest of a directory", "00" + newest.Digest[9:], 0, repo.DescentNo},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := server.Counts()
			got, err := source.IsDescendant(t.Context(), c.old, newest)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if packs := server.Counts().Packs - before.Packs; packs != c.packs {
				t.Errorf("it took %d requests for history, want %d", packs, c.packs)
			}
		})
	}
}

func TestRewrittenHistory(t *testing.T) {
	server := repotest.NewServer(t)
	first := server.Commit(map[string]string{"a": "1"}, "one")
	second := server.Commit(map[string]string{"a": "2"}, "two")
	source := open(t, repo.Options{URL: server.URL})

	// The branch goes back to where it was before.
	if err := server.Repo.SetBranch("main", first); err != nil {
		t.Fatal(err)
	}
	back := fetch(t, source, "")
	if got, err := source.IsDescendant(t.Context(), second, back); got != repo.DescentNo || err != nil {
		t.Errorf("back to the first commit: %s, %v", got, err)
	}

	// The branch gets another second commit.
	other := server.Change(gitserver.Change{Parent: first, Files: map[string]string{"a": "3"}})
	server.Commit(map[string]string{"a": "4"}, "four")
	rewritten := fetch(t, source, "")
	if got, err := source.IsDescendant(t.Context(), second, rewritten); got != repo.DescentNo || err != nil {
		t.Errorf("another second commit: %s, %v", got, err)
	}
	if got, err := source.IsDescendant(t.Context(), other, rewritten); got != repo.DescentYes || err != nil {
		t.Errorf("its own history: %s, %v", got, err)
	}
	wantError(t, repo.RewrittenError("https://ada:pw@git.example/a.git", second, rewritten), "\x00", repo.KindRewritten,
		"repository https://git.example/a.git: the history of main was rewritten: "+rewritten.Commit+" does not have "+second+
			" in it; push the branch again with the old history, or allow the rewrite once")
}

func TestDescentUnknown(t *testing.T) {
	server := repotest.NewServer(t)
	first := server.Commit(map[string]string{"a": "1"}, "one")
	for i := range 60 {
		server.Commit(map[string]string{"a": fmt.Sprint("x", i)}, "more")
	}
	source := open(t, repo.Options{URL: server.URL, Limits: repo.Limits{Objects: 55}})
	newest := fetch(t, source, "")
	got, err := source.IsDescendant(t.Context(), first, newest)
	if got != repo.DescentUnknown || repo.KindOf(err) != repo.KindTooLarge {
		t.Errorf("more history than allowed: %s, %v", got, err)
	}
	server.Down()
	got, err = source.IsDescendant(t.Context(), first, newest)
	if got != repo.DescentUnknown || repo.KindOf(err) != repo.KindUnreachable {
		t.Errorf("no server: %s, %v", got, err)
	}
}
