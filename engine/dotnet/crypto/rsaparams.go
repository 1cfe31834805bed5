package crypto

import (
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"strings"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/xlinq"
)

// Parameters are RSAParameters: big-endian numbers.
type Parameters struct{ Modulus, Exponent, D, P, Q, DP, DQ, InverseQ []byte }

// Import is RSA.ImportParameters. A private key needs D, P and Q; what follows from
// them is computed anew.
func (r *RSA) Import(p *Parameters) {
	if len(p.Modulus) == 0 || len(p.Exponent) == 0 {
		throw("The specified RSA parameters are not valid. Exponent and Modulus are required.")
	}
	n, e := new(big.Int).SetBytes(p.Modulus), new(big.Int).SetBytes(p.Exponent)
	if n.BitLen() < 512 || n.BitLen() > maxModulus || n.Bit(0) == 0 || !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 || e.Bit(0) == 0 {
		throw("The specified RSA parameters are not valid.")
	}
	public := &rsa.PublicKey{N: n, E: int(e.Int64())}
	if p.D == nil {
		r.public, r.private = public, nil
		return
	}
	if n.BitLen() > maxKeyBits || n.BitLen() < minKeyBits || len(p.P) == 0 || len(p.Q) == 0 {
		throw("The specified RSA parameters are not valid.")
	}
	key := &rsa.PrivateKey{PublicKey: *public, D: new(big.Int).SetBytes(p.D),
		Primes: []*big.Int{new(big.Int).SetBytes(p.P), new(big.Int).SetBytes(p.Q)}}
	if key.D.Cmp(n) >= 0 || new(big.Int).Mul(key.Primes[0], key.Primes[1]).Cmp(n) != 0 {
		throw("The specified RSA parameters are not valid.")
	}
	if err := key.Validate(); err != nil {
		throw("The specified RSA parameters are not valid.")
	}
	key.Precompute()
	r.public, r.private = &key.PublicKey, key
}

// Export is RSA.ExportParameters. The key has been made.
func (r *RSA) Export(private bool) *Parameters {
	p := &Parameters{Modulus: r.public.N.Bytes(), Exponent: big.NewInt(int64(r.public.E)).Bytes()}
	if !private {
		return p
	}
	key, ok := r.private.(*rsa.PrivateKey)
	if !ok || len(key.Primes) != 2 {
		throw("The requested operation is not supported: the private key is not exportable.")
	}
	size := len(p.Modulus)
	half := (size + 1) / 2
	fill := func(n *big.Int, size int) []byte { return n.FillBytes(make([]byte, size)) }
	p.D = fill(key.D, size)
	p.P, p.Q = fill(key.Primes[0], half), fill(key.Primes[1], half)
	p.DP, p.DQ = fill(key.Precomputed.Dp, half), fill(key.Precomputed.Dq, half)
	p.InverseQ = fill(key.Precomputed.Qinv, half)
	return p
}

// parts are the elements of ToXmlString in their order.
func (p *Parameters) parts() []struct {
	name string
	at   *[]byte
} {
	return []struct {
		name string
		at   *[]byte
	}{{"Modulus", &p.Modulus}, {"Exponent", &p.Exponent}, {"P", &p.P}, {"Q", &p.Q}, {"DP", &p.DP}, {"DQ", &p.DQ}, {"InverseQ", &p.InverseQ}, {"D", &p.D}}
}

// ToXML is RSA.ToXmlString.
func (r *RSA) ToXML(private bool) string {
	var b strings.Builder
	b.WriteString("<RSAKeyValue>")
	for _, x := range r.Export(private).parts() {
		if *x.at != nil {
			b.WriteString("<" + x.name + ">" + base64.StdEncoding.EncodeToString(*x.at) + "</" + x.name + ">")
		}
	}
	return b.String() + "</RSAKeyValue>"
}

// FromXML is RSA.FromXmlString.
func (r *RSA) FromXML(s string) {
	root := xlinq.ParseElement(s, 0)
	p := &Parameters{}
	for _, x := range p.parts() {
		if e := xlinq.ChildElement(root, xlinq.ParseName(x.name)); e != nil {
			*x.at = clr.FromBase64(strings.TrimSpace(e.Value()))
		}
	}
	r.Import(p)
}
