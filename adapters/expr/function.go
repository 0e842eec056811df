package expr

import (
	"sort"

	"github.com/dray-sync/dray/adapters/record"
)

// A Function is what expressions may call. The example is an expression without names, with its result as one too.
type Function struct {
	Name      string
	Signature string
	Doc       string
	Example   string
	Result    string
}

// function is a Function with how it is called.
type function struct {
	Function
	params   []param
	required int  // parameters that must be given
	variadic bool // the last parameter may be given many times
	result   Type
	run      runner
	// written is the index of a parameter that must be written out in the expression, which bind judges before the first record.
	// bind returns what runs instead of run. Where bind is nil there is none.
	written int
	bind    func(text string) (runner, *Error)
	// resultOf returns the type of the result where it depends on the arguments.
	resultOf func(args []node) Type
	// predicate says that the second argument is evaluated for each element of the first.
	predicate bool
}

// runner computes the result of a call. Optional arguments that were not given are missing from args.
type runner func(m *Machine, at int, args []record.Value) (record.Value, error)

// param is one parameter.
type param struct {
	name  string
	kinds kinds
}

// kinds is a set of kinds.
type kinds uint16

func (k kinds) has(kind record.Kind) bool { return k&(1<<kind) != 0 }

// admits reports whether a value of the type may be in the set, as far as is known.
func (k kinds) admits(t Type) bool {
	return !t.Known() || k.has(t.Kind) || (t.Kind == record.Decimal && k.has(record.Int))
}

// String names the kinds for messages.
func (k kinds) String() string {
	if k&anything == anything {
		return "a value"
	}
	if k == number {
		return "a number"
	}
	text := ""
	for kind := record.Null; kind <= record.File; kind++ {
		if k.has(kind) {
			if text != "" {
				text += " or "
			}
			text += kind.String()
		}
	}
	return text
}

// The sets that parameters use.
const (
	str      = kinds(1 << record.String)
	integer  = kinds(1 << record.Int)
	number   = kinds(1<<record.Int | 1<<record.Decimal)
	list     = kinds(1 << record.List)
	anything = kinds(1<<record.Bool | 1<<record.Int | 1<<record.Decimal | 1<<record.String | 1<<record.Bytes | 1<<record.Date |
		1<<record.Time | 1<<record.Timestamp | 1<<record.List | 1<<record.Object | 1<<record.File)
	orderable = number | str | 1<<record.Date | 1<<record.Time | 1<<record.Timestamp
	day       = kinds(1<<record.Date | 1<<record.Timestamp)
)

// table is every function by name. It never changes.
var table = func() map[string]*function {
	t := map[string]*function{}
	for _, group := range [][]function{textFunctions(), numberFunctions(), listFunctions(), dateFunctions()} {
		for i := range group {
			t[group[i].Name] = &group[i]
		}
	}
	return t
}()

// Functions returns every function that expressions may call, by name.
func Functions() []Function {
	all := make([]Function, 0, len(table))
	for _, f := range table {
		all = append(all, f.Function)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

func isFunction(name string) bool { return table[name] != nil }
