package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
)

// fieldKinds says how the types of fields are held where their application has such values.
var fieldKinds = map[string]record.Kind{
	"string": record.String, "int": record.Int, "decimal": record.Decimal, "bool": record.Bool, "date": record.Date, "time": record.Time,
	"datetime": record.Timestamp, "bytes": record.Bytes, "object": record.Object, "list": record.List,
}

// recordType returns what expressions know of the records of an object.
func recordType(s config.Side) expr.Type {
	if s.Object == nil {
		return expr.Type{}
	}
	return expr.Type{Kind: record.Object, Fields: memberTypes(s, s.Object.Fields)}
}

// memberTypes returns the types of fields. A name that is a path stands for the object it starts in, of which nothing is known.
func memberTypes(s config.Side, fields []config.ObjectField) map[string]expr.Type {
	types := make(map[string]expr.Type, len(fields))
	for i := range fields {
		f := &fields[i]
		if p, err := record.ParsePath(f.Name); err == nil && len(p) > 1 {
			if _, there := types[p[0].Name]; !there {
				types[p[0].Name] = expr.Type{}
			}
		}
		types[f.Name] = typeOf(s, f)
	}
	return types
}

func typeOf(s config.Side, f *config.ObjectField) expr.Type {
	t := singleType(s, f.Type)
	t.Nullable = f.Nullable
	switch t.Kind {
	case record.String:
		if t.Of == record.Absent {
			t.Enum, t.Length = f.Enum, f.MaxLength
		}
	case record.Object:
		if f.Fields != nil {
			t.Fields = memberTypes(s, f.Fields)
		}
	case record.List:
		switch {
		case f.Fields != nil:
			t.Elem = &expr.Type{Kind: record.Object, Fields: memberTypes(s, f.Fields)}
		case f.Items != "":
			elem := singleType(s, f.Items)
			t.Elem = &elem
		}
	}
	return t
}

// singleType returns the type of a value. Dates, times and bytes are texts unless the application holds them as such; where that is not
// known their kind is not either.
func singleType(s config.Side, name string) expr.Type {
	kind := fieldKinds[name]
	switch kind {
	case record.Date, record.Time, record.Timestamp, record.Bytes:
		switch {
		case s.Application == nil:
			return expr.Type{Of: kind}
		case !s.Application.Dates:
			return expr.Type{Kind: record.String, Of: kind}
		}
	}
	return expr.Type{Kind: kind}
}

// means returns the kind of what a value says: a date, also where it is held as a text. Absent: not known.
func means(t expr.Type) record.Kind {
	if t.Of != record.Absent {
		return t.Of
	}
	if !t.Known() || t.Kind == record.Null {
		return record.Absent
	}
	return t.Kind
}

// kindNames are the words for kinds in messages, where they are not those of the kinds themselves.
var kindNames = map[record.Kind]string{record.String: "a text", record.Int: "a whole number", record.Decimal: "a decimal number", record.Bool: "true or false", record.Timestamp: "a datetime"}

func nameOf(k record.Kind) string {
	if n, ok := kindNames[k]; ok {
		return n
	}
	return withArticle(k)
}

// follow returns the type of what a path leads to from a value, and reports it where it leads nowhere.
func (c *compiler) follow(s *scope, from expr.Type, at, text string, p record.Path) (expr.Type, bool) {
	if !from.Known() && from.Fields == nil {
		return expr.Type{}, true // nothing is known of what it leads to
	}
	typ, mistake := c.exprScope(s).Follow(from, p)
	if mistake == nil {
		return typ, true
	}
	code := CodeUnknownName
	if mistake.Code == expr.CodeType {
		code = CodeType
	}
	message := strings.Replace(mistake.Message, "there is no field", "the object has no field", 1)
	c.problem(code, at, message, mistake.Hint)
	c.problems[len(c.problems)-1].Offset = offsetIn(text, p, mistake.Offset)
	return expr.Type{}, false
}

// offsetIn returns where step i of a path stands in its text, which may begin with a root; -1 when it cannot be said.
func offsetIn(text string, p record.Path, i int) int {
	tail := p[i:].String()
	if p[i].IsIndex() {
		tail = record.Path(append(record.Path{{Name: "x", Index: -1}}, p[i:]...)).String()[1:]
	}
	if !strings.HasSuffix(text, tail) {
		return -1
	}
	return len(text) - len(tail)
}

// suppose has hold what Options.When says.
func (c *compiler) suppose(s *scope) {
	if c.When == "" || !c.typed() {
		return
	}
	before := len(c.problems)
	x := c.condition(s, "", c.When)
	c.problems = c.problems[:before]
	c.assume(s, x)
}

// assume has the facts hold until undone.
func (c *compiler) assume(s *scope, x *condition) (undo func()) {
	if x == nil || len(x.program.Facts()) == 0 {
		return func() {}
	}
	root := s.record()
	here, top := s.typ, root.typ
	own := slices.DeleteFunc(slices.Clone(x.program.Facts()), func(f expr.Fact) bool { return f.Ref.Root != "" })
	far := slices.DeleteFunc(slices.Clone(x.program.Facts()), func(f expr.Fact) bool { return f.Ref.Root != rootRoot })
	s.typ = s.typ.With(own)
	root.typ = root.typ.With(far)
	return func() { s.typ, root.typ = here, top }
}

// record returns the scope of the record itself.
func (s *scope) record() *scope {
	for s.parent != nil {
		s = s.parent
	}
	return s
}

// listed joins the first of some values for a message.
func listed(values []string) string {
	const most = 6
	quoted := make([]string, 0, most)
	for _, v := range values[:min(len(values), most)] {
		quoted = append(quoted, fmt.Sprintf("%q", v))
	}
	text := strings.Join(quoted, ", ")
	if more := len(values) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
