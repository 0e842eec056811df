package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dray-sync/dray/engine/secret"
)

func (a *app) credentialCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "credential", Short: "Write and show encrypted credentials",
		Long: "A credential is a file of the repository, encrypted to the agents that use it. Writing one needs no identity. Secrets\nare asked for at the terminal or read from standard input; they are never arguments, and never on disk in the clear.\n\n" + exitCodesHelp,
	}
	c.AddCommand(a.credentialCreate(), a.credentialSet(), a.credentialShow())
	return c
}

type credentialFlags struct {
	dir, application, use, clearText, expires string
	bind, environments, fields                []string
	stdin                                     bool
}

func (a *app) credentialCreate() *cobra.Command {
	var f credentialFlags
	c := &cobra.Command{
		Use: "create NAME", Short: "Encrypt a new credential", Args: cobra.ExactArgs(1), Long: "Writes credentials/NAME.yaml.\n\n" + exitCodesHelp,
		Example: "  dray credential create shop --application my-shop --bind https://shop.example/ -e production --field token",
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := a.envelope(args[0], &f)
			if err != nil {
				return err
			}
			values, err := a.secrets(f.fields, f.stdin)
			if err != nil {
				return err
			}
			id, err := repositoryID(f.dir)
			if err != nil {
				return err
			}
			c, err := secret.CreateCredential(id, e, values, a.now())
			if err != nil {
				return invalid(err)
			}
			return a.writeCredential(f.dir, c, true)
		},
	}
	f.flags(c)
	for _, name := range []string{"application", "bind", "environment", "field"} {
		_ = c.MarkFlagRequired(name)
	}
	return c
}

func (f *credentialFlags) flags(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.dir, "dir", ".", "the folder with the configuration")
	fl.StringVar(&f.application, "application", "", "the application it is for")
	fl.StringVar(&f.use, "use", "agent", "who uses it: agent, or local for commands on a person's machine")
	fl.StringVar(&f.clearText, "clear-text-reason", "", "why the secrets may travel without TLS")
	fl.StringVar(&f.expires, "expires", "", "the last day it works, YYYY-MM-DD")
	fl.StringArrayVar(&f.bind, "bind", nil, "a place it may go to: scheme, host, port, path prefix; may be repeated")
	fl.StringSliceVarP(&f.environments, "environment", "e", nil, "the environments that may use it")
	fl.StringSliceVar(&f.fields, "field", nil, "the fields to ask for")
	fl.BoolVar(&f.stdin, "stdin", false, "read lines field=secret from standard input instead of asking")
}

// envelope makes the readable part of a credential, for the agents and recovery recipients of its environments.
func (a *app) envelope(name string, f *credentialFlags) (secret.Envelope, error) {
	bind, err := secret.ParseBindings(f.bind)
	if err != nil {
		return secret.Envelope{}, invalid(err)
	}
	recipients, err := a.credentialRecipients(f.dir, f.environments)
	if err != nil {
		return secret.Envelope{}, err
	}
	return secret.Envelope{
		Name: name, Application: f.application, Bind: bind, TLS: secret.TLS{ClearText: f.clearText}, Use: secret.Use(f.use),
		Environments: f.environments, Expires: f.expires, Recipients: recipients,
	}, nil
}

// credentialRecipients are those of the key rings: the agents that serve the environments, and the recovery recipients.
func (a *app) credentialRecipients(dir string, environments []string) ([]secret.Recipient, error) {
	var texts []string
	for _, e := range environments {
		ring, err := ringOf(dir, e)
		if err != nil {
			return nil, invalid(err)
		}
		if ring == nil {
			return nil, invalid(fmt.Errorf("environment %q has no key ring, which names who can open its credentials; make one with dray key rekey", e))
		}
		for _, r := range ring.Recipients() {
			if !slices.Contains(texts, r.String()) {
				texts = append(texts, r.String())
			}
		}
	}
	recipients, err := secret.ParseRecipients(texts)
	if err != nil {
		return nil, invalid(err)
	}
	return recipients, nil
}

