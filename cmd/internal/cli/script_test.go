package cli_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
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
	config.RunChildIfAsked()
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
		Condition: func(name string) (bool, error) {
			if name != "tmpfs" {
				return false, fmt.Errorf("no condition %q", name)
			}
			return exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", os.TempDir()).Run() == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"clone": cloneFolder, "committed": commitFolder, "code": code, "until": until, "plain": plain, "served": serveFolder, "absent": absent, "recipient": recipient, "freeport": freePort, "found": found, "replace": replace, "sqlite": execSQL, "rows": queryRows,
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
	{regexp.MustCompile(`in \d+(\.\d+)?(µs|ms|s)\b`), "in DURATION"},
	{regexp.MustCompile(`\b[0-9a-f]{8,12}\b`), "SHORT"},
	{regexp.MustCompile(`after=\S+`), "after=DELAY"},
	{regexp.MustCompile(`\b\d+s\b`), "Ns"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "RECORD"},
	{regexp.MustCompile(`DATE \d\d:\d\d:\d\d UTC`), "TIME"},
}

// plain stdout|stderr... prints what the last command printed, without paths, times and keys that are new each time.
func plain(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: plain stdout|stderr...")
	}
	var text string
	for _, name := range args {
		text += ts.ReadFile(name)
	}
	text = strings.ReplaceAll(text, ts.Getenv("WORK"), "WORK")
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
			if d.Name() == ".dray" || d.Name() == ".git" || d.Name() == "data" {
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

// recipient NAME FILE sets $NAME to the public key of an identity.
func recipient(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: recipient NAME FILE")
	}
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		if key, ok := strings.CutPrefix(line, "# recipient: "); ok {
			ts.Setenv(args[0], strings.TrimSpace(key))
			return
		}
	}
	ts.Fatalf("%s names no recipient", args[1])
}

// freeport NAME sets $NAME to an address of this machine that nothing listens on.
func freePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeport NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Check(l.Close())
	ts.Setenv(args[0], l.Addr().String())
}

// found NAME PATTERN sets $NAME to what the pattern's group matches first in what the last command printed.
func found(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: found NAME PATTERN")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	m := pattern.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) != 2 {
		ts.Fatalf("nothing matches %s", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// replace OLD NEW FILE replaces a text in a file.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace OLD NEW FILE")
	}
	text := ts.ReadFile(args[2])
	if !strings.Contains(text, args[0]) {
		ts.Fatalf("%s does not contain %q", args[2], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.ReplaceAll(text, args[0], args[1])), 0o600))
}

// execSQL is sqlite FILE STATEMENT.
func execSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite FILE STATEMENT")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0])+"?_pragma=busy_timeout(10000)")
	ts.Check(err)
	_, err = db.Exec(args[1])
	ts.Check(errors.Join(err, db.Close()))
}

// queryRows is rows FILE QUERY: it prints the one column that a query gives.
func queryRows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: rows FILE QUERY")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0])+"?_pragma=busy_timeout(10000)")
	ts.Check(err)
	ts.Defer(func() { _ = db.Close() })
	rows, err := db.Query(args[1])
	ts.Check(err)
	for rows.Next() {
		var text string
		ts.Check(rows.Scan(&text))
		fmt.Fprintln(ts.Stdout(), text)
	}
	ts.Check(errors.Join(rows.Err(), rows.Close()))
}
