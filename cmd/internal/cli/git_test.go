package cli_test

import (
	"os/exec"

	"github.com/rogpeppe/go-internal/testscript"
)

// clone FOLDER makes a git repository of a folder, as a clone of an origin whose main branch it is at.
func cloneFolder(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: clone FOLDER")
	}
	git(ts, args[0], "init", "-q", "-b", "main")
	commitFolder(ts, false, []string{args[0], "first"})
	git(ts, args[0], "remote", "add", "origin", "https://git.example/acme.git")
	git(ts, args[0], "update-ref", "refs/remotes/origin/main", "HEAD")
}

// committed FOLDER MESSAGE commits all of a folder.
func commitFolder(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: committed FOLDER MESSAGE")
	}
	git(ts, args[0], "add", "-A")
	git(ts, args[0], "commit", "-q", "-m", args[1])
}

func git(ts *testscript.TestScript, dir string, args ...string) {
	cmd := exec.Command("git", append([]string{"-C", ts.MkAbs(dir), "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		ts.Fatalf("git %v: %v\n%s", args, err, out)
	}
}
