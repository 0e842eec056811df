package connect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dray-sync/dray/adapters"
)

// AllowedPath is a folder that connections may use.
type AllowedPath struct {
	Dir   string // absolute
	Write bool
}

// ParseAllowedPath reads ro:/srv/in or rw:/srv/out.
func ParseAllowedPath(s string) (AllowedPath, error) {
	mode, dir, ok := strings.Cut(s, ":")
	if !ok || (mode != "ro" && mode != "rw") || dir == "" {
		return AllowedPath{}, fmt.Errorf("path %q is not written ro:/folder or rw:/folder", s)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return AllowedPath{}, fmt.Errorf("path %q: %w", dir, err)
	}
	return AllowedPath{Dir: abs, Write: mode == "rw"}, nil
}

// Paths is the operator's allow-list. The zero value allows nothing. It is safe for concurrent use.
type Paths struct {
	allowed []AllowedPath
	never   []string
}

// NewPaths returns an allow-list. What is never, lies below it, or is a folder around it stays out of reach: the state directory,
// the identity.
func NewPaths(allowed []AllowedPath, never ...string) *Paths {
	p := &Paths{allowed: allowed}
	for _, n := range append(never, "/proc", "/sys", "/dev") {
		if abs, err := filepath.Abs(n); err == nil && n != "" {
			p.never = append(p.never, real(abs))
		}
	}
	return p
}

// Resolve finds the allowed folder that holds path, which must be absolute. Symbolic links are followed first, so that what is
// judged is the place itself.
func (p *Paths) Resolve(path string, write bool) (adapters.Location, error) {
	if !filepath.IsAbs(path) {
		return adapters.Location{}, &adapters.ConfigError{Message: fmt.Sprintf("path %q is not absolute", path), Hint: "write it from the root: /srv/in"}
	}
	place := real(filepath.Clean(path))
	for _, n := range p.never {
		if within(n, place) || isFolder(place) && within(place, n) {
			return adapters.Location{}, notAllowed(path, write, "this place is never allowed")
		}
	}
	hint := fmt.Sprintf("the agent's operator can allow it: --allow-path %s:%s", mode(write), folderOf(path))
	for _, a := range p.allowed {
		dir := real(a.Dir)
		if !within(dir, place) {
			continue
		}
		if write && !a.Write {
			hint = fmt.Sprintf("it is allowed for reading only; the agent's operator can change that: --allow-path rw:%s", a.Dir)
			continue
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return adapters.Location{}, &adapters.Error{Kind: adapters.Unavailable, Op: "opening", Rule: fmt.Sprintf("folder %s: %s", a.Dir, reason(err)), Err: err}
		}
		rel, err := filepath.Rel(dir, place)
		if err != nil {
			_ = root.Close()
			return adapters.Location{}, notAllowed(path, write, hint)
		}
		return adapters.Location{Root: root, Rel: filepath.ToSlash(rel), Abs: place}, nil
	}
	return adapters.Location{}, notAllowed(path, write, hint)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// folderOf returns a path that is a folder itself, or else the folder it lies in.
func folderOf(path string) string {
	if isFolder(path) {
		return path
	}
	return filepath.Dir(path)
}

func mode(write bool) string {
	if write {
		return "rw"
	}
	return "ro"
}

func notAllowed(path string, write bool, hint string) error {
	verb := "read"
	if write {
		verb = "write"
	}
	return &adapters.ConfigError{Message: fmt.Sprintf("path %q is not one this agent may %s", path, verb), Hint: hint}
}

// real follows the symbolic links of as much of an absolute path as exists.
func real(path string) string {
	rest := ""
	for p := path; ; {
		if r, err := filepath.EvalSymlinks(p); err == nil {
			return filepath.Join(r, rest)
		}
		parent := filepath.Dir(p)
		if parent == p {
			return path
		}
		rest, p = filepath.Join(filepath.Base(p), rest), parent
	}
}

func within(dir, path string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// reason is an error's cause without the path that os puts in front.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}
