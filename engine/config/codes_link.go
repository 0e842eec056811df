package config

import "github.com/dray-sync/dray/engine/diag"

// linkCodes explains what is wrong between resources.
func linkCodes() []diag.CodeDoc {
	return []diag.CodeDoc{
		{
			Code: codeDuplicateName,
			Doc:  "Two resources of one kind have the same name.",
			Hint: "rename one of the two",
			Wrong: `
kind: Schedule
metadata: {name: nightly}
spec: {every: 1d}
---
kind: Schedule
metadata: {name: nightly}
spec: {cron: "0 2 * * *"}
`,
			Right: `
kind: Schedule
metadata: {name: daily}
spec: {every: 1d}
---
kind: Schedule
metadata: {name: nightly}
spec: {cron: "0 2 * * *"}
`,
		},
		{
			Code: codeUnknownReference,
			Doc:  "The name refers to a resource that does not exist.",
			Hint: "check the spelling, or add the resource",
			Wrong: `
kind: Touchpoint
spec:
  source: {connection: shopp, object: orders, start: now, read: full}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`,
			Right: `
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now, read: full}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`,
		},
		{
			Code: codeUnusedStep,
			Doc:  "Nothing looks at what the step finds. A step that creates what is missing, or waits for it, needs nobody to look.",
			Hint: "use $steps.NAME.FIELD in a mapping or a condition, or remove the step",
			Wrong: `
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now}
  steps:
    - {name: customer, connection: erp, object: customers, find: {email: {from: email}}}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`,
			Right: `
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now}
  steps:
    - {name: customer, connection: erp, object: customers, find: {email: {from: email}}, whenMissing: wait}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`,
		},
		{
			Code: codeWriteBackLoop,
			Doc:  "What is written back changes the record that was read, so that it is read and sent again, which writes back again.",
			Hint: "write unchanged: ledger at the destination, so that a record that would change nothing there is not sent",
			Wrong: `
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id], unchanged: send}
  writeBack:
    - {on: delivered, object: orders, fields: {exported: {value: true}}}
`,
			Right: `
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
  writeBack:
    - {on: delivered, object: orders, fields: {exported: {value: true}}}
`,
		},
		{
			Code: codeFlagStays,
			Doc:  "Records are read because they have a flag, and nothing takes it away, so that every run reads them again.",
			Hint: "add writeBack: with on: delivered and the field that takes the flag away",
			Wrong: `
kind: Application
metadata: {name: web}
spec:
  description: A web shop.
  url: https://shop.example
  objects: {orders: {key: [id], read: {path: /orders, flag: {exported: "false"}}, write: {update: {path: "/orders/{id}"}}}}
---
kind: Connection
spec: {application: web}
---
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: beginning, read: flag}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`,
			Right: `
kind: Application
metadata: {name: web}
spec:
  description: A web shop.
  url: https://shop.example
  objects: {orders: {key: [id], read: {path: /orders, flag: {exported: "false"}}, write: {update: {path: "/orders/{id}"}}}}
---
kind: Connection
spec: {application: web}
---
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: beginning, read: flag}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
  writeBack:
    - {on: delivered, object: orders, fields: {exported: {value: true}}}
`,
		},
		{
			Code: codeUnreachable,
			Doc:  "No record can take the route: its condition never holds, or routes above it take all of its records.",
			Hint: "move the route up, or correct the conditions",
			Wrong: `
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  routes:
    cases:
      - {name: open, when: status != "DONE", destination: {connection: erp, object: sales, write: upsert, key: [id]}}
      - {name: canceled, when: status == "CANCELED", destination: {connection: erp, object: items, write: upsert, key: [id]}}
`,
			Right: `
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  routes:
    cases:
      - {name: canceled, when: status == "CANCELED", destination: {connection: erp, object: items, write: upsert, key: [id]}}
      - {name: open, when: status != "DONE", destination: {connection: erp, object: sales, write: upsert, key: [id]}}
`,
		},
		{
			Code: codeUnknownApplication,
			Doc:  "There is no such application.",
			Hint: "see dray application list, or declare it with kind: Application",
			Wrong: `
kind: Connection
spec: {application: sqlite3, config: {path: /var/lib/shop.db}}
`,
			Right: `
kind: Connection
spec: {application: sqlite, config: {path: /var/lib/shop.db}}
`,
		},
		{
			Code: codeUnknownObject,
			Doc:  "The application has no such object, and the connection declares none.",
			Hint: "check the spelling, or declare it under spec.objects of the connection",
			Wrong: `
kind: Connection
spec:
  application: sqlite
  config: {path: /var/lib/shop.db}
  objects: {orders: {key: [id], cursor: changed_at}}
---
kind: Touchpoint
spec:
  source: {connection: shop, object: ordres, start: now, read: full}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`,
			Right: `
kind: Connection
spec:
  application: sqlite
  config: {path: /var/lib/shop.db}
  objects: {orders: {key: [id], cursor: changed_at}}
---
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now, read: full}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`,
		},
		{
			Code: codeOtherObject,
			Doc:  "A mapping says which object it is for, and a touchpoint uses it for another.",
			Hint: "take a mapping for this object, or correct spec.source or spec.destination of the mapping",
			Wrong: `
kind: Mapping
spec:
  destination: {connection: shop, object: sales}
  fields: {id: {from: id}}
`,
			Right: `
kind: Mapping
spec:
  destination: {connection: erp, object: sales}
  fields: {id: {from: id}}
`,
		},
		{
			Code: codeUnsupported,
			Doc:  "The object cannot be read or written in this way.",
			Hint: "use one of the ways named",
			Wrong: `
kind: Application
metadata: {name: web}
spec:
  description: A web shop.
  url: https://shop.example
  objects: {orders: {key: [id], read: {path: /orders}}}
---
kind: Connection
spec: {application: web}
---
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now, read: incremental}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`,
			Right: `
kind: Application
metadata: {name: web}
spec:
  description: A web shop.
  url: https://shop.example
  objects: {orders: {key: [id], read: {path: /orders}}}
---
kind: Connection
spec: {application: web}
---
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now, read: full}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`,
		},
		{
			Code: codeKeyNotMapped,
			Doc:  "The key names a field that the mapping does not set.",
			Hint: "map the field, or take another key",
			Wrong: `
kind: Mapping
spec:
  fields:
    number: {from: number}
---
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now, read: full}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [external_ref]}
`,
			Right: `
kind: Mapping
spec:
  fields:
    external_ref: {from: number}
---
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now, read: full}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [external_ref]}
`,
		},
		{
			Code: codeKeyTruncated,
			Doc:  "A key is cut to a length, so that different records can get the same key.",
			Hint: "do not truncate key fields",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id, apply: [{truncate: 8}]}
---
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now, read: full}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
---
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now, read: full}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`,
		},
		{
			Code: codeCredential,
			Doc:  "The credential does not fit the connection.",
			Hint: "use a credential made for this application and environment",
			Wrong: `
