package adaptertest

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/dray-sync/dray/adapters"
)

// folder allows everything inside one folder.
type folder string

// Resolve implements [adapters.Paths].
func (f folder) Resolve(path string, _ bool) (adapters.Location, error) {
	rel, err := filepath.Rel(string(f), filepath.Clean(path))
	if err != nil || !filepath.IsLocal(rel) || !filepath.IsAbs(path) {
		return adapters.Location{}, &adapters.ConfigError{
			Message: fmt.Sprintf("path %q is outside the folders this agent may use", path), Hint: "allow it with --allow-path",
		}
	}
	real, err := filepath.EvalSymlinks(string(f))
	if err != nil {
		return adapters.Location{}, err
	}
	root, err := os.OpenRoot(real)
	if err != nil {
		return adapters.Location{}, err
	}
	return adapters.Location{Root: root, Rel: filepath.ToSlash(rel), Abs: filepath.Join(real, rel)}, nil
}
