package repo_test

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/repo/gitserver"
	"github.com/dray-sync/dray/engine/repo/repotest"
)

// open opens a source that must open.
func open(t *testing.T, o repo.Options) repo.Source {
	t.Helper()
	s, err := repo.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fetch fetches a revision that must be there.
func fetch(t *testing.T, s repo.Source, rev string) *repo.Revision {
	t.Helper()
	r, err := s.Fetch(t.Context(), rev)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// contents returns all files of a tree.
func contents(t *testing.T, tree *repo.Tree) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, f := range tree.Files() {
		data, err := tree.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		got[f.Path] = string(data)
	}
	return got
}

// wantError checks the kind and the whole text of an error. URL in the text
// stands for where the repository is.
func wantError(t *testing.T, err error, url string, kind repo.Kind, text string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if got := repo.KindOf(err); got != kind {
		t.Errorf("kind %d, want %d", got, kind)
	}
	if got := strings.ReplaceAll(err.Error(), url, "URL"); got != text {
		t.Errorf("got  %s\nwant %s", got, text)
	}
}

func TestFetch(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	server := repotest.NewServer(t)
	first := server.Commit(map[string]string{"dray.yaml": "kind: Repository\n"}, "begin")
	when := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	files := map[string]string{"touchpoints/orders.yaml": "kind: Touchpoint\n", "lookups/empty.csv": ""}
	second := server.Change(gitserver.Change{
		Files: files, Entries: map[string]gitserver.Entry{"bin/run": {Mode: 0o100755, Content: "#!"}},
		Message: "orders flow\n\nAs asked.", Author: "Ada", Email: "ada@example.com", Time: when,
	})
	source := open(t, repo.Options{URL: server.URL})

	head, err := source.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := "main@sha1:" + second; head.String() != want {
		t.Errorf("head is %s, want %s", head, want)
	}
	if got := server.Counts(); got != (repotest.Counts{Refs: 1}) {
		t.Errorf("a poll cost %+v", got)
	}

	rev := fetch(t, source, "")
	want := &repo.Revision{
		Commit: second, Branch: "main", Parents: []string{first}, Subject: "orders flow",
		Author:    repo.Signature{Name: "Ada", Email: "ada@example.com", Time: when},
		Committer: repo.Signature{Name: "Ada", Email: "ada@example.com", Time: when},
		Digest:    rev.Tree.Digest(),
	}
	if diff := cmp.Diff(want, rev, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Tree" }, cmp.Ignore())); diff != "" {
		t.Errorf("revision (-want +got):\n%s", diff)
	}
	if rev.String() != "main@sha1:"+second {
		t.Errorf("the revision prints as %s", rev)
	}
	all := map[string]string{"dray.yaml": "kind: Repository\n", "bin/run": "#!"}
	maps.Copy(all, files)
	if diff := cmp.Diff(all, contents(t, rev.Tree)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if err := fstest.TestFS(rev.Tree, "dray.yaml", "bin/run", "touchpoints/orders.yaml", "lookups/empty.csv"); err != nil {
		t.Error(err)
	}
	if err := rev.Tree.Err(); err != nil {
		t.Error(err)
	}
	blob := fmt.Sprintf("%x", sha1.Sum([]byte("blob 2\x00#!")))
	if diff := cmp.Diff(repo.File{Path: "bin/run", Blob: blob, Size: 2, Executable: true}, rev.Tree.Files()[0]); diff != "" {
		t.Errorf("first file (-want +got):\n%s", diff)
	}

	old := fetch(t, source, first)
	if diff := cmp.Diff(map[string]string{"dray.yaml": "kind: Repository\n"}, contents(t, old.Tree)); diff != "" {
		t.Errorf("the first commit (-want +got):\n%s", diff)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v, %v", left, err)
	}
}

func TestFetchByName(t *testing.T) {
	server := repotest.NewServer(t)
	first := server.Commit(map[string]string{"a": "1"}, "one")
	second := server.Commit(map[string]string{"a": "2"}, "two")
	for name, commit := range map[string]string{"release/1": first} {
		if err := server.Repo.SetBranch(name, commit); err != nil {
			t.Fatal(err)
		}
	}
	if err := server.Repo.Tag("v1", first, "annotated"); err != nil {
		t.Fatal(err)
	}
	if err := server.Repo.Tag("v2", second, ""); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ branch, want string }{
		{"release/1", "release/1@sha1:" + first},
		{"refs/heads/release/1", "release/1@sha1:" + first},
		{"v1", "v1@sha1:" + first},
		{"refs/tags/v1", "v1@sha1:" + first},
		{"v2", "v2@sha1:" + second},
	} {
		source := open(t, repo.Options{URL: server.URL + "/", Branch: c.branch})
		head, err := source.Head(t.Context())
		if err != nil {
			t.Errorf("%s: %v", c.branch, err)
			continue
		}
		if head.String() != c.want {
			t.Errorf("%s: head is %s, want %s", c.branch, head, c.want)
		}
		if got := fetch(t, source, "").String(); got != c.want {
			t.Errorf("%s: fetched %s, want %s", c.branch, got, c.want)
		}
		if got := fetch(t, open(t, repo.Options{URL: server.URL}), c.branch).String(); got != c.want {
			t.Errorf("%s: fetched by name %s, want %s", c.branch, got, c.want)
		}
	}
	server.Repo.SetHead("release/1")
	if got := fetch(t, open(t, repo.Options{URL: server.URL}), ""); got.Commit != first {
		t.Errorf("HEAD is %s, want %s", got, first)
	}
}

func TestAuthentication(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	basic := repotest.NewServer(t, repotest.Options{User: "git", Password: "s3cret"})
	bearer := repotest.NewServer(t, repotest.Options{Token: "s3cret"})
	for _, s := range []*repotest.Server{basic, bearer} {
		s.Commit(map[string]string{"a": "1"}, "one")
	}
	fetch(t, open(t, repo.Options{URL: basic.URL, Auth: repo.BasicAuth("", repo.SecretFile(file))}), "")
	fetch(t, open(t, repo.Options{URL: bearer.URL, Auth: repo.BearerAuth(repo.SecretFile(file))}), "")

	_, err := open(t, repo.Options{URL: basic.URL, Auth: repo.BasicAuth("git", repo.FixedSecret("wr0ng"))}).Fetch(t.Context(), "")
	wantError(t, err, basic.URL, repo.KindUnauthorized,
		"repository URL: the server refused the credentials; check that they are current and may read this repository")
	_, err = open(t, repo.Options{URL: basic.URL}).Head(t.Context())
	wantError(t, err, basic.URL, repo.KindUnauthorized,
		"repository URL: the server asks for credentials and none are given; give a user and a file with the token")
	_, err = open(t, repo.Options{URL: basic.URL, Auth: repo.BasicAuth("", repo.SecretFile(file+"x"))}).Head(t.Context())
	if repo.KindOf(err) != repo.KindUsage || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing token file: %v", err)
	}
	auth := repo.BasicAuth("git", repo.FixedSecret("s3cret"))
	if text := fmt.Sprintf("%v %+v %#v %s %d", auth, auth, auth, repo.Options{Auth: auth}.Auth, auth); strings.Contains(text, "s3cret") || strings.Contains(text, "git") {
		t.Errorf("credentials print as %s", text)
	}
}

