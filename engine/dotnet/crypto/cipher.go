package crypto

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"io"
	"strings"

	"sekisho/engine/dotnet/clr"
)

// CipherMode is the value of .NET's enum of that name.
type CipherMode int32

const (
	CBC CipherMode = iota + 1
	ECB
	OFB
	CFB
	CTS
)

var modeNames = [...]string{"", "CBC", "ECB", "OFB", "CFB", "CTS"}

func (m CipherMode) String() string { return modeNames[m] }

// PaddingMode is the value of .NET's enum of that name.
type PaddingMode int32

const (
	NoPadding PaddingMode = iota + 1
	PKCS7
	Zeros
	ANSIX923
	ISO10126
)

var paddingNames = [...]string{"", "None", "PKCS7", "Zeros", "ANSIX923", "ISO10126"}

func (p PaddingMode) String() string { return paddingNames[p] }

// SymmetricAlgorithm is Aes, TripleDES or DES with its settings. It belongs to one
// goroutine.
type SymmetricAlgorithm struct {
	name    string // "Aes"
	make    func(key []byte) (cipher.Block, error)
	sizes   []int // of keys, in bytes
	block   int   // in bytes
	random  io.Reader
	key, iv []byte
	keySize int
	mode    CipherMode
	padding PaddingMode
}

// NewAes is Aes.Create(). random makes keys and vectors that are asked for before
// they are set.
func NewAes(random io.Reader) *SymmetricAlgorithm {
	return &SymmetricAlgorithm{name: "Aes", make: aes.NewCipher, sizes: []int{16, 24, 32}, block: aes.BlockSize,
		random: random, keySize: 32, mode: CBC, padding: PKCS7}
}

// CreateSymmetric is SymmetricAlgorithm.Create(name), by any of the names .NET
// knows; nil if it knows none.
func CreateSymmetric(name string, random io.Reader) *SymmetricAlgorithm {
	n := strings.ToUpper(strings.TrimPrefix(name, "System.Security.Cryptography."))
	a := NewAes(random)
	switch n {
	case "AES", "AESMANAGED", "AESCRYPTOSERVICEPROVIDER", "RIJNDAEL", "RIJNDAELMANAGED", "SYMMETRICALGORITHM":
		return a
	case "3DES", "TRIPLE DES", "TRIPLEDES", "TRIPLEDESCRYPTOSERVICEPROVIDER":
		a.name, a.make, a.sizes, a.block, a.keySize = "TripleDES", newTripleDES, []int{16, 24}, des.BlockSize, 24
		return a
	case "DES", "DESCRYPTOSERVICEPROVIDER":
		a.name, a.make, a.sizes, a.block, a.keySize = "DES", des.NewCipher, []int{8}, des.BlockSize, 8
		return a
	}
	return nil
}

func newTripleDES(key []byte) (cipher.Block, error) {
	if len(key) == 16 {
		key = append(clone(key), key[:8]...)
	}
	return des.NewTripleDESCipher(key)
}

// Name is the name of the class.
func (a *SymmetricAlgorithm) Name() string { return a.name }

// Key is SymmetricAlgorithm.Key; without one a random one is made.
func (a *SymmetricAlgorithm) Key() []byte {
	if a.key == nil {
		a.GenerateKey()
	}
	return clone(a.key)
}

// SetKey is algorithm.Key = key.
func (a *SymmetricAlgorithm) SetKey(key []byte) {
	if key == nil {
		clr.ThrowNull("value")
	}
	a.checkKey(key)
	a.key = clone(key)
	a.keySize = len(key)
}

func (a *SymmetricAlgorithm) checkKey(key []byte) {
	for _, n := range a.sizes {
		if n == len(key) {
			return
		}
	}
	throw("Specified key is not a valid size for this algorithm.")
}

// IV is SymmetricAlgorithm.IV; without one a random one is made.
func (a *SymmetricAlgorithm) IV() []byte {
	if a.iv == nil {
		a.GenerateIV()
	}
	return clone(a.iv)
}

// SetIV is algorithm.IV = iv.
func (a *SymmetricAlgorithm) SetIV(iv []byte) {
	if iv == nil {
		clr.ThrowNull("value")
	}
	a.checkIV(iv)
	a.iv = clone(iv)
}