// secrets asks for fields at the terminal without echo, or reads them from standard input.
func (a *app) secrets(fields []string, stdin bool) (secret.Values, error) {
	values := secret.Values{}
	if stdin {
		for s := bufio.NewScanner(a.in); s.Scan(); {
			name, value, ok := strings.Cut(s.Text(), "=")
			if !ok || !slices.Contains(fields, name) {
				return nil, invalid(fmt.Errorf("standard input: write a line field=secret for each of %s", strings.Join(fields, ", ")))
			}
			values[name] = secret.NewValue(value)
		}
	} else {
		file, ok := a.in.(*os.File)
		if !ok || !term.IsTerminal(int(file.Fd())) {
			return nil, invalid(errors.New("standard input is no terminal to ask at; say --stdin and send lines field=secret"))
		}
		for _, name := range fields {
			a.notef("%s: ", name)
			text, err := term.ReadPassword(int(file.Fd()))
			a.notef("\n")
			if err != nil {
				return nil, unreachable(err)
			}
			values[name] = secret.NewValue(string(text))
		}
	}
	for _, name := range fields {
		if values[name].IsZero() {
			return nil, invalid(fmt.Errorf("field %q is empty", name))
		}
	}
	return values, nil
}

func credentialPath(dir, name string) string { return filepath.Join(dir, "credentials", name+".yaml") }

func (a *app) writeCredential(dir string, c *secret.Credential, fresh bool) error {
	doc, err := c.Encode()
	if err != nil {
		return failed(err)
	}
	path := credentialPath(dir, c.Envelope().Name)
	if fresh {
		if err = writeNew(path, doc, 0o644); errors.Is(err, fs.ErrExist) {
			return invalid(fmt.Errorf("%s exists; write its next generation with dray credential set %s", path, c.Envelope().Name))
		}
	} else {
		err = os.WriteFile(path, doc, 0o644)
	}
	if err != nil {
		return unreachable(err)
	}
	a.printf("%s: generation %d, %s\n", path, c.Envelope().Generation, count(len(c.Envelope().Recipients), "recipient"))
	return nil
}

func (a *app) readCredential(dir, name string) (*secret.Credential, error) {
	doc, err := os.ReadFile(credentialPath(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing("credential", name, credentialNames(dir))
	}
	if err != nil {
		return nil, unreachable(err)
	}
	c, err := secret.ParseCredential(doc)
	if err != nil {
		return nil, invalid(err)
	}
	return c, nil
}

// credentialNames are those that have a file in a folder's configuration.
func credentialNames(dir string) []string {
	files, _ := filepath.Glob(credentialPath(dir, "*")) // fails only on a bad pattern
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".yaml")
	}
	return files
}

func (a *app) credentialSet() *cobra.Command {
	var dir string
	var bind []string
	var stdin bool
	c := &cobra.Command{
		Use: "set NAME", Short: "Write the next generation of a credential, with new secrets", Args: cobra.ExactArgs(1),
		Long: "Asks for every field anew, because nobody here can open the old ones, and encrypts to the recipients of today.\n\n" + exitCodesHelp,
		RunE: func(_ *cobra.Command, args []string) error {
			old, err := a.readCredential(dir, args[0])
			if err != nil {
				return err
			}
			e := old.Envelope()
			if e.Recipients, err = a.credentialRecipients(dir, e.Environments); err != nil {
				return err
			}
			if len(bind) > 0 {
				if e.Bind, err = secret.ParseBindings(bind); err != nil {
					return invalid(err)
				}
			}
			values, err := a.secrets(keys(e.Fields), stdin)
			if err != nil {
				return err
			}
			id, err := repositoryID(dir)
			if err != nil {
				return err
			}
			next, err := old.Replace(id, e, values, a.now())
			if err != nil {
				return invalid(err)
			}
			return a.writeCredential(dir, next, false)
		},
	}
	c.Flags().StringVar(&dir, "dir", ".", "the folder with the configuration")
	c.Flags().StringArrayVar(&bind, "bind", nil, "a place it may go to from now on, instead of those there are; may be repeated")
	c.Flags().BoolVar(&stdin, "stdin", false, "read lines field=secret from standard input instead of asking")
	return c
}

func (a *app) credentialShow() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use: "show NAME", Short: "Show what is readable of a credential: never a secret", Args: cobra.ExactArgs(1), Long: "Needs no identity.\n\n" + exitCodesHelp,
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := a.readCredential(dir, args[0])
			if err != nil {
				return err
			}
			e := c.Envelope()
			a.printf("credential    %s, generation %d\napplication   %s\nbound to      %s\nused by       %s in %s\nrotated       %s\nexpires       %s\n",
				e.Name, e.Generation, e.Application, strings.Join(e.Bind.Strings(), " "), e.Use, join(e.Environments), e.Rotated, orDash(e.Expires))
			for _, name := range keys(e.Fields) {
				a.printf("field         %s, set %s\n", name, e.Fields[name])
			}
			for _, r := range e.Recipients {
				a.printf("recipient     %s\n", r.Short())
			}
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", ".", "the folder with the configuration")
	return c
}
