package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// directory is a plain directory. Its revision is the digest of its content.
type directory struct {
	path   string
	limits Limits
}

var _ Source = (*directory)(nil)

// OpenDirectory returns the source of a plain directory, read as it lies there:
// what is not committed counts too, what .gitignore names does not, and git's
// own directory does not. Symbolic links are not followed, except the path
// itself.
func OpenDirectory(path string, limits Limits) (Source, error) {
	d := &directory{path: path, limits: limits.withDefaults()}
	root, err := d.open()
	if err != nil {
		return nil, err
	}
	_ = root.Close()
	return d, nil
}

func (d *directory) open() (*os.Root, error) {
	root, err := os.OpenRoot(d.path)
	if err != nil {
		e := &Error{Kind: KindNotFound, Repository: printable(d.path), Message: "cannot be opened", Err: rootCause(err)}
		if errors.Is(err, fs.ErrPermission) {
			e.Kind, e.Hint = KindUnauthorized, "let the user Dray runs as read it"
		}
		return nil, e
	}
	return root, nil
}

// Head implements [Source]. It reads the whole directory.
func (d *directory) Head(ctx context.Context) (Ref, error) {
	rev, err := d.Fetch(ctx, "")
	if err != nil {
		return Ref{}, err
	}
	return Ref{Commit: rev.Commit}, nil
}

// Fetch implements [Source].
func (d *directory) Fetch(ctx context.Context, rev string) (*Revision, error) {
	if rev != "" {
		return nil, &Error{
			Kind: KindUsage, Repository: printable(d.path),
			Message: fmt.Sprintf("a directory without git has no revision %q", rev),
		}
	}
	root, err := d.open()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	r := &directoryReader{collector: collector{limits: d.limits}, root: root}
	if err := r.dir(ctx, newLevel("", 0), nil); err != nil {
		return nil, d.explain(err)
	}
	tree := r.tree()
	digest := tree.Digest()
	return &Revision{Commit: strings.TrimPrefix(digest, "sha256:"), Digest: digest, Tree: tree}, nil
}

// IsDescendant implements [Source].
func (d *directory) IsDescendant(context.Context, string, *Revision) (Descent, error) {
	return DescentYes, nil
}

func (d *directory) explain(err error) error {
	l := local{path: d.path}
	return l.explain(err)
}

// directoryReader reads a directory and those below it. All access goes
// through root, so that a link put in place meanwhile leads nowhere.
type directoryReader struct {
	collector
	root *os.Root
}

func (r *directoryReader) dir(ctx context.Context, l *level, ignored []gitignore.Pattern) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := fs.ReadDir(r.root.FS(), pathOrDot(l.path))
	if err != nil {
		return err
	}
	ignored = append(ignored[:len(ignored):len(ignored)], r.ignoreFile(l)...)
	matcher := gitignore.NewMatcher(ignored)
	for _, e := range entries {
		if r.full {
			return nil
		}
		if e.Name() == ".git" && l.path == "" {
			continue
		}
		if matcher.Match(strings.Split(l.join(e.Name()), "/"), e.IsDir()) {
			continue
		}
		if err := r.entry(ctx, l, e, ignored); err != nil {
			return err
		}
	}
	return nil
}

// pathOrDot names the root as io/fs does.
func pathOrDot(path string) string {
	if path == "" {
		return "."
	}
	return path
}

// ignoreFile reads the .gitignore of a directory. One that cannot be read is
// reported when it comes up as a file.
func (r *directoryReader) ignoreFile(l *level) []gitignore.Pattern {
	data, err := r.content(l.join(".gitignore"))
	if err != nil {
		return nil
	}
	var domain []string
	if l.path != "" {
		domain = strings.Split(l.path, "/")
	}
	var patterns []gitignore.Pattern
	for line := range bytes.Lines(data) {
		text := strings.TrimRight(string(line), "\r\n")
		if strings.TrimSpace(text) != "" && !strings.HasPrefix(text, "#") {
			patterns = append(patterns, gitignore.ParsePattern(text, domain))
		}
	}
	return patterns
}

// entry reads one entry of a directory.
func (r *directoryReader) entry(ctx context.Context, l *level, e fs.DirEntry, ignored []gitignore.Pattern) error {
	path, ok := r.admit(l, e.Name())
	if !ok {
		return nil
	}
	switch e.Type() {
	case fs.ModeDir:
		if _, err := r.root.Lstat(filepath.Join(path, ".git")); err == nil {
			r.problem(path, "is another git repository", "copy its files, or name it in .gitignore")
			return nil
		}
		below := r.descend(l, path)
		if below == nil {
			return nil
		}
		return r.dir(ctx, below, ignored)
	case 0:
		return r.file(path, e)
	case fs.ModeSymlink:
		r.problem(path, "is a symbolic link", "replace it with the file it points at")
	default:
		r.problem(path, "is neither a file nor a directory", "remove it or name it in .gitignore")
	}
	return nil
}

// file reads one file. A file that went away since its directory was read is
// passed over, as if it had gone before.
func (r *directoryReader) file(path string, e fs.DirEntry) error {
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !r.fits(path, info.Size()) {
		return nil
	}
	data, err := r.content(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, fs.ErrPermission):
		r.problem(path, "may not be read", "let the user Dray runs as read it")
		return nil
	case err != nil:
		return err
	}
	if grown := int64(len(data)) - info.Size(); grown > 0 && !r.fits(path, grown+info.Size()) {
		return nil
	}
	blob := plumbing.ComputeHash(plumbing.BlobObject, data).String()
	r.add(path, blob, info.Mode()&0o100 != 0, data)
	return nil
}

// content reads at most one byte more than a file may have.
func (r *directoryReader) content(path string) ([]byte, error) {
	f, err := r.root.Open(filepath.FromSlash(path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, fs.ErrInvalid)
	}
	return io.ReadAll(io.LimitReader(f, r.limits.FileBytes+1))
}
