// Command dray is a GitOps integration engine: it moves records between business applications, exactly as a git repository says.
package main

import (
	"os"

	_ "time/tzdata" // zones are the same on every machine

	"github.com/dray-sync/dray/adapters/all"
	"github.com/dray-sync/dray/cmd/internal/cli"
	"github.com/dray-sync/dray/engine/config"
)

func main() {
	config.RunChildIfAsked()
	os.Exit(cli.Main(os.Args[1:], all.Registry()))
}
