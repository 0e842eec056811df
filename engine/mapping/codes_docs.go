package mapping

import (
	"slices"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/engine/diag"
)

// Codes returns every code of this package and of expressions with its explanation, in a fixed order.
func Codes() []diag.CodeDoc {
	docs := slices.Concat(valueCodes(), shapeCodes(), typeCodes())
	for _, s := range saidBefore {
		docs = append(docs, diag.CodeDoc{Code: s.code, Doc: s.doc + " Reading the repository says so first, as " + s.as + ".", Hint: "see " + s.as})
	}
	return docs
}

// saidBefore are the problems that only a mapping can have that comes from elsewhere than a repository's files: there the form of the
// fields is judged before anything is compiled.
var saidBefore = [...]struct{ code, doc, as string }{
	{CodeSource, "Nothing gives the value of a field, or several things do.", "config/one-of"},
	{CodePath, "A path cannot be read.", "config/bad-value"},
	{CodeLater, "A field of $out is not mapped yet, or not at all.", "config/forward-reference"},
	{CodeAs, "There is no such type.", "config/bad-value"},
	{CodeApply, "There is no such function, or it takes another argument.", "config/bad-value"},
	{CodeLookupRows, "Two rows of a lookup have the same key.", "config/lookup-row"},
	{CodeZone, "There is no such time zone.", "config/bad-value"},
	{CodeScale, "A number of digits is out of bounds.", "config/bad-value"},
	{CodeDuplicate, "Two fields or checks have the same name.", "config/duplicate-key"},
	{CodeCheck, "A check has no expression, or an unknown else.", "config/bad-value"},
	{CodeConflict, "Settings of one field do not go together.", "config/misplaced-field"},
	{string(expr.CodeSyntax), "The text is not an expression.", "config/expression"},
	{string(expr.CodeTooLarge), "The expression is longer, deeper or of more parts than an expression may be.", "config/expression"},
	{string(expr.CodeUnknownName), "The expression names a field or function that does not exist here.", "config/expression"},
	{string(expr.CodeType), "Operands or arguments do not go together.", "config/expression"},
	{string(expr.CodeArguments), "A function has too few or too many arguments.", "config/expression"},
	{string(expr.CodeNotAllowed), "The expression uses a form that expressions here do not have.", "config/expression"},
	{string(expr.CodeRounding), "A division or rounding does not say how.", "config/expression"},
	{string(expr.CodeNumber), "A number in the expression is not exact, or out of bounds.", "config/expression"},
}

// valueCodes explains what is wrong with where a value comes from.
func valueCodes() []diag.CodeDoc {
	return []diag.CodeDoc{
		{
			Code: CodeRoot,
			Doc:  "A path or expression starts at a root that does not exist there.",
			Hint: "the roots are $this, $root, $out and $run, and inside a list $parent and $index",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    sent: {from: $run.time}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    sent: {from: $run.now}
`,
		},
		{
			Code: CodeLookup,
			Doc:  "The keys given to a lookup are not the ones it has.",
			Hint: "give a path for each key of the lookup, under with:",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    tax: {from: country, lookup: tax}
---
kind: Lookup
metadata: {name: tax}
spec: {key: [country, rate], value: code, rows: [{country: DE, rate: 19, code: A1}]}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    tax: {lookup: tax, with: {country: country, rate: rate}}
---
kind: Lookup
metadata: {name: tax}
spec: {key: [country, rate], value: code, rows: [{country: DE, rate: 19, code: A1}]}
`,
		},
		{
			Code: CodeConstant,
			Doc:  "A constant or default does not convert to the type of its field.",
			Hint: "write it as the type it becomes",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    quantity: {from: quantity, as: int, default: none}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    quantity: {from: quantity, as: int, default: 0}
`,
		},
		{
			Code: string(expr.CodeNull),
			Doc:  "A value may be nil where the expression needs one, and a record without it is rejected.",
			Hint: "say what to take instead: price ?? 0",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    price: {from: price, as: decimal}
    gross: {expr: '$out.price * 1.19'}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    price: {from: price, as: decimal}
    gross: {expr: '($out.price ?? 0) * 1.19'}
`,
		},
	}
}

// shapeCodes explains what is wrong with how a value is shaped.
func shapeCodes() []diag.CodeDoc {
	return []diag.CodeDoc{
		{
			Code: CodeFormat,
			Doc:  "A date format is not made of the tokens YYYY MM DD HH mm ss, or lacks one.",
			Hint: "write tokens such as DD.MM.YYYY, or iso, unix or unix-ms",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    day: {from: day, as: date, format: dd.mm.yyyy}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    day: {from: day, as: date, format: DD.MM.YYYY}
`,
		},
		{
			Code: CodeCurrency,
			Doc:  "The currency is none of ISO 4217, or none is given.",
			Hint: "write three capitals, or the path of a currency",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    total: {from: total, as: money, currency: EUO}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    total: {from: total, as: money, currency: EUR}
`,
		},
		{
			Code: CodeMark,
			Doc:  "Decimal mark and group mark of a number cannot be told apart.",
			Hint: "say both: decimalMark and groupMark",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    total: {from: total, as: decimal, groupMark: "."}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    total: {from: total, as: decimal, groupMark: ".", decimalMark: ","}
`,
		},
		{
			Code: CodeAbsent,
			Doc:  "What ifAbsent says contradicts required or default.",
			Hint: "keep the one that is meant",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    note: {from: note, required: true, ifAbsent: omit}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    note: {from: note, ifAbsent: omit}
`,
		},
		{
			Code: CodeWrite,
			Doc:  "write: create stands inside a list or object, and only a field of the record itself can be sent on create alone.",
			Hint: "put it on the list or object around it",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    lines: {each: lines, fields: {sku: {from: sku, write: create}}}
`,
			Right: `
kind: Mapping
spec:
  fields:
    id: {from: id}
    lines: {each: lines, write: create, fields: {sku: {from: sku}}}
`,
		},
		{
			Code: CodeKey,
			Doc:  "The destination's key is not mapped, is truncated, or is not sent on every write.",
			Hint: "map the key whole and always",
			Wrong: `
kind: Mapping
spec:
  fields:
    id: {from: id, write: create}
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
		{Code: CodeTooDeep, Doc: "Lists and objects stand within each other too deeply.", Hint: "flatten the record"},
	}
}
