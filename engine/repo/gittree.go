package repo

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// An objectStore holds git objects.
type objectStore interface {
	// size returns the length of an object without reading it.
	size(plumbing.Hash) (int64, error)
	// read returns the content of an object of the given type. The caller may
	// keep it but not write to it.
	read(plumbing.Hash, plumbing.ObjectType) ([]byte, error)
}

// readRevision reads a commit and its whole tree.
func readRevision(ctx context.Context, store objectStore, commit plumbing.Hash, branch string, limits Limits) (*Revision, error) {
	c, err := readCommit(store, commit)
	if err != nil {
		return nil, err
	}
	tree, err := readTree(ctx, store, c.TreeHash, limits)
	if err != nil {
		return nil, err
	}
	subject, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
	rev := &Revision{
		Commit:    commit.String(),
		Branch:    branch,
		Author:    signature(c.Author),
		Committer: signature(c.Committer),
		Subject:   strings.TrimSpace(subject),
		Digest:    tree.Digest(),
		Tree:      tree,
	}
	for _, parent := range c.ParentHashes {
		rev.Parents = append(rev.Parents, parent.String())
	}
	return rev, nil
}

func signature(s object.Signature) Signature {
	return Signature{Name: s.Name, Email: s.Email, Time: s.When.UTC()}
}

// readCommit decodes a commit.
func readCommit(store objectStore, hash plumbing.Hash) (*object.Commit, error) {
	data, err := store.read(hash, plumbing.CommitObject)
	if err != nil {
		return nil, fmt.Errorf("reading commit %s: %w", hash, err)
	}
	commit := &object.Commit{}
	if err := commit.Decode(memoryObject(plumbing.CommitObject, data)); err != nil {
		return nil, fmt.Errorf("decoding commit %s: %w", hash, err)
	}
	return commit, nil
}

// memoryObject gives bytes the form that the decoders of go-git take.
func memoryObject(typ plumbing.ObjectType, data []byte) *plumbing.MemoryObject {
	o := &plumbing.MemoryObject{}
	o.SetType(typ)
	_, _ = o.Write(data) // cannot fail: it appends to memory
	return o
}

// treeReader walks a git tree, decoding each tree object once. The walker of
// go-git is not used: it takes a missing object for the end of the tree.
type treeReader struct {
	collector
	store objectStore
}

func readTree(ctx context.Context, store objectStore, root plumbing.Hash, limits Limits) (*Tree, error) {
	r := &treeReader{collector: collector{limits: limits}, store: store}
	if err := r.dir(ctx, root, newLevel("", 0)); err != nil {
		return nil, err
	}
	return r.tree(), nil
}

// dir reads one directory and those below it.
func (r *treeReader) dir(ctx context.Context, hash plumbing.Hash, l *level) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	data, err := r.store.read(hash, plumbing.TreeObject)
	if err != nil {
		return fmt.Errorf("reading directory %q: %w", printable(l.path), err)
	}
	for len(data) > 0 && !r.full {
		var e treeEntry
		if e, data, err = nextEntry(data); err != nil {
			return fmt.Errorf("reading directory %q: %w", printable(l.path), err)
		}
		if err := r.entry(ctx, l, e); err != nil {
			return err
		}
	}
	return nil
}

// entry reads one entry of a directory.
func (r *treeReader) entry(ctx context.Context, l *level, e treeEntry) error {
	path, ok := r.admit(l, e.name)
	if !ok {
		return nil
	}
	switch e.mode {
	case "40000":
		below := r.descend(l, path)
		if below == nil {
			return nil
		}
		return r.dir(ctx, e.hash, below)
	case "100644", "100755":
		return r.file(path, e)
	case "120000":
		r.problem(path, "is a symbolic link", "replace it with the file it points at")
	case "160000":
		r.problem(path, "is a submodule", "copy the files into the repository")
	default:
		r.problem(path, fmt.Sprintf("has the unusual mode %q", e.mode), "commit it as a plain file")
	}
	return nil
}

// file reads one file.
func (r *treeReader) file(path string, e treeEntry) error {
	size, err := r.store.size(e.hash)
	if err != nil {
		return fmt.Errorf("reading file %q: %w", path, err)
	}
	if !r.fits(path, size) {
		return nil
	}
	data, err := r.store.read(e.hash, plumbing.BlobObject)
	if err != nil {
		return fmt.Errorf("reading file %q: %w", path, err)
	}
	r.add(path, e.hash.String(), e.mode == "100755", data)
	return nil
}

// treeEntry is one entry of a tree object, undecoded.
type treeEntry struct {
	mode, name string
	hash       plumbing.Hash
}

// nextEntry splits the first entry off a tree object: the mode in octal, a
// space, the name, a zero byte, and the hash.
func nextEntry(data []byte) (treeEntry, []byte, error) {
	var e treeEntry
	head, rest, ok := bytes.Cut(data, []byte{0})
	mode, name, spaced := bytes.Cut(head, []byte{' '})
	if !ok || !spaced || len(rest) < len(e.hash) {
		return e, nil, fmt.Errorf("%w: the tree object ends within an entry", errDamaged)
	}
	e.mode, e.name = string(mode), string(name)
	copy(e.hash[:], rest)
	return e, rest[len(e.hash):], nil
}
