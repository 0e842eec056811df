// Package cli is Dray's command line: one file per command.
//
// Every command prints what it was asked for on standard output and everything else on standard error, and ends with one of the
// documented exit codes. Nothing here is global: a test makes an app of its own.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dray-sync/dray/adapters"
)

// version is set by the linker.
var version = "unknown"

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1 // a run, test or request failed
	exitInvalid     = 2 // configuration or usage is wrong
	exitUnreachable = 3 // something outside cannot be reached or opened
	exitChanges     = 4 // there are differences; only with --detailed-exitcode
)

const exitCodesHelp = `Exit codes:
  0  done
  1  a run, a test or a request failed
  2  the configuration or the command line is wrong
  3  something outside cannot be reached or opened`

// An app is one invocation.
type app struct {
	in       io.Reader
	out, err io.Writer
	registry *adapters.Registry
	now      func() time.Time
	getenv   func(string) string
}

// Main runs one command line and returns its exit code. The first interrupt or termination signal cancels the command, which
// finishes what it must; a second one ends the process with 128 plus the signal's number.
func Main(args []string, registry *adapters.Registry) int {
	ctx, stop := signals(context.Background())
	defer stop()
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, registry: registry, now: time.Now, getenv: os.Getenv}
	return a.run(ctx, args)
}

func signals(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-ch; !ok {
			return
		}
		cancel()
		if s, ok := <-ch; ok {
			n, _ := s.(syscall.Signal)
			os.Exit(128 + int(n))
		}
	}()
	return ctx, func() {
		signal.Stop(ch)
		close(ch)
		cancel()
	}
}

func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var coded *exitError
	if !errors.As(err, &coded) {
		coded = &exitError{exitInvalid, err} // what cobra itself refuses is usage
	}
	if coded.err != nil {
		fmt.Fprintf(a.err, "dray: %s\n", indent(coded.err.Error()))
	}
	return coded.code
}

// indent keeps further lines of a message apart from the first.
func indent(s string) string { return strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n  ") }

// exitError ends a command with a code. A nil err means that everything has been said.
type exitError struct {
	code int
	err  error
}

// Error returns the message.
func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

// Unwrap returns what it wraps.
func (e *exitError) Unwrap() error { return e.err }

func failed(err error) error      { return &exitError{exitFailed, err} }
func invalid(err error) error     { return &exitError{exitInvalid, err} }
func unreachable(err error) error { return &exitError{exitUnreachable, err} }

// said ends a command whose output has said why.
func said(code int) error { return &exitError{code: code} }

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "dray",
		Short: "Move records between business applications, exactly as a git repository says",
		Long: `Dray is a GitOps integration engine. Connections, touchpoints, mappings and schedules are files in a git
repository; an agent pulls them, judges them, and moves the records.

Start with "dray demo" to see it work, and with "dray init" to make a repository of your own.

` + exitCodesHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version,
	}
	root.SetVersionTemplate("dray {{.Version}}\n")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddGroup(
		&cobra.Group{ID: "write", Title: "Write configuration:"},
		&cobra.Group{ID: "run", Title: "Run it:"},
		&cobra.Group{ID: "ask", Title: "Ask and tell an agent:"},
		&cobra.Group{ID: "keys", Title: "Keys and credentials:"},
	)
	for group, commands := range map[string][]*cobra.Command{
		"write": {a.initCommand(), a.validateCommand(), a.policyCommand(), a.testCommand(), a.previewCommand(), a.planCommand(), a.checkCommand(), a.discoverCommand(), a.fmtCommand(), a.schemaCommand()},
		"run":   {a.agentCommand(), a.devCommand(), a.runCommand(), a.demoCommand()},
		"ask":   {a.getCommand(), a.whyCommand(), a.reconcileCommand(), a.triggerCommand(), a.replayCommand(), a.discardCommand(), a.approveCommand(), a.resyncCommand(), a.overrideCommand(), a.suspendCommand(), a.resumeCommand()},
		"keys":  {a.keyCommand(), a.credentialCommand()},
	} {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	root.AddCommand(a.versionCommand())
	return root
}

// terminal reports whether w is a terminal that a person looks at.
func (a *app) terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colour reports whether output on w may be painted.
func (a *app) colour(w io.Writer) bool { return a.terminal(w) && a.getenv("NO_COLOR") == "" }

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }
func (a *app) notef(format string, args ...any)  { fmt.Fprintf(a.err, format, args...) }
