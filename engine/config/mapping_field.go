package config

import (
	"encoding/json"
	"slices"
)

// Nested says how a field that is a list or an object is made of other fields.
type Nested struct {
	Each   string     `json:"each,omitempty"` // a path to a list
	Where  string     `json:"where,omitempty"`
	Group  *Group     `json:"group,omitempty"`
	Fields Fields     `json:"fields,omitempty"`
	Concat []ListPart `json:"concat,omitempty"`
}

// Group makes one of the elements of a list that are alike: the first, with sums and counts over all of them. All but Count are paths below an
// element.
type Group struct {
	By    []string `json:"by"`
	Sum   []string `json:"sum,omitempty"`
	Min   []string `json:"min,omitempty"`
	Max   []string `json:"max,omitempty"`
	Count string   `json:"count,omitempty"` // the name under which their number is found
}

// Paths returns all paths of elements that the group looks at; g may be nil.
func (g *Group) Paths() []string {
	if g == nil {
		return nil
	}
	return slices.Concat(g.By, g.Sum, g.Min, g.Max)
}

// Form says how numbers and dates are read and written.
type Form struct {
	Zone        string `json:"zone,omitempty"`
	To          string `json:"to,omitempty"`
	Format      string `json:"format,omitempty"`
	Scale       *int   `json:"scale,omitempty"`
	Round       string `json:"round,omitempty"`    // half-even | half-up | half-down | up | down | ceiling | floor
	Currency    string `json:"currency,omitempty"` // three capitals: ISO 4217; else a path
	Minor       bool   `json:"minor,omitempty"`    // the input is in minor units
	DecimalMark string `json:"decimalMark,omitempty"`
	GroupMark   string `json:"groupMark,omitempty"`
}

// Nested returns how the field is made of others; the zero Nested where it is not.
func (f *Field) Nested() Nested {
	if f.nested == nil {
		return Nested{}
	}
	return *f.nested
}

// Form returns how the field reads and writes numbers and dates; the zero Form where it says nothing of it.
func (f *Field) Form() Form {
	if f.form == nil {
		return Form{}
	}
	return *f.form
}

// WithForm returns the field with another form.
func (f Field) WithForm(form Form) Field {
	f.form = &form
	return f
}

// WithNested returns the field made of other fields.
func (f Field) WithNested(nested Nested) Field {
	f.nested = &nested
	return f
}

// A writtenField is a field as files write it: everything side by side. Pointers that are nil when it is read are set where a file says
// anything of theirs.
type writtenField struct {
	*plainField
	*Nested
	*Form
}

// plainField is Field without its methods.
type plainField Field

// MarshalJSON writes the field as files do.
func (f Field) MarshalJSON() ([]byte, error) {
	return json.Marshal(writtenField{(*plainField)(&f), f.nested, f.form})
}

// decode reads the field that comes next as files write it.
func (f *Field) decode(dec *json.Decoder) error {
	in := writtenField{plainField: (*plainField)(f)}
	if err := dec.Decode(&in); err != nil {
		return err
	}
	f.nested, f.form = in.Nested, in.Form
	return nil
}
