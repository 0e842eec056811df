package expr

import (
	"math/big"

	"github.com/dray-sync/dray/adapters/record"
)

// roundingModes are the ways to round, in the order hints list them.
func roundingModes() []string {
	return []string{"half-even", "half-up", "half-down", "up", "down", "ceiling", "floor"}
}

// round returns v with exactly scale digits after the point.
func round(v record.Value, scale int32, mode string) (record.Value, Rule) {
	c, s := parts(v)
	if s <= scale {
		return decimalValue(c.Mul(c, tenTo(scale-s)), scale)
	}
	return quotient(c, tenTo(s-scale), scale, mode)
}

// divide returns a / b with exactly scale digits after the point.
func divide(a, b record.Value, scale int32, mode string) (record.Value, Rule) {
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

// quotient returns a / b, rounded to a whole number, × 10^-scale.
func quotient(a, b *big.Int, scale int32, mode string) (record.Value, Rule) {
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	if r.Sign() != 0 {
		negative := a.Sign() != b.Sign()
		if awayFromZero(q, r, b, negative, mode) {
			one := big.NewInt(1)
			if negative {
				one.Neg(one)
			}
			q.Add(q, one)
		}
	}
	return decimalValue(q, scale)
}

// awayFromZero reports whether the truncated quotient q with remainder r ≠ 0 moves one further from zero.
func awayFromZero(q, r, b *big.Int, negative bool, mode string) bool {
	twice := new(big.Int).Lsh(r, 1)
	half := twice.CmpAbs(b)
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
		return half > 0 || (half == 0 && q.Bit(0) == 1)
	}
	panic("expr: internal error: unknown way to round")
}
