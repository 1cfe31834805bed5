package clr

import (
	"encoding/binary"
	"io"
	"math"
)

// Random is System.Random as it is with a seed: Knuth's subtractive generator.
// It belongs to one goroutine.
type Random struct {
	seeds       [56]int32
	next, nextP int
}

// NewRandom is new Random(seed).
func NewRandom(seed int32) *Random {
	r := &Random{nextP: 21}
	sub := int32(math.MaxInt32)
	if seed != math.MinInt32 {
		sub = max(seed, -seed)
	}
	mj := 161803398 - sub
	r.seeds[55] = mj
	mk := int32(1)
	for i, at := 1, 0; i < 55; i++ {
		if at += 21; at >= 55 {
			at -= 55
		}
		r.seeds[at] = mk
		if mk = mj - mk; mk < 0 {
			mk += math.MaxInt32
		}
		mj = r.seeds[at]
	}
	for range 4 {
		for i := 1; i < 56; i++ {
			n := i + 30
			if n >= 55 {
				n -= 55
			}
			if r.seeds[i] -= r.seeds[1+n]; r.seeds[i] < 0 {
				r.seeds[i] += math.MaxInt32
			}
		}
	}
	return r
}

// NewRandomFrom is new Random(): the seed comes from the random bytes of source.
func NewRandomFrom(source io.Reader) *Random {
	var b [4]byte
	if _, err := io.ReadFull(source, b[:]); err != nil {
		Throw("System.Security.Cryptography.CryptographicException", "%s", err.Error())
	}
	return NewRandom(int32(binary.LittleEndian.Uint32(b[:])))
}

func (r *Random) sample() int32 {
	if r.next++; r.next >= 56 {
		r.next = 1
	}
	if r.nextP++; r.nextP >= 56 {
		r.nextP = 1
	}
	v := r.seeds[r.next] - r.seeds[r.nextP]
	if v == math.MaxInt32 {
		v--
	}
	if v < 0 {
		v += math.MaxInt32
	}
	r.seeds[r.next] = v
	return v
}

// Next is Random.Next().
func (r *Random) Next() int32 { return r.sample() }

// NextDouble is Random.NextDouble().
func (r *Random) NextDouble() float64 { return float64(r.sample()) * (1.0 / math.MaxInt32) }

// NextMax is Random.Next(max).
func (r *Random) NextMax(most int32) int32 {
	if most < 0 {
		ThrowNegative("maxValue", int(most))
	}
	return int32(r.NextDouble() * float64(most))
}

// NextRange is Random.Next(min, max).
func (r *Random) NextRange(least, most int32) int32 {
	if least > most {
		ThrowRange("'minValue' cannot be greater than maxValue.", "minValue")
	}
	size := int64(most) - int64(least)
	if size <= math.MaxInt32 {
		return int32(r.NextDouble()*float64(size)) + least
	}
	v := r.sample()
	if r.sample()%2 == 0 {
		v = -v
	}
	d := (float64(v) + (math.MaxInt32 - 1)) / (2*math.MaxInt32 - 1)
	return int32(int64(d*float64(size)) + int64(least))
}

// NextBytes is Random.NextBytes: it fills b.
func (r *Random) NextBytes(b []byte) {
	for i := range b {
		b[i] = byte(r.sample())
	}
}
