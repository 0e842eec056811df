package expr

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"math/big"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	exprast "github.com/expr-lang/expr/ast"

	"github.com/dray-sync/dray/adapters/record"
)

// seeds adds the expressions of the other tests.
func seeds(f *testing.F) {
	f.Helper()
	source, err := os.ReadFile("expr_test.go")
	if err != nil {
		f.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "", source, 0)
	if err != nil {
		f.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		if l, ok := node.(*ast.BasicLit); ok && l.Kind == token.STRING && l.Value[0] == '"' {
			if text, err := unquote(l.Value); err == nil {
				f.Add(text)
				n++
			}
		}
		return true
	})
	for _, fn := range Functions() {
		f.Add(fn.Example)
	}
	if n < 100 {
		f.Fatalf("only %d seeds", n)
	}
}

func unquote(literal string) (string, error) {
	v, err := runWritten(literal)
	return v.Text(), err
}

func runWritten(source string) (record.Value, error) {
	v, _, err := runSource(source, Options{}, nil)
	return v, err
}

// floats counts the nodes of a syntax tree that hold a float, which no accepted expression may have.
type floats struct{ n int }

func (f *floats) Visit(node *exprast.Node) {
	switch n := (*node).(type) {
	case *exprast.FloatNode:
		f.n++
	case *exprast.ConstantNode:
		f.n++
	case *exprast.IntegerNode:
		if n.Value != 1 { // every literal is masked, and its number comes from the source
			f.n++
		}
	}
}

// FuzzNoFloat: no expression panics, none gives a float to what is evaluated, budgets hold, every error lies inside its source, and
// a result is the same the second time.
func FuzzNoFloat(f *testing.F) {
	seeds(f)
	fixture := roots(f)
	f.Fuzz(func(t *testing.T, source string) {
		for _, scope := range []Scope{openScope(), closedScope()} {
			p, err := Compile(source, Options{Scope: scope})
			if err != nil {
				checkErrors(t, source, err)
				continue
			}
			_, tree, _ := parse(source)
			seen := &floats{}
			exprast.Walk(&tree, seen)
			if seen.n > 0 {
				t.Fatalf("%d floats in the tree of %q", seen.n, source)
			}
			runTwice(t, p, lookUp(t, p.Refs(), fixture))
		}
	})
}

func checkErrors(t *testing.T, source string, err error) {
	t.Helper()
	var errs Errors
	if !errors.As(err, &errs) || len(errs) == 0 {
		t.Fatalf("compiling %q: error is not Errors: %v", source, err)
	}
	for _, e := range errs {
		if e.Offset < 0 || e.Length < 0 || e.Offset+e.Length > len(source) {
			t.Errorf("error of %q lies outside it: %d, length %d", source, e.Offset, e.Length)
		}
		if e.Message == "" || e.Code == "" {
			t.Errorf("error of %q has no message or code", source)
		}
	}
}

func runTwice(t *testing.T, p *Program, values []record.Value) {
	t.Helper()
	var results [2]string
	m := new(Machine)
	for i := range results {
		m.Reset()
		v, err := p.Run(m, values)
		results[i] = show(v)
		if err != nil {
			var re *RunError
			if !errors.As(err, &re) || re.Offset < 0 || re.Offset > len(p.Source()) {
				t.Fatalf("running %q: %v", p.Source(), err)
			}
			results[i] = err.Error()
		}
		if len(results[i]) > 16*MaxResultSize {
			t.Errorf("result of %q is %d bytes", p.Source(), len(results[i]))
		}
		if m.steps > MaxSteps || len(m.args) != 0 {
			t.Errorf("after %q the machine has %d steps and %d arguments", p.Source(), m.steps, len(m.args))
		}
	}
	if results[0] != results[1] {
		t.Errorf("%q gives %s, then %s", p.Source(), results[0], results[1])
	}
}

// FuzzExact compares arithmetic with rational numbers, in which nothing is ever lost.
func FuzzExact(f *testing.F) {
	f.Add(uint64(1))
	f.Add(uint64(20260402))
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 7))
		source, want := randomSum(r, 4)
		v, err := runWritten(source)
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		got, ok := new(big.Rat).SetString(v.Text())
		if !ok || got.Cmp(want) != 0 {
			t.Fatalf("%s: got %s, want %s", source, v.Text(), want.RatString())
		}
		same, err := runWritten(source + " == " + v.Text())
		if err != nil || !same.Bool() {
			t.Fatalf("%s == %s is not true: %v", source, v.Text(), err)
		}
	})
}