kind: Connection
spec:
  application: postgres
  config: {host: db.example, database: shop}
  credential: shop
---
kind: Credential
metadata: {name: shop}
spec:
  application: web
  bind: ["postgres://db.example:5432/shop"]
  environments: [production]
  fields: [password]
  generation: 1
  recipients: [age1plant]
  ciphertext: "-----BEGIN AGE ENCRYPTED FILE-----"
`,
			Right: `
kind: Connection
spec:
  application: postgres
  config: {host: db.example, database: shop}
  credential: shop
---
kind: Credential
metadata: {name: shop}
spec:
  application: postgres
  bind: ["postgres://db.example:5432/shop"]
  environments: [production]
  fields: [password]
  generation: 1
  recipients: [age1plant]
  ciphertext: "-----BEGIN AGE ENCRYPTED FILE-----"
`,
		},
		{
			Code: codeCredentialHost,
			Doc:  "The connection goes to a place that its credential is not bound to.",
			Hint: "correct the address, or write a new generation of the credential with dray credential set",
			Wrong: `
kind: Connection
spec:
  application: postgres
  config: {host: db2.example, database: shop}
  credential: shop
---
kind: Credential
metadata: {name: shop}
spec:
  application: postgres
  bind: ["postgres://db.example:5432/shop"]
  environments: [production]
  fields: [password]
  generation: 1
  recipients: [age1plant]
  ciphertext: "-----BEGIN AGE ENCRYPTED FILE-----"
