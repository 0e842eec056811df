package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// TestGeneratedReference keeps docs/cli.md what the commands say of themselves. UPDATE=1 writes it.
func TestGeneratedReference(t *testing.T) {
	a := &app{in: strings.NewReader(""), out: io.Discard, err: io.Discard, now: time.Now, getenv: func(string) string { return "" }}
	var b strings.Builder
	b.WriteString("# Command reference\n\nWritten by `make generate` from what `--help` prints.\n")
	reference(&b, a.root())
	file := filepath.Join("..", "..", "..", "docs", "cli.md")
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(have), b.String()); d != "" {
		t.Errorf("docs/cli.md is not what the commands say; run make generate (-file +commands):\n%s", d)
	}
}

func reference(b *strings.Builder, c *cobra.Command) {
	c.InitDefaultHelpFlag()
	if c.Runnable() {
		fmt.Fprintf(b, "\n## %s\n\n%s\n\n```\n%s```\n", c.CommandPath(), c.Short+".", help(c))
	}
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() && child.Name() != "completion" {
			reference(b, child)
		}
	}
}

// help is what --help prints.
func help(c *cobra.Command) string {
	text := c.UsageString()
	if c.Long != "" {
		text = strings.TrimSpace(c.Long) + "\n\n" + text
	}
	return text
}

// TestEveryCommandSaysWhatItNeeds holds that each has a summary, exit codes, and an end to its sentence left to the reader.
func TestEveryCommandSaysWhatItNeeds(t *testing.T) {
	a := &app{in: strings.NewReader(""), out: io.Discard, err: io.Discard, now: time.Now, getenv: func(string) string { return "" }}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: summary %q", c.CommandPath(), c.Short)
		}
		if c.Runnable() && !strings.Contains(c.Long, "Exit codes:") {
			t.Errorf("%s does not list its exit codes", c.CommandPath())
		}
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk(a.root())
}
