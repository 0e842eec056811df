package mapping

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
)

// maxScale bounds the digits after the point that a mapping can ask for.
const maxScale = 100

// exact is the rounding of a field that does not say how to round: none.
const exact apd.Rounder = ""

// rounders are the ways to round.
var rounders = map[string]apd.Rounder{
	"half-even": apd.RoundHalfEven,
	"half-up":   apd.RoundHalfUp,
	"half-down": apd.RoundHalfDown,
	"up":        apd.RoundUp,
	"down":      apd.RoundDown,
	"ceiling":   apd.RoundCeiling,
	"floor":     apd.RoundFloor,
}

// numberText is how numbers are written in texts.
type numberText struct {
	decimal string // "." when empty
	group   string // none when empty
}

func (c *compiler) rounder(at, name string) apd.Rounder {
	if name == "" {
		return exact
	}
	r, ok := rounders[name]
	if !ok {
		c.problem(CodeRounding, at+".round", fmt.Sprintf("unknown way to round %q", name), "it is half-even, half-up, half-down, up, down, ceiling or floor")
	}
	return r
}

func (c *compiler) numberText(at string, in config.Form) numberText {
	t := numberText{in.DecimalMark, in.GroupMark}
	if t.decimal == "" {
		t.decimal = "."
	}
	for name, mark := range map[string]string{"decimalMark": t.decimal, "groupMark": t.group} {
		if mark == "" {
			continue
		}
		if utf8.RuneCountInString(mark) != 1 || strings.ContainsAny(mark, "0123456789+-eE") {
			c.problem(CodeMark, at+"."+name, fmt.Sprintf("%q cannot be told from a number's other parts", mark), "it is one character: \",\" \".\" \"'\" or a space")
		}
	}
	if t.decimal == t.group {
		c.problem(CodeMark, at+".groupMark", "group mark and decimal mark are the same", "say decimalMark, too: it is \".\" when unsaid")
	}
	return t
}

func (c *compiler) asInt(at string, in config.Form) step {
	text, round := c.numberText(at, in), c.rounder(at, in.Round)
	return func(_ *Executor, v record.Value) (record.Value, Rule) {
		n, rule := text.number(v)
		if rule != "" || n.Kind() == record.Int {
			return n, rule
		}
		if n, rule = rescale(n, 0, round); rule != "" {
			return v, RuleInteger
		}
		return whole(n)
	}
}

// whole returns a Decimal of scale 0 as an Int.
func whole(v record.Value) (record.Value, Rule) {
	if n, _, ok := v.SmallDecimal(); ok {
		return record.IntValue(n), ""
	}
	n, err := record.ParseNumber(v.Text())
	if err != nil {
		return v, RuleNumber
	}
	return n, ""
}

func (c *compiler) asDecimal(at string, in config.Form) step {
	text, round := c.numberText(at, in), c.rounder(at, in.Round)
	if in.Scale == nil {
		if in.Round != "" {
			c.problem(CodeConflict, at+".round", "nothing says to which scale the number is rounded", "add scale with the number of digits after the point")
		}
		return func(_ *Executor, v record.Value) (record.Value, Rule) {
			n, rule := text.number(v)
			return n.AsDecimal(), rule
		}
	}
	if *in.Scale < 0 || *in.Scale > maxScale {
		c.problem(CodeScale, at+".scale", fmt.Sprintf("scale %d is out of bounds", *in.Scale), fmt.Sprintf("it is the number of digits after the point, 0 to %d", maxScale))
		return nil
	}
	if in.Round == "" {
		c.warn(CodeRounding, at+".scale", "nothing says how the number is rounded: a record with more digits is rejected", "add round: half-even, half-up or another mode")
	}
	scale := int32(*in.Scale)
	return func(_ *Executor, v record.Value) (record.Value, Rule) {
		n, rule := text.number(v)
		if rule != "" {
			return n, rule
		}
		return rescale(n, scale, round)
	}
}

func (c *compiler) asMoney(s *scope, at string, in config.Form) step {
	text, round := c.numberText(at, in), c.rounder(at, in.Round)
	minor := in.Minor
	convert := func(v record.Value, scale int32) (record.Value, Rule) {
		n, rule := text.number(v)
		if rule != "" {
			return n, rule
		}
		if minor {
			if n, rule = shift(n, scale); rule != "" {
				return n, rule
			}
		}
		return rescale(n, scale, round)
	}
	switch {
	case in.Currency == "":
		c.problem(CodeCurrency, at+".as", "money needs a currency, which says its digits", "add currency: EUR, or the path of one")
		return nil
	case isCode(in.Currency):
		scale, ok := minorUnits(in.Currency)
		if !ok {
			c.problem(CodeCurrency, at+".currency", fmt.Sprintf("%q is no currency of ISO 4217 that has an amount", in.Currency), "three capitals are a currency; a path with such a name is written $this."+in.Currency)
			return nil
		}
		return func(_ *Executor, v record.Value) (record.Value, Rule) { return convert(v, scale) }
	}
	p, typ, ok := c.path(s, at+".currency", in.Currency)
	if ok && typ.Known() && typ.Kind != record.String {
		c.problem(CodeType, at+".currency", fmt.Sprintf("%s where the code of a currency is needed", nameOf(means(typ))), "name the path of a text, or the currency itself: EUR")
		return nil
	}
	if !ok {
		return nil
	}
	return func(e *Executor, v record.Value) (record.Value, Rule) {
		code := e.load(&p)
		if code.Kind() != record.String {
			return v, RuleCurrency
		}
		scale, ok := minorUnits(code.Text())
		if !ok {
			return v, RuleCurrency
		}
		return convert(v, scale)
	}
}

