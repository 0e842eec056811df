// Package schema holds the CUE definitions of every kind of resource: the one place that says which fields there are, what they
// may hold and what they are when unsaid.
//
// The files are a CUE module, [ModulePath]. engine/config makes its tables from them; repositories that are written in CUE
// import them; reference documentation and editor schemas are generated from their comments. Three attributes say what CUE
// itself cannot: @ref(Kind) names the kind a text refers to, @format(name) a form that is checked in Go, @says("…") describes a
// pattern in words.
package schema

import "embed"

// ModulePath is the path under which CUE files import the definitions.
const ModulePath = "dray.dev/schema@v1"

// APIVersion is the version every resource names.
const APIVersion = "dray/v1"

// FS holds the module: cue.mod/module.cue and the definitions, in package schema.
//
//go:embed *.cue cue.mod/module.cue
var FS embed.FS
