package dotnet

import (
	"crypto/rand"
	"strings"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/crypto"
)

const cryptoSpace = "System.Security.Cryptography."

// cryptoDecls are the types of System.Security.Cryptography.
func cryptoDecls() []*Decl {
	out := []*Decl{
		hashDecl(),
		class(cryptoSpace + "KeyedHashAlgorithm : HashAlgorithm").with(keyRow()),
		class(cryptoSpace + "HMAC : KeyedHashAlgorithm").with(
			Prop("string HashName", f1(func(h *hashObject) string { return string(h.Name()) })),
		),
		symmetricDecl(),
		class(cryptoSpace+"AsymmetricAlgorithm : IDisposable",
			Prop("int KeySize", f1((*crypto.RSA).KeySize)),
			Method("void Clear()", nothing),
			// RSA is the only one there is.
			Static("AsymmetricAlgorithm Create()", func(*Thread, []any) any { return crypto.CreateRSA(2048, rand.Reader) }),
			Static("AsymmetricAlgorithm Create(string algName)", f1(func(name string) *crypto.RSA {
				if !strings.EqualFold(strings.TrimPrefix(name, cryptoSpace), "RSA") {
					return nil
				}
				return crypto.CreateRSA(2048, rand.Reader)
			})),
			Prop("string KeyExchangeAlgorithm", func(*Thread, []any) any { return "RSA" }),
			Prop("string SignatureAlgorithm", func(*Thread, []any) any { return "RSA" }),
			Method("void FromXmlString(string xmlString)", searched(v2((*crypto.RSA).FromXML))),
			Method("string ToXmlString(bool includePrivateParameters)", searched(func(t *Thread, a []any) any {
				key := a[0].(*crypto.RSA)
				key.Make(t)
				return key.ToXML(a[1].(bool))
			})),
		),
		rsaParametersDecl(),
		rsaDecl(),
		// What GetRSAPrivateKey gives on Windows, where Azure's gateway runs.
		class(cryptoSpace + "RSACng : RSA").outsideList().holds(&crypto.RSA{}),
		class(cryptoSpace + "RSACryptoServiceProvider : RSA").outsideList(),
		structure(cryptoSpace+"HashAlgorithmName : IEquatable<HashAlgorithmName>",
			Ctor("(string name)", func(_ *Thread, a []any) any { return crypto.HashName(str(a[0])) }),
			constantOf("HashAlgorithmName MD5", crypto.MD5),
			constantOf("HashAlgorithmName SHA1", crypto.SHA1),
			constantOf("HashAlgorithmName SHA256", crypto.SHA256),
			constantOf("HashAlgorithmName SHA384", crypto.SHA384),
			constantOf("HashAlgorithmName SHA512", crypto.SHA512),
			Prop("string Name", f1(func(n crypto.HashName) string { return string(n) })),
			Method("string ToString()", f1(func(n crypto.HashName) string { return string(n) })),
			Op("bool ==(HashAlgorithmName left, HashAlgorithmName right)", func(_ *Thread, a []any) any { return a[0] == a[1] }),
			Op("bool !=(HashAlgorithmName left, HashAlgorithmName right)", func(_ *Thread, a []any) any { return a[0] != a[1] }),
		).holds(crypto.HashName("")).zeroed(func() any { return crypto.HashName("") }),
		class(cryptoSpace+"RSASignaturePadding",
			constantOf("RSASignaturePadding Pkcs1", crypto.SignPkcs1),
			constantOf("RSASignaturePadding Pss", crypto.SignPss),
			Method("string ToString()", f1(func(p crypto.SignaturePadding) string { return string(p) })),
			Prop("RSASignaturePaddingMode Mode", f1(func(p crypto.SignaturePadding) goEnum { return goEnum(b2i(p == crypto.SignPss)) })),
		).holds(crypto.SignPkcs1),
		enum(cryptoSpace+"RSASignaturePaddingMode", "Pkcs1 Pss").outsideList(),
		enum(cryptoSpace+"RSAEncryptionPaddingMode", "Pkcs1 Oaep").outsideList(),
		class(cryptoSpace+"RSAEncryptionPadding",
			constantOf("RSAEncryptionPadding Pkcs1", crypto.EncryptPkcs1),
			constantOf("RSAEncryptionPadding OaepSHA1", crypto.EncryptOaepSHA1),
			constantOf("RSAEncryptionPadding OaepSHA256", crypto.EncryptOaepSHA256),
			constantOf("RSAEncryptionPadding OaepSHA384", crypto.EncryptOaepSHA384),
			constantOf("RSAEncryptionPadding OaepSHA512", crypto.EncryptOaepSHA512),
			Static("RSAEncryptionPadding CreateOaep(HashAlgorithmName hashAlgorithm)", f1(func(n crypto.HashName) crypto.EncryptionPadding {
				if n == "" {
					clr.ThrowArgument("The hash algorithm name cannot be null or empty.", "hashAlgorithm")
				}
				return crypto.EncryptionPadding{Oaep: n}
			})),
			Prop("RSAEncryptionPaddingMode Mode", f1(func(p crypto.EncryptionPadding) goEnum { return goEnum(b2i(p.Oaep != "")) })),
			Prop("HashAlgorithmName OaepHashAlgorithm", f1(func(p crypto.EncryptionPadding) crypto.HashName { return p.Oaep })),
		).holds(crypto.EncryptPkcs1),
		enum(cryptoSpace+"CipherMode", "CBC=1 ECB OFB CFB CTS"),
		enum(cryptoSpace+"PaddingMode", "None=1 PKCS7 Zeros ANSIX923 ISO10126"),
		class(cryptoSpace+"ICryptoTransform : IDisposable",
			Method("byte[] TransformFinalBlock(byte[] inputBuffer, int inputOffset, int inputCount)", paidBytes(f4((*crypto.Transform).TransformFinalBlock))),
		).outsideList().holds(&crypto.Transform{}),
		class(cryptoSpace+"RandomNumberGenerator : IDisposable",
			Static("RandomNumberGenerator Create()", newRandom),
			Static("byte[] GetBytes(int count)", func(t *Thread, a []any) any {
				t.Pay(max(argInt(a, 0), 0))
				return crypto.RandomBytes(rand.Reader, argInt(a, 0))
			}),
			Method("void GetBytes(byte[] data)", fillRandom(crypto.FillRandom)),
			Method("void GetNonZeroBytes(byte[] data)", fillRandom(crypto.FillNonZero)),
		).outsideList(),
		class(cryptoSpace+"RNGCryptoServiceProvider : RandomNumberGenerator",
			Ctor("()", newRandom),
			Method("void GetBytes(byte[] data)", fillRandom(crypto.FillRandom)),
			Method("void GetNonZeroBytes(byte[] data)", fillRandom(crypto.FillNonZero)),
		).holds(&randomGenerator{}),
		class(cryptoSpace+"Oid",
			Ctor("(string oid)", f1(func(value string) *crypto.Oid { return &crypto.Oid{Value: value} })),
			Ctor("(string value, string friendlyName)", func(_ *Thread, a []any) any {
				return &crypto.Oid{Value: str(a[0]), FriendlyName: str(a[1])}
			}),
			nullText("Value", func(o *crypto.Oid) string { return o.Value }),
			nullText("FriendlyName", func(o *crypto.Oid) string { return o.FriendlyName }),
		).holds(&crypto.Oid{}),
		staticClass(cryptoSpace+"CryptographicOperations",
			Static("bool FixedTimeEquals(byte[] left, byte[] right)", f2(crypto.FixedTimeEquals)),
		).outsideList(),
		cipherExtensions(),
	}
	for _, name := range []crypto.HashName{crypto.MD5, crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		out = append(out, hashDecls(name)...)
	}
	for _, name := range []string{"Aes", "TripleDES", "DES"} {
		d := class(cryptoSpace+name+" : SymmetricAlgorithm",
			Static(name+" Create()", func(*Thread, []any) any { return newCipher(name, name) }),
		).outsideList()
		out = append(out, d)
	}
	for name, base := range map[string]string{"AesManaged": "Aes", "AesCryptoServiceProvider": "Aes", "RijndaelManaged": "Aes",
		"TripleDESCryptoServiceProvider": "TripleDES", "DESCryptoServiceProvider": "DES"} {
		out = append(out, class(cryptoSpace+name+" : "+base, Ctor("()", func(*Thread, []any) any {
			return newCipher(base, name)
		})).outsideList())
	}
	return append(out, certificateDecls()...)
}

