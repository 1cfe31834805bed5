// Package jose reads and makes JSON Web Tokens: it verifies those of callers for
// policies (pipeline.Tokens), and signs those that the gateway itself presents or, as a
// development issuer, hands out. It is the only package that knows lestrrat-go/jwx.
//
// # Making tokens
//
//	func Sign(claims, key any, kid, typ string) (string, error)
//	func SignCertificate(claims any, key crypto.Signer, cert *x509.Certificate) (string, error)
//	func JWK(key any, kid string) (json.RawMessage, error)
//	func JWKS(keys ...pipeline.TokenKey) ([]byte, error)
//	func Thumbprint(key any) (string, error)
//
// # Reading tokens
//
//	func New(o Options) (*Tokens, error)   // implements pipeline.Tokens
//	func (*Tokens) Warm(ctx, urls []string)
//	func (*Tokens) Close()
//	func PublicKey(n, e string) (*rsa.PublicKey, error)
//
// A token meets our own strict reader first (compact.go, strict.go), and jwx only computes:
// it checks a signature by an algorithm and a key that were chosen here, or decrypts with
// such. (Signatures of RSA are checked past jwx: those of PSS by crypto/rsa as it does, those
// of PKCS #1 v1.5 with the arithmetic beneath crypto/rsa, which lets a key be prepared once.)
// It reads no header, fetches nothing, and knows no set of keys. The algorithm of a token must
// be one of the key that is tried, so that a public key never is the secret of an HMAC. Nothing
// in a token says where a key is to be had: jku, x5u, jwk and x5c are not looked at.
//
// Keys of issuers come from their OpenID configurations (keyset.go), which are fetched
// once for all who wait, kept for as long as the issuer says within bounds, renewed in
// the background, and outlive outages of the issuer for some hours.
//
// What does not change is found out once: what a header says that many tokens have, whether
// a key is strong enough. The claims are read once, strictly, and what expressions see of
// them is made of that reading.
//
// Verified tokens are remembered (cache.go) under a hash of the whole token, with the keys
// that it was verified against: a token that differs in one bit is another token.
package jose
