package clr

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

// Decimal is C#'s decimal: a 96-bit integer and the number of its digits behind
// the point, 0 to 28. The scale is part of the value (1.50 is not written 1.5)
// but not of equality: compare with Equal, not with ==.
type Decimal struct {
	lo    uint64
	hi    uint32
	scale uint8
	neg   bool
}

const maxScale = 28

var (
	MaxDecimal = Decimal{lo: math.MaxUint64, hi: math.MaxUint32}
	MinDecimal = Decimal{lo: math.MaxUint64, hi: math.MaxUint32, neg: true}
	OneDecimal = Decimal{lo: 1}

	bigTen   = big.NewInt(10)
	maxMagic = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 96), big.NewInt(1))
)

// pow10 are the powers of ten that fit 64 bits.
var pow10 = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

func bigPow10(n int) *big.Int {
	if n < len(pow10) {
		return new(big.Int).SetUint64(pow10[n])
	}
	return new(big.Int).Exp(bigTen, big.NewInt(int64(n)), nil)
}

// DecimalFromInt and DecimalFromUint convert exactly.
func DecimalFromInt(v int64) Decimal {
	if v < 0 {
		return Decimal{lo: -uint64(v), neg: true}
	}
	return Decimal{lo: uint64(v)}
}

func DecimalFromUint(v uint64) Decimal { return Decimal{lo: v} }

// DecimalFromParts is new decimal(lo, mid, hi, isNegative, scale).
func DecimalFromParts(lo, mid, hi int32, neg bool, scale uint8) Decimal {
	if scale > maxScale {
		ThrowRange("Decimal's scale value must be between 0 and 28, inclusive.", "scale")
	}
	return Decimal{lo: uint64(uint32(mid))<<32 | uint64(uint32(lo)), hi: uint32(hi), scale: scale, neg: neg}
}

// DecimalFromFloat converts a double, of which 15 significant digits count.
func DecimalFromFloat(v float64) Decimal { return decimalFromFloat(v, 64, 15) }

// DecimalFromSingle converts a float, of which 7 significant digits count.
func DecimalFromSingle(v float32) Decimal { return decimalFromFloat(float64(v), 32, 7) }

func decimalFromFloat(v float64, bits, digits int) Decimal {
	if math.IsNaN(v) || math.Abs(v) >= 7.9228162514264338e28 {
		ThrowOverflow("a Decimal")
	}
	d, ok := decimalFromNumber(floatNumber(v, bits, digits, true))
	if !ok {
		ThrowOverflow("a Decimal")
	}
	if d.isZero() {
		d = Decimal{}
	}
	return d
}

// decimalFromNumber rounds half to even to what fits. It is not ok when the value
// is too large.
func decimalFromNumber(n *number) (Decimal, bool) {
	digits, scale := n.digits, len(n.digits)-n.scale
	if len(digits) == 0 {
		return Decimal{neg: n.neg, scale: uint8(max(0, min(scale, maxScale)))}, true
	}
	if n.scale > 29 {
		return Decimal{}, false
	}
	if n.scale < -maxScale-1 {
		return Decimal{neg: n.neg, scale: maxScale}, true
	}
	m, _ := new(big.Int).SetString(string(digits[:min(len(digits), 60)]), 10)
	scale -= len(digits) - min(len(digits), 60)
	if len(digits) > 60 && strings.Trim(string(digits[60:]), "0") != "" {
		// The digits cut off must still break a tie.
		m.Mul(m, bigTen).Add(m, big.NewInt(1))
		scale++
	}
	return fitDecimal(m, scale, n.neg)
}

// fitDecimal makes a Decimal of m / 10^scale, rounding half to even as far as
// needed.
func fitDecimal(m *big.Int, scale int, neg bool) (Decimal, bool) {
	if scale < 0 {
		m = new(big.Int).Mul(m, bigPow10(-scale))
		scale = 0
	}
	if drop := scale - maxScale; drop > 0 || m.BitLen() > 96 {
		if over := (m.BitLen()-96)*30103/100000 - 1; over > drop {
			drop = over
		}
		drop = max(drop, 0)
		for ; ; drop++ {
			if drop > scale {
				return Decimal{}, false
			}
			if r := divRound(m, bigPow10(drop)); r.BitLen() <= 96 {
				m, scale = r, scale-drop
				break
			}
		}
	}
	var b [12]byte
	m.FillBytes(b[:])
	return Decimal{
		hi:    uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3]),
		lo:    new(big.Int).And(m, new(big.Int).SetUint64(math.MaxUint64)).Uint64(),
		scale: uint8(scale), neg: neg,
	}, true
}

