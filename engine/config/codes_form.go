package config

import "github.com/dray-sync/dray/engine/diag"

// formCodes explains what is wrong with a resource by itself.
func formCodes() []diag.CodeDoc {
	return []diag.CodeDoc{
		{
			Code: codeUnknownVersion,
			Doc:  "The resource's apiVersion is not one that this version of Dray knows.",
			Hint: "write apiVersion: dray/v1",
			Wrong: `
apiVersion: v1
kind: Schedule
spec: {every: 15m}
`,
			Right: `
apiVersion: dray/v1
kind: Schedule
spec: {every: 15m}
`,
		},
		{
			Code: codeUnknownKind,
			Doc:  "There is no such kind of resource.",
			Hint: "check the spelling of the kind",
			Wrong: `
kind: Schedules
spec: {every: 15m}
`,
			Right: `
kind: Schedule
spec: {every: 15m}
`,
		},
		{
			Code: codeUnknownField,
			Doc:  "The field does not exist there.",
			Hint: "check the spelling, and the indentation",
			Wrong: `
kind: Schedule
spec: {evry: 15m}
`,
			Right: `
kind: Schedule
spec: {every: 15m}
`,
		},
		{
			Code: codeMissingField,
			Doc:  "A field that must be there is not.",
			Hint: "add the field",
			Wrong: `
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, read: full}
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
			Code: codeWrongType,
			Doc:  "The value is of another type than the field holds.",
			Hint: "write a value of the type named",
			Wrong: `
kind: Schedule
spec: {every: 15}
`,
			Right: `
kind: Schedule
spec: {every: 15m}
`,
		},
		{
			Code: codeBadValue,
			Doc:  "The value is outside of what the field can hold.",
			Hint: "write one of the values named",
			Wrong: `
kind: Schedule
spec: {cron: "0 25 * * *", zone: Europe/Berln}
`,
			Right: `
kind: Schedule
spec: {cron: "0 5 * * *", zone: Europe/Berlin}
`,
		},
		{
			Code: codeExpression,
			Doc:  "The expression cannot be used.",
			Hint: "line and column point to the place inside the expression",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    label: {expr: uper(name)}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    label: {expr: 'upper(name ?? "")'}
`,
		},
		{
			Code: codeOneOf,
			Doc:  "Exactly one of several fields must be set, and none is, or several are.",
			Hint: "keep exactly one",
			Wrong: `
kind: Schedule
spec: {every: 15m, cron: "*/15 * * * *"}
`,
			Right: `
kind: Schedule
spec: {every: 15m}
`,
		},
		{
			Code: codeMisplaced,
			Doc:  "The field has no effect beside the others, so it is not what was meant.",
			Hint: "remove it, or add what it belongs to",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id, where: 'id > 1000'}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id, when: 'id > 1000'}
`,
		},
		{
			Code: codeKeyMissing,
			Doc:  "This kind of write finds records by their key, and no key is given.",
			Hint: "add key: with the fields that identify a record at the destination",
			Wrong: `
kind: Touchpoint
spec:
  source: {connection: shop, object: orders, start: now, read: full}
  mapping: order
  destination: {connection: erp, object: sales, write: upsert}
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
			Code:   codePlainSecret,
			Hidden: true,
			Doc:    "A secret stands in the repository in the clear.",
			Hint:   "put it into a credential with dray credential create, and consider the value compromised",
			Wrong: `
kind: Connection
spec:
  application: sqlite
  config: {path: /var/lib/shop.db, password: hunter2}
`,
			Right: `
kind: Connection
spec:
  application: sqlite
  config: {path: /var/lib/shop.db}
`,
		},
		{
			Code:   codePersonalData,
			Hidden: true,
			Doc:    "A test holds what looks like the data of a person: a mail address, a telephone number, an account or a card.",
			Hint:   "use made-up data",
			Wrong: `
kind: MappingTest
metadata: {name: order}
spec:
  mapping: order
  cases:
    - {name: one, input: {id: 1, email: j.smith@gmail.com}, expect: {id: 1}}
`,
			Right: `
kind: MappingTest
metadata: {name: order}
spec:
  mapping: order
  cases:
    - {name: one, input: {id: 1, email: j.smith@example.com}, expect: {id: 1}}
`,
		},
		{
			Code: codeRounding,
			Doc:  "A number is cut to a scale and nothing says how it is rounded.",
			Hint: "add round: half-even or another mode",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    price: {from: price, as: decimal, scale: 2}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    price: {from: price, as: decimal, scale: 2, round: half-even}
`,
		},
		{
			Code: codeForwardReference,
			Doc:  "An expression uses a field of $out that is not mapped yet: fields are mapped in the order they are written in.",
			Hint: "move the field up",
			Wrong: `
kind: Mapping
spec:
  fields:
    label: {from: $out.id}
    id: {from: id}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    label: {from: $out.id}
`,
		},
		{
			Code: codeLookupRow,
			Doc:  "A row of the lookup cannot be used.",
			Hint: "every row has its own key, and no key is blank",
			Wrong: `
kind: Lookup
spec:
  key: [code]
  value: name
  rows:
    - {code: DE, name: Germany}
    - {code: DE, name: Deutschland}
    - {code: "", name: unknown}
`,
			Right: `
kind: Lookup
spec:
  key: [code]
  value: name
  rows:
    - {code: DE, name: Germany}
    - {code: AT, name: Austria}
`,
		},
	}
}
