package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// A shell is that of SQLite, with a database file.
type shell struct{ program, file string }

// makeTable makes the file anew, with an empty table.
func (s shell) makeTable(ctx context.Context) error {
	for _, part := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(s.file + part); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	_, err := s.run(ctx, "CREATE TABLE sales ("+saleColumns+")")
	return err
}

func (s shell) run(ctx context.Context, command string) (string, error) {
	text, err := exec.CommandContext(ctx, s.program, s.file, command).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("running sqlite3: %w: %s", err, text)
	}
	return strings.TrimSpace(string(text)), nil
}
