package config

import "github.com/dray-sync/dray/engine/diag"

// The codes of what is wrong although each resource by itself is right.
const (
	codeUnused     = "config/unused"
	codeAgent      = "config/agent"
	codePool       = "config/pool"
	codeKeyRing    = "config/key-ring"
	codeRecipients = "config/recipients"
	codeExpired    = "config/credential-expired"
	codeClearText  = "config/clear-text"
	codeCycle      = "config/cycle"
	codeNoWait     = "config/no-wait"

	codeSharedObject = "config/shared-object"
	codeStaleLedger  = "config/stale-ledger"
	codeLoop         = "config/loop"
	codeOverAsked    = "config/over-asked"
	codeAhead        = "config/start-ahead"
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
spec: {application: sqlite, config: {path: /var/lib/old.db}}
`,
			Right: `
kind: Connection
metadata: {name: old-erp}
spec: {application: sqlite, config: {path: /var/lib/old.db}}
---
kind: Touchpoint
metadata: {name: old-orders}
spec:
  source: {connection: old-erp, object: orders, start: beginning, read: full}
  mapping: order
  destination: {connection: erp, object: old_orders, write: upsert, key: [id]}
`,
		},
		{
			Code: codeAgent,
			Doc:  "Two agents have the same key: what is sealed to one is open to the other, and no signature tells them apart.",
			Hint: "make a key for every machine with dray key generate",
			Wrong: `
kind: Agent
metadata: {name: plant-1}
spec: {recipient: age1plant, environments: [production]}
---
kind: Agent
metadata: {name: plant-2}
spec: {recipient: age1plant, environments: [production]}
---
kind: KeyRing
metadata: {name: production}
spec:
  ringId: 00112233445566778899aabbccddeeff
  generation: 1
  recipients: [age1plant, age1recovery]
  keys: [{kid: "0011223344556677", created: "2026-04-01T10:00:00Z", state: primary}]
  mac: abc
  ciphertext: sealed
`,
			Right: `
kind: Agent
metadata: {name: plant-1}
spec: {recipient: age1plant, environments: [production]}
---
kind: Agent
metadata: {name: plant-2}
spec: {recipient: age1second, environments: [production]}
---
kind: KeyRing
metadata: {name: production}
spec:
  ringId: 00112233445566778899aabbccddeeff
  generation: 1
  recipients: [age1plant, age1second, age1recovery]
  keys: [{kid: "0011223344556677", created: "2026-04-01T10:00:00Z", state: primary}]
  mac: abc
  ciphertext: sealed
`,
		},
		{
			Code: codePool,
			Doc:  "A pool that agents and connections do not share: a connection that no agent of the environment reaches, a touchpoint whose ends no single agent reaches, or, as a warning, a pool that an agent is in for nothing. A repository that enrolls no agent for an environment is not judged for it.",
			Hint: "name the same pool at the connection and at an agent that reaches it",
			Wrong: `
kind: Agent
metadata: {name: plant-1}
spec: {recipient: age1plant, environments: [production], pools: [default, plnat]}
---
kind: KeyRing
metadata: {name: production}
spec:
  ringId: 00112233445566778899aabbccddeeff
  generation: 1
  recipients: [age1plant, age1recovery]
  keys: [{kid: "0011223344556677", created: "2026-04-01T10:00:00Z", state: primary}]
  mac: abc
  ciphertext: sealed
`,
			Right: `
kind: Agent
metadata: {name: plant-1}
spec: {recipient: age1plant, environments: [production], pools: [default]}
---
kind: KeyRing
metadata: {name: production}
spec:
  ringId: 00112233445566778899aabbccddeeff
  generation: 1
  recipients: [age1plant, age1recovery]
  keys: [{kid: "0011223344556677", created: "2026-04-01T10:00:00Z", state: primary}]
  mac: abc
  ciphertext: sealed
`,
		},
		{
			Code: codeKeyRing,
			Doc:  "The key ring of an environment is missing, or is not encrypted to one of its agents, which then cannot open the state.",
			Hint: "write its next generation with dray key rekey on a machine that can open it",
			Wrong: `
kind: Agent
metadata: {name: plant-1}
spec: {recipient: age1plant, environments: [production], pools: [default]}
---
kind: KeyRing
metadata: {name: production}
spec:
  ringId: 00112233445566778899aabbccddeeff
  generation: 1
  recipients: [age1other, age1recovery]
  keys: [{kid: "0011223344556677", created: "2026-04-01T10:00:00Z", state: primary}]
  mac: abc
  ciphertext: sealed
`,
			Right: `
kind: Agent
metadata: {name: plant-1}
spec: {recipient: age1plant, environments: [production], pools: [default]}
---
kind: KeyRing
metadata: {name: production}
spec:
  ringId: 00112233445566778899aabbccddeeff
  generation: 1
  recipients: [age1plant, age1recovery]
  keys: [{kid: "0011223344556677", created: "2026-04-01T10:00:00Z", state: primary}]
  mac: abc
  ciphertext: sealed
`,
		},
		{
			Code: codeRecipients,
			Doc:  "The credential is not encrypted to anybody, or not to an agent that has to use it.",
			Hint: "write it anew with dray credential set, which encrypts to every agent of its environments",
			Wrong: `
kind: Application
metadata: {name: api}
spec: {description: A shop., auth: {kind: bearer}, objects: {orders: {key: [id], read: {path: /orders}}}}
---
kind: Connection
metadata: {name: api}
spec: {application: api, config: {url: "https://shop.example/api"}, credential: api}
---
kind: Credential
metadata: {name: api}
spec:
  application: api
  bind: ["https://shop.example/"]
  environments: [production]
  fields: [token]
  generation: 1
  ciphertext: sealed
`,
			Right: `
kind: Application
metadata: {name: api}
spec: {description: A shop., auth: {kind: bearer}, objects: {orders: {key: [id], read: {path: /orders}}}}
---
kind: Connection
metadata: {name: api}
spec: {application: api, config: {url: "https://shop.example/api"}, credential: api}
---
kind: Credential
metadata: {name: api}
spec:
  application: api
  bind: ["https://shop.example/"]
  environments: [production]
  fields: [token]
  generation: 1
  recipients: [age1plant, age1recovery]
  ciphertext: sealed
`,
		},
		{
			Code: codeExpired,
			Doc:  "The credential no longer works, or is about to stop within 30 days, which is a warning.",
			Hint: "renew it at the application, and write its next generation with dray credential set",
			Wrong: `
kind: Application
metadata: {name: api}
spec: {description: A shop., auth: {kind: bearer}, objects: {orders: {key: [id], read: {path: /orders}}}}
---
kind: Connection
metadata: {name: api}
spec: {application: api, config: {url: "https://shop.example/api"}, credential: api}
---
kind: Credential
metadata: {name: api}
spec:
  application: api
  bind: ["https://shop.example/"]
  environments: [production]
  fields: [token]
  generation: 1
  recipients: [age1plant, age1recovery]
  expires: "2024-04-01"
  ciphertext: sealed
`,
			Right: `
kind: Application
metadata: {name: api}
spec: {description: A shop., auth: {kind: bearer}, objects: {orders: {key: [id], read: {path: /orders}}}}
---
kind: Connection
metadata: {name: api}
spec: {application: api, config: {url: "https://shop.example/api"}, credential: api}
---
kind: Credential
metadata: {name: api}
spec:
  application: api
  bind: ["https://shop.example/"]
  environments: [production]
  fields: [token]
  generation: 1
  recipients: [age1plant, age1recovery]
  expires: "2999-04-01"
  ciphertext: sealed
`,
		},
		{
			Code: codeClearText,
			Doc:  "Secrets would travel over the network unencrypted, and the credential gives no reason why they may.",
			Hint: "use the encrypted form of the protocol, or make the credential with dray credential create --clear-text-reason",
			Wrong: `
kind: Application
metadata: {name: api}
spec: {description: A shop., auth: {kind: bearer}, objects: {orders: {key: [id], read: {path: /orders}}}}
---
kind: Connection
metadata: {name: api}
spec: {application: api, config: {url: "http://shop.example/api"}, credential: api}
---
kind: Credential
metadata: {name: api}
spec:
  application: api
  bind: ["http://shop.example/"]
  environments: [production]
  fields: [token]
  generation: 1
  recipients: [age1plant, age1recovery]
  ciphertext: sealed
`,
			Right: `
kind: Application
metadata: {name: api}
spec: {description: A shop., auth: {kind: bearer}, objects: {orders: {key: [id], read: {path: /orders}}}}
---
kind: Connection
metadata: {name: api}
spec: {application: api, config: {url: "https://shop.example/api"}, credential: api}
---
kind: Credential
metadata: {name: api}
spec:
  application: api
  bind: ["https://shop.example/"]
  environments: [production]
  fields: [token]
  generation: 1
  recipients: [age1plant, age1recovery]
  ciphertext: sealed
`,
		},
		{
			Code: codeCycle,
			Doc:  "Touchpoints wait for each other in a circle, so that none of them ever runs. It is said at each of them.",
			Hint: "remove the after that is not needed",
			Wrong: `
kind: Touchpoint
metadata: {name: customers}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: customers, write: upsert, key: [id]}
  schedule: {cron: "0 1 * * *"}
  after: [{touchpoint: payments}]