func TestTLS(t *testing.T) {
	server := repotest.NewServer(t, repotest.Options{TLS: true})
	server.Commit(map[string]string{"a": "1"}, "one")
	fetch(t, open(t, repo.Options{URL: server.URL, CABundle: server.CABundle()}), "")

	_, err := open(t, repo.Options{URL: server.URL}).Head(t.Context())
	wantError(t, err, server.URL, repo.KindUnreachable,
		"repository URL: its certificate is not trusted: x509: certificate signed by unknown authority; give the CA bundle that signed it")
	_, err = repo.Open(repo.Options{URL: server.URL, CABundle: []byte("no certificate")})
	wantError(t, err, server.URL, repo.KindUsage,
		"repository URL: reading the CA bundle: the CA bundle holds no certificate in PEM form")
}

func TestTrouble(t *testing.T) {
	server := repotest.NewServer(t)
	empty := open(t, repo.Options{URL: server.URL})
	_, err := empty.Head(t.Context())
	wantError(t, err, server.URL, repo.KindEmpty, "repository URL: it has no commit yet; push one")

	first := server.Commit(map[string]string{"a": "1"}, "one")
	if err := server.Repo.SetBranch("release/1", first); err != nil {
		t.Fatal(err)
	}
	source := open(t, repo.Options{URL: server.URL, Branch: "mian"})
	const wrong = `repository URL: branch "mian" does not exist; branches there: main, release/1; use --branch main`
	_, err = source.Head(t.Context())
	wantError(t, err, server.URL, repo.KindBranchNotFound, wrong)
	_, err = source.Fetch(t.Context(), "")
	wantError(t, err, server.URL, repo.KindBranchNotFound, wrong)

	gone := strings.Repeat("ab", 20)
	_, err = source.Fetch(t.Context(), gone)
	wantError(t, err, server.URL, repo.KindCommitNotFound,
		`repository URL: there is no commit "`+gone+`"; it may have been removed by a rewrite of the history`)

	server.Fail(http.StatusNotFound)
	_, err = source.Head(t.Context())
	wantError(t, err, server.URL, repo.KindNotFound,
		"repository URL: there is no repository here; check the URL; a private repository needs credentials: hosts answer the same to strangers")
	server.Fail(http.StatusBadGateway)
	_, err = source.Head(t.Context())
	wantError(t, err, server.URL, repo.KindUnreachable,
		"repository URL: the server answered with status 502; the server is in trouble; it is worth trying again")
	server.Down()
	_, err = source.Head(t.Context())
	wantError(t, err, server.URL, repo.KindUnreachable,
		"repository URL: no answer: it closed the connection; check that the host is up and that this machine may reach it")
	server.Up()
	if _, err := open(t, repo.Options{URL: server.URL}).Head(t.Context()); err != nil {
		t.Errorf("after the server came up: %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = source.Fetch(ctx, "")
	if repo.KindOf(err) != repo.KindCanceled || !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestUnreachable(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close() // its port is free again, so nobody answers
	_, err := open(t, repo.Options{URL: server.URL}).Fetch(t.Context(), "")
	address := strings.TrimPrefix(server.URL, "http://")
	wantError(t, err, server.URL, repo.KindUnreachable,
		"repository URL: no answer: dial tcp "+address+": connect: connection refused; check that the host is up and that this machine may reach it")
}

func TestTimeout(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	_, err := open(t, repo.Options{URL: server.URL, Timeout: 10 * time.Millisecond}).Head(t.Context())
	wantError(t, err, server.URL, repo.KindUnreachable,
		"repository URL: no complete answer within 10ms; the network or the server is slow")
}

func TestNotGit(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<html>secret words of a login page</html>")
	}))
	defer server.Close()
	_, err := open(t, repo.Options{URL: server.URL}).Head(t.Context())
	wantError(t, err, server.URL, repo.KindNotFound,
		"repository URL: the answer is not that of a git server; check the URL; a login page in between is a common cause")
}

