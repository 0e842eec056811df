package cli

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/secret"
)

//go:embed all:initfiles all:initci
var initFiles embed.FS

// initOptions are the flags of dray init.
type initOptions struct {
	ci  string // github, gitlab or none
	cue bool
}

func (a *app) initCommand() *cobra.Command {
	var o initOptions
	c := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Make a repository that validates, tests and runs as it is",
		Long: `Writes settings, an example flow from one CSV file to another, an agent's identity, a key ring, and a recovery
key, and proves that the recovery key opens the ring. Beside them: a CI workflow that judges every change and comments what
it will do, hooks for pre-commit, and the schema by which editors complete and check. The folder must be empty, but for .git.

` + exitCodesHelp,
		Example: "  dray init integrations\n  cd integrations && dray validate && dray test\n  dray init integrations --ci gitlab --cue",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := filepath.Abs(folder(args))
			if err != nil {
				return unreachable(err)
			}
			if err := a.initialise(dir, o); err != nil {
				return err
			}
			a.printf(initNext, dir)
			return nil
		},
	}
	c.Flags().StringVar(&o.ci, "ci", "github", "the CI to write a workflow for: github, gitlab, none")
	c.Flags().BoolVar(&o.cue, "cue", false, "make a CUE module of it, so that resources can be written in CUE")
	_ = c.RegisterFlagCompletionFunc("ci", cobra.FixedCompletions([]cobra.Completion{"github", "gitlab", "none"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

const initNext = `made a repository in %[1]s

The recovery key is in .dray/recovery; it opens the key ring. Move it to a place that is offline, and delete it here.
Nothing in .dray is committed.

Next:
  dray validate %[1]s
  dray test %[1]s
  dray run customers --dir %[1]s --allow-path rw:%[1]s/data
`

var nameForm = regexp.MustCompile(`[^a-z0-9]+`)

func (a *app) initialise(dir string, o initOptions) error {
	if o.ci != "github" && o.ci != "gitlab" && o.ci != "none" {
		return invalid(fmt.Errorf("--ci %q is not one of github, gitlab, none", o.ci))
	}
	if err := emptyFolder(dir); err != nil {
		return err
	}
	name := strings.Trim(nameForm.ReplaceAllString(strings.ToLower(filepath.Base(dir)), "-"), "-")
	if name == "" {
		name = "integrations"
	}
	values := strings.NewReplacer("@NAME@", name, "@DATA@", filepath.ToSlash(filepath.Join(dir, "data")), "@VERSION@", pinnedVersion(version))
	files, err := a.initialFiles(name, o)
	if err != nil {
		return failed(err)
	}
	for _, root := range []string{"initfiles", "initci/" + o.ci} {
		if root == "initci/none" {
			continue
		}
		err := fs.WalkDir(initFiles, root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := initFiles.ReadFile(path)
			files[strings.TrimPrefix(path, root+"/")] = []byte(values.Replace(string(text)))
			return err
		})
		if err != nil {
			return failed(err)
		}
	}
	for _, path := range keys(files) {
		if err := writeNew(filepath.Join(dir, filepath.FromSlash(path)), files[path], 0o644); err != nil {
			return unreachable(err)
		}
	}
	return a.initKeys(dir)
}

// initialFiles returns the files that are not templates.
func (a *app) initialFiles(name string, o initOptions) (map[string][]byte, error) {
	files, err := a.editorFiles(a.registry, o.cue)
	if err != nil {
		return nil, err
	}
	if o.cue {
		files["cue.mod/module.cue"] = fmt.Appendf(nil, "module: %q\nlanguage: version: %q\n", name+".example@v0", cueLanguage)
	}
	files[".gitignore"] = []byte(".dray/\ndata/\n")
	files["data/customers.csv"] = []byte("id,email,first_name,last_name\n1,Ada@Example.org,Ada,Lovelace\n2, grace@example.org ,Grace,Hopper\n3,emmy@example.org,Emmy,Noether\n")
	files["README.md"] = []byte("# " + name + "\n\nIntegrations as code. `dray validate` says what is wrong, `dray test` runs the mapping tests, `dray plan` shows what a\nchange does, `dray fmt` puts files into one form.\n")
	return files, nil
}

// cueLanguage is the version of CUE that a new module is written in.
const cueLanguage = "v0.16.0"

var releaseForm = regexp.MustCompile(`^v[0-9]+[.][0-9]+[.][0-9]+(-(alpha|beta|rc)[.0-9]*)?$`)

// pinnedVersion returns what CI installs: this release, or the latest where this program is none.
func pinnedVersion(version string) string {
	if releaseForm.MatchString(version) {
		return version
	}
	return "latest"
}

// emptyFolder refuses a folder in which something is.
func emptyFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return unreachable(err)
	}
	for _, e := range entries {
		if e.Name() != ".git" {
			return invalid(fmt.Errorf("%s is not empty: it holds %s; name a new folder", dir, e.Name()))
		}
	}
	return nil
}

// initKeys makes the identity of an agent on this machine, the recovery key, and the key ring that both open.
func (a *app) initKeys(dir string) error {
	agent, err := secret.GenerateAgent(secret.Hybrid)
	if err != nil {
		return failed(err)
	}
	recovery, err := secret.GenerateRecovery(secret.Hybrid)
	if err != nil {
		return failed(err)
	}
	ring, err := secret.CreateRing("production", []secret.Recipient{agent.Public().Recipient, recovery.Public().Recipient}, a.now())
	if err != nil {
		return failed(err)
	}
	doc, err := ring.File().Encode()
	if err != nil {
		return failed(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, ".dray"), 0o700); err != nil {
		return unreachable(err)
	}
	recoveryFile := filepath.Join(dir, ".dray", "recovery")
	err = errors.Join(
		secret.WriteIdentity(filepath.Join(dir, ".dray", "identity"), agent, a.now()),
		secret.WriteIdentity(recoveryFile, recovery, a.now()),
		writeNew(filepath.Join(dir, "keys", "production.yaml"), doc, 0o644),
		writeNew(filepath.Join(dir, "agents", "first.yaml"), []byte(agentDocument("first", agent.Public(), []string{"production"})), 0o644))
	if err != nil {
		return unreachable(err)
	}
	return proveRecovery(recoveryFile, doc)
}

// proveRecovery opens the ring as it stands on disk with the recovery key as it stands on disk.
func proveRecovery(file string, ring []byte) error {
	id, err := secret.ReadIdentity(file)
	if err != nil {
		return failed(err)
	}
	f, err := secret.ParseRing(ring)
	if err != nil {
		return failed(err)
	}
	if _, err := f.Open(secret.OpenRing{Identity: id, Environment: "production"}); err != nil {
		return failed(fmt.Errorf("the recovery key does not open the key ring: %w", err))
	}
	return nil
}
