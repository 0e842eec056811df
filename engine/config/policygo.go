package config

import (
	"encoding/json"
	"reflect"
	"strings"
)

// A lazyValue is made when it is first looked at. Not safe for concurrent use.
type lazyValue struct {
	make func() policyValue
	made policyValue
}

func later(f func() policyValue) policyValue { return &lazyValue{make: f} }

func (v *lazyValue) value() policyValue {
	if v.made == nil {
		v.made = v.make()
	}
	return v.made
}

func (v *lazyValue) isObject() bool { return v.value().isObject() }

func (v *lazyValue) field(name string) policyValue { return v.value().field(name) }

func (v *lazyValue) appendJSON(b []byte) []byte { return v.value().appendJSON(b) }

// A goValue is a part of the model, as its JSON would be. What the model leaves out because it is zero has the default of its type.
type goValue struct {
	v reflect.Value
	t *typ // nil: there are no defaults
}

func (v goValue) isObject() bool {
	at, own := v.plain()
	return own.IsValid() || at.Kind() == reflect.Struct || at.Kind() == reflect.Map
}

var marshaler = reflect.TypeFor[json.Marshaler]()

// plain returns the value without pointers. own is set where the value writes its JSON itself.
func (v goValue) plain() (at, own reflect.Value) {
	at = v.v
	for at.Kind() == reflect.Pointer && !at.IsNil() {
		at = at.Elem()
	}
	if at.Type().Implements(marshaler) {
		return at, at
	}
	return at, own
}

// asNode returns a value that writes its JSON itself, read back.
func (v goValue) asNode() nodeValue {
	text, err := json.Marshal(v.v.Interface())
	if err != nil {
		return nodeValue{n: &node{kind: nullNode}}
	}
	n, err := jsonNode(text)
	if err != nil {
		return nodeValue{n: &node{kind: nullNode}}
	}
	return nodeValue{n, v.t}
}

func (v goValue) field(name string) policyValue {
	at, own := v.plain()
	switch {
	case own.IsValid():
		return v.asNode().field(name)
	case at.Kind() == reflect.Map && at.Type().Key().Kind() == reflect.String:
		found := at.MapIndex(reflect.ValueOf(name).Convert(at.Type().Key()))
		if !found.IsValid() {
			return nil
		}
		return goValue{v: found}
	case at.Kind() != reflect.Struct:
		return nil
	}
	var f *fieldTyp
	if t := v.t; t != nil && t.object != nil {
		f = t.object.field(name)
	}
	found, omitted := jsonField(at, name)
	switch {
	case found.IsValid() && !omitted && f == nil:
		return goValue{v: found}
	case found.IsValid() && !omitted:
		return goValue{found, f.typ}
	case f == nil || f.optional || f.required || f.typ.def == nil:
		return nil
	}
	return nodeValue{f.typ.def, f.typ}
}

// jsonField returns the field that JSON knows by a name, and whether JSON leaves it out.
func jsonField(v reflect.Value, name string) (field reflect.Value, omitted bool) {
	t := v.Type()
	for i := range t.NumField() {
		tag := t.Field(i).Tag.Get("json")
		if tag == "" && t.Field(i).Anonymous {
			if inner, omitted := jsonField(v.Field(i), name); inner.IsValid() {
				return inner, omitted
			}
			continue
		}
		if own, options, _ := strings.Cut(tag, ","); own == name {
			return v.Field(i), strings.Contains(options, "omitempty") && empty(v.Field(i))
		}
	}
	return reflect.Value{}, false
}

// empty is what omitempty leaves out.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func (v goValue) appendJSON(b []byte) []byte {
	if at, own := v.plain(); !own.IsValid() && at.Kind() == reflect.Struct && v.t != nil && v.t.object != nil && len(v.t.object.patterns) == 0 && !v.t.object.open {
		b = append(b, '{')
		first := true
		for _, f := range v.t.object.fields {
			if part := v.field(f.name); part != nil {
				b = append(appendJSONString(comma(b, &first), f.name), ':')
				b = part.appendJSON(b)
			}
		}
		return append(b, '}')
	}
	text, err := json.Marshal(v.v.Interface())
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, text...)
}
