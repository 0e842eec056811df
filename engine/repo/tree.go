package repo

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A Tree is the files of a revision, held in memory. It implements [fs.FS],
// [fs.ReadDirFS], [fs.ReadFileFS] and [fs.StatFS]. It is immutable and safe
// for concurrent use; a nil *Tree is not usable.
type Tree struct {
	files    []file // sorted by path
	byPath   map[string]int
	dirs     map[string][]fs.DirEntry // sorted by name; "." always exists
	problems []TreeProblem
}

// file is one file of a tree; data is never written to.
type file struct {
	path       string
	blob       string
	executable bool
	data       []byte
}

// A File says what a tree knows of a file without reading it.
type File struct {
	// Path is relative to the root of the tree, with forward slashes.
	Path string
	// Blob is the hash git gives the content, in 40 hexadecimal digits: equal
	// hashes, equal content.
	Blob string
	// Size is in bytes.
	Size int64
	// Executable is git's one permission.
	Executable bool
}

// A TreeProblem is something a repository may not contain. What has a problem
// is not in the tree.
type TreeProblem struct {
	// Path is relative to the root of the tree, escaped where it holds what
	// cannot be shown. The problem of a whole tree has the path ".".
	Path string `json:"path"`
	// Message says what is wrong.
	Message string `json:"message"`
	// Hint says how to mend it.
	Hint string `json:"hint,omitempty"`
}

// String returns the problem in one line.
func (p TreeProblem) String() string {
	if p.Hint == "" {
		return fmt.Sprintf("%s: %s", p.Path, p.Message)
	}
	return fmt.Sprintf("%s: %s; %s", p.Path, p.Message, p.Hint)
}

// A TreeError holds everything a tree may not contain.
type TreeError struct{ Problems []TreeProblem }

// Error returns one line for each problem.
func (e *TreeError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// newTree takes over files and problems.
func newTree(files []file, problems []TreeProblem) *Tree {
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	slices.SortStableFunc(problems, func(a, b TreeProblem) int { return strings.Compare(a.Path, b.Path) })
	t := &Tree{
		files:    files,
		byPath:   make(map[string]int, len(files)),
		dirs:     map[string][]fs.DirEntry{".": nil},
		problems: problems,
	}
	for i := range files {
		t.byPath[files[i].path] = i
		t.link(files[i].path, fs.FileInfoToDirEntry(files[i].info()))
	}
	for _, entries := range t.dirs {
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
	return t
}

// link enters name in its directory, and that directory in its own.
func (t *Tree) link(name string, entry fs.DirEntry) {
	dir := path.Dir(name)
	if _, ok := t.dirs[dir]; !ok {
		t.link(dir, fs.FileInfoToDirEntry(dirInfo(dir)))
	}
	t.dirs[dir] = append(t.dirs[dir], entry)
}

// Files returns all files sorted by path. The slice is the caller's.
func (t *Tree) Files() []File {
	files := make([]File, len(t.files))
	for i, f := range t.files {
		files[i] = File{Path: f.path, Blob: f.blob, Size: int64(len(f.data)), Executable: f.executable}
	}
	return files
}

// Problems returns what the tree may not contain, sorted by path. The slice
// is the caller's.
func (t *Tree) Problems() []TreeProblem { return slices.Clone(t.problems) }

// Err returns a [*TreeError] with all problems, or nil when there is none. A
// tree that has a problem is incomplete and must not be used.
func (t *Tree) Err() error {
	if len(t.problems) == 0 {
		return nil
	}
	return &TreeError{Problems: t.Problems()}
}

// Sub returns the part of the tree below dir, as a tree of its own with the
// problems below dir and those of the whole. The part shares memory with the
// whole. A dir that is not there is [fs.ErrNotExist].
func (t *Tree) Sub(dir string) (*Tree, error) {
	dir = path.Clean(dir)
	if !fs.ValidPath(dir) {
		return nil, &fs.PathError{Op: "sub", Path: dir, Err: fs.ErrInvalid}
	}
	if dir == "." {
		return t, nil
	}
	if _, ok := t.byPath[dir]; ok {
		return nil, &fs.PathError{Op: "sub", Path: dir, Err: errors.New("not a directory")}
	}
	var files []file
	var problems []TreeProblem
	for _, f := range t.files {
		if rest, ok := strings.CutPrefix(f.path, dir+"/"); ok {
			f.path = rest
			files = append(files, f)
		}
	}
	for _, p := range t.problems {
		rest, below := strings.CutPrefix(p.Path, dir+"/")
		switch {
		case below:
			p.Path = rest
		case strings.HasPrefix(dir+"/", p.Path+"/"):
			p.Path = "." // what holds dir is the trouble of all within
		case p.Path != ".":
			continue
		}
		problems = append(problems, p)
	}
	if len(files) == 0 && len(problems) == 0 {
		return nil, &fs.PathError{Op: "sub", Path: dir, Err: fs.ErrNotExist}
	}
	return newTree(files, problems), nil
}

// Digest returns "sha256:" and the digest of the path, mode and content of all
// files. Trees with equal digests have equal files, whatever commit they came
// from.
func (t *Tree) Digest() string {
	sum := sha256.New()
	writeItem(sum, []byte("dray/tree/v1"))
	for _, f := range t.files {
		writeItem(sum, []byte(f.path))
		writeItem(sum, []byte(f.gitMode()))
		writeItem(sum, f.data)
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}

// writeItem writes an item so that no two lists of items write the same bytes.
func writeItem(h hash.Hash, item []byte) {
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(item)))
	h.Write(size[:])
	h.Write(item)
}

// gitMode returns the mode as git writes it.
func (f file) gitMode() string {
	if f.executable {
		return "100755"
	}
	return "100644"
}
