package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// written reports whether the flow of dray init has written its file.
func written(t *testing.T, dir string) bool {
	t.Helper()
	_, err := os.Stat(filepath.Join(dir, "data", "contacts.csv"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

func TestDevObservesAndReloads(t *testing.T) {
	dir := repository(t)
	t.Setenv("TMPDIR", t.TempDir())
	s := begin(t, "dev", dir, "--allow-path", "ro:"+filepath.Join(dir, "data"), "--identity", filepath.Join(dir, ".dray", "identity"))
	s.until(`^agent on .*, environment production; ask it: dray get status --agent `)
	s.until(`^nothing is written to any connection; --live writes$`)
	s.until(`^tests: 2 passed, 0 failed; 1 of 1 test ran$`)
	s.until(`\+ Touchpoint customers`)
	s.until(`^applied$`)
	s.until(`^run of customers: succeeded; read 3: 3 observed, 0 filtered, 0 rejected, 0 parked$`)

	change(t, dir, mappingFile, "[trim, lower]", "[trim, upper]") // the tests do not agree
	s.until(`mappings/customer.yaml:\d+:\d+: .*email: want "ada@example.org", got "ADA@EXAMPLE.ORG" \[test/failed\]`)
	s.until(`^tests: 1 passed, 1 failed; 1 of 1 test ran$`)
	s.until(`^not applied, what was good serves on: `)

	change(t, dir, mappingFile, "[trim, upper]", "[trim, uper]") // no configuration
	s.until(`"uper"`)
	s.until(`^not applied, what was good serves on: `)

	change(t, dir, mappingFile, "[trim, uper]", "[trim, lower]")
	s.until(`^applied$`)

	change(t, dir, mappingFile, "{value: shop}", "{value: web}")
	s.until(`^tests: 2 passed, 0 failed; 1 of 1 test ran$`)
	s.until(`customer-to-contact`) // the plan names the mapping
	s.until(`^applied$`)
	s.end(exitOK)
	if written(t, dir) {
		t.Error("it wrote, and may only observe")
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("it left %v (%v)", left, err)
	}
}

func TestDevLiveWrites(t *testing.T) {
	dir := repository(t)
	s := begin(t, "dev", dir, "--live", "--state", filepath.Join(t.TempDir(), "s"), "--identity", filepath.Join(dir, ".dray", "identity"), "--allow-path", "rw:"+filepath.Join(dir, "data"))
	s.until(`^LIVE: touchpoints write`)
	s.until(`^applied$`)
	s.until(`^run of customers: succeeded; read 3: 3 created`)
	s.end(exitOK)
	if !written(t, dir) {
		t.Error("it did not write")
	}
}

// TestDevAfterLiveObserves holds that a state that was live does not write on when it is observed.
func TestDevAfterLiveObserves(t *testing.T) {
	dir := repository(t)
	args := []string{"dev", dir, "--state", filepath.Join(t.TempDir(), "s"), "--identity", filepath.Join(dir, ".dray", "identity"), "--allow-path", "rw:" + filepath.Join(dir, "data")}
	change(t, dir, "touchpoints/customers.yaml", "every: 15m", "every: 1s")
	s := begin(t, append(args, "--live")...)
	s.until(`^run of customers: succeeded; read 3: 3 created`)
	s.end(exitOK)
	out := filepath.Join(dir, "data", "contacts.csv")
	before, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	more := "4,new@example.org,New,Customer\n"
	in, err := os.ReadFile(filepath.Join(dir, "data", "customers.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "customers.csv"), append(in, more...), 0o644); err != nil {
		t.Fatal(err)
	}
	s = begin(t, args...)
	s.until(`^run of customers: succeeded; .* observed`)
	s.end(exitOK)
	after, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Errorf("it wrote:\n%s", after)
	}
}

func TestDevWaitsForAGoodFolder(t *testing.T) {
	dir := repository(t)
	change(t, dir, "dray.yaml", "spec:", "spce:")
	s := begin(t, "dev", dir)
	s.until(`dray.yaml:\d+`)
	change(t, dir, "dray.yaml", "spce:", "spec:")
	s.until(`^applied$`)
	s.end(exitOK)
}

func TestDevNeedsNoKeyUnlessItKeepsItsState(t *testing.T) {
	dir := repository(t)
	if err := os.RemoveAll(filepath.Join(dir, ".dray")); err != nil {
		t.Fatal(err)
	}
	s := begin(t, "dev", dir)
	s.until(`^applied$`)
	s.end(exitOK)
	s = begin(t, "dev", dir, "--state", t.TempDir())
	line := s.until(`^dray: there is no identity at `)
	if !strings.Contains(line, "or leave --state out") {
		t.Error(line)
	}
	s.end(exitUnreachable)
}