// hashObject is a hash algorithm, or with a key an HMAC, as one of the classes that
// there are for it.
type hashObject struct {
	*crypto.HashAlgorithm
	class string
}

// DotnetType implements Typed.
func (h *hashObject) DotnetType() *Type { return Std().Named(cryptoSpace + h.class) }

// cipherObject is a symmetric algorithm as one of its classes.
type cipherObject struct {
	*crypto.SymmetricAlgorithm
	class string
}

// DotnetType implements Typed.
func (c *cipherObject) DotnetType() *Type { return Std().Named(cryptoSpace + c.class) }

// newCipher makes the cipher of a name that package crypto knows, nil for others;
// an empty class is that of its name.
func newCipher(name, class string) *cipherObject {
	a := crypto.CreateSymmetric(name, rand.Reader)
	if a == nil {
		return nil
	}
	if class == "" {
		class = a.Name()
	}
	return &cipherObject{a, class}
}

// randomGenerator is an RNGCryptoServiceProvider.
type randomGenerator struct{ _ byte }

func newRandom(*Thread, []any) any { return &randomGenerator{} }

func fillRandom[R any](fill func(R, []byte)) Func {
	return func(t *Thread, a []any) any {
		b, ok := a[1].([]byte)
		if !ok {
			t.argNull(1)
		}
		t.Ticks(len(b) / 16)
		fill(any(rand.Reader).(R), b)
		return nil
	}
}

