// Package policies holds the policy packs that come with Dray: rules in CUE that a repository enables by name in dray.yaml. Each
// rule has tests beside it, in _test.cue.
package policies

import "embed"

// FS holds a folder for each pack.
//
//go:embed baseline/*.cue strict/*.cue
var FS embed.FS
