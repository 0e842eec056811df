package config

import (
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"github.com/dray-sync/dray/engine/cuebuild"
)

// An exporter turns a concrete value into nodes. Not safe for concurrent use.
type exporter struct {
	set   *cuebuild.Set
	files []string
	err   error
}

func (x *exporter) node(v cue.Value, around cuebuild.Position, depth int) *wireNode {
	at := x.place(v, around)
	w := x.placed(&wireNode{}, at)
	if d, ok := v.Default(); ok {
		v = d
	}
	switch v.Kind() {
	case cue.StructKind:
		w.Kind = objectNode
		it, err := v.Fields()
		for err == nil && it.Next() {
			if depth > 0 && x.unsaid(it.Value()) {
				continue
			}
			k := x.placed(&wireNode{Kind: stringNode, Text: it.Selector().Unquoted()}, x.label(it.Value(), at))
			w.Keys, w.Items = append(w.Keys, k), append(w.Items, x.node(it.Value(), at, depth+1))
		}
		x.note(err)
	case cue.ListKind:
		w.Kind = listNode
		it, err := v.List()
		for err == nil && it.Next() {
			w.Items = append(w.Items, x.node(it.Value(), at, depth+1))
		}
		x.note(err)
	default:
		x.scalar(w, v)
	}
	return w
}

func (x *exporter) scalar(w *wireNode, v cue.Value) {
	if v.Kind() == cue.StringKind {
		text, err := v.String()
		w.Kind, w.Text = stringNode, text
		x.note(err)
		return
	}
	text, err := v.MarshalJSON()
	x.note(err)
	switch w.Text = string(text); v.Kind() {
	case cue.NullKind:
		w.Kind, w.Text = nullNode, ""
	case cue.BoolKind:
		w.Kind = boolNode
	case cue.IntKind:
		w.Kind = intNode
	case cue.FloatKind, cue.NumberKind:
		w.Kind = floatNode
	default: // bytes, which single quotes make
		text, err := v.Bytes()
		w.Kind, w.Text = stringNode, strings.ToValidUTF8(string(text), "\uFFFD")
		x.note(err)
	}
}

func (x *exporter) note(err error) {
	if x.err == nil {
		x.err = err
	}
}

// placed sets a node's place.
func (x *exporter) placed(w *wireNode, at cuebuild.Position) *wireNode {
	i := slices.Index(x.files, at.File)
	if i < 0 {
		i = len(x.files)
		x.files = append(x.files, at.File)
	}
	w.File, w.Line, w.Col = uint16(i), int32(at.Line), int32(at.Col)
	return w
}

// place returns where a value stands in a file of the user's: the first of what it is made of that does, else where what is
// around it stands.
func (x *exporter) place(v cue.Value, around cuebuild.Position) cuebuild.Position {
	if p, ok := x.literal(v, 0); ok {
		return p
	}
	if p, ok := x.source(v, false, 0); ok {
		return p
	}
	return around
}

// literal returns where a value is written out, following references to it: what a template passes on is mended where it was given.
func (x *exporter) literal(v cue.Value, depth int) (cuebuild.Position, bool) {
	if depth > 6 {
		return cuebuild.Position{}, false
	}
	n := v.Source()
	if f, ok := n.(*ast.Field); ok {
		n = f.Value
	}
	switch n.(type) {
	case *ast.BasicLit, *ast.StructLit, *ast.ListLit, *ast.Interpolation, *ast.UnaryExpr:
		if p, ok := x.set.At(n.Pos()); ok {
			return p, true
		}
	}
	if d := cue.Dereference(v); d.Exists() && d.Path().String() != v.Path().String() {
		if p, ok := x.literal(d, depth+1); ok {
			return p, true
		}
	}
	if op, args := v.Expr(); op == cue.AndOp || op == cue.OrOp {
		for _, a := range args {
			if p, ok := x.literal(a, depth+1); ok {
				return p, true
			}
		}
	}
	return cuebuild.Position{}, false
}

// label returns where the name of a field stands.
func (x *exporter) label(v cue.Value, around cuebuild.Position) cuebuild.Position {
	if p, ok := x.source(v, true, 0); ok {
		return p
	}
	return x.place(v, around)
}

func (x *exporter) source(v cue.Value, label bool, depth int) (cuebuild.Position, bool) {
	if depth > 4 {
		return cuebuild.Position{}, false
	}
	switch n := v.Source().(type) {
	case *ast.Field:
		if p, ok := x.set.At(n.Label.Pos()); ok && label {
			return p, true
		}
		if p, ok := x.set.At(n.Value.Pos()); ok {
			return p, true
		}
	case ast.Node:
		if p, ok := x.set.At(n.Pos()); ok && !label {
			return p, true
		}
	}
	if p, ok := x.set.At(v.Pos()); ok && !label {
		return p, true
	}
	if op, args := v.Expr(); op == cue.AndOp || op == cue.OrOp {
		for _, a := range args {
			if p, ok := x.source(a, label, depth+1); ok {
				return p, true
			}
		}
	}
	return cuebuild.Position{}, false
}

// unsaid reports whether a value comes from the definitions alone. Loading fills it in again, and knows then that nobody wrote it.
func (x *exporter) unsaid(v cue.Value) bool {
	if _, ok := x.source(v, false, 0); ok {
		return false
	}
	return cuebuild.OfDefinitions(v.Pos())
}