// constantOf is a static property that always has the same value.
func constantOf(sig string, v any) Row {
	return StaticProp(sig, func(*Thread, []any) any { return v })
}

// paidBytes pays for the bytes that f returns.
func paidBytes(f Func) Func {
	return func(t *Thread, a []any) any {
		v := f(t, a)
		if b, ok := v.([]byte); ok {
			t.Pay(len(b))
			t.Ticks(len(b) / 16)
		}
		return v
	}
}

// keyRow is the key of an HMAC.
func keyRow() Row {
	return PropSet("byte[] Key", f1((*hashObject).Key), func(_ *Thread, a []any) any {
		b, _ := a[1].([]byte)
		a[0].(*hashObject).SetKey(b)
		return nil
	})
}

func hashDecl() *Decl {
	// The input is read once, at some bytes per nanosecond.
	worked := func(f Func) Func {
		return func(t *Thread, a []any) any {
			if b, ok := a[1].([]byte); ok {
				t.Ticks(len(b) / 64)
			} else {
				clr.ThrowNull("buffer")
			}
			return f(t, a)
		}
	}
	return class(cryptoSpace+"HashAlgorithm : IDisposable",
		Static("HashAlgorithm Create(string hashName)", f1(func(name string) *hashObject {
			h := crypto.CreateHash(name)
			if h == nil {
				return nil
			}
			return &hashObject{h, string(h.Name())}
		})),
		Method("byte[] ComputeHash(byte[] buffer)", worked(f2((*hashObject).ComputeHash))),
		Method("byte[] ComputeHash(byte[] buffer, int offset, int count)", worked(f4((*hashObject).ComputeHashIn))),
		Method("byte[] ComputeHash(Stream inputStream)", func(_ *Thread, a []any) any {
			m, ok := a[1].(*memoryStream)
			if !ok {
				clr.ThrowNull("inputStream")
			}
			rest := m.data[m.at:]
			m.at = len(m.data)
			return a[0].(*hashObject).ComputeHash(notNil(rest))
		}),
		Prop("byte[] Hash", f1((*hashObject).Hash)),
		Prop("int HashSize", f1((*hashObject).HashSize)),
		Prop("bool CanTransformMultipleBlocks", func(*Thread, []any) any { return true }),
		Prop("int InputBlockSize", func(*Thread, []any) any { return int32(1) }),
		Prop("int OutputBlockSize", func(*Thread, []any) any { return int32(1) }),
		Prop("bool CanReuseTransform", func(*Thread, []any) any { return true }),
		Method("void Initialize()", nothing),
		Method("void Clear()", nothing),
	)
}

// hashDecls are SHA256, SHA256Managed and HMACSHA256 of a hash.
func hashDecls(name crypto.HashName) []*Decl {
	n := string(name)
	create := func(class string) Func {
		return func(*Thread, []any) any { return &hashObject{crypto.NewHash(name), class} }
	}
	data := func(t *Thread, a []any) any {
		b, ok := a[0].([]byte)
		if !ok {
			t.argNull(0)
		}
		t.Ticks(len(b) / 64)
		return crypto.HashData(name, b)
	}
	keyed := func(_ *Thread, a []any) any {
		b, _ := a[0].([]byte)
		return &hashObject{crypto.NewHMAC(name, b), "HMAC" + n}
	}
	out := []*Decl{
		class(cryptoSpace+n+" : HashAlgorithm",
			Static(n+" Create()", create(n)),
		).with(Outside(Static("byte[] HashData(byte[] source)", data))...),
		class(cryptoSpace+"HMAC"+n+" : HMAC",
			Ctor("()", func(*Thread, []any) any { return &hashObject{crypto.NewRandomHMAC(name, rand.Reader), "HMAC" + n} }),
			Ctor("(byte[] key)", keyed),
		).with(Outside(Static("byte[] HashData(byte[] key, byte[] source)", strict(func(t *Thread, a []any) any {
			t.Ticks(len(a[1].([]byte)) / 64)
			return crypto.HMACData(name, a[0].([]byte), a[1].([]byte))
		})))...),
	}
	if name == crypto.MD5 {
		return append(out, class(cryptoSpace+"MD5CryptoServiceProvider : MD5", Ctor("()", create("MD5CryptoServiceProvider"))).outsideList())
	}
	return append(out,
		class(cryptoSpace+n+"Managed : "+n, Ctor("()", create(n+"Managed"))),
		class(cryptoSpace+n+"CryptoServiceProvider : "+n, Ctor("()", create(n+"CryptoServiceProvider"))).outsideList())
}

