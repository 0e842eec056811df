package cli

import (
	"runtime"

	"github.com/spf13/cobra"

	"github.com/dray-sync/dray/schema"
)

func (a *app) versionCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program and of the format it reads",
		Long:    "Prints the version of the program, the version of the format it reads, and what it was built with and for.\n\n" + exitCodesHelp,
		Example: "  dray version\n  dray version --output json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			platform := runtime.GOOS + "/" + runtime.GOARCH
			if output == "json" {
				return a.json(struct {
					Version  string `json:"version"`
					Format   string `json:"format"`
					Go       string `json:"go"`
					Platform string `json:"platform"`
				}{version, schema.APIVersion, runtime.Version(), platform})
			}
			a.printf("dray %s, format %s, %s, %s\n", version, schema.APIVersion, runtime.Version(), platform)
			return nil
		},
	}
	outputFlag(c, &output, "text", "json")
	return c
}