---
kind: Touchpoint
metadata: {name: payments}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: payments, write: upsert, key: [id]}
  schedule: {cron: "0 1 * * *"}
  after: [{touchpoint: customers}]
`,
			Right: `
kind: Touchpoint
metadata: {name: customers}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: customers, write: upsert, key: [id]}
  schedule: {cron: "0 1 * * *"}
---
kind: Touchpoint
metadata: {name: payments}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: payments, write: upsert, key: [id]}
  schedule: {cron: "0 1 * * *"}
  after: [{touchpoint: customers}]
`,
		},
		{
			Code: codeNoWait,
			Doc:  "A touchpoint names another in after and never waits for it: one of the two has no schedule, or the other is due too long before. Runs belong together when their due times lie no further apart than within.",
			Hint: "give both the same schedule, or a longer within",
			Wrong: `
kind: Touchpoint
metadata: {name: customers}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: customers, write: upsert, key: [id]}
  schedule: {cron: "0 1 * * *"}
---
kind: Touchpoint
metadata: {name: payments}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: payments, write: upsert, key: [id]}
  schedule: {cron: "0 6 * * *"}
  after: [{touchpoint: customers}]
`,
			Right: `
kind: Touchpoint
metadata: {name: customers}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: customers, write: upsert, key: [id]}
  schedule: {cron: "0 1 * * *"}
