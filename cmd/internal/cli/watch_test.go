package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters/all"
)

// A session is a command that runs until it is stopped, and what it prints meanwhile.
type session struct {
	t     *testing.T
	lines chan string
	seen  []string
	stop  func()
	ended chan int
}

// begin starts a command line.
func begin(t *testing.T, args ...string) *session {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	s := &session{t: t, lines: make(chan string, 1000), stop: cancel, ended: make(chan int, 1)}
	a := &app{in: strings.NewReader(""), out: w, err: w, registry: all.Registry(), now: time.Now, getenv: func(string) string { return "" }}
	go func() {
		s.ended <- a.run(ctx, args)
		_ = w.Close()
	}()
	go func() {
		defer close(s.lines)
		for in := bufio.NewScanner(r); in.Scan(); {
			s.lines <- in.Text()
		}
	}()
	t.Cleanup(func() {
		cancel()
		for range s.lines {
		}
	})
	return s
}

// until reads on until a line matches, and returns it.
func (s *session) until(pattern string) string {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	bound := time.NewTimer(30 * time.Second)
	defer bound.Stop()
	for {
		select {
		case line, ok := <-s.lines:
			if !ok {
				s.t.Fatalf("it ended before %s:\n%s", pattern, strings.Join(s.seen, "\n"))
			}
			if s.seen = append(s.seen, line); re.MatchString(line) {
				return line
			}
		case <-bound.C:
			s.t.Fatalf("no %s in time:\n%s", pattern, strings.Join(s.seen, "\n"))
		}
	}
}

// end stops the command as an interrupt does and demands an exit code.
func (s *session) end(want int) {
	s.t.Helper()
	s.stop()
	for line := range s.lines {
		s.seen = append(s.seen, line)
	}
	if got := <-s.ended; got != want {
		s.t.Errorf("exit code %d, want %d:\n%s", got, want, strings.Join(s.seen, "\n"))
	}
}

// repository makes a folder with the files that dray init writes.
func repository(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "acme")
	a := &app{in: strings.NewReader(""), out: io.Discard, err: io.Discard, registry: all.Registry(), now: time.Now, getenv: func(string) string { return "" }}
	if code := a.run(t.Context(), []string{"init", dir}); code != exitOK {
		t.Fatalf("dray init: exit code %d", code)
	}
	return dir
}

// change replaces a text in a file of a folder, as an editor does: by renaming a new file over it.
func change(t *testing.T, dir, file, from, to string) {
	t.Helper()
	name := filepath.Join(dir, file)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), from) {
		t.Fatalf("%s has no %q", file, from)
	}
	swap := filepath.Join(filepath.Dir(name), ".swap")
	if err := errors.Join(os.WriteFile(swap, []byte(strings.ReplaceAll(string(text), from, to)), 0o644), os.Rename(swap, name)); err != nil {
		t.Fatal(err)
	}
}

const mappingFile = "mappings/customer.yaml"

func TestTestWatch(t *testing.T) {
	dir := repository(t)
	s := begin(t, "test", dir, "--watch")
	s.until(`^2 passed, 0 failed; 1 of 1 test ran$`)
	change(t, dir, mappingFile, `[trim, lower]`, `[trim, upper]`)
	s.until(`^FAIL customer-to-contact: addresses are trimmed`)
	s.until(`mappings/customer.yaml:\d+:\d+: email: want "ada@example.org", got "ADA@EXAMPLE.ORG"`)
	s.until(`^1 passed, 1 failed; 1 of 1 test ran$`)
	change(t, dir, mappingFile, `[trim, upper]`, `[trim, uper]`)
	s.until(`mappings/customer.yaml:\d+:\d+: .*"uper"`)
	s.until(`^1 error, `)
	change(t, dir, mappingFile, `[trim, uper]`, `[trim, lower]`)
	s.until(`^2 passed, 0 failed; 1 of 1 test ran$`)
	other := "apiVersion: dray/v1\nkind: MappingTest\nmetadata: {name: more}\nspec: {mapping: customer-to-contact, cases: [{name: a, input: {}, expectRejected: {}}]}\n"
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "tests"), 0o755), os.WriteFile(filepath.Join(dir, "tests", "more.yaml"), []byte(other), 0o644)); err != nil {
		t.Fatal(err)
	}
	s.until(`^3 passed, 0 failed; 1 of 2 tests ran$`)
	s.end(exitOK)
}

func TestValidateWatch(t *testing.T) {
	dir := repository(t)
	s := begin(t, "validate", dir, "--watch")
	s.until(`^valid: `)
	change(t, dir, "dray.yaml", "spec:", "spce:")
	s.until(`dray.yaml:\d+:\d+: .*did you mean spec|did you mean spec`)
	change(t, dir, "dray.yaml", "spce:", "spec:")
	s.until(`^valid: `)
	s.end(exitOK)
}
