package repo

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// A Clone is a git repository on this machine, with a folder in it that somebody works on. It is immutable and safe for concurrent use.
type Clone struct {
	// Root is the path of the repository.
	Root string
	// Folder is the folder's path within, with forward slashes; "." is all of it.
	Folder string

	local *local
}

// OpenClone finds the git repository that a folder lies in.
func OpenClone(dir string, limits Limits) (*Clone, error) {
	path, err := filepath.Abs(dir)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return nil, &Error{Kind: KindNotFound, Repository: printable(dir), Message: "cannot be opened", Err: rootCause(err)}
	}
	root := path
	for {
		if _, err := os.Lstat(filepath.Join(root, ".git")); err == nil {
			break
		}
		up := filepath.Dir(root)
		if up == root { // a bare repository, or none at all
			root = path
			break
		}
		root = up
	}
	l, err := openLocal(Options{URL: root, Limits: limits.withDefaults()})
	if err != nil {
		return nil, err
	}
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return nil, &Error{Kind: KindInvalid, Repository: printable(dir), Message: "cannot be located", Err: err}
	}
	return &Clone{Root: root, Folder: filepath.ToSlash(rel), local: l}, nil
}

// Fetch reads a revision, whatever git calls one, with only what is in the folder. It has no files where the folder was not there yet.
func (c *Clone) Fetch(ctx context.Context, rev string) (*Revision, error) {
	r, err := c.local.Fetch(ctx, rev)
	if err != nil || c.Folder == "." {
		return r, err
	}
	return r.Sub(c.Folder)
}

// Base returns where the work at hand left the branch that it will be merged into: the last commit that HEAD shares with the default branch of
// its remote. Where there is no remote, it is HEAD itself. Name is that branch.
func (c *Clone) Base(ctx context.Context) (Ref, error) {
	repository, err := c.local.open()
	if err != nil {
		return Ref{}, err
	}
	head, err := c.local.head(ctx, repository)
	if err != nil {
		return Ref{}, err
	}
	name, tip, err := defaultBranch(repository)
	if err != nil {
		return Ref{}, c.local.explain(err)
	}
	const hint = "fetch more of its history, with git fetch --unshallow or fetch-depth: 0, or name the revision to start from"
	if name == "" {
		shallow, err := repository.Storer.Shallow()
		if err != nil {
			return Ref{}, c.local.explain(err)
		}
		if len(shallow) > 0 { // as CI systems clone: HEAD would be compared with itself
			return Ref{}, &Error{Kind: KindInvalid, Repository: printable(c.Root), Message: "is a shallow clone without the default branch of its remote", Hint: hint}
		}
		return Ref{Name: "HEAD", Commit: head.Commit}, nil
	}
	base, err := mergeBase(repository, plumbing.NewHash(head.Commit), tip)
	if errors.Is(err, plumbing.ErrObjectNotFound) || (err == nil && base.IsZero()) {
		return Ref{}, &Error{
			Kind: KindInvalid, Repository: printable(c.Root), Message: "does not hold the commit that HEAD shares with " + name, Hint: hint,
		}
	}
	if err != nil {
		return Ref{}, c.local.explain(err)
	}
	return Ref{Name: name, Commit: base.String()}, nil
}

// defaultBranch finds the default branch of the remote: origin, or the only one there is. An empty name: there is none.
func defaultBranch(repository *git.Repository) (string, plumbing.Hash, error) {
	remotes, err := repository.Remotes()
	if err != nil {
		return "", plumbing.ZeroHash, err
	}
	remote := "origin"
	if len(remotes) == 1 {
		remote = remotes[0].Config().Name
	}
	for _, branch := range []string{"HEAD", "main", "master"} {
		ref, err := repository.Reference(plumbing.NewRemoteReferenceName(remote, branch), false)
		if errors.Is(err, plumbing.ErrReferenceNotFound) {
			continue
		}
		if err != nil {
			return "", plumbing.ZeroHash, err
		}
		resolved, err := repository.Reference(ref.Name(), true)
		if errors.Is(err, plumbing.ErrReferenceNotFound) {
			continue
		}
		if err != nil {
			return "", plumbing.ZeroHash, err
		}
		return resolved.Name().Short(), resolved.Hash(), nil
	}
	return "", plumbing.ZeroHash, nil
}

func mergeBase(repository *git.Repository, a, b plumbing.Hash) (plumbing.Hash, error) {
	if a == b {
		return a, nil
	}
	ca, err := repository.CommitObject(a)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	cb, err := repository.CommitObject(b)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	bases, err := ca.MergeBase(cb)
	if err != nil || len(bases) == 0 {
		return plumbing.ZeroHash, err
	}
	return bases[0].Hash, nil
}

// mostCommits bounds how far LastChange looks back.
const mostCommits = 1000

// LastChange returns the commit that changed a file of the folder last, looking back from one revision to another, which may be empty. ok is false
// where none of them did.
func (c *Clone) LastChange(ctx context.Context, from, to, file string) (Ref, Signature, bool, error) {
	repository, err := c.local.open()
	if err != nil {
		return Ref{}, Signature{}, false, err
	}
	at, err := c.local.locate(ctx, repository, to)
	if err != nil {
		return Ref{}, Signature{}, false, err
	}
	file = filepath.ToSlash(filepath.Join(c.Folder, file))
	commit, err := repository.CommitObject(plumbing.NewHash(at.Commit))
	for range mostCommits {
		if err != nil || commit.Hash.String() == from || ctx.Err() != nil {
			break
		}
		next, changed := lastParent(commit, file)
		if changed {
			a := commit.Author
			return Ref{Commit: commit.Hash.String()}, Signature{Name: a.Name, Email: a.Email, Time: a.When.UTC()}, true, nil
		}
		if next == nil {
			break
		}
		commit = next
	}
	if err != nil {
		return Ref{}, Signature{}, false, c.local.explain(err)
	}
	return Ref{}, Signature{}, false, ctx.Err()
}

// lastParent returns the parent that has a file as the commit has it. changed: there is none, so that this commit changed it.
func lastParent(commit *object.Commit, file string) (parent *object.Commit, changed bool) {
	mine := blobOf(commit, file)
	for i := range commit.NumParents() {
		p, err := commit.Parent(i)
		if err != nil {
			return nil, false // the clone ends here
		}
		if blobOf(p, file) == mine {
			return p, false
		}
	}
	return nil, mine != plumbing.ZeroHash || commit.NumParents() > 0
}

func blobOf(commit *object.Commit, file string) plumbing.Hash {
	tree, err := commit.Tree()
	if err != nil {
		return plumbing.ZeroHash
	}
	entry, err := tree.FindEntry(file)
	if err != nil {
		return plumbing.ZeroHash
	}
	return entry.Hash
}
