package repo

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"
)

var (
	_ fs.ReadDirFS  = (*Tree)(nil)
	_ fs.ReadFileFS = (*Tree)(nil)
	_ fs.StatFS     = (*Tree)(nil)
)

// Open opens a file or directory for reading.
func (t *Tree) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if i, ok := t.byPath[name]; ok {
		return &openFile{info: t.files[i].info(), Reader: bytes.NewReader(t.files[i].data)}, nil
	}
	if entries, ok := t.dirs[name]; ok {
		return &openDir{info: dirInfo(name), entries: entries}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// ReadFile returns a copy of the content of a file.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	i, ok := t.byPath[name]
	if !ok {
		return nil, t.refuse("read", name)
	}
	return bytes.Clone(nonNil(t.files[i].data)), nil
}

// Shared returns the content of a file without copying it. It is the tree's own, and must not be changed.
func (t *Tree) Shared(name string) ([]byte, error) {
	i, ok := t.byPath[name]
	if !ok {
		return nil, t.refuse("read", name)
	}
	return nonNil(t.files[i].data), nil
}

// ReadDir returns the entries of a directory sorted by name.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, ok := t.dirs[name]
	if !ok {
		return nil, t.refuse("readdir", name)
	}
	return slices.Clone(entries), nil
}

// Stat describes a file or directory.
func (t *Tree) Stat(name string) (fs.FileInfo, error) {
	if i, ok := t.byPath[name]; ok {
		return t.files[i].info(), nil
	}
	if _, ok := t.dirs[name]; ok {
		return dirInfo(name), nil
	}
	return nil, t.refuse("stat", name)
}

// refuse says why name cannot be what was asked for.
func (t *Tree) refuse(op, name string) error {
	err := fs.ErrNotExist
	_, isFile := t.byPath[name]
	_, isDir := t.dirs[name]
	if isFile || isDir || !fs.ValidPath(name) {
		err = fs.ErrInvalid
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// nonNil keeps an empty file from reading as nil.
func nonNil(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}

// info describes an entry. Trees have no times: they would only differ between
// machines.
type info struct {
	name string
	size int64
	mode fs.FileMode
}

func (f file) info() info {
	mode := fs.FileMode(0o444)
	if f.executable {
		mode = 0o555
	}
	return info{name: path.Base(f.path), size: int64(len(f.data)), mode: mode}
}

func dirInfo(name string) info { return info{name: path.Base(name), mode: fs.ModeDir | 0o555} }

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }

// openFile is a file being read.
type openFile struct {
	info info
	*bytes.Reader
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

// openDir is a directory being read.
type openDir struct {
	info    info
	entries []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.name, Err: fs.ErrInvalid}
}

func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(d.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.entries) {
		n = len(d.entries)
	}
	head := slices.Clone(d.entries[:n])
	d.entries = d.entries[n:]
	return head, nil
}