func TestRedirects(t *testing.T) {
	server := repotest.NewServer(t, repotest.Options{User: "git", Password: "s3cret"})
	server.Commit(map[string]string{"a": "1"}, "one")
	auth := repo.BasicAuth("git", repo.FixedSecret("s3cret"))

	var to string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to+r.URL.Path+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
	}))
	defer other.Close()
	to = strings.TrimSuffix(server.URL, "/acme.git")
	_, err := open(t, repo.Options{URL: other.URL + "/acme.git", Auth: auth}).Fetch(t.Context(), "")
	wantError(t, err, other.URL, repo.KindInsecure,
		"repository URL/acme.git: the server sends on to another place, which is not followed; give the URL where the repository is now")
	if got := server.Counts(); got != (repotest.Counts{}) {
		t.Errorf("the other host was asked: %+v", got)
	}

	// Within one host a redirect is how hosts mend a URL.
	repository := gitserver.New()
	if _, err := repository.Commit(gitserver.Change{Files: map[string]string{"a": "1"}}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/acme.git/", gitserver.Handler(repository))
	mux.HandleFunc("/acme/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/acme.git/info/refs?"+r.URL.RawQuery, http.StatusMovedPermanently)
	})
	same := httptest.NewServer(mux)
	defer same.Close()
	fetch(t, open(t, repo.Options{URL: same.URL + "/acme"}), "")
}

