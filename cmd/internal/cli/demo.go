package cli

import (
	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/cmd/internal/demo"
)

func (a *app) demoCommand() *cobra.Command {
	var stay bool
	c := &cobra.Command{
		Use: "demo", Short: "The whole thing on one screen, with nothing to install", Args: cobra.NoArgs,
		Long: "Starts a shop, a git repository, an agent and an ERP on this machine, lets orders flow, commits a good and a broken\nchange, and cleans up. It uses no network but loopback.\n\n" + exitCodesHelp,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := demo.Run(c.Context(), demo.Options{Out: a.out, Registry: a.registry, Stay: stay, Version: version}); err != nil {
				return failed(err)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&stay, "stay", false, "go on until it is stopped")
	return c
}
