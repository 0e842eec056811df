package config

import "github.com/dray-sync/dray/engine/diag"

// policyCodes explains what is wrong with policies themselves. What a rule finds has the code policy/PACK/RULE.
func policyCodes() []diag.CodeDoc {
	return []diag.CodeDoc{
		{
			Code: codePolicyUnknown,
			Doc:  "There is no policy pack of that name.",
			Hint: "see dray policy list; your own packs are CUE packages in policies/, by the name of their package clause",
			Wrong: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec: {policies: [basline]}
`,
			Right: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec: {policies: [baseline]}
`,
		},
		{
			Code: codePolicyUnused,
			Doc:  "The repository has a policy pack that it does not enable.",
			Hint: "add it to spec.policies of the repository",
			Wrong: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
-- policies/ours.cue --
package ours

input: _
rules: "named": {kinds: ["Schedule"], message: "say what it is for", require: metadata: description!: string}
`,
			Right: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec: {policies: [ours]}
-- policies/ours.cue --
package ours

input: _
rules: "named": {kinds: ["Agent"], message: "say what it is for", require: metadata: description!: string}
`,
		},
		{
			Code: codePolicyPack,
			Doc:  "The policy pack cannot be used, or a rule of it cannot be evaluated.",
			Hint: "see docs/policies.md for what a rule may say; dray policy test runs its tests",
			Wrong: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec: {policies: [ours]}
-- policies/ours.cue --
package ours

input: _
rules: "named": {kinds: ["Agent"], message: "say what it is for", require: metadata: descripton!: string}
`,
			Right: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec: {policies: [ours]}
-- policies/ours.cue --
package ours

input: _
rules: "named": {kinds: ["Agent"], message: "say what it is for", require: metadata: description!: string}
`,
		},
		{
			Code: codePolicyExemption,
			Doc:  "An exemption names a rule or a resource that does not exist, or lasts too long.",
			Hint: "name the rule as pack/rule and the resource as Kind/name, and end it within a year",
			Wrong: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec:
  policies: [baseline]
  exemptions:
    - {rule: baseline/tsl, resource: Connection/legacy, reason: it speaks no TLS, until: "2001-01-01"}
`,
			Right: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec:
  policies: [baseline]
`,
		},
		{
			Code: codePolicyExpired,
			Doc:  "An exemption has ended: what it excused is found again.",
			Hint: "mend what it was for and remove it",
		},
		{
			Code: codePolicyExemptUnused,
			Doc:  "An exemption excuses nothing: the rule finds nothing there.",
			Hint: "remove the exemption",
		},
	}
}
