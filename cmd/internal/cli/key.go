package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/engine/secret"
)

func (a *app) keyCommand() *cobra.Command {
	c := &cobra.Command{Use: "key", Short: "Make identities and key rings", Long: "Identities stay on their machines; key rings are files of the repository.\n\n" + exitCodesHelp}
	c.AddCommand(a.keyGenerate(), a.keyRekey())
	return c
}

func (a *app) keyGenerate() *cobra.Command {
	var out, name string
	var environments []string
	c := &cobra.Command{
		Use: "generate", Short: "Make an agent's identity, and print its kind: Agent resource", Args: cobra.NoArgs,
		Long:    "Writes the private keys to a file that only its owner can read, and prints what is to be committed.\n\n" + exitCodesHelp,
		Example: "  dray key generate --name plant-1 --environment production --out /etc/dray/identity > agents/plant-1.yaml",
		RunE: func(*cobra.Command, []string) error {
			id, err := secret.GenerateAgent(secret.Hybrid)
			if err != nil {
				return failed(err)
			}
			if err := secret.WriteIdentity(out, id, a.now()); err != nil {
				return unreachable(err)
			}
			a.printf("%s", agentDocument(name, id.Public(), environments))
			a.notef("wrote the identity to %s; commit what was printed, then run dray key rekey\n", out)
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "the file to write; it must not exist")
	c.Flags().StringVar(&name, "name", "", "the agent's name")
	c.Flags().StringSliceVarP(&environments, "environment", "e", nil, "the environments it serves")
	for _, f := range []string{"out", "name", "environment"} {
		_ = c.MarkFlagRequired(f)
	}
	return c
}

func (a *app) keyRekey() *cobra.Command {
	var dir, environment, identity string
	var recovery []string
	var rotate bool
	c := &cobra.Command{
		Use: "rekey", Short: "Write an environment's key ring for the agents that serve it now", Args: cobra.NoArgs,
		Long: `Makes keys/ENVIRONMENT.yaml, or its next generation, encrypted to the agents of the environment and to the
recovery recipients. Whoever was removed cannot open what is sealed from then on: removing always adds a new key.

` + exitCodesHelp,
		Example: "  dray key rekey --environment production --identity /etc/dray/identity",
		RunE: func(*cobra.Command, []string) error {
			file := filepath.Join(dir, "keys", environment+".yaml")
			old, err := ringOf(dir, environment)
			if err != nil {
				return invalid(err)
			}
			texts, err := recipientsOf(dir, environment)
			if err != nil {
				return unreachable(err)
			}
			if len(recovery) == 0 {
				return invalid(errors.New("name the recovery recipient with --recovery: without one, losing the agents loses the state"))
			}
			recipients, err := secret.ParseRecipients(slices.Concat(texts, recovery))
			if err != nil {
				return invalid(err)
			}
			ring, err := a.nextRing(old, environment, identity, recipients, rotate)
			if err != nil {
				return err
			}
			doc, err := ring.File().Encode()
			if err != nil {
				return failed(err)
			}
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				return unreachable(err)
			}
			if err := os.WriteFile(file, doc, 0o644); err != nil {
				return unreachable(err)
			}
			a.printf("%s: generation %d, %s\n", file, ring.File().Generation(), count(len(recipients), "recipient"))
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", ".", "the folder with the configuration")
	c.Flags().StringVarP(&environment, "environment", "e", "", "the environment")
	c.Flags().StringVar(&identity, "identity", "", "an identity that opens the ring there is")
	c.Flags().StringArrayVar(&recovery, "recovery", nil, "the recovery recipient (age1…); may be repeated")
	c.Flags().BoolVar(&rotate, "rotate", false, "add a new key also when nobody is removed")
	_ = c.MarkFlagRequired("environment")
	return c
}

// nextRing makes the first or the next generation of a ring.
func (a *app) nextRing(old *secret.RingFile, environment, identity string, recipients []secret.Recipient, rotate bool) (*secret.Ring, error) {
	if old == nil {
		ring, err := secret.CreateRing(environment, recipients, a.now())
		if err != nil {
			return nil, invalid(err)
		}
		return ring, nil
	}
	if identity == "" {
		return nil, invalid(fmt.Errorf("key ring %q exists: name an identity that opens it with --identity", environment))
	}
	id, err := secret.ReadIdentity(identity)
	if err != nil {
		return nil, unreachable(err)
	}
	ring, err := old.Open(secret.OpenRing{Identity: id, Environment: environment})
	if err != nil {
		return nil, unreachable(err)
	}
	next, err := ring.Rekey(secret.Rekey{Recipients: recipients, Rotate: rotate}, a.now())
	if err != nil {
		return nil, invalid(err)
	}
	return next, nil
}