// randomSum returns an expression of numbers of all sizes, and its value.
func randomSum(r *rand.Rand, depth int) (string, *big.Rat) {
	if depth == 0 || r.IntN(6) == 0 {
		s := randomNumber(r)
		v, _ := new(big.Rat).SetString(s)
		return s, v
	}
	a, x := randomSum(r, depth-1)
	b, y := randomSum(r, depth-1)
	switch r.IntN(5) {
	case 0:
		return "(" + a + " + " + b + ")", x.Add(x, y)
	case 1:
		return "(" + a + " - " + b + ")", x.Sub(x, y)
	case 2:
		return "(" + a + " * " + b + ")", x.Mul(x, y)
	case 3:
		return "sum([" + a + ", " + b + "])", x.Add(x, y)
	}
	if x.Cmp(y) < 0 {
		x = y
	}
	return "max(" + a + ", " + b + ")", x
}

func randomNumber(r *rand.Rand) string {
	edges := []string{"0", "1", "9223372036854775807", "9223372036854775808", "9007199254740993", "1234567890123456.78", "0.1", "99999999999999999999"}
	if r.IntN(3) == 0 {
		return edges[r.IntN(len(edges))]
	}
	var b strings.Builder
	b.WriteByte(byte('1' + r.IntN(9)))
	for range r.IntN(22) {
		b.WriteByte(byte('0' + r.IntN(10)))
	}
	if n := r.IntN(22); n > 0 {
		b.WriteByte('.')
		for range n {
			b.WriteByte(byte('0' + r.IntN(10)))
		}
	}
	return b.String()
}

// FuzzRounding compares div and round with their definition over rational numbers: the result is a multiple of the unit, less than one
// unit away, on the side that the mode says.
func FuzzRounding(f *testing.F) {
	f.Add(uint64(1), uint8(2))
	f.Add(uint64(99), uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, places uint8) {
		r := rand.New(rand.NewPCG(seed, 11))
		scale := int32(places % 25)
		a, b := signed(r), signed(r)
		x, _ := record.ParseNumber(a)
		y, _ := record.ParseNumber(b)
		ra, _ := new(big.Rat).SetString(a)
		rb, _ := new(big.Rat).SetString(b)
		for _, mode := range roundingModes() {
			v, rule := round(x, scale, mode)
			checkRounded(t, "round("+a+")", v, rule, ra, scale, mode)
			if rb.Sign() != 0 {
				v, rule = divide(x, y, scale, mode)
				checkRounded(t, "div("+a+", "+b+")", v, rule, new(big.Rat).Quo(ra, rb), scale, mode)
			}
		}
	})
}

func signed(r *rand.Rand) string {
	s := randomNumber(r)
	if r.IntN(2) == 0 && s != "0" {
		return "-" + s
	}
	return s
}

func checkRounded(t *testing.T, what string, v record.Value, rule Rule, exact *big.Rat, scale int32, mode string) {
	t.Helper()
	if rule != "" {
		t.Fatalf("%s: %s", what, rule)
	}
	got, _ := new(big.Rat).SetString(v.Text())
	unit := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	steps := new(big.Rat).Quo(got, unit)
	off := new(big.Rat).Quo(new(big.Rat).Sub(got, exact), unit) // in units, positive when rounded up
	away := off.Sign() * exact.Sign()
	distance := new(big.Rat).Abs(off).Cmp(big.NewRat(1, 2))
	ok := steps.IsInt() && new(big.Rat).Abs(off).Cmp(big.NewRat(1, 1)) < 0
	switch mode {
	case "up":
		ok = ok && away >= 0
	case "down":
		ok = ok && away <= 0
	case "ceiling":
		ok = ok && off.Sign() >= 0
	case "floor":
		ok = ok && off.Sign() <= 0
	case "half-up":
		ok = ok && (distance < 0 || (distance == 0 && away > 0))
	case "half-down":
		ok = ok && (distance < 0 || (distance == 0 && away < 0))
	case "half-even":
		ok = ok && (distance < 0 || (distance == 0 && new(big.Int).Set(steps.Num()).Bit(0) == 0))
	}
	_, fraction, _ := strings.Cut(v.Text(), ".")
	if !ok || len(fraction) != int(scale) {
		t.Fatalf("%s to %d places, %s: got %s", what, scale, mode, v.Text())
	}
}

// No code of this package knows floats at all.
func TestNoFloatInSource(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		files++
		source, err := os.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), source, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if strings.Contains(strings.ToLower(n.Name), "float") {
					t.Errorf("%s uses %s", e.Name(), n.Name)
				}
			case *ast.BasicLit:
				if n.Kind == token.FLOAT {
					t.Errorf("%s has the float %s", e.Name(), n.Value)
				}
			}
			return true
		})
		if bytes.Contains(source, []byte("github.com/expr-lang/expr/vm")) {
			t.Errorf("%s imports expr-lang's machine", e.Name())
		}
	}
	if files < 10 {
		t.Errorf("looked at %d files only", files)
	}
}
