package connect

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dray-sync/dray/adapters"
)

// tree makes folders and files in a temporary folder: names that end in / are folders.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		p := filepath.Join(dir, n)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(n, "/") {
			err = os.MkdirAll(p, 0o700)
		} else {
			err = os.WriteFile(p, []byte(n), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func link(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Fatal(err)
	}
}

func TestPaths(t *testing.T) {
	dir := tree(t, "in/a.csv", "inner/x", "out/", "secret/key", "out/state/db")
	link(t, filepath.Join(dir, "secret"), filepath.Join(dir, "in", "escape"))
	link(t, filepath.Join(dir, "in"), filepath.Join(dir, "alias"))
	link(t, filepath.Join(dir, "out", "state"), filepath.Join(dir, "out", "link"))
	p := NewPaths([]AllowedPath{{Dir: filepath.Join(dir, "in")}, {Dir: filepath.Join(dir, "out"), Write: true}}, filepath.Join(dir, "out", "state"))
	for _, c := range []struct {
		path  string
		write bool
		hint  string // empty: allowed
	}{
		{"in", false, ""},
		{"in/a.csv", false, ""},
		{"in/not/yet", false, ""},
		{"alias/a.csv", false, ""},
		{"out/new.csv", true, ""},
		{"out/new.csv", false, ""},
		{"in/a.csv", true, "for reading only"},
		{"inner/x", false, "--allow-path ro:" + filepath.Join(dir, "inner")},
		{"in/escape/key", false, "--allow-path"},
		{"in/../secret/key", false, "--allow-path"},
		{"out/state/db", true, "never allowed"},
		{"out/state/new", true, "never allowed"},
		{"out/link/db", false, "never allowed"},
		{"out", false, "never allowed"}, // it is around the state
	} {
		at, err := p.Resolve(filepath.Join(dir, c.path), c.write)
		if c.hint == "" {
			if err != nil {
				t.Errorf("%s: %v", c.path, err)
				continue
			}
			if want := filepath.Join(at.Root.Name(), at.Rel); at.Abs != want {
				t.Errorf("%s: %s is not %s", c.path, at.Abs, want)
			}
			_ = at.Root.Close()
			continue
		}
		if e, ok := errors.AsType[*adapters.ConfigError](err); !ok || !strings.Contains(e.Hint, c.hint) {
			t.Errorf("%s, write %v: %v", c.path, c.write, err)
		}
	}
	if _, err := p.Resolve("in/a.csv", false); err == nil || !strings.Contains(err.Error(), "not absolute") {
		t.Errorf("relative: %v", err)
	}
	if _, err := new(Paths).Resolve(filepath.Join(dir, "in"), false); err == nil {
		t.Error("the zero value allows something")
	}
	if _, err := NewPaths([]AllowedPath{{Dir: "/"}}).Resolve("/proc/self/environ", false); err == nil {
		t.Error("/proc is allowed")
	}
}

func TestALinkMadeAfterwardsDoesNotEscape(t *testing.T) {
	dir := tree(t, "in/sub/a.csv", "secret/a.csv")
	at, err := NewPaths([]AllowedPath{{Dir: filepath.Join(dir, "in")}}).Resolve(filepath.Join(dir, "in/sub/a.csv"), false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = at.Root.Close() }()
	if err := os.RemoveAll(filepath.Join(dir, "in/sub")); err != nil {
		t.Fatal(err)
	}
	link(t, filepath.Join(dir, "secret"), filepath.Join(dir, "in/sub"))
	if f, err := at.Root.Open(at.Rel); err == nil {
		_ = f.Close()
		t.Error("opened outside the allowed folder")
	}
}

func TestParseAllowedPath(t *testing.T) {
	if a, err := ParseAllowedPath("rw:/srv/out/"); err != nil || a != (AllowedPath{Dir: "/srv/out", Write: true}) {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := ParseAllowedPath("ro:/srv/in"); err != nil || a.Write {
		t.Errorf("%+v, %v", a, err)
	}
	for _, s := range []string{"", "/srv", "r:/srv", "rw:", "rx:/srv"} {
		if _, err := ParseAllowedPath(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}
