package gitserver

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// leaf is an entry of a tree that is not itself a tree.
type leaf struct {
	mode uint32
	hash plumbing.Hash
}

const (
	modeDir       = 0o40000
	modeSubmodule = 0o160000
)

// rawEntry is one entry of a tree object.
type rawEntry struct {
	mode uint32
	name string
	hash plumbing.Hash
}

// sortKey orders entries as git does: a directory as if its name ended in a
// slash.
func (e rawEntry) sortKey() string {
	if e.mode == modeDir {
		return e.name + "/"
	}
	return e.name
}

// write stores an object.
func (r *Repository) write(typ plumbing.ObjectType, data []byte) (plumbing.Hash, error) {
	o := r.objects.NewEncodedObject()
	o.SetType(typ)
	w, err := o.Writer()
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if _, err := w.Write(data); err != nil {
		return plumbing.ZeroHash, err
	}
	return r.objects.SetEncodedObject(o)
}

// read returns the content of an object.
func (r *Repository) read(typ plumbing.ObjectType, hash plumbing.Hash) ([]byte, error) {
	o, err := r.objects.EncodedObject(typ, hash)
	if err != nil {
		return nil, fmt.Errorf("object %s: %w", hash, err)
	}
	in, err := o.Reader()
	if err != nil {
		return nil, fmt.Errorf("object %s: %w", hash, err)
	}
	defer in.Close()
	return io.ReadAll(in)
}

// commit returns a decoded commit.
func (r *Repository) commit(hash plumbing.Hash) (*object.Commit, error) {
	o, err := r.objects.EncodedObject(plumbing.CommitObject, hash)
	if err != nil {
		return nil, fmt.Errorf("commit %s: %w", hash, err)
	}
	c := &object.Commit{}
	if err := c.Decode(o); err != nil {
		return nil, fmt.Errorf("commit %s: %w", hash, err)
	}
	return c, nil
}

// readTree returns the entries of one tree object.
func (r *Repository) readTree(hash plumbing.Hash) ([]rawEntry, error) {
	data, err := r.read(plumbing.TreeObject, hash)
	if err != nil {
		return nil, err
	}
	var entries []rawEntry
	for len(data) > 0 {
		head, rest, ok := bytes.Cut(data, []byte{0})
		mode, name, spaced := strings.Cut(string(head), " ")
		bits, err := strconv.ParseUint(mode, 8, 32)
		e := rawEntry{mode: uint32(bits), name: name}
		if !ok || !spaced || err != nil || len(rest) < len(e.hash) {
			return nil, fmt.Errorf("tree %s is malformed", hash)
		}
		copy(e.hash[:], rest)
		entries = append(entries, e)
		data = rest[len(e.hash):]
	}
	return entries, nil
}

// listFiles returns everything a commit holds, by path; nothing for the zero
// hash.
func (r *Repository) listFiles(commit plumbing.Hash) (map[string]leaf, error) {
	files := map[string]leaf{}
	if commit.IsZero() {
		return files, nil
	}
	c, err := r.commit(commit)
	if err != nil {
		return nil, err
	}
	return files, r.listInto(files, c.TreeHash, "")
}

func (r *Repository) listInto(files map[string]leaf, tree plumbing.Hash, prefix string) error {
	entries, err := r.readTree(tree)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.mode == modeDir {
			if err := r.listInto(files, e.hash, prefix+e.name+"/"); err != nil {
				return err
			}
			continue
		}
		files[prefix+e.name] = leaf{mode: e.mode, hash: e.hash}
	}
	return nil
}

// writeTree stores the tree objects of a list of files and returns the root.
func (r *Repository) writeTree(files map[string]leaf) (plumbing.Hash, error) {
	var entries []rawEntry
	below := map[string]map[string]leaf{}
	for path, l := range files {
		dir, rest, nested := strings.Cut(path, "/")
		if !nested {
			entries = append(entries, rawEntry{mode: l.mode, name: path, hash: l.hash})
			continue
		}
		if below[dir] == nil {
			below[dir] = map[string]leaf{}
		}
		below[dir][rest] = l
	}
	for _, dir := range slices.Sorted(maps.Keys(below)) {
		hash, err := r.writeTree(below[dir])
		if err != nil {
			return hash, err
		}
		entries = append(entries, rawEntry{mode: modeDir, name: dir, hash: hash})
	}
	slices.SortFunc(entries, func(a, b rawEntry) int { return strings.Compare(a.sortKey(), b.sortKey()) })
	var data bytes.Buffer
	for _, e := range entries {
		fmt.Fprintf(&data, "%o %s\x00", e.mode, e.name)
		data.Write(e.hash[:])
	}
	return r.write(plumbing.TreeObject, data.Bytes())
}
