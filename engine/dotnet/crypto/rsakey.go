package crypto

import (
	"crypto/rsa"
	"io"
	"math/big"
	"slices"

	"sekisho/engine/dotnet/clr"
)

const publicExponent = 65537

// generate makes a key of its own primes rather than by rsa.GenerateKey, which
// nothing can interrupt: an expression's time would not bound it.
func generate(m clr.Meter, bits int, random io.Reader) (*rsa.PrivateKey, error) {
	e, one := big.NewInt(publicExponent), big.NewInt(1)
	for {
		p, err := prime(m, bits/2, random)
		if err != nil {
			return nil, err
		}
		q, err := prime(m, bits-bits/2, random)
		if err != nil {
			return nil, err
		}
		n := new(big.Int).Mul(p, q)
		if p.Cmp(q) == 0 || n.BitLen() != bits {
			continue
		}
		totient := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(e, totient)
		if d == nil {
			continue
		}
		key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: publicExponent}, D: d, Primes: []*big.Int{p, q}}
		key.Precompute()
		if err := key.Validate(); err != nil {
			return nil, err
		}
		return key, nil
	}
}

// smallPrimes are the odd primes below 20000: most candidates fail by one of them.
var smallPrimes = func() []uint64 {
	var out []uint64
next:
	for n := uint64(3); n < 20000; n += 2 {
		for _, p := range out {
			if p*p > n {
				break
			}
			if n%p == 0 {
				continue next
			}
		}
		out = append(out, n)
	}
	return out
}()

// prime is a random prime whose two highest bits are set, so that the product of
// two has all its bits.
func prime(m clr.Meter, bits int, random io.Reader) (*big.Int, error) {
	b := make([]byte, (bits+7)/8)
	two, rest := big.NewInt(2), new(big.Int)
	for {
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, err
		}
		p := new(big.Int).SetBytes(b)
		for i := p.BitLen() - 1; i >= bits; i-- {
			p.SetBit(p, i, 0)
		}
		p.SetBit(p, bits-1, 1)
		p.SetBit(p, bits-2, 1)
		p.SetBit(p, 0, 1)
		mods := make([]uint64, len(smallPrimes))
		for i, s := range smallPrimes {
			mods[i] = rest.Mod(p, new(big.Int).SetUint64(s)).Uint64()
		}
		// Few steps on from each random number: the primes stay near to uniform.
		for range 1 << 12 {
			if slices.Contains(mods, 0) {
				p.Add(p, two)
				step(mods)
				continue
			}
			if m != nil {
				m.Left() // each test takes about a millisecond: a look at the clock
				m.Spend(0)
			}
			if p.BitLen() == bits && p.ProbablyPrime(8) {
				return p, nil
			}
			p.Add(p, two)
			step(mods)
		}
	}
}

// step adds two to the remainders.
func step(mods []uint64) {
	for i, s := range smallPrimes {
		if mods[i] += 2; mods[i] >= s {
			mods[i] -= s
		}
	}
}
