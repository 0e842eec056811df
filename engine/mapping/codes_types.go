package mapping

import (
	"strings"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/engine/diag"
)

// typeCodes explains what does not fit the objects at both ends.
func typeCodes() []diag.CodeDoc {
	return append(sourceCodes(), destinationCodes()...)
}

// exampleSource is the object that the examples read.
const exampleSource = `
kind: Object
metadata: {name: shop-orders}
spec:
  connection: shop
  object: orders
  fields:
    - {name: id, type: int}
    - {name: status, type: string, enum: [paid, open]}
    - {name: total, type: string}
    - {name: weight, type: decimal}
    - {name: email, type: string, nullable: true}
---
kind: Mapping
spec:
  fields:
`

// exampleDestination is the object that the examples write.
const exampleDestination = `
kind: Object
metadata: {name: erp-sales}
spec:
  connection: erp
  object: sales
  fields:
    - {name: id, type: int, required: true}
    - {name: number, type: int, readOnly: true}
    - {name: state, type: string, nullable: true, enum: [open, closed]}
    - {name: total, type: decimal, nullable: true}
    - {name: note, type: string, nullable: true, maxLength: 20}
---
kind: Mapping
spec:
  fields:
`

func sourceCodes() []diag.CodeDoc {
	return []diag.CodeDoc{
		{
			Code:  CodeUnknownName,
			Doc:   "A path leads to a field that the object does not have, or a field is mapped that the destination does not have.",
			Hint:  "check the spelling, or discover the object again with dray discover",
			Wrong: exampleSource + "    id: {from: di}\n",
			Right: exampleSource + "    id: {from: id}\n",
		},
		{
			Code: CodeCoverage,
			Doc:  "A value can be one for which the lookup has no row, and then the record is rejected.",
			Hint: "add the rows, or say what a miss gives",
			Wrong: `
kind: Lookup
metadata: {name: states}
spec: {key: [from], value: to, rows: [{from: paid, to: closed}]}
---` + exampleSource + "    id: {from: id}\n    state: {from: status, lookup: states}\n",
			Right: `
kind: Lookup
metadata: {name: states}
spec: {key: [from], value: to, rows: [{from: paid, to: closed}, {from: open, to: open}]}
---` + exampleSource + "    id: {from: id}\n    state: {from: status, lookup: states}\n",
		},
		{
			Code:  CodeRounding,
			Doc:   "A number may lose digits, and nothing says how it is rounded.",
			Hint:  "add round: half-even, half-up or another mode",
			Wrong: exampleSource + "    id: {from: id}\n    weight: {from: weight, as: int}\n",
			Right: exampleSource + "    id: {from: id}\n    weight: {from: weight, as: int, round: half-up}\n",
		},
		{
			Code:  string(expr.CodeValue),
			Doc:   "A field is compared with a text that it never has: it is not in the field's enum.",
			Hint:  "write one of the values that the field can have",
			Wrong: exampleSource + "    id: {from: id}\n    paid: {expr: status == \"PAID\"}\n",
			Right: exampleSource + "    id: {from: id}\n    paid: {expr: status == \"paid\"}\n",
		},
	}
}

func destinationCodes() []diag.CodeDoc {
	return []diag.CodeDoc{
		{
			Code:  CodeType,
			Doc:   "A value is of a type that does not fit what is done with it, or the field of the destination that it is for.",
			Hint:  "convert it with as, or map another value",
			Wrong: exampleDestination + "    id: {from: id}\n    total: {value: free}\n",
			Right: exampleDestination + "    id: {from: id}\n    total: {value: 0}\n",
		},
		{
			Code:  CodeReadOnly,
			Doc:   "A value is mapped to a field that the destination lets nobody write.",
			Hint:  "remove it from the mapping",
			Wrong: exampleDestination + "    id: {from: id}\n    number: {from: number}\n",
			Right: exampleDestination + "    id: {from: id}\n",
		},
		{
			Code:  CodeNotMapped,
			Doc:   "The destination requires a field of a new record, and the mapping does not set it.",
			Hint:  "map the field",
			Wrong: strings.Replace(exampleDestination, "{name: total, type: decimal, nullable: true}", "{name: total, type: decimal, required: true}", 1) + "    id: {from: id}\n",
			Right: exampleDestination + "    id: {from: id}\n",
		},
		{
			Code:  CodeNull,
			Doc:   "A value that may be nil goes where the destination needs one.",
			Hint:  "give a default, or write required: true to have such records rejected",
			Wrong: exampleDestination + "    id: {from: id, when: id > 0}\n",
			Right: exampleDestination + "    id: {from: id}\n",
		},
		{
			Code:  CodeEnum,
			Doc:   "A value is not one of those that the destination's field can have.",
			Hint:  "translate it with a lookup",
			Wrong: exampleDestination + "    id: {from: id}\n    state: {value: done}\n",
			Right: exampleDestination + "    id: {from: id}\n    state: {value: closed}\n",
		},
		{
			Code:  CodeLength,
			Doc:   "A text is longer than the destination's field, or may be.",
			Hint:  "truncate it, if the rest may be lost",
			Wrong: exampleDestination + "    id: {from: id}\n    note: {value: this came in through the web shop}\n",
			Right: exampleDestination + "    id: {from: id}\n    note: {value: web shop}\n",
		},
	}
}
