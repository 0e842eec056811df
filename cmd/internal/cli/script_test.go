package cli_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dray-sync/dray/adapters/all"
	"github.com/dray-sync/dray/cmd/internal/cli"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/repo/gitserver"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dray": func() {
		config.RunChildIfAsked()
		os.Exit(cli.Main(os.Args[1:], all.Registry()))
	}})
}

// TestScripts runs the command line as people do. UPDATE=1 writes what the commands print into the scripts.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), RequireExplicitExec: true, RequireUniqueNames: true, UpdateScripts: os.Getenv("UPDATE") == "1",
		Setup: func(e *testscript.Env) error {
			e.Values[served{}] = map[string]*gitserver.Repository{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "until": until, "plain": plain, "served": serveFolder, "absent": absent,
		},
	})
}

// code N COMMAND... holds that a command ends with exactly that exit code.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND ARG...")
	}
	err := ts.Exec(args[1], args[2:]...)
	have := 0
	if exit, ok := err.(*exec.ExitError); ok {
		have = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(have) != args[0] {
		ts.Fatalf("exit code %d, want %s", have, args[0])
	}
}

// patience bounds every wait.
const patience = 20 * time.Second

// until PATTERN COMMAND... runs a command again and again until it ends well and its standard output matches.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN COMMAND ARG...")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-tick.C {
		if ts.Exec(args[1], args[2:]...) == nil && pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("nothing matched %s in time", args[0])
}

// scrubbed is what differs from one run to the next.
var scrubbed = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "HOST"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-][\d:]+)`), "TIME"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d`), "DATE"},
	{regexp.MustCompile(`age1[a-z0-9]+(…[a-z0-9]*)?`), "RECIPIENT"},
	{regexp.MustCompile(`\b[0-9a-f]{40}\b`), "COMMIT"},
	{regexp.MustCompile(`process \d+`), "process PID"},
}

// plain stdout|stderr prints what the last command printed, without paths, times and keys that are new each time.
func plain(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: plain stdout|stderr")
	}
	text := strings.ReplaceAll(ts.ReadFile(args[0]), ts.Getenv("WORK"), "WORK")
	for _, s := range scrubbed {
		text = s.pattern.ReplaceAllString(text, s.by)
	}
	fmt.Fprint(ts.Stdout(), text)
}

type served struct{}

// served NAME FOLDER commits a folder's files, besides .dray and data, to a git repository, whose URL becomes $NAME.
func serveFolder(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: served NAME FOLDER")
	}
	all := ts.Value(served{}).(map[string]*gitserver.Repository)
	r := all[args[0]]
	if r == nil {
		r = gitserver.New()
		all[args[0]] = r
		s := httptest.NewServer(gitserver.Handler(r))
		ts.Defer(s.Close)
		ts.Setenv(args[0], s.URL+"/acme.git")
	}
	root, files := ts.MkAbs(args[1]), map[string]string{}
	ts.Check(filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == ".dray" || d.Name() == "data" {
				return filepath.SkipDir
			}
			return nil
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		files[filepath.ToSlash(rel)] = string(text)
		return err
	}))
	_, err := r.Commit(gitserver.Change{Message: "as the script says", Author: "Engineer", Email: "engineer@acme.example", Files: files})
	ts.Check(err)
}

// absent TEXT FOLDER holds that no file below a folder contains a text.
func absent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: absent TEXT FOLDER")
	}
	ts.Check(filepath.WalkDir(ts.MkAbs(args[1]), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), args[0]) {
			return fmt.Errorf("%s contains it", path)
		}
		return err
	}))
}