func symmetricDecl() *Decl {
	type algorithm = *cipherObject
	// transform makes an encryptor or a decryptor, of the algorithm's own key and
	// vector or of those given.
	transform := func(f func(a algorithm, key, iv []byte) *crypto.Transform) Func {
		return func(t *Thread, a []any) any {
			var key, iv []byte
			if len(a) > 1 {
				key, iv = argBlock(t, a, 1), argBlock(t, a, 2)
			}
			return f(a[0].(algorithm), key, iv)
		}
	}
	bytesProp := func(name string, get func(algorithm) []byte, set func(algorithm, []byte)) Row {
		return PropSet("byte[] "+name, f1(get), func(_ *Thread, a []any) any {
			b, _ := a[1].([]byte)
			set(a[0].(algorithm), b)
			return nil
		})
	}
	return class(cryptoSpace+"SymmetricAlgorithm : IDisposable",
		Static("SymmetricAlgorithm Create()", func(*Thread, []any) any { return newCipher("Aes", "") }),
		Static("SymmetricAlgorithm Create(string algName)", f1(func(name string) algorithm { return newCipher(name, "") })),
		bytesProp("Key", algorithm.Key, algorithm.SetKey),
		bytesProp("IV", algorithm.IV, algorithm.SetIV),
		PropSet("int KeySize", f1(algorithm.KeySize), v2(algorithm.SetKeySize)),
		PropSet("int BlockSize", f1(algorithm.BlockSize), v2(algorithm.SetBlockSize)),
		PropSet("CipherMode Mode", f1(algorithm.Mode), v2(algorithm.SetMode)),
		PropSet("PaddingMode Padding", f1(algorithm.Padding), v2(algorithm.SetPadding)),
		Method("void GenerateKey()", v1(algorithm.GenerateKey)),
		Method("void GenerateIV()", v1(algorithm.GenerateIV)),
		Method("ICryptoTransform CreateEncryptor()", transform(algorithm.CreateEncryptor)),
		Method("ICryptoTransform CreateEncryptor(byte[] rgbKey, byte[] rgbIV)", transform(algorithm.CreateEncryptor)),
		Method("ICryptoTransform CreateDecryptor()", transform(algorithm.CreateDecryptor)),
		Method("ICryptoTransform CreateDecryptor(byte[] rgbKey, byte[] rgbIV)", transform(algorithm.CreateDecryptor)),
		Method("void Clear()", nothing),
		Method("bool ValidKeySize(int bitLength)", f2(algorithm.ValidKeySize)),
		// Of CFB: a byte at a time, as .NET has it by default.
		Prop("int FeedbackSize", func(*Thread, []any) any { return int32(8) }),
	)
}

// argBlock is a byte[] argument that must not be null.
func argBlock(t *Thread, a []any, i int) []byte {
	b, ok := a[i].([]byte)
	if !ok {
		t.argNull(i)
	}
	return b
}

// cipherExtensions are Encrypt and Decrypt, which Azure API Management adds to
// byte[].
func cipherExtensions() *Decl {
	d := staticClass("CipherExtensions")
	for name, do := range map[string]struct {
		named func(b []byte, name string, key, iv []byte) []byte
		by    func(b []byte, a *crypto.SymmetricAlgorithm, key, iv []byte) []byte
	}{
		"Encrypt": {crypto.EncryptNamed, crypto.Encrypt},
		"Decrypt": {crypto.DecryptNamed, crypto.Decrypt},
	} {
		with := func(t *Thread, a []any) any {
			alg, ok := a[1].(*cipherObject)
			if !ok {
				t.argNull(1)
			}
			var key, iv []byte
			if len(a) > 2 {
				key, iv = argBlock(t, a, 2), argBlock(t, a, 3)
			}
			return do.by(argBlock(t, a, 0), alg.SymmetricAlgorithm, key, iv)
		}
		d.with(
			Static("byte[] "+name+"(this byte[] input, string alg, byte[] key, byte[] iv)", paidBytes(f4(do.named))),
			Static("byte[] "+name+"(this byte[] input, SymmetricAlgorithm alg)", paidBytes(with)),
			Static("byte[] "+name+"(this byte[] input, SymmetricAlgorithm alg, byte[] key, byte[] iv)", paidBytes(with)),
		)
	}
	return d
}