func (a *SymmetricAlgorithm) checkIV(iv []byte) {
	if len(iv) != a.block {
		throw("Specified initialization vector (IV) does not match the block size for this algorithm.")
	}
}

// GenerateKey and GenerateIV are the methods of those names.
func (a *SymmetricAlgorithm) GenerateKey() { a.key = RandomBytes(a.random, a.keySize) }
func (a *SymmetricAlgorithm) GenerateIV()  { a.iv = RandomBytes(a.random, a.block) }

// KeySize, BlockSize, Mode and Padding are the properties of those names; sizes
// are in bits.
func (a *SymmetricAlgorithm) KeySize() int32       { return int32(a.keySize * 8) }
func (a *SymmetricAlgorithm) BlockSize() int32     { return int32(a.block * 8) }
func (a *SymmetricAlgorithm) Mode() CipherMode     { return a.mode }
func (a *SymmetricAlgorithm) Padding() PaddingMode { return a.padding }

// ValidKeySize is the method of that name.
func (a *SymmetricAlgorithm) ValidKeySize(bits int32) bool {
	for _, n := range a.sizes {
		if int32(n*8) == bits {
			return true
		}
	}
	return false
}

// SetKeySize is algorithm.KeySize = bits: a key that was set is forgotten.
func (a *SymmetricAlgorithm) SetKeySize(bits int32) {
	for _, n := range a.sizes {
		if int32(n*8) == bits {
			a.keySize, a.key = n, nil
			return
		}
	}
	throw("Specified key is not a valid size for this algorithm.")
}

// SetBlockSize is algorithm.BlockSize = bits: only the one there is.
func (a *SymmetricAlgorithm) SetBlockSize(bits int32) {
	if bits != a.BlockSize() {
		throw("Specified block size is not valid for this algorithm.")
	}
}

// SetMode is algorithm.Mode = mode.
func (a *SymmetricAlgorithm) SetMode(m CipherMode) {
	if m < CBC || m > CTS || m == OFB || m == CTS {
		throw("Specified cipher mode is not valid for this algorithm.")
	}
	a.mode = m
}

// SetPadding is algorithm.Padding = padding.
func (a *SymmetricAlgorithm) SetPadding(p PaddingMode) {
	if p < NoPadding || p > ISO10126 {
		throw("Specified padding mode is not valid for this algorithm.")
	}
	a.padding = p
}

// Transform is an ICryptoTransform.
type Transform struct {
	a       SymmetricAlgorithm
	encrypt bool
}

// CreateEncryptor and CreateDecryptor are the methods of those names; a nil key
// and vector stand for those of the algorithm.
func (a *SymmetricAlgorithm) CreateEncryptor(key, iv []byte) *Transform {
	return a.transform(key, iv, true)
}

func (a *SymmetricAlgorithm) CreateDecryptor(key, iv []byte) *Transform {
	return a.transform(key, iv, false)
}

func (a *SymmetricAlgorithm) transform(key, iv []byte, encrypt bool) *Transform {
	t := &Transform{a: *a, encrypt: encrypt}
	if key == nil {
		key = a.Key()
	}
	a.checkKey(key)
	t.a.key = clone(key)
	if a.mode == ECB {
		t.a.iv = make([]byte, a.block)
		return t
	}
	if iv == nil {
		iv = a.IV()
	}
	a.checkIV(iv)
	t.a.iv = clone(iv)
	return t
}

// TransformFinalBlock is the method of that name.
func (t *Transform) TransformFinalBlock(b []byte, offset, count int) []byte {
	b = part(b, offset, count)
	block, err := t.a.make(t.a.key)
	if err != nil {
		throw(err.Error())
	}
	if t.encrypt {
		return t.a.encryptBlocks(block, t.a.pad(b))
	}
	return t.a.unpad(t.a.decryptBlocks(block, b))
}

// Encrypt is APIM's byte[].Encrypt(algorithm, key, iv); a nil key and vector stand
// for those of the algorithm.
func Encrypt(b []byte, a *SymmetricAlgorithm, key, iv []byte) []byte {
	return a.CreateEncryptor(key, iv).TransformFinalBlock(b, 0, len(b))
}

