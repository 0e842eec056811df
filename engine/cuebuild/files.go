package cuebuild

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// memoryFS is files held in memory, by path. It implements what the CUE loader asks of a file system. Safe for concurrent use.
type memoryFS struct {
	files map[string][]byte
	dirs  map[string][]fs.DirEntry
	root  string // where a loader believes it to be
}

var (
	_ fs.ReadDirFS  = (*memoryFS)(nil)
	_ fs.ReadFileFS = (*memoryFS)(nil)
	_ fs.StatFS     = (*memoryFS)(nil)
)

func newMemoryFS(root string, files map[string][]byte) *memoryFS {
	m := &memoryFS{files: files, dirs: map[string][]fs.DirEntry{".": nil}, root: root}
	for name, data := range files {
		m.link(name, memoryInfo{name: path.Base(name), size: int64(len(data)), mode: 0o444})
	}
	for _, entries := range m.dirs {
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
	return m
}

func (m *memoryFS) link(name string, info memoryInfo) {
	dir := path.Dir(name)
	if _, ok := m.dirs[dir]; !ok {
		m.dirs[dir] = nil
		m.link(dir, memoryInfo{name: path.Base(dir), mode: fs.ModeDir | 0o555})
	}
	m.dirs[dir] = append(m.dirs[dir], fs.FileInfoToDirEntry(info))
}

// OSRoot is where the CUE loader joins paths to.
func (m *memoryFS) OSRoot() string { return m.root }

// Open opens a file or folder.
func (m *memoryFS) Open(name string) (fs.File, error) {
	info, err := m.Stat(name)
	if err != nil {
		return nil, err
	}
	return &memoryFile{info: info, Reader: bytes.NewReader(m.files[name]), entries: m.dirs[name]}, nil
}

// ReadFile returns a copy of a file's content.
func (m *memoryFS) ReadFile(name string) ([]byte, error) {
	if data, ok := m.files[name]; ok {
		return bytes.Clone(data), nil
	}
	return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
}

// ReadDir returns the entries of a folder by name.
func (m *memoryFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if entries, ok := m.dirs[name]; ok {
		return slices.Clone(entries), nil
	}
	return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
}

// Stat describes a file or folder.
func (m *memoryFS) Stat(name string) (fs.FileInfo, error) {
	if data, ok := m.files[name]; ok {
		return memoryInfo{name: path.Base(name), size: int64(len(data)), mode: 0o444}, nil
	}
	if _, ok := m.dirs[name]; ok {
		return memoryInfo{name: path.Base(name), mode: fs.ModeDir | 0o555}, nil
	}
	return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
}

type memoryInfo struct {
	name string
	size int64
	mode fs.FileMode
}

func (i memoryInfo) Name() string       { return i.name }
func (i memoryInfo) Size() int64        { return i.size }
func (i memoryInfo) Mode() fs.FileMode  { return i.mode }
func (i memoryInfo) ModTime() time.Time { return time.Time{} }
func (i memoryInfo) IsDir() bool        { return i.mode.IsDir() }
func (i memoryInfo) Sys() any           { return nil }

type memoryFile struct {
	info fs.FileInfo
	*bytes.Reader
	entries []fs.DirEntry
}

func (f *memoryFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *memoryFile) Close() error               { return nil }

// ReadDir returns the next n entries, or all.
func (f *memoryFile) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(f.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(f.entries) {
		n = len(f.entries)
	}
	head := f.entries[:n]
	f.entries = f.entries[n:]
	return slices.Clone(head), nil
}
