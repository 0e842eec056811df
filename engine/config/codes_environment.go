package config

import "github.com/dray-sync/dray/engine/diag"

// environmentCodes explains what is wrong with what environments change.
func environmentCodes() []diag.CodeDoc {
	return []diag.CodeDoc{
		{
			Code: codePatchEffect,
			Doc:  "A patch, or a part of one, changes nothing.",
			Hint: "remove it, or correct what it should change",
			Wrong: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec: {environments: {production: {patches: [environments/production/*.yaml]}}}
-- nightly.yaml --
apiVersion: dray/v1
kind: Schedule
metadata: {name: nightly}
spec: {every: 1d, jitter: 5m}
-- environments/production/nightly.yaml --
kind: Schedule
metadata: {name: nightly}
spec: {jiter: null}
`,
			Right: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec: {environments: {production: {patches: [environments/production/*.yaml]}}}
-- nightly.yaml --
apiVersion: dray/v1
kind: Schedule
metadata: {name: nightly}
spec: {every: 1d, jitter: 5m}
-- environments/production/nightly.yaml --
kind: Schedule
metadata: {name: nightly}
spec: {jitter: null}
`,
		},
		{
			Code: codePatchConflict,
			Doc:  "Two patches of one environment set the same field to different values; the later file, by name, wins.",
			Hint: "say it in one of them",
			Wrong: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec: {environments: {production: {patches: [environments/production/*.yaml]}}}
-- nightly.yaml --
apiVersion: dray/v1
kind: Schedule
metadata: {name: nightly}
spec: {every: 1d}
-- environments/production/a.yaml --
kind: Schedule
metadata: {name: nightly}
spec: {every: 12h}
-- environments/production/b.yaml --
kind: Schedule
metadata: {name: nightly}
spec: {every: 6h}
`,
			Right: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec: {environments: {production: {patches: [environments/production/*.yaml]}}}
-- nightly.yaml --
apiVersion: dray/v1
kind: Schedule
metadata: {name: nightly}
spec: {every: 1d}
-- environments/production/a.yaml --
kind: Schedule
metadata: {name: nightly}
spec: {every: 6h}
`,
		},
		{
			Code: codeCUETag,
			Doc:  "A tag of an environment and the @tag attributes of the CUE files do not fit together.",
			Hint: "an environment gives every tag a value, and every tag is used",
			Wrong: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec: {environments: {production: {}}}
-- flows/nightly.cue --
package flows

environment: string @tag(environment)
`,
			Right: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec: {environments: {production: {tags: {environment: production}}}}
-- flows/nightly.cue --
package flows

environment: string @tag(environment)
`,
		},
	}
}
