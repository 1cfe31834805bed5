package scenario

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"sekisho/bench/load"
	"sekisho/builtins/jose"

	"golang.org/x/sync/errgroup"
)

// Key is what verifies the tokens of a value, in the forms that gateways want. Fields that
// are not of its algorithm are empty.
type Key struct {
	ID     string
	N, E   string // RS256: modulus and exponent, Base64url
	Secret string // HS256: Base64
	PEM    string // RS256, ES256: the public key
	File   string // a file that holds PEM; set by whoever writes one
}

// yearEnd is the exp of tokens that say nothing else: 1 January 2100.
const yearEnd = 4102444800

// Texts makes the texts of all values, and the keys of those with tokens. Tokens of
// RS256 take a millisecond each to sign, so they are kept with their key in the cache
// folder, readable for the owner; "" keeps nothing.
func (s *Scenario) Texts(ctx context.Context, cache string) ([]load.Value, map[string]*Key, error) {
	var values []load.Value
	keys := map[string]*Key{}
	for _, name := range sortedKeys(s.Values) {
		v := s.Values[name]
		out := load.Value{Name: name, Texts: v.List, Distribution: v.Distribution}
		if n := v.Numbers; n != nil {
			for i := n.From; i <= n.To; i++ {
				out.Texts = append(out.Texts, strconv.Itoa(i))
			}
		}
		if v.JWT != nil {
			texts, key, err := v.JWT.tokens(ctx, s.Dir, cache)
			if err != nil {
				return nil, nil, fmt.Errorf("values %s: %w", name, err)
			}
			out.Texts, keys[name] = texts, key
		}
		values = append(values, out)
	}
	return values, keys, nil
}

func (j *JWT) tokens(ctx context.Context, dir, cache string) ([]string, *Key, error) {
	ask, err := json.Marshal(j)
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(ask)
	file := filepath.Join(cache, hex.EncodeToString(sum[:12])+".tokens")
	given := j.Secret != "" || j.KeyFile != ""
	if cache != "" && !given {
		if key, texts, err := j.load(file); err == nil {
			public, err := j.public(key)
			return texts, public, err
		}
	}
	key, err := j.key(dir)
	if err != nil {
		return nil, nil, err
	}
	texts := make([]string, j.Count)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	const batch = 64
	for from := 0; from < j.Count; from += batch {
		g.Go(func() error {
			for i := from; i < min(from+batch, j.Count); i++ {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				claims := map[string]any{"exp": yearEnd, "sub": "caller-" + strconv.Itoa(i)}
				maps.Copy(claims, j.Claims)
				claims["jti"] = strconv.Itoa(i)
				if texts[i], err = jose.Sign(claims, key, j.KeyID, "JWT"); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	if cache != "" && !given {
		if err := j.save(file, key, texts); err != nil {
			return nil, nil, err
		}
	}
	public, err := j.public(key)
	return texts, public, err
}

// key reads or makes the signing key.
func (j *JWT) key(dir string) (any, error) {
	switch {
	case j.Secret != "":
		b, err := base64.StdEncoding.DecodeString(j.Secret)
		if err != nil {
			return nil, errors.New("the secret is not Base64")
		}
		return b, nil
	case j.KeyFile != "":
		name := j.KeyFile
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		return parseKey(data)
	case j.Algorithm == "HS256":
		b := make([]byte, 32)
		_, err := rand.Read(b)
		return b, err
	case j.Algorithm == "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, 2048)
}

func parseKey(data []byte) (any, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New("the key is not PEM")
	}
	if block.Type == "SECRET" {
		return block.Bytes, nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	return nil, errors.New("the key is none that can be read")
}

func (j *JWT) load(file string) (key any, texts []string, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	_, rest := pem.Decode(data)
	texts = strings.Fields(string(rest))
	if len(texts) != j.Count {
		return nil, nil, errors.New("the cached tokens are not whole")
	}
	key, err = parseKey(data)
	return key, texts, err
}

func (j *JWT) save(file string, key any, texts []string) error {
	block := &pem.Block{Type: "SECRET"}
	if b, ok := key.([]byte); ok {
		block.Bytes = b
	} else {
		b, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return err
		}
		block = &pem.Block{Type: "PRIVATE KEY", Bytes: b}
	}
	var b bytes.Buffer
	_ = pem.Encode(&b, block)
	b.WriteString(strings.Join(texts, "\n"))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	tmp := file + ".new"
	if err := os.WriteFile(tmp, b.Bytes(), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, file)
}

func (j *JWT) public(key any) (*Key, error) {
	out := &Key{ID: j.KeyID}
	var pub any
	switch k := key.(type) {
	case []byte:
		out.Secret = base64.StdEncoding.EncodeToString(k)
		return out, nil
	case *rsa.PrivateKey:
		pub = &k.PublicKey
		out.N = base64.RawURLEncoding.EncodeToString(k.N.Bytes())
		var e [8]byte
		binary.BigEndian.PutUint64(e[:], uint64(k.E))
		out.E = base64.RawURLEncoding.EncodeToString(new(big.Int).SetBytes(e[:]).Bytes())
	case *ecdsa.PrivateKey:
		pub = &k.PublicKey
	default:
		return nil, fmt.Errorf("a key of type %T signs no tokens", key)
	}
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, err
	}
	out.PEM = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return out, nil
}