---
kind: Touchpoint
metadata: {name: payments}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: payments, write: upsert, key: [id]}
  schedule: {cron: "0 1 * * *"}
  after: [{touchpoint: customers}]
`,
		},
		{
			Code: codeSharedObject,
			Doc:  "Two touchpoints change the same fields of one object, and nothing orders them or tells their records apart: the last one to write wins. It is said at each of them. Not meant are touchpoints that only create, that set different fields, that filter one source by different conditions, or whose keys hold different constants.",
			Hint: "let each set fields of its own, order them with after, or say in the annotation dray/shared-object how their records differ",
			Wrong: `
kind: Touchpoint
metadata: {name: web-prices}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: prices, write: upsert, key: [id]}
  schedule: {every: 15m}
---
kind: Touchpoint
metadata: {name: special-prices}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: prices, write: upsert, key: [id]}
  schedule: {every: 15m}
`,
			Right: `
kind: Touchpoint
metadata: {name: web-prices}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: prices, write: upsert, key: [id]}
  schedule: {every: 15m}
---
kind: Touchpoint
metadata: {name: special-prices, annotations: {dray/shared-object: the two price lists have no article in common}}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: prices, write: upsert, key: [id]}
  schedule: {every: 15m}
`,
		},
		{
			Code: codeStaleLedger,
			Doc:  "unchanged: ledger leaves out what this touchpoint has sent before, and another one changes the same fields: after that the ledger says unchanged, although it is not.",
			Hint: "write unchanged: destination",
			Wrong: `