`,
			Right: `
kind: Connection
spec:
  application: postgres
  config: {host: db.example, database: shop}
  credential: shop
---
kind: Credential
metadata: {name: shop}
spec:
  application: postgres
  bind: ["postgres://db.example:5432/shop"]
  environments: [production]
  fields: [password]
  generation: 1
  recipients: [age1plant]
  ciphertext: "-----BEGIN AGE ENCRYPTED FILE-----"
`,
		},
		{
			Code: codeRepository,
			Doc:  "There is not exactly one kind: Repository.",
			Hint: "keep one dray.yaml at the root",
			Wrong: `
kind: Repository
metadata: {name: acme}
spec: {environments: {production: {}}}
---
kind: Repository
metadata: {name: acme-2}
spec: {environments: {staging: {}}}
`,
			Right: `
kind: Repository
metadata: {name: acme}
spec: {environments: {production: {}, staging: {}}}
`,
		},
		{
			Code: codeUnknownEnvironment,
			Doc:  "The repository declares no such environment.",
			Hint: "check the spelling, or add it under spec.environments of the repository",
			Wrong: `
kind: Agent
metadata: {name: plant-1}
spec: {recipient: age1qqqq, environments: [prodction]}
`,
			Right: `
kind: Agent
metadata: {name: plant-1}
spec: {recipient: age1qqqq, environments: [production]}
`,
		},
		{
			Code: codePatch,
			Doc:  "The patch cannot be applied.",
			Hint: "name the kind and the name of the resource it changes",
			Wrong: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec: {environments: {production: {patches: [environments/production/*.yaml]}}}
-- environments/production/orders.yaml --
kind: Touchpoint
metadata: {name: order}
spec: {stopAfter: 10}
`,
			Right: `
-- dray.yaml --
apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec: {environments: {production: {patches: [environments/production/*.yaml]}}}
-- environments/production/orders.yaml --
kind: Touchpoint
metadata: {name: orders}
spec: {stopAfter: 10}
`,
		},
		{
			Code: codeMappingTest,
			Doc:  "The mapping test asks for something that cannot be.",
			Hint: "look at what the mapping and the touchpoint under test say",
			Wrong: `
kind: Mapping
metadata: {name: order}
spec:
  fields:
    country: {from: billing.country}
---
kind: MappingTest
metadata: {name: order}
spec:
  mapping: order
  cases:
    - name: the country is taken over
      input: {billing: {country: DE}}
      expect: {contry: DE}
`,
			Right: `
kind: Mapping
metadata: {name: order}
spec:
  fields:
    country: {from: billing.country}
---
kind: MappingTest
metadata: {name: order}
spec:
  mapping: order
  cases:
    - name: the country is taken over
      input: {billing: {country: DE}}
      expect: {country: DE}
`,
		},
		{
			Code: codeFile,
			Doc:  "A file that is named cannot be used.",
			Hint: "check the path, which starts at the root of the repository",
			Wrong: `
-- countries.yaml --
apiVersion: dray/v1
kind: Lookup
metadata: {name: countries}
spec: {file: countries.csv, key: [code], value: name}
-- lookups/countries.csv --
code,name
DE,Germany
`,
			Right: `
-- countries.yaml --
apiVersion: dray/v1
kind: Lookup
metadata: {name: countries}
spec: {file: lookups/countries.csv, key: [code], value: name}
-- lookups/countries.csv --
code,name
DE,Germany
`,
		},
		{
			Code: codeApplication,
			Doc:  "The application refuses the setting.",
			Hint: "see the application's documentation",
			Wrong: `
kind: Application
metadata: {name: web}
spec:
  description: A web shop.
  url: https://shop.example
  objects:
    orders: {key: [id], read: {path: /orders, since: {param: since}}}
`,
			Right: `
kind: Application
metadata: {name: web}
spec:
  description: A web shop.
  url: https://shop.example
  objects:
    orders: {key: [id], cursor: updated_at, read: {path: /orders, since: {param: since}}}
`,
		},
	}
}
