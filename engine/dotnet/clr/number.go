package clr

import (
	"math"
	"strconv"
)

// number is what formatting works on: the value 0.d1d2d3… × 10^scale. Zero has
// no digits.
type number struct {
	digits []byte // '0' to '9', without leading zeros
	scale  int
	neg    bool
	float  bool // a float or double: it has a negative zero
	// decimal keeps its trailing zeros in general format.
	decimal bool
}

func (n *number) digit(i int) byte {
	if i < len(n.digits) {
		return n.digits[i]
	}
	return 0
}

// round keeps pos digits. The digits of correct are the correctly rounded ones
// already.
func (n *number) round(pos int, correct bool) {
	i := max(0, min(pos, len(n.digits)))
	if i == pos && !correct && n.digit(i) >= '5' {
		for i > 0 && n.digits[i-1] == '9' {
			i--
		}
		if i > 0 {
			n.digits[i-1]++
		} else {
			n.scale++
			n.digits[0] = '1'
			i = 1
		}
	} else {
		for i > 0 && n.digits[i-1] == '0' {
			i--
		}
	}
	if i == 0 {
		n.neg = n.neg && n.float
		n.scale = 0
	}
	n.digits = n.digits[:i]
}

func intNumber(v int64) *number {
	if v < 0 {
		n := uintNumber(-uint64(v))
		n.neg = true
		return n
	}
	return uintNumber(uint64(v))
}

func uintNumber(v uint64) *number {
	if v == 0 {
		return &number{}
	}
	d := strconv.AppendUint(nil, v, 10)
	return &number{digits: d, scale: len(d)}
}

// floatNumber has the shortest digits that read back as v, or prec digits:
// significant ones, or behind the point.
func floatNumber(v float64, bits, prec int, significant bool) *number {
	n := &number{neg: math.Signbit(v), float: true}
	if v == 0 {
		return n
	}
	v = math.Abs(v)
	if prec >= 0 && !significant {
		n.setFixed(strconv.AppendFloat(nil, v, 'f', min(prec, maxFloatDigits), bits))
		return n
	}
	if prec > 0 {
		prec = min(prec, maxFloatDigits)
	}
	e := strconv.AppendFloat(nil, v, 'e', prec-1, bits)
	if prec <= 0 {
		e = strconv.AppendFloat(e[:0], v, 'e', -1, bits)
	}
	for i, c := range e {
		if c == 'e' {
			exp, _ := strconv.Atoi(string(e[i+1:]))
			n.scale = exp + 1
			n.digits = e[:i]
			break
		}
	}
	if len(n.digits) > 1 { // the point
		n.digits = append(n.digits[:1], n.digits[2:]...)
	}
	n.trim()
	return n
}

// maxFloatDigits is more than any double has.
const maxFloatDigits = 1100

func (n *number) setFixed(f []byte) {
	lead, point := 0, len(f)
	for i, c := range f {
		if c == '.' {
			point = i
		}
	}
	d := append([]byte(nil), f[:point]...)
	if point < len(f) {
		d = append(d, f[point+1:]...)
	}
	for lead < len(d) && d[lead] == '0' {
		lead++
	}
	n.digits = d[lead:]
	n.scale = point - lead
	n.trim()
}

func (n *number) trim() {
	i := len(n.digits)
	for i > 0 && n.digits[i-1] == '0' {
		i--
	}
	n.digits = n.digits[:i]
	if i == 0 {
		n.scale = 0
	}
}
