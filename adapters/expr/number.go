package expr

import (
	"math"
	"math/big"
	"math/bits"

	"github.com/cockroachdb/apd/v3"

	"github.com/dray-sync/dray/adapters/record"
)

// maxBits is the length of the largest integer of [record.MaxDigits] digits, and one more.
const maxBits = 3322

// maxScale is the largest number of digits after the point that a number within bounds can have.
const maxScale = record.MaxDigits + record.MaxExponent

// pow10 are the powers of ten that fit an int64.
var pow10 = func() (p [19]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// tenTo returns 10^n as a new number.
func tenTo(n int32) *big.Int {
	if n < int32(len(pow10)) {
		return big.NewInt(pow10[n])
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// parts returns a number as coefficient × 10^-scale, in numbers of the caller's own, with scale never negative.
func parts(v record.Value) (coefficient *big.Int, scale int32) {
	d, ok := v.Big()
	if !ok {
		panic("expr: internal error: parts of what is no number")
	}
	c := new(big.Int).Set(d.Coeff.MathBigInt())
	if d.Negative {
		c.Neg(c)
	}
	if d.Exponent > 0 {
		return c.Mul(c, tenTo(d.Exponent)), 0
	}
	return c, -d.Exponent
}

// wholeValue returns n as an Int.
func wholeValue(n *big.Int) (record.Value, Rule) {
	if n.BitLen() > maxBits {
		return record.Value{}, RuleNumber
	}
	if n.BitLen() > maxBits-4 && len(new(big.Int).Abs(n).Text(10)) > record.MaxDigits {
		return record.Value{}, RuleNumber
	}
	return record.BigIntValue(n), ""
}

// decimalValue returns c × 10^-scale: an Int where scale is 0, else a Decimal.
func decimalValue(c *big.Int, scale int32) (record.Value, Rule) {
	if scale == 0 {
		return wholeValue(c)
	}
	if scale > maxScale || c.BitLen() > maxBits {
		return record.Value{}, RuleNumber
	}
	if c.IsInt64() && scale <= 18 {
		return record.DecimalValue(c.Int64(), scale), ""
	}
	v, err := record.FromBig(apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(c), -scale))
	if err != nil {
		return v, RuleNumber
	}
	return v, ""
}

// small returns c × 10^-scale without looking at its size.
func small(c int64, scale int32) record.Value {
	if scale == 0 {
		return record.IntValue(c)
	}
	return record.DecimalValue(c, scale)
}

// aligned returns two small numbers at one scale.
func aligned(a, b record.Value) (ac, bc int64, scale int32, ok bool) {
	ac, as, aok := a.SmallDecimal()
	bc, bs, bok := b.SmallDecimal()
	if !aok || !bok || as < 0 || bs < 0 {
		return 0, 0, 0, false
	}
	switch {
	case as == bs:
		return ac, bc, as, true
	case as < bs:
		ac, ok = scaled(ac, bs-as)
		return ac, bc, bs, ok
	default:
		bc, ok = scaled(bc, as-bs)
		return ac, bc, as, ok
	}
}

// scaled returns c × 10^n, and whether it fits.
func scaled(c int64, n int32) (int64, bool) {
	if n >= int32(len(pow10)) {
		return 0, c == 0
	}
	return multiplied(c, pow10[n])
}

// multiplied returns a × b, and whether it fits. The smallest int64 counts as not fitting.
func multiplied(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// bigAligned returns two numbers of any size at one scale.
func bigAligned(a, b record.Value) (ac, bc *big.Int, scale int32) {
	ac, as := parts(a)
	bc, bs := parts(b)
	if as < bs {
		return ac.Mul(ac, tenTo(bs-as)), bc, bs
	}
	return ac, bc.Mul(bc, tenTo(as-bs)), as
}

// Add adds two numbers exactly.
func Add(a, b record.Value) (record.Value, Rule) { return add(a, b) }

// CompareNumbers returns -1, 0 or 1 by value: 1 is 1.00.
func CompareNumbers(a, b record.Value) int { return compareNumbers(a, b) }

func add(a, b record.Value) (record.Value, Rule) {
	if ac, bc, scale, ok := aligned(a, b); ok {
		if sum := ac + bc; (sum > ac) == (bc > 0) {
			return small(sum, scale), ""
		}
	}
	ac, bc, scale := bigAligned(a, b)
	return decimalValue(ac.Add(ac, bc), scale)
}

func subtract(a, b record.Value) (record.Value, Rule) {
	if ac, bc, scale, ok := aligned(a, b); ok {
		if diff := ac - bc; (diff < ac) == (bc > 0) {
			return small(diff, scale), ""
		}
	}
	ac, bc, scale := bigAligned(a, b)
	return decimalValue(ac.Sub(ac, bc), scale)
}

func multiply(a, b record.Value) (record.Value, Rule) {
	ac, as, aok := a.SmallDecimal()
	bc, bs, bok := b.SmallDecimal()
	if aok && bok && as >= 0 && bs >= 0 && as+bs <= 18 {
		if product, ok := multiplied(ac, bc); ok {
			return small(product, as+bs), ""
		}
	}
	x, xs := parts(a)
	y, ys := parts(b)
	return decimalValue(x.Mul(x, y), xs+ys)
}

// remainder is that of division towards zero, of integers only.
func remainder(a, b record.Value) (record.Value, Rule) {
	ac, bc, scale, ok := aligned(a, b)
	if ok && scale == 0 {
		switch bc {
		case 0:
			return record.Value{}, RuleZero
		case -1:
			return record.IntValue(0), ""
		}
		return record.IntValue(ac % bc), ""
	}
	if a.Kind() != record.Int || b.Kind() != record.Int {
		return record.Value{}, RuleNotWhole
	}
	x, _ := parts(a)
	y, _ := parts(b)
	if y.Sign() == 0 {
		return record.Value{}, RuleZero
	}
	return wholeValue(x.Rem(x, y))
}

// power raises a to a whole number from 0 to [record.MaxExponent].
func power(a, b record.Value) (record.Value, Rule) {
	n, ok := b.Int64()
	if !ok {
		return record.Value{}, RuleNotWhole
	}
	if n < 0 || n > record.MaxExponent {
		return record.Value{}, RuleNumber
	}
	c, scale := parts(a)
	if int64(scale)*n > maxScale || int64(c.BitLen()-1)*n > maxBits {
		return record.Value{}, RuleNumber
	}
	return decimalValue(c.Exp(c, big.NewInt(n), nil), scale*int32(n))
}

func negate(a record.Value) (record.Value, Rule) { return subtract(record.IntValue(0), a) }

// compareNumbers returns -1, 0 or 1 by value: 1 is 1.00.
func compareNumbers(a, b record.Value) int {
	if ac, bc, _, ok := aligned(a, b); ok {
		switch {
		case ac < bc:
			return -1
		case ac > bc:
			return 1
		}
		return 0
	}
	ac, bc, _ := bigAligned(a, b)
	return ac.Cmp(bc)
}
