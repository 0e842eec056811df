package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The files of a state directory.
const (
	databaseName = "state.db"
	lockName     = "lock"
	anchorName   = "anchor"
)

// openDir creates the directory and the database file with narrow modes where
// they are missing, and locks the directory. The lock lasts until the file is closed.
func openDir(dir string) (*os.File, error) {
	if dir == "" {
		return nil, &Error{Reason: Invalid, Text: "no state directory is named"}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fileError(dir, err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fileError(dir, err)
	}
	if info.Mode().Perm()&0o022 != 0 && os.PathSeparator == '/' {
		return nil, &Error{
			Reason: Exposed, Text: fmt.Sprintf("state directory %q can be written by other users", dir),
			Hint: "chmod 700 it, or name another directory",
		}
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	db, err := os.OpenFile(filepath.Join(dir, databaseName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, errors.Join(fileError(dir, err), lock.Close())
	}
	if err := db.Close(); err != nil {
		return nil, errors.Join(fileError(dir, err), lock.Close())
	}
	return lock, nil
}

// lockDir takes the directory's lock and writes this process's id into it.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fileError(dir, err)
	}
	ok, err := tryLock(f)
	switch {
	case err != nil:
		return nil, errors.Join(fileError(dir, err), f.Close())
	case !ok:
		return nil, errors.Join(inUse(dir, f), f.Close())
	}
	if err := errors.Join(f.Truncate(0), writeAt(f, strconv.Itoa(os.Getpid())+"\n")); err != nil {
		return nil, errors.Join(fileError(dir, err), f.Close())
	}
	return f, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// inUse names the process that holds the directory.
func inUse(dir string, f *os.File) error {
	by := "another process"
	if b, err := io.ReadAll(io.LimitReader(f, 32)); err == nil {
		if pid, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil {
			by = fmt.Sprintf("process %d", pid)
		}
	}
	return &Error{
		Reason: InUse, Text: fmt.Sprintf("state directory %q is in use by %s", dir, by),
		Hint: "ask that agent with `dray trigger`, or stop it first",
	}
}

// fileError turns an error of the file system into one of ours.
func fileError(dir string, err error) error {
	switch {
	case err == nil:
		return nil
	case isNoSpace(err):
		return noSpace(dir)
	case errors.Is(err, fs.ErrPermission) || isReadOnlyFS(err):
		return &Error{
			Reason: ReadOnly, Text: fmt.Sprintf("state directory %q cannot be written", dir), Err: err,
			Hint: "give the agent's user write access to it, or name another directory",
		}
	}
	return &Error{Reason: Unavailable, Text: fmt.Sprintf("state directory %q cannot be used", dir), Err: err}
}

func noSpace(dir string) error {
	return &Error{
		Reason: NoSpace, Text: fmt.Sprintf("no space is left for state directory %q", dir),
		Hint: "free space on its disk or raise the quota; nothing that was committed is lost, and the agent goes on by itself",
	}
}
