package config

import "github.com/dray-sync/dray/engine/diag"

// syntaxCodes explains what is wrong before a file has a meaning.
func syntaxCodes() []diag.CodeDoc {
	return []diag.CodeDoc{
		{
			Code: codeSyntax,
			Doc:  "The file is not well-formed YAML or CUE.",
			Hint: "look at the line named, and at the one before it",
			Wrong: `
kind: Schedule
metadata: {name: hourly}
spec:
  every: 15m
   jitter: 30s
`,
			Right: `
kind: Schedule
metadata: {name: hourly}
spec:
  every: 15m
  jitter: 30s
`,
		},
		{Code: codeTooLarge, Doc: "The file, or the repository, goes beyond a limit that keeps loading fast and safe.", Hint: "split it, or move data into files that are not configuration"},
		{
			Code: codeAlias,
			Doc:  "The file uses YAML anchors, aliases or merge keys, which configuration does not have.",
			Hint: "write the value out, or build the resource in CUE",
			Wrong: `
kind: Schedule
spec: {every: &usual 15m}
`,
			Right: `
kind: Schedule
spec: {every: 15m}
`,
		},
		{
			Code: codeTag,
			Doc:  "The file uses a YAML tag; often a text that starts with ! was meant.",
			Hint: "quote the text",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    open:
      value: 1
      when: !paid
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    open:
      value: 1
      when: '!paid'
`,
		},
		{
			Code: codeAmbiguous,
			Doc:  "The value means different things to different YAML readers.",
			Hint: "quote it if a text is meant",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    country: {value: no}
    branch: {value: 0123}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    country: {value: "no"}
    branch: {value: "0123"}
`,
		},
		{
			Code: codeDuplicateKey,
			Doc:  "The same field is written twice in one object.",
			Hint: "remove one of the two",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    id: {from: number}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    number: {from: number}
`,
		},
		{
			Code: codeCUE,
			Doc:  "The CUE package cannot be evaluated.",
			Hint: "run cue vet on the package for more",
			Wrong: `
-- flows/schedule.cue --
package flows

nightly: {
	apiVersion: "dray/v1"
	kind:       "Schedule"
	metadata: name: "weekly"
	spec: every: string
}
`,
			Right: `
-- flows/schedule.cue --
package flows

nightly: {
	apiVersion: "dray/v1"
	kind:       "Schedule"
	metadata: name: "weekly"
	spec: every: "7d"
}
`,
		},
	}
}
