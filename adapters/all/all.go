// Package all is the standard set of applications.
package all

import (
	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/files"
	"github.com/dray-sync/dray/adapters/postgres"
	"github.com/dray-sync/dray/adapters/rest"
	"github.com/dray-sync/dray/adapters/sqlite"
)

// Registry returns every built-in application, and the rest adapter for those that a repository declares.
func Registry() *adapters.Registry {
	return adapters.NewRegistry(rest.New(), files.New(), sqlite.New(), postgres.New())
}