// rsaParametersDecl is RSAParameters. It is a struct in .NET: a copy of one is made
// here by the members that take and give it.
func rsaParametersDecl() *Decl {
	d := class(cryptoSpace+"RSAParameters",
		Ctor("()", func(*Thread, []any) any { return &crypto.Parameters{} }),
	).outsideList().holds(&crypto.Parameters{})
	for name, at := range map[string]func(p *crypto.Parameters) *[]byte{
		"Modulus": func(p *crypto.Parameters) *[]byte { return &p.Modulus }, "Exponent": func(p *crypto.Parameters) *[]byte { return &p.Exponent },
		"D": func(p *crypto.Parameters) *[]byte { return &p.D }, "P": func(p *crypto.Parameters) *[]byte { return &p.P },
		"Q": func(p *crypto.Parameters) *[]byte { return &p.Q }, "DP": func(p *crypto.Parameters) *[]byte { return &p.DP },
		"DQ": func(p *crypto.Parameters) *[]byte { return &p.DQ }, "InverseQ": func(p *crypto.Parameters) *[]byte { return &p.InverseQ },
	} {
		d.with(PropSet("byte[] "+name, func(_ *Thread, a []any) any {
			if b := *at(a[0].(*crypto.Parameters)); b != nil {
				return b
			}
			return nil
		}, func(_ *Thread, a []any) any {
			*at(a[0].(*crypto.Parameters)), _ = a[1].([]byte)
			return nil
		}))
	}
	return d
}

func rsaDecl() *Decl {
	// A private key's work takes long enough for a look at the budget, and a key
	// may have to be made first.
	costly := func(f Func) Func {
		return searched(func(t *Thread, a []any) any {
			a[0].(*crypto.RSA).Make(t)
			return f(t, a)
		})
	}
	make := func(bits func(a []any) int) Func {
		return func(t *Thread, a []any) any { return crypto.CreateRSA(bits(a), rand.Reader) }
	}
	part := func(t *Thread, a []any) []byte {
		b := argBlock(t, a, 1)
		checkBytes(len(b), argInt(a, 2), argInt(a, 3))
		return b[argInt(a, 2) : argInt(a, 2)+argInt(a, 3)]
	}
	return class(cryptoSpace+"RSA : AsymmetricAlgorithm",
		Static("RSA Create()", make(func([]any) int { return 2048 })),
		Static("RSA Create(int keySizeInBits)", make(func(a []any) int { return argInt(a, 0) })),
		Method("byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", costly(f4((*crypto.RSA).SignData))),
		Method("byte[] SignData(byte[] data, int offset, int count, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", costly(strict(func(t *Thread, a []any) any {
			return a[0].(*crypto.RSA).SignData(part(t, a), a[4].(crypto.HashName), a[5].(crypto.SignaturePadding))
		}))),
		Method("byte[] SignHash(byte[] hash, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", costly(f4((*crypto.RSA).SignHash))),
		Method("bool VerifyData(byte[] data, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", costly(f5((*crypto.RSA).VerifyData))),
		Method("bool VerifyHash(byte[] hash, byte[] signature, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)", costly(f5((*crypto.RSA).VerifyHash))),
		Method("byte[] Encrypt(byte[] data, RSAEncryptionPadding padding)", costly(f3((*crypto.RSA).Encrypt))),
		Method("byte[] Decrypt(byte[] data, RSAEncryptionPadding padding)", costly(f3((*crypto.RSA).Decrypt))),
		Method("void ImportParameters(RSAParameters parameters)", searched(strict(func(_ *Thread, a []any) any {
			a[0].(*crypto.RSA).Import(a[1].(*crypto.Parameters))
			return nil
		}))),
		Method("RSAParameters ExportParameters(bool includePrivateParameters)", costly(f2((*crypto.RSA).Export))),
		Prop("string KeyExchangeAlgorithm", func(*Thread, []any) any { return "RSA" }),
		Prop("string SignatureAlgorithm", func(*Thread, []any) any { return "RSA" }),
	)
}
