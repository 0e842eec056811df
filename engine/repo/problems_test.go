package repo_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/repo/gitserver"
	"github.com/dray-sync/dray/engine/repo/repotest"
)

// problems commits entries beside a good file and returns what is wrong.
func problems(t *testing.T, limits repo.Limits, entries map[string]gitserver.Entry) []string {
	t.Helper()
	server := repotest.NewServer(t)
	server.Change(gitserver.Change{Files: map[string]string{"good.yaml": "1"}, Entries: entries})
	rev := fetch(t, open(t, repo.Options{URL: server.URL, Limits: limits}), "")
	var lines []string
	for _, p := range rev.Tree.Problems() {
		lines = append(lines, p.String())
	}
	return lines
}

func TestTreeProblems(t *testing.T) {
	file := gitserver.Entry{Mode: 0o100644, Content: "x"}
	for _, c := range []struct {
		name    string
		limits  repo.Limits
		entries map[string]gitserver.Entry
		want    []string
	}{
		{
			"symbolic link",
			repo.Limits{},
			map[string]gitserver.Entry{"a/link": {Mode: 0o120000, Content: "/etc/passwd"}},
			[]string{"a/link: is a symbolic link; replace it with the file it points at"},
		},
		{
			"submodule",
			repo.Limits{},
			map[string]gitserver.Entry{"lib": {Mode: 0o160000, Commit: strings.Repeat("ab", 20)}},
			[]string{"lib: is a submodule; copy the files into the repository"},
		},
		{
			"odd mode",
			repo.Limits{},
			map[string]gitserver.Entry{"a": {Mode: 0o100664, Content: "x"}},
			[]string{`a: has the unusual mode "100664"; commit it as a plain file`},
		},
		{
			"dots",
			repo.Limits{},
			map[string]gitserver.Entry{"../up": file, "a/./b": file},
			[]string{`..: ".." is not a file name; rename it`, `a/.: "." is not a file name; rename it`},
		},
		{
			"control character",
			repo.Limits{},
			map[string]gitserver.Entry{"a\x1bb": file},
			[]string{`a\x1bb: the name holds a control character; rename it`},
		},
		{
			"invisible character",
			repo.Limits{},
			map[string]gitserver.Entry{"a\u202eb": file},
			[]string{`a\u202eb: the name holds an invisible character; rename it`},
		},
		{
			"not UTF-8",
			repo.Limits{},
			map[string]gitserver.Entry{"a\xff": file},
			[]string{`a\xff: the name is not valid UTF-8; rename it`},
		},
		{
			"backslash",
			repo.Limits{},
			map[string]gitserver.Entry{`..\up`: file},
			[]string{`..\up: the name holds a slash or backslash; rename it`},
		},
		{
			"git's directory",
			repo.Limits{},
			map[string]gitserver.Entry{".GIT/config": file, "a/git~1": file, "b/.git .": file, "c/.git::$INDEX_ALLOCATION": file},
			[]string{
				".GIT: the name stands for git's own directory on some systems; rename it",
				"a/git~1: the name stands for git's own directory on some systems; rename it",
				"b/.git .: the name stands for git's own directory on some systems; rename it",
				"c/.git::$INDEX_ALLOCATION: the name stands for git's own directory on some systems; rename it",
			},
		},
		{
			"device",
			repo.Limits{},
			map[string]gitserver.Entry{"Con.yaml": file, "lpt1": file, "console.yaml": file},
			[]string{"Con.yaml: the name is a device on Windows; rename it", "lpt1: the name is a device on Windows; rename it"},
		},
		{
			"not normal form C",
			repo.Limits{},
			map[string]gitserver.Entry{"e\u0301.yaml": file},
			[]string{"e\u0301.yaml: the name is not in Unicode normal form C; rename it; macOS tools are a common cause"},
		},
		{
			"case",
			repo.Limits{},
			map[string]gitserver.Entry{"x/Orders.yaml": file, "x/orders.yaml": file, "x/stra\u00dfe": file, "x/STRASSE": file, "X/a": file},
			[]string{
				`x: differs from "X" only in upper and lower case; rename one of them`,
			},
		},
		{
			"case of files",
			repo.Limits{},
			map[string]gitserver.Entry{"x/Orders.yaml": file, "x/orders.yaml": file, "x/stra\u00dfe": file, "x/STRASSE": file},
			[]string{
				`x/orders.yaml: differs from "x/Orders.yaml" only in upper and lower case; rename one of them`,
				"x/stra\u00dfe: differs from \"x/STRASSE\" only in upper and lower case; rename one of them",
			},
		},
		{
			"huge file",
			repo.Limits{},
			map[string]gitserver.Entry{"big.csv": {Mode: 0o100644, Content: strings.Repeat("x", 1<<20+1)}},
			[]string{"big.csv: 1048577 bytes are more than the 1048576 a file may have; split the file or keep it elsewhere"},
		},
		{"largest file", repo.Limits{}, map[string]gitserver.Entry{"big.csv": {Mode: 0o100644, Content: strings.Repeat("x", 1<<20)}}, nil},
		{
			"too much",
			repo.Limits{TreeBytes: 10},
			map[string]gitserver.Entry{"a": {Mode: 0o100644, Content: "12345678"}, "b": {Mode: 0o100644, Content: "12345678"}},
			[]string{".: more than 10 bytes in all files together; keep only configuration in this repository"},
		},
		{
			"too many",
			repo.Limits{Files: 2},
			map[string]gitserver.Entry{"a": file, "b": file},
			[]string{".: more than 2 files and directories; keep only configuration in this repository"},
		},
		{
			"too deep",
			repo.Limits{Depth: 2},
			map[string]gitserver.Entry{"a/b/ok": file, "a/b/c/d/deep": file},
			[]string{"a/b/c: lies deeper than 2 directories; flatten the directories"},
		},
		{
			"too long",
			repo.Limits{PathBytes: 12},
			map[string]gitserver.Entry{"directory/" + strings.Repeat("x", 40): file},
			[]string{"directory/xx...: the path is longer than 12 bytes; use shorter names"},
		},
		{
			"everything at once",
			repo.Limits{},
			map[string]gitserver.Entry{"z": {Mode: 0o120000}, "a/b": {Mode: 0o120000}, "nul": file},
			[]string{
				"a/b: is a symbolic link; replace it with the file it points at",
				"nul: the name is a device on Windows; rename it",
				"z: is a symbolic link; replace it with the file it points at",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, problems(t, c.limits, c.entries)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSub(t *testing.T) {
	server := repotest.NewServer(t)
	server.Change(gitserver.Change{
		Files: map[string]string{"plants/one/dray.yaml": "1", "plants/one/a/b.yaml": "2", "plants/one.yaml": "3", "plants/two/dray.yaml": "4"},
		Entries: map[string]gitserver.Entry{
			"plants/two/link": {Mode: 0o120000, Content: "x"}, "elsewhere": {Mode: 0o120000, Content: "x"}, "linked": {Mode: 0o120000, Content: "plants"},
		},
	})
	whole := fetch(t, open(t, repo.Options{URL: server.URL}), "")
	one, err := whole.Sub("plants/one/")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"dray.yaml": "1", "a/b.yaml": "2"}, contents(t, one.Tree)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if err := one.Tree.Err(); err != nil {
		t.Errorf("the trouble of others counts: %v", err)
	}
	if one.Digest == whole.Digest || one.Digest != one.Tree.Digest() {
		t.Errorf("digest %s", one.Digest)
	}
	for dir, want := range map[string]string{
		"plants/two":  "link: is a symbolic link; replace it with the file it points at",
		"linked":      ".: is a symbolic link; replace it with the file it points at",
		"linked/one":  ".: is a symbolic link; replace it with the file it points at",
		"nowhere":     "sub nowhere: file does not exist",
		"../plants":   "sub ../plants: invalid argument",
		"/plants/one": "sub /plants/one: invalid argument",
	} {
		part, err := whole.Tree.Sub(dir)
		if err == nil {
			err = part.Err()
		}
		if fmt.Sprint(err) != want {
			t.Errorf("%s: got %v, want %s", dir, err, want)
		}
	}
	if same, err := whole.Tree.Sub("."); err != nil || same.Digest() != whole.Digest {
		t.Errorf("the whole: %v", err)
	}
}
