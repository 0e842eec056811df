package gitserver

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/memory"
)

// DefaultBranch is what HEAD points at in a new repository.
const DefaultBranch = "main"

// A Repository is a bare git repository in memory. It is safe for concurrent
// use. Make one with [New].
type Repository struct {
	mu       sync.RWMutex
	objects  *memory.ObjectStorage
	branches map[string]plumbing.Hash
	tags     map[string]plumbing.Hash
	head     string
}

// New returns an empty repository.
func New() *Repository {
	return &Repository{
		objects:  &memory.NewStorage().ObjectStorage,
		branches: map[string]plumbing.Hash{},
		tags:     map[string]plumbing.Hash{},
		head:     DefaultBranch,
	}
}

// An Entry is one entry of a commit's tree.
type Entry struct {
	// Mode is git's mode in octal, such as 0o100644.
	Mode uint32
	// Content is the content of a file, or the target of a symbolic link.
	Content string
	// Commit is the commit of a submodule, in hexadecimal digits; all other
	// entries leave it empty.
	Commit string
}

// A Change is one commit to be made. The zero value makes an empty commit on
// the default branch.
type Change struct {
	// Branch is the branch to commit to; empty means [DefaultBranch]. One that
	// does not exist begins at the commit Parent, or with no history.
	Branch string
	// Parent, where given, is the commit to build on in place of the newest of
	// the branch: the history is rewritten.
	Parent string
	// Message is the message.
	Message string
	// Author is who wrote and commits it; empty means Dray.
	Author, Email string
	// Time is when; zero means now.
	Time time.Time
	// Files are plain files to write, by path.
	Files map[string]string
	// Entries are entries of any mode to write, by path. Names are not judged.
	Entries map[string]Entry
	// Remove are paths of files to remove; a directory goes with all in it.
	Remove []string
}

// Commit makes a commit and returns its hash.
func (r *Repository) Commit(c Change) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	branch := c.Branch
	if branch == "" {
		branch = DefaultBranch
	}
	if !plumbing.NewBranchReferenceName(branch).IsBranch() || plumbing.NewBranchReferenceName(branch).Validate() != nil {
		return "", fmt.Errorf("branch %q is not a name git allows", branch)
	}
	parent, err := r.parent(branch, c.Parent)
	if err != nil {
		return "", err
	}
	files, err := r.listFiles(parent)
	if err != nil {
		return "", err
	}
	if err := r.apply(files, c); err != nil {
		return "", err
	}
	tree, err := r.writeTree(files)
	if err != nil {
		return "", err
	}
	hash, err := r.writeCommit(c, tree, parent)
	if err != nil {
		return "", err
	}
	r.branches[branch] = hash
	return hash.String(), nil
}

// parent returns the commit to build on, zero for none.
func (r *Repository) parent(branch, parent string) (plumbing.Hash, error) {
	if parent == "" {
		return r.branches[branch], nil
	}
	hash := plumbing.NewHash(parent)
	if _, err := r.objects.EncodedObject(plumbing.CommitObject, hash); err != nil {
		return hash, fmt.Errorf("parent %q: %w", parent, err)
	}
	return hash, nil
}

// writeCommit stores a commit object.
func (r *Repository) writeCommit(c Change, tree, parent plumbing.Hash) (plumbing.Hash, error) {
	who := object.Signature{Name: c.Author, Email: c.Email, When: c.Time}
	if who.Name == "" {
		who.Name, who.Email = "Dray", "dray@localhost"
	}
	if who.When.IsZero() {
		who.When = time.Now()
	}
	commit := &object.Commit{Author: who, Committer: who, Message: strings.TrimRight(c.Message, "\n") + "\n", TreeHash: tree}
	if !parent.IsZero() {
		commit.ParentHashes = []plumbing.Hash{parent}
	}
	o := r.objects.NewEncodedObject()
	if err := commit.Encode(o); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("encoding commit: %w", err)
	}
	return r.objects.SetEncodedObject(o)
}

// SetBranch points a branch at a commit, as a forced push does. An empty
// commit removes the branch.
func (r *Repository) SetBranch(branch, commit string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if commit == "" {
		delete(r.branches, branch)
		return nil
	}
	hash, err := r.parent(branch, commit)
	if err != nil {
		return err
	}
	r.branches[branch] = hash
	return nil
}

// SetHead chooses the branch that a clone starts with.
func (r *Repository) SetHead(branch string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.head = branch
}

// Tag makes an annotated tag of a commit, or a plain one where message is
// empty.
func (r *Repository) Tag(name, commit, message string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	hash, err := r.parent("", commit)
	if err != nil {
		return err
	}
	if message != "" {
		tag := &object.Tag{
			Name: name, Message: message + "\n", TargetType: plumbing.CommitObject, Target: hash,
			Tagger: object.Signature{Name: "Dray", Email: "dray@localhost", When: time.Now()},
		}
		o := r.objects.NewEncodedObject()
		if err := tag.Encode(o); err != nil {
			return fmt.Errorf("encoding tag %q: %w", name, err)
		}
		if hash, err = r.objects.SetEncodedObject(o); err != nil {
			return fmt.Errorf("storing tag %q: %w", name, err)
		}
	}
	r.tags[name] = hash
	return nil
}

// errNoFile marks a path to remove that is not there.
var errNoFile = errors.New("no such file")

// apply changes the list of files.
func (r *Repository) apply(files map[string]leaf, c Change) error {
	for _, path := range c.Remove {
		before := len(files)
		maps.DeleteFunc(files, func(p string, _ leaf) bool { return p == path || strings.HasPrefix(p, path+"/") })
		if len(files) == before {
			return fmt.Errorf("removing %q: %w", path, errNoFile)
		}
	}
	entries := maps.Clone(c.Entries)
	if entries == nil {
		entries = map[string]Entry{}
	}
	for path, content := range c.Files {
		entries[path] = Entry{Mode: 0o100644, Content: content}
	}
	dirs := map[string]bool{}
	for path := range files {
		for dir := range ancestors(path) {
			dirs[dir] = true
		}
	}
	for _, path := range slices.Sorted(maps.Keys(entries)) {
		e := entries[path]
		l := leaf{mode: e.Mode, hash: plumbing.NewHash(e.Commit)}
		if e.Commit == "" {
			var err error
			if l.hash, err = r.write(plumbing.BlobObject, []byte(e.Content)); err != nil {
				return fmt.Errorf("storing %q: %w", path, err)
			}
		}
		makeWay(files, dirs, path)
		files[path] = l
	}
	return nil
}

// makeWay removes what cannot be beside a file at path: files that lie below
// it, and files where it needs a directory.
func makeWay(files map[string]leaf, dirs map[string]bool, path string) {
	if dirs[path] {
		maps.DeleteFunc(files, func(p string, _ leaf) bool { return strings.HasPrefix(p, path+"/") })
	}
	for dir := range ancestors(path) {
		delete(files, dir)
		dirs[dir] = true
	}
}

// ancestors returns the directories a path lies in.
func ancestors(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range path {
			if path[i] == '/' && !yield(path[:i]) {
				return
			}
		}
	}
}