// number returns an Int or Decimal, or a text that says one.
func (t numberText) number(v record.Value) (record.Value, Rule) {
	switch v.Kind() {
	case record.Int, record.Decimal:
		return v, ""
	case record.String:
		return t.parse(v.Text())
	}
	return v, RuleType
}

// parse reads a number as JSON writes it, or with these marks. Zeros may lead. Groups are of three digits, and either all are marked or none.
func (t numberText) parse(s string) (record.Value, Rule) {
	if t.decimal == "." && t.group == "" {
		if v, err := record.ParseNumber(s); err == nil {
			return v, ""
		}
	}
	sign, rest := "", s
	if strings.HasPrefix(s, "-") {
		sign, rest = "-", s[1:]
	}
	digits, fraction, pointed := strings.Cut(rest, t.decimal)
	if t.group != "" && strings.Contains(digits, t.group) {
		groups := strings.Split(digits, t.group)
		for i, g := range groups {
			if len(g) != 3 && (i > 0 || len(g) == 0 || len(g) > 3) {
				return record.Value{}, RuleNumber
			}
		}
		digits = strings.Join(groups, "")
	}
	if !allDigits(digits) || (pointed && !allDigits(fraction)) {
		return record.Value{}, RuleNumber
	}
	if digits = strings.TrimLeft(digits, "0"); digits == "" {
		digits = "0"
	}
	plain := sign + digits
	if pointed {
		plain += "." + fraction
	}
	v, err := record.ParseNumber(plain)
	if err != nil {
		return record.Value{}, RuleNumber
	}
	return v, ""
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// powers of ten that fit an int64.
var powers = func() (p [19]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// rescale returns v as a Decimal with exactly scale digits after the point. Where digits would be lost it rounds, or refuses when
// round is exact.
func rescale(v record.Value, scale int32, round apd.Rounder) (record.Value, Rule) {
	n, had, ok := v.SmallDecimal()
	switch by := int64(scale) - int64(had); {
	case !ok:
	case by == 0:
		return record.DecimalValue(n, scale), ""
	case by > 0 && by < int64(len(powers)):
		if p := powers[by]; n <= math.MaxInt64/p && n >= math.MinInt64/p {
			return record.DecimalValue(n*p, scale), ""
		}
	case by < 0 && -by < int64(len(powers)) && n != math.MinInt64:
		q, r := n/powers[-by], n%powers[-by]
		if r != 0 {
			if round == exact {
				return v, RuleScale
			}
			q += away(n < 0, q, r, powers[-by], round)
		}
		return record.DecimalValue(q, scale), ""
	}
	return rescaleBig(v, scale, round)
}

// away returns what to add to a quotient of which a rest r of d was cut: 0, or 1 away from zero.
func away(negative bool, q, r, d int64, round apd.Rounder) int64 {
	one := int64(1)
	if negative {
		one, r = -1, -r
	}
	half := r - (d - r) // r < d ≤ 10^18: no overflow
	var up bool
	switch round {
	case apd.RoundHalfEven:
		up = half > 0 || (half == 0 && q%2 != 0)
	case apd.RoundHalfUp:
		up = half >= 0
	case apd.RoundHalfDown:
		up = half > 0
	case apd.RoundUp:
		up = true
	case apd.RoundCeiling:
		up = !negative
	case apd.RoundFloor:
		up = negative
	}
	if up {
		return one
	}
	return 0
}

func rescaleBig(v record.Value, scale int32, round apd.Rounder) (record.Value, Rule) {
	d, ok := v.Big()
	if !ok {
		return v, RuleType
	}
	ctx := apd.BaseContext.WithPrecision(4 * record.MaxDigits)
	ctx.Rounding = round
	if round == exact {
		ctx.Rounding = apd.RoundDown
	}
	out := new(apd.Decimal)
	cond, err := ctx.Quantize(out, d, -scale)
	switch {
	case err != nil:
		return v, RuleNumber
	case round == exact && cond.Inexact():
		return v, RuleScale
	}
	n, err := record.FromBig(out)
	if err != nil {
		return v, RuleNumber
	}
	return n.AsDecimal(), ""
}

// shift returns v × 10^-by.
func shift(v record.Value, by int32) (record.Value, Rule) {
	if n, scale, ok := v.SmallDecimal(); ok {
		return record.DecimalValue(n, scale+by), ""
	}
	d, ok := v.Big()
	if !ok {
		return v, RuleType
	}
	d.Exponent -= by
	n, err := record.FromBig(d)
	if err != nil {
		return v, RuleNumber
	}
	return n.AsDecimal(), ""
}