func TestRefusedURLs(t *testing.T) {
	secret := repo.BasicAuth("git", repo.FixedSecret("s3cret"))
	for _, c := range []struct {
		name    string
		options repo.Options
		kind    repo.Kind
		text    string
	}{
		{
			"password",
			repo.Options{URL: "https://ada:s3cret@git.example/acme.git"},
			repo.KindUsage,
			"repository https://git.example/acme.git: the URL holds a user name or password; take it out and give the credentials in a file",
		},
		{
			"password with at and slash",
			repo.Options{URL: "https://ada:s3/c@ret@git.example/acme.git"},
			repo.KindUsage,
			"repository https://git.example/acme.git: the URL does not parse; write it as https://host/path",
		},
		{
			"password that does not parse",
			repo.Options{URL: "https://ada:s3cret%zz@git.example:port/a"},
			repo.KindUsage,
			"repository https://git.example:port/a: the URL does not parse; write it as https://host/path",
		},
		{
			"token in the query",
			repo.Options{URL: "https://git.example/acme.git?token=s3cret"},
			repo.KindUsage,
			"repository https://git.example/acme.git: the URL has a query or fragment; write it as https://host/path",
		},
		{
			"plain http",
			repo.Options{URL: "http://git.example/acme.git"},
			repo.KindInsecure,
			"repository http://git.example/acme.git: plain http lets anyone on the way change the configuration; use https",
		},
		{
			"credentials over plain http",
			repo.Options{URL: "http://git.example/acme.git", AllowHTTP: true, Auth: secret},
			repo.KindInsecure,
			"repository http://git.example/acme.git: credentials are not sent over plain http; use https",
		},
		{
			"ssh",
			repo.Options{URL: "ssh://git@git.example/acme.git"},
			repo.KindUsage,
			"repository ssh://git.example/acme.git: ssh is not served; use the https URL of the repository",
		},
		{
			"ssh in short",
			repo.Options{URL: "git@git.example:acme.git"},
			repo.KindUsage,
			"repository git.example:acme.git: ssh is not served; use the https URL of the repository",
		},
		{
			"file",
			repo.Options{URL: "file:///srv/acme.git"},
			repo.KindUsage,
			"repository file:///srv/acme.git: file URLs are not served; give the path itself",
		},
		{
			"other scheme",
			repo.Options{URL: "ext::sh://x"},
			repo.KindUsage,
			`repository ext::sh://x: scheme "ext::sh" is not served; use https`,
		},
		{"nothing", repo.Options{}, repo.KindUsage, `repository "": no URL and no path given`},
		{
			"no host",
			repo.Options{URL: "https:///acme.git"},
			repo.KindUsage,
			"repository https:///acme.git: the URL names no host; write it as https://host/path",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := repo.Open(c.options)
			wantError(t, err, "\x00", c.kind, c.text)
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "s3") {
				t.Errorf("the error holds the password: %#v", err)
			}
		})
	}
	if _, err := repo.Open(repo.Options{URL: "http://git.example/acme.git", AllowHTTP: true}); err != nil {
		t.Errorf("plain http that was allowed: %v", err)
	}
	for _, host := range []string{"localhost", "127.0.0.1:8080", "[::1]:8080"} {
		if _, err := repo.Open(repo.Options{URL: "http://" + host + "/acme.git", Auth: secret}); err != nil {
			t.Errorf("http to %s: %v", host, err)
		}
	}
}

func TestLimits(t *testing.T) {
	server := repotest.NewServer(t)
	server.Commit(map[string]string{"big": strings.Repeat("a line that packs well\n", 10_000), "small": "1"}, "one")
	for _, c := range []struct {
		name   string
		limits repo.Limits
		text   string
	}{
		{"pack", repo.Limits{PackBytes: 400}, "the server sent more than the 400 bytes allowed"},
		{"unpacked", repo.Limits{UnpackedBytes: 100_000}, "unpacked it has more than the 100000 bytes allowed"},
		{"objects", repo.Limits{Objects: 3}, "the server sent 4 git objects, more than the 3 allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := open(t, repo.Options{URL: server.URL, Limits: c.limits}).Fetch(t.Context(), "")
			wantError(t, err, server.URL, repo.KindTooLarge,
				"repository URL: "+c.text+"; keep only configuration in this repository")
		})
	}
	fetch(t, open(t, repo.Options{URL: server.URL, Limits: repo.Limits{Objects: 4, UnpackedBytes: 300_000}}), "")
}

func TestConcurrentUse(t *testing.T) {
	server := repotest.NewServer(t)
	server.Commit(map[string]string{"a": "0"}, "zero")
	source := open(t, repo.Options{URL: server.URL})
	var wg sync.WaitGroup
	for worker := range 6 {
		wg.Go(func() {
			for i := range 5 {
				if worker == 0 {
					server.Commit(map[string]string{"a": fmt.Sprint(i)}, "more")
					continue
				}
				rev, err := source.Fetch(t.Context(), "")
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := source.Head(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := rev.Tree.ReadFile("a"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