// Decrypt is APIM's byte[].Decrypt(algorithm, key, iv).
func Decrypt(b []byte, a *SymmetricAlgorithm, key, iv []byte) []byte {
	return a.CreateDecryptor(key, iv).TransformFinalBlock(b, 0, len(b))
}

// EncryptNamed and DecryptNamed are the same for an algorithm by its name: "Aes".
func EncryptNamed(b []byte, name string, key, iv []byte) []byte {
	return Encrypt(b, mustSymmetric(name), notNil(key, "key"), notNil(iv, "iv"))
}

func DecryptNamed(b []byte, name string, key, iv []byte) []byte {
	return Decrypt(b, mustSymmetric(name), notNil(key, "key"), notNil(iv, "iv"))
}

func mustSymmetric(name string) *SymmetricAlgorithm {
	a := CreateSymmetric(name, strings.NewReader("")) // keys are given, never made
	if a == nil {
		throw("'" + name + "' is not a known symmetric algorithm.")
	}
	return a
}

func notNil(b []byte, param string) []byte {
	if b == nil {
		clr.ThrowNull(param)
	}
	return b
}

func (a *SymmetricAlgorithm) pad(b []byte) []byte {
	n := a.block - len(b)%a.block
	switch {
	case a.padding == NoPadding:
		if n != a.block && a.mode != CFB {
			throw("The input data is not a complete block.")
		}
		return b
	case a.padding == Zeros && n == a.block:
		return b
	}
	out := make([]byte, len(b)+n)
	copy(out, b)
	tail := out[len(b):]
	switch a.padding {
	case PKCS7:
		for i := range tail {
			tail[i] = byte(n)
		}
	case ANSIX923:
		tail[n-1] = byte(n)
	case ISO10126:
		FillRandom(a.random, tail)
		tail[n-1] = byte(n)
	}
	return out
}

func (a *SymmetricAlgorithm) unpad(b []byte) []byte {
	if a.padding == NoPadding || a.padding == Zeros {
		return b
	}
	const bad = "Padding is invalid and cannot be removed."
	if len(b) == 0 {
		if a.padding == PKCS7 {
			return b
		}
		throw(bad)
	}
	n := int(b[len(b)-1])
	if n == 0 || n > a.block || n > len(b) {
		throw(bad)
	}
	for _, c := range b[len(b)-n : len(b)-1] {
		if a.padding == PKCS7 && int(c) != n || a.padding == ANSIX923 && c != 0 {
			throw(bad)
		}
	}
	return b[:len(b)-n]
}

func (a *SymmetricAlgorithm) encryptBlocks(block cipher.Block, b []byte) []byte {
	out := make([]byte, len(b))
	switch a.mode {
	case CBC:
		cipher.NewCBCEncrypter(block, a.iv).CryptBlocks(out, b)
	case ECB:
		for i := 0; i < len(b); i += a.block {
			block.Encrypt(out[i:], b[i:])
		}
	case CFB:
		a.feedback(block, out, b, true)
	}
	return out
}

func (a *SymmetricAlgorithm) decryptBlocks(block cipher.Block, b []byte) []byte {
	if len(b)%a.block != 0 && !(a.mode == CFB && a.padding == NoPadding) {
		throw("The input data is not a complete block.")
	}
	out := make([]byte, len(b))
	switch a.mode {
	case CBC:
		cipher.NewCBCDecrypter(block, a.iv).CryptBlocks(out, b)
	case ECB:
		for i := 0; i < len(b); i += a.block {
			block.Decrypt(out[i:], b[i:])
		}
	case CFB:
		a.feedback(block, out, b, false)
	}
	return out
}

// feedback is CFB with .NET's default feedback of eight bits.
func (a *SymmetricAlgorithm) feedback(block cipher.Block, out, in []byte, encrypt bool) {
	shift, pad := clone(a.iv), make([]byte, a.block)
	for i, c := range in {
		block.Encrypt(pad, shift)
		out[i] = c ^ pad[0]
		back := c
		if encrypt {
			back = out[i]
		}
		shift = append(shift[1:], back)
	}
}