kind: Touchpoint
metadata: {name: web-prices}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: prices, write: upsert, key: [id], unchanged: destination}
  schedule: {every: 15m}
---
kind: Touchpoint
metadata: {name: special-prices}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: prices, write: upsert, key: [id]}
  schedule: {every: 15m}
  after: [{touchpoint: web-prices}]
`,
			Right: `
kind: Touchpoint
metadata: {name: web-prices}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: prices, write: upsert, key: [id], unchanged: destination}
  schedule: {every: 15m}
---
kind: Touchpoint
metadata: {name: special-prices}
spec:
  source: {connection: shop, object: orders, start: now}
  mapping: order
  destination: {connection: erp, object: prices, write: upsert, key: [id], unchanged: destination}
  schedule: {every: 15m}
  after: [{touchpoint: web-prices}]
`,
		},
		{
			Code: codeLoop,
			Doc:  "Touchpoints write what others read, in a circle, or one writes what it reads itself: every change comes back as a change. A ledger and keys do not end it. What does: a mark, which is a constant field that a condition at the other source looks at; unchanged: destination on one side; sides that set fields which the other mapping does not read; or write: ensure. It is said at each touchpoint of the circle.",
			Hint: "mark what is written and filter it with where:, compare with unchanged: destination, or let each side set other fields",
			Wrong: `
kind: Touchpoint
metadata: {name: out}
spec:
  source: {connection: shop, object: orders, start: now, read: full}
  mapping: order
  destination: {connection: erp, object: prices, write: upsert, key: [id]}
---
kind: Touchpoint
metadata: {name: back}
spec:
  source: {connection: erp, object: prices, start: now, read: full}
  mapping: order
  destination: {connection: shop, object: orders, write: upsert, key: [id]}
`,
			Right: `
kind: Touchpoint
metadata: {name: out}
spec:
  source: {connection: shop, object: orders, start: now, read: full}
  mapping: order
  destination: {connection: erp, object: prices, write: upsert, key: [id], unchanged: destination}
---
kind: Touchpoint
metadata: {name: back}
spec:
  source: {connection: erp, object: prices, start: now, read: full}
  mapping: order
  destination: {connection: shop, object: orders, write: upsert, key: [id]}
`,
		},
		{
			Code: codeOverAsked,
			Doc:  "The schedules ask a connection more often than its rate, or the limits of its application, allow. Every run counts as one request, which is the least there can be.",
			Hint: "run less often, or correct rate: of the connection if the account may do more",
			Wrong: `
kind: Connection
metadata: {name: shop}
spec:
  application: sqlite
  config: {path: /srv/shop.db}
  objects: {orders: {key: [id], cursor: changed}}
  rate: {requestsPerHour: 60}
---
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now, read: full}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
  schedule: {every: 30s}
`,
			Right: `
kind: Connection
metadata: {name: shop}
spec:
  application: sqlite
  config: {path: /srv/shop.db}
  objects: {orders: {key: [id], cursor: changed}}
  rate: {requestsPerHour: 60}
---
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now, read: full}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
  schedule: {every: 5m}
`,
		},
		{
			Code: codeAhead,
			Doc:  "The instant at which the first run begins lies ahead: what changes before it is never read.",
			Hint: "write now, beginning, or an instant that has passed",
			Wrong: `
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: "2999-01-01T00:00:00Z", read: full}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`,
			Right: `
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: "2026-01-01T00:00:00Z", read: full}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert, key: [id]}
`,
		},
	}
}
