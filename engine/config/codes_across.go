package config

import "github.com/dray-sync/dray/engine/diag"

// The codes of what is wrong although each resource by itself is right.
const (
	codeUnused = "config/unused"
)

// acrossCodes explains what is wrong with resources taken together.
func acrossCodes() []diag.CodeDoc {
	return []diag.CodeDoc{
		{
			Code: codeUnused,
			Doc:  "Nothing uses the resource, in any environment. A test of a mapping is no use of it.",
			Hint: "name it where it is needed, or remove it",
			Wrong: `
kind: Connection
metadata: {name: old-erp}
spec: {application: sqlite, config: {path: old.db}}
`,
			Right: `
kind: Connection
metadata: {name: old-erp}
spec: {application: sqlite, config: {path: old.db}}
---
kind: Touchpoint
metadata: {name: old-orders}
spec:
  source: {connection: old-erp, object: orders, start: beginning, read: full}
  mapping: order
  destination: {connection: erp, object: old_orders, write: upsert, key: [id]}
`,
		},
	}
}
