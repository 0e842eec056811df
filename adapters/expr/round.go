package expr

import (
	"cmp"
	"math"
	"math/big"

	"github.com/dray-sync/dray/adapters/record"
)

// roundingModes are the ways to round, in the order hints list them.
func roundingModes() []string {
	return []string{"half-even", "half-up", "half-down", "up", "down", "ceiling", "floor"}
}

// round returns v with exactly scale digits after the point.
func round(v record.Value, scale int32, mode string) (record.Value, Rule) {
	if c, s, ok := v.SmallDecimal(); ok && s >= 0 {
		if s > scale && s-scale < int32(len(pow10)) {
			return small(smallQuotient(c, pow10[s-scale], mode), scale), ""
		}
		if s <= scale {
			if c, ok = scaled(c, scale-s); ok {
				return small(c, scale), ""
			}
		}
	}
	c, s := parts(v)
	if s <= scale {
		return decimalValue(c.Mul(c, tenTo(scale-s)), scale)
	}
	return quotient(c, tenTo(s-scale), scale, mode)
}

// divide returns a / b with exactly scale digits after the point.
func divide(a, b record.Value, scale int32, mode string) (record.Value, Rule) {
	if q, ok := smallDivide(a, b, scale, mode); ok {
		return small(q, scale), ""
	}
	ac, as := parts(a)
	bc, bs := parts(b)
	if bc.Sign() == 0 {
		return record.Value{}, RuleZero
	}
	if shift := scale + bs - as; shift >= 0 {
		ac.Mul(ac, tenTo(shift))
	} else {
		bc.Mul(bc, tenTo(-shift))
	}
	return quotient(ac, bc, scale, mode)
}

// smallDivide divides where everything fits an int64, and reports whether it did.
func smallDivide(a, b record.Value, scale int32, mode string) (int64, bool) {
	ac, as, aok := a.SmallDecimal()
	bc, bs, bok := b.SmallDecimal()
	if !aok || !bok || as < 0 || bs < 0 || bc == 0 || bc == math.MinInt64 || ac == math.MinInt64 {
		return 0, false
	}
	ok := true
	if shift := scale + bs - as; shift >= 0 {
		ac, ok = scaled(ac, shift)
	} else {
		bc, ok = scaled(bc, -shift)
	}
	if !ok || bc == 0 {
		return 0, false
	}
	return smallQuotient(ac, bc, mode), true
}

// smallQuotient returns a / b, rounded to a whole number; b is neither 0 nor the smallest int64, nor is a where b is -1.
func smallQuotient(a, b int64, mode string) int64 {
	q, r := a/b, a%b
	if r == 0 {
		return q
	}
	negative := (a < 0) != (b < 0)
	rest, unit := magnitude(r), magnitude(b)
	half := cmp.Compare(rest, unit-rest)
	if !awayFromZero(half, q%2 != 0, negative, mode) {
		return q
	}
	if negative {
		return q - 1
	}
	return q + 1
}

// quotient returns a / b, rounded to a whole number, × 10^-scale.
func quotient(a, b *big.Int, scale int32, mode string) (record.Value, Rule) {
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	if r.Sign() != 0 {
		negative := a.Sign() != b.Sign()
		half := new(big.Int).Lsh(r, 1).CmpAbs(b)
		if awayFromZero(half, q.Bit(0) == 1, negative, mode) {
			one := big.NewInt(1)
			if negative {
				one.Neg(one)
			}
			q.Add(q, one)
		}
	}
	return decimalValue(q, scale)
}

// awayFromZero reports whether a quotient cut off with a remainder moves one further from zero. half compares the remainder with half
// of the divisor.
func awayFromZero(half int, odd, negative bool, mode string) bool {
	switch mode {
	case "up":
		return true
	case "down":
		return false
	case "ceiling":
		return !negative
	case "floor":
		return negative
	case "half-up":
		return half >= 0
	case "half-down":
		return half > 0
	case "half-even":
		return half > 0 || (half == 0 && odd)
	}
	panic("expr: internal error: unknown way to round")
}