// divRound is a / b rounded half to even.
func divRound(a, b *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	switch r.Lsh(r, 1).Cmp(b) {
	case 1:
		q.Add(q, big.NewInt(1))
	case 0:
		if q.Bit(0) == 1 {
			q.Add(q, big.NewInt(1))
		}
	}
	return q
}

func mustDecimal(d Decimal, ok bool) Decimal {
	if !ok {
		ThrowOverflow("a Decimal")
	}
	return d
}

func (d Decimal) big() *big.Int {
	m := new(big.Int).SetUint64(uint64(d.hi))
	return m.Lsh(m, 64).Or(m, new(big.Int).SetUint64(d.lo))
}

func (d Decimal) isZero() bool { return d.lo == 0 && d.hi == 0 }

// Neg is -d.
func (d Decimal) Neg() Decimal { d.neg = !d.neg; return d }

// Abs is Math.Abs.
func (d Decimal) Abs() Decimal { d.neg = false; return d }

// Sign is -1, 0 or 1.
func (d Decimal) Sign() int32 {
	switch {
	case d.isZero():
		return 0
	case d.neg:
		return -1
	}
	return 1
}

// aligned are the integers of d and e, with their signs, at the larger scale of
// the two.
func aligned(d, e Decimal) (a, b *big.Int, scale int) {
	a, b = d.big(), e.big()
	if d.scale < e.scale {
		a.Mul(a, bigPow10(int(e.scale-d.scale)))
	} else if e.scale < d.scale {
		b.Mul(b, bigPow10(int(d.scale-e.scale)))
	}
	if d.neg {
		a.Neg(a)
	}
	if e.neg {
		b.Neg(b)
	}
	return a, b, int(max(d.scale, e.scale))
}

// Add is d + e.
func (d Decimal) Add(e Decimal) Decimal {
	if d.scale == e.scale && d.neg == e.neg && d.hi == 0 && e.hi == 0 {
		lo, carry := bits.Add64(d.lo, e.lo, 0)
		return Decimal{lo: lo, hi: uint32(carry), scale: d.scale, neg: d.neg}
	}
	a, b, scale := aligned(d, e)
	return signed(a.Add(a, b), scale)
}

// Sub is d - e.
func (d Decimal) Sub(e Decimal) Decimal { return d.Add(e.Neg()) }

func signed(m *big.Int, scale int) Decimal {
	neg := m.Sign() < 0
	return mustDecimal(fitDecimal(m.Abs(m), scale, neg))
}

// Mul is d * e.
func (d Decimal) Mul(e Decimal) Decimal {
	if d.hi == 0 && e.hi == 0 && d.scale+e.scale <= maxScale {
		if hi, lo := bits.Mul64(d.lo, e.lo); hi <= math.MaxUint32 {
			return Decimal{lo: lo, hi: uint32(hi), scale: d.scale + e.scale, neg: d.neg != e.neg}
		}
	}
	m := d.big()
	return mustDecimal(fitDecimal(m.Mul(m, e.big()), int(d.scale)+int(e.scale), d.neg != e.neg))
}

// Div is d / e: as many digits as fit, without trailing zeros that the division
// brought.
func (d Decimal) Div(e Decimal) Decimal {
	if e.isZero() {
		Throw(DivideByZeroException, "Attempted to divide by zero.")
	}
	a, b := d.big(), e.big()
	scale := int(d.scale) - int(e.scale)
	if q, r := new(big.Int).QuoRem(a, b, new(big.Int)); r.Sign() == 0 && scale >= 0 {
		return mustDecimal(fitDecimal(q, scale, d.neg != e.neg))
	}
	// The largest scale at which the quotient fits in 96 bits.
	for s := maxScale; ; s-- {
		if s < 0 {
			ThrowOverflow("a Decimal")
		}
		n := a
		if s >= scale {
			n = new(big.Int).Mul(a, bigPow10(s-scale))
		}
		div := b
		if s < scale {
			div = new(big.Int).Mul(b, bigPow10(scale-s))
		}
		if q := divRound(n, div); q.Cmp(maxMagic) <= 0 {
			q, s = stripZeros(q, s, max(scale, 0))
			return mustDecimal(fitDecimal(q, s, d.neg != e.neg))
		}
	}
}

// stripZeros removes trailing zeros from m / 10^scale, down to scale least.
func stripZeros(m *big.Int, scale, least int) (*big.Int, int) {
	for scale > least {
		q, r := new(big.Int).QuoRem(m, bigTen, new(big.Int))
		if r.Sign() != 0 {
			break
		}
		m, scale = q, scale-1
	}
	return m, scale
}

// Rem is d % e, with the sign of d.
func (d Decimal) Rem(e Decimal) Decimal {
	if e.isZero() {
		Throw(DivideByZeroException, "Attempted to divide by zero.")
	}
	a, b, scale := aligned(d.Abs(), e.Abs())
	return mustDecimal(fitDecimal(a.Rem(a, b), scale, d.neg))
}

