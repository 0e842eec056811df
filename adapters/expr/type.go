package expr

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/dray-sync/dray/adapters/record"
)

// A Type is what is known of a value before a run. The zero Type is not known at all: its use is checked at run time.
type Type struct {
	// Kind is the kind of the value; [record.Absent] when it is not known, [record.Null] for what is always nil.
	Kind record.Kind
	// Nullable says that the value may be nil or absent.
	Nullable bool
	// Elem is the type of a list's elements; nil when it is not known.
	Elem *Type
	// Fields are an object's members; nil when they are not known, and then any member may be named.
	Fields map[string]Type
	// Enum are the only values that a string can have; nil when it can have others.
	Enum []string
	// Length is how many characters a string has at most; 0 when that is not known. Enum says more.
	Length int
	// Of is what a string is the text of, a date or a time, where that is known.
	Of record.Kind
	// Loose says that a Decimal may as well be whole: it was computed from numbers of which little is known.
	Loose bool
}

// MaxLength returns how many characters a string has at most; 0 when that is not known.
func (t Type) MaxLength() int {
	if t.Enum == nil {
		return t.Length
	}
	most := 0
	for _, v := range t.Enum {
		most = max(most, utf8.RuneCountInString(v))
	}
	return most
}

// Known reports whether the kind is known.
func (t Type) Known() bool { return t.Kind != record.Absent && t.Kind != record.Raw }

// String returns the type as errors name it: "string", "list of object", "nil".
func (t Type) String() string {
	switch {
	case !t.Known():
		return "unknown"
	case t.Kind == record.Null:
		return "nil"
	case t.Kind == record.List && t.Elem != nil && t.Elem.Known():
		return "list of " + t.Elem.String()
	case t.Kind == record.Timestamp:
		return "datetime" // as files call it
	default:
		return t.Kind.String()
	}
}

// isNumber reports whether the value is known to be a number, or not known.
func (t Type) mayBeNumber() bool {
	return !t.Known() || t.Kind == record.Int || t.Kind == record.Decimal
}

// mayBe reports whether the value can be of kind k, as far as is known.
func (t Type) mayBe(k record.Kind) bool {
	return !t.Known() || t.Kind == k || (k == record.Decimal && t.Kind == record.Int)
}

// elem returns the type of a list's elements.
func (t Type) elem() Type {
	if t.Elem == nil {
		return Type{}
	}
	return *t.Elem
}

// nullable returns t as a type that may be nil.
func (t Type) nullable() Type {
	t.Nullable = true
	return t
}

// union returns what is known of a value that is either of type a or of type b.
func union(a, b Type) Type {
	switch {
	case a.Kind == record.Null:
		return b.nullable()
	case b.Kind == record.Null:
		return a.nullable()
	}
	u := Type{Nullable: a.Nullable || b.Nullable}
	switch {
	case !a.Known() || !b.Known():
	case a.Kind == b.Kind:
		u.Kind, u.Loose = a.Kind, a.Loose && b.Loose
		u.text(a, b)
		if a.Elem != nil && b.Elem != nil {
			e := union(*a.Elem, *b.Elem)
			u.Elem = &e
		}
	case a.mayBeNumber() && b.mayBeNumber():
		u.Kind = record.Decimal
		u.Loose = (a.Kind == record.Int || a.Loose) && (b.Kind == record.Int || b.Loose)
	}
	return u
}

// text notes what is known of a string that is either of type a or of type b.
func (t *Type) text(a, b Type) {
	if a.Of == b.Of {
		t.Of = a.Of
	}
	if a.Enum != nil && b.Enum != nil {
		t.Enum = slices.Clone(a.Enum)
		for _, v := range b.Enum {
			if !slices.Contains(t.Enum, v) {
				t.Enum = append(t.Enum, v)
			}
		}
		return
	}
	if x, y := a.MaxLength(), b.MaxLength(); x > 0 && y > 0 {
		t.Length = max(x, y)
	}
}

// A Scope is what an expression may name.
type Scope struct {
	// This is the type of the current element, whose fields are named bare or as $this.name. The zero Type lets any name pass.
	This Type
	// Roots are the reserved roots that are available besides $this, with their "$": {"$root": {}, "$index": {Kind: record.Int}}.
	Roots map[string]Type
}

// rootNames returns the available roots in order, for messages.
func (s Scope) rootNames() []string {
	names := []string{"$this"}
	for name := range s.Roots {
		if name != "$this" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

func listed(names []string) string { return strings.Join(names, ", ") }

// fits reports whether a value of this type can be where want is needed, as far as is known. A number may turn out whole.
func (t Type) fits(want Type) bool {
	switch {
	case t.Kind == record.Null:
		return want.Nullable
	case want.Kind == record.Int || want.Kind == record.Decimal:
		return t.mayBeNumber()
	}
	return t.mayBe(want.Kind)
}

// article puts a or an before a word.
func article(word string) string {
	switch {
	case word == "nil" || word == "unknown":
		return word
	case strings.ContainsRune("aeiou", rune(word[0])):
		return "an " + word
	}
	return "a " + word
}