// Cmp is -1, 0 or 1 as d is less than, equal to or greater than e.
func (d Decimal) Cmp(e Decimal) int32 {
	a, b, _ := aligned(d, e)
	return int32(a.Cmp(b))
}

// Equal reports whether d and e are the same number.
func (d Decimal) Equal(e Decimal) bool { return d.Cmp(e) == 0 }

// HashCode is equal for equal numbers.
func (d Decimal) HashCode() int32 {
	m, scale := stripZeros(d.big(), int(d.scale), 0)
	return HashString(m.String()) + int32(scale)
}

// Round is Math.Round(d, decimals, mode).
func (d Decimal) Round(decimals int, mode MidpointRounding) Decimal {
	if decimals < 0 || decimals > maxScale {
		ThrowRange("Decimal can only round to between 0 and 28 digits of precision.", "decimals")
	}
	mode.check()
	drop := int(d.scale) - decimals
	if drop <= 0 {
		return d
	}
	unit := bigPow10(drop)
	q, r := new(big.Int).QuoRem(d.big(), unit, new(big.Int))
	up := false
	switch half := new(big.Int).Lsh(r, 1).Cmp(unit); mode {
	case ToEven:
		up = half > 0 || half == 0 && q.Bit(0) == 1
	case AwayFromZero:
		up = half >= 0
	case ToNegativeInfinity:
		up = d.neg && r.Sign() != 0
	case ToPositiveInfinity:
		up = !d.neg && r.Sign() != 0
	}
	if up {
		q.Add(q, big.NewInt(1))
	}
	return mustDecimal(fitDecimal(q, decimals, d.neg))
}

// Floor, Ceiling and Truncate are those of Math and of Decimal.
func (d Decimal) Floor() Decimal    { return d.Round(0, ToNegativeInfinity) }
func (d Decimal) Ceiling() Decimal  { return d.Round(0, ToPositiveInfinity) }
func (d Decimal) Truncate() Decimal { return d.Round(0, ToZero) }

// Float64 is (double)d.
func (d Decimal) Float64() float64 {
	f, _ := strconv.ParseFloat(d.String(), 64)
	return f
}

// Float32 is (float)d.
func (d Decimal) Float32() float32 {
	f, _ := strconv.ParseFloat(d.String(), 32)
	return float32(f)
}

// DecimalTo is the cast of a decimal to an integral type: towards zero, or
// OverflowException.
func DecimalTo[T integer](d Decimal) T {
	t := d.Truncate()
	low := T(t.lo)
	if t.neg {
		low = -low
	}
	if back := decimalFromInteger(low); t.hi != 0 || back.lo != t.lo || t.lo != 0 && back.neg != t.neg {
		ThrowOverflow(integerName[T]())
	}
	return low
}

func decimalFromInteger[T integer](v T) Decimal {
	if ^T(0) < 0 {
		return DecimalFromInt(int64(v))
	}
	return DecimalFromUint(uint64(v))
}

func (d Decimal) number() *number {
	n := &number{neg: d.neg, decimal: true}
	if !d.isZero() {
		if d.hi == 0 {
			n.digits = strconv.AppendUint(nil, d.lo, 10)
		} else {
			n.digits = d.big().Append(nil, 10)
		}
	}
	n.scale = len(n.digits) - int(d.scale)
	return n
}

// String is Decimal.ToString.
func (d Decimal) String() string { return d.Format("") }

// Format is Decimal.ToString(format) in the invariant culture.
func (d Decimal) Format(format string) string {
	if c, _, ok := specifier(format); ok && (c == 'R' || c == 'r') {
		throwFormat(badSpecifier)
	}
	return formatNumber(d.number(), format)
}

// ParseDecimal is Decimal.Parse.
func ParseDecimal(s string, style NumberStyles) Decimal {
	n, ok := parseNumber(s, style)
	if !ok {
		throwNumber(s)
	}
	return mustDecimal(decimalFromNumber(&n))
}

// TryParseDecimal is Decimal.TryParse.
func TryParseDecimal(s string, style NumberStyles) (Decimal, bool) {
	n, ok := parseNumber(s, style)
	if !ok {
		return Decimal{}, false
	}
	return decimalFromNumber(&n)
}

// DecimalBits is Decimal.GetBits.
func DecimalBits(d Decimal) [4]int32 {
	flags := uint32(d.scale) << 16
	if d.neg {
		flags |= 1 << 31
	}
	return [4]int32{int32(uint32(d.lo)), int32(uint32(d.lo >> 32)), int32(d.hi), int32(flags)}
}
