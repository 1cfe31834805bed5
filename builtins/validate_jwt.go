package builtins

import (
	"math"
	"slices"
	"strings"
	"time"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
)

// ValidateJWT lets a request through only if it brings a JSON Web Token that is signed by
// somebody trusted and says what it should.
//
//	<validate-jwt header-name="Authorization" require-scheme="Bearer" clock-skew="60"
//	              failed-validation-httpcode="401" failed-validation-error-message="Unauthorized"
//	              output-token-variable-name="jwt">
//	  <openid-config url="https://login.example.com/.well-known/openid-configuration" />
//	  <issuer-signing-keys><key id="a">{{signing-key}}</key><key certificate-id="issuer" /></issuer-signing-keys>
//	  <decryption-keys><key certificate-id="mine" /></decryption-keys>
//	  <audiences><audience>api://shop</audience></audiences>
//	  <issuers><issuer>https://login.example.com/</issuer></issuers>
//	  <required-claims><claim name="scp" match="any" separator=" "><value>read</value></claim></required-claims>
//	</validate-jwt>
//
// Exactly one of header-name, query-parameter-name and token-value says where the token
// is. Of the header Authorization the scheme is taken off, whatever it is; require-scheme
// wants a certain one. Keys come from the OpenID configurations, which also say which
// issuers are accepted, and from the document: secrets in base64, certificates of
// gateway.yaml, or n and e of an RSA key. Keys that the token's kid names are tried first,
// then all others. Attributes, texts and values accept expressions, except the name of
// the output variable and the id, n and e of keys.
//
// A failure answers failed-validation-httpcode with failed-validation-error-message, or
// with what was wrong; LastError has the reasons TokenNotPresent, TokenSignatureInvalid,
// TokenSignatureKeyNotFound, TokenAudienceNotAllowed, TokenIssuerNotAllowed, TokenExpired,
// TokenClaimNotFound, TokenClaimValueNotAllowed and JwtInvalid, and always what was wrong.
//
// Spec: https://learn.microsoft.com/azure/api-management/validate-jwt-policy
// Ours: the folder loads though an OpenID configuration cannot be reached, with or without
// validate-connectivity; a request waits for the first fetch, and failures are logged.
// Where several OpenID configurations are listed, a token signed by a key of one may not
// name the issuer of another, unless issuers lists it. A token that never expires though
// it must, or is not yet valid, is JwtInvalid; so is one issued more than five minutes in the
// future. At the second of exp a token has expired. A header or a parameter that comes
// twice holds no token. A token whose typ is for another use, such as logout+jwt, is
// refused. A scheme other than require-scheme is TokenNotPresent. A secret of less
// than 256 bits verifies nothing, which is a warning; an RSA key of less than 2048 bits
// neither.
var ValidateJWT = pipeline.Policy{
	Name:     "validate-jwt",
	Summary:  "Lets a request through only with a valid JSON Web Token.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.AnyScope,
	Example: `<validate-jwt header-name="Authorization" failed-validation-httpcode="401" failed-validation-error-message="Unauthorized">
  <openid-config url="https://login.example.com/.well-known/openid-configuration" />
  <audiences><audience>api://shop</audience></audiences>
  <required-claims><claim name="roles" match="any"><value>reader</value></claim></required-claims>
</validate-jwt>`,
	New: func() pipeline.Step { return new(validateJWT) },
}

type validateJWT struct {
	tokenPolicy
	RequireExpiration pipeline.Bool   `attr:"require-expiration-time" default:"true"`
	RequireScheme     pipeline.String `attr:"require-scheme"`
	RequireSigned     pipeline.Bool   `attr:"require-signed-tokens" default:"true"`
	ClockSkew         pipeline.Int    `attr:"clock-skew" default:"0" range:"0 2147483647"`
	OpenID            []*openIDConfig `child:"openid-config"`
	Signing           *signingKeys    `child:"issuer-signing-keys"`
	Decryption        *decryptionKeys `child:"decryption-keys"`
	Audiences         *audiences      `child:"audiences"`
	Issuers           *issuers        `child:"issuers"`

	keys    jwtKeys
	settled bool // what a token must say does not depend on the request
}

type openIDConfig struct {
	URL pipeline.String `attr:"url,required"`
	// Connectivity is read and has no effect: loading does not depend on the network.
	Connectivity bool `attr:"validate-connectivity" default:"true"`
}

type audiences struct {
	List []pipeline.String `child:"audience,required"`
}

type issuers struct {
	List []pipeline.String `child:"issuer,required"`
}

// Check wants one source of the token, and warns where there is nothing to verify it with.
func (v *validateJWT) Check(c *pipeline.Check) {
	switch v.sources() {
	case 0:
		c.Errorf(nil, "missing-attribute", `<validate-jwt> wants one of the attributes "header-name", "query-parameter-name" and "token-value"`)
	case 1:
	default:
		c.Errorf(nil, "conflicting-attributes", `<validate-jwt> wants only one of the attributes "header-name", "query-parameter-name" and "token-value"`)
	}
	signed, literal := v.RequireSigned.Literal()
	if len(v.OpenID) == 0 && v.Signing == nil && (!literal || signed) {
		c.Warnf(nil, "missing-element", "<validate-jwt> has no <openid-config> and no <issuer-signing-keys> inside: no token is valid")
	}
	v.keys.openID = v.OpenID
	if v.Signing != nil {
		v.keys.signing = v.Signing.List
	}
	if v.Decryption != nil {
		v.keys.decryption = v.Decryption.List
	}
	v.keys.prepare()
	v.settled = v.settles()
}

// settles tells whether all that judge asks for is literal.
func (v *validateJWT) settles() bool {
	_, skew := v.ClockSkew.Literal()
	_, expires := v.RequireExpiration.Literal()
	all := skew && expires
	wants := func(list []pipeline.String) {
		for i := range list {
			_, ok := list[i].Literal()
			all = all && ok
		}
	}
	if v.Issuers != nil {
		wants(v.Issuers.List)
	}
	if v.Audiences != nil {
		wants(v.Audiences.List)
	}
	if v.Claims != nil {
		for _, c := range v.Claims.List {
			wants([]pipeline.String{c.Name, c.Match})
			wants(c.Values)
			if c.Separator.IsSet() {
				wants([]pipeline.String{c.Separator})
			}
		}
	}
	return all
}

// Check warns of what is no URL.
func (o *openIDConfig) Check(c *pipeline.Check) {
	s, ok := o.URL.Literal()
	if !ok || isStandIn(c, "url") {
		return
	}
	if u, ok := pipeline.ParseURL(s); !ok || u.Scheme != "https" && u.Scheme != "http" {
		say := c.Errorf
		if c.Env().Lenient() {
			say = c.Warnf
		}
		say(&o.URL, "bad-value", `attribute "url" of <openid-config> wants an absolute http or https URL, got %q`, c.Element().Attr("url").Value.AsWritten())
	}
}

func (v *validateJWT) Run(x *pipeline.Exchange) error {
	signed, err := v.RequireSigned.Get(x)
	if err != nil {
		return err
	}
	keys, err := v.keys.get(x, signed)
	if err != nil {
		return err
	}
	scheme, err := v.RequireScheme.Get(x)
	if err != nil {
		return err
	}
	token, err := v.token(x, "", scheme)
	if err != nil {
		return v.fail(x, err)
	}
	verified, err := x.Services.Tokens.Verify(x.Context, token, keys)
	if err != nil {
		return v.fail(x, err)
	}
	now := x.Services.Now()
	if !v.settled || !verified.Accepted(v, now) {
		if err := v.judge(x, verified, now); err != nil {
			return v.fail(x, err)
		}
	}
	v.output(x, verified.Jwt)
	return nil
}

// judge looks at what a verified token says. If that is good for other requests too, it
// notes so.
func (v *validateJWT) judge(x *pipeline.Exchange, t *pipeline.VerifiedToken, now time.Time) error {
	skew, err := v.ClockSkew.Get(x)
	if err != nil {
		return err
	}
	if skew < 0 || skew > math.MaxInt32 {
		return badValue("The computed clock-skew is not a number of seconds.")
	}
	expires, err := v.RequireExpiration.Get(x)
	if err != nil {
		return err
	}
	if err := checkLifetime(t.Jwt, now, time.Duration(skew)*time.Second, expires); err != nil {
		return err
	}
	if v.Issuers != nil || len(v.OpenID) > 0 {
		ok := t.Jwt.Issuer != "" && slices.Contains(t.Issuers, t.Jwt.Issuer)
		if !ok && v.Issuers != nil {
			if ok, err = oneOf(x, v.Issuers.List, t.Jwt.Issuer); err != nil {
				return err
			}
		}
		if !ok {
			return denied("TokenIssuerNotAllowed", "The issuer of the token is not allowed.")
		}
	}
	if v.Audiences != nil {
		if err := checkAudience(x, v.Audiences.List, t.Jwt); err != nil {
			return err
		}
	}
	if err := v.claims(x, t.Jwt); err != nil {
		return err
	}
	if v.settled {
		from, until := lifetime(t.Jwt, time.Duration(skew)*time.Second)
		t.Accept(v, from, until)
	}
	return nil
}

// checkAudience wants one of the token's audiences to be listed.
func checkAudience(x *pipeline.Exchange, list []pipeline.String, j *apim.Jwt) error {
	for _, a := range j.Audiences {
		if ok, err := oneOf(x, list, a); ok || err != nil {
			return err
		}
	}
	return denied("TokenAudienceNotAllowed", "The audience of the token is not allowed.")
}

// oneOf tells whether a text is one of a list, which an empty one never is.
func oneOf(x *pipeline.Exchange, list []pipeline.String, s string) (bool, error) {
	for i := range list {
		v, err := list[i].Get(x)
		if err != nil {
			return false, err
		}
		if v == s && s != "" {
			return true, nil
		}
	}
	return false, nil
}

// future is how far in the future a token may have been issued, as clocks go, beside the
// clock-skew that a policy allows.
const future = 5 * time.Minute

// checkLifetime wants now to be within the life of a token.
func checkLifetime(j *apim.Jwt, now time.Time, skew time.Duration, mustExpire bool) error {
	if j.ExpirationTime == nil {
		if mustExpire {
			return denied("JwtInvalid", "The token has no expiration time.")
		}
	} else if !now.Before(j.ExpirationTime.Time().Add(skew)) {
		return denied("TokenExpired", "The token has expired.")
	}
	if j.NotBefore != nil && now.Add(skew).Before(j.NotBefore.Time()) {
		return denied("JwtInvalid", "The token is not valid yet.")
	}
	if j.IssuedAt != nil && now.Add(skew+future).Before(j.IssuedAt.Time()) {
		return denied("JwtInvalid", "The token was issued in the future.")
	}
	return nil
}

// lifetime is when checkLifetime finds nothing wrong with a token that may be without an
// end: from the first time on, and before the second; zero for no such bound.
func lifetime(j *apim.Jwt, skew time.Duration) (from, until time.Time) {
	if j.ExpirationTime != nil {
		until = j.ExpirationTime.Time().Add(skew)
	}
	if j.NotBefore != nil {
		from = j.NotBefore.Time().Add(-skew)
	}
	if j.IssuedAt != nil {
		if t := j.IssuedAt.Time().Add(-skew - future); t.After(from) {
			from = t
		}
	}
	return from, until
}

// denied is the refusal of a token.
func denied(reason, message string) error {
	return &pipeline.TokenError{Reason: reason, Message: message + " Access denied."}
}

type requiredClaims struct {
	List []*requiredClaim `child:"claim,required"`
}

type requiredClaim struct {
	Name      pipeline.String   `attr:"name,required"`
	Match     pipeline.String   `attr:"match" default:"all" enum:"all any"`
	Separator pipeline.String   `attr:"separator,raw"`
	Values    []pipeline.String `child:"value"`
}

// check wants all claims to be there first, and then to have the right values.
func (r *requiredClaims) check(x *pipeline.Exchange, j *apim.Jwt) error {
	var missing []string
	for _, c := range r.List {
		name, err := c.Name.Get(x)
		if err != nil {
			return err
		}
		if _, ok := j.Claims.Lookup(name); !ok {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return missingClaims(missing...)
	}
	for _, c := range r.List {
		if err := c.check(x, j); err != nil {
			return err
		}
	}
	return nil
}

func missingClaims(names ...string) error {
	return denied("TokenClaimNotFound", "JWT token is missing the following claims: "+strings.Join(names, ", ")+".")
}

func wrongClaim(name, value string) error {
	return denied("TokenClaimValueNotAllowed", "Claim "+name+" value of "+value+" is not allowed.")
}

func (c *requiredClaim) check(x *pipeline.Exchange, j *apim.Jwt) error {
	if len(c.Values) == 0 {
		return nil
	}
	name, err := c.Name.Get(x)
	if err != nil {
		return err
	}
	match, err := c.Match.Get(x)
	if err != nil {
		return err
	}
	if match != "all" && match != "any" {
		return badValue("The computed match of a claim is neither all nor any.")
	}
	separator, err := c.Separator.Get(x)
	if err != nil {
		return err
	}
	have, _ := j.Claims.Lookup(name)
	for i := range c.Values {
		want, err := c.Values[i].Get(x)
		if err != nil {
			return err
		}
		found := holds(have, want, separator)
		if found && match == "any" {
			return nil
		}
		if !found && match == "all" {
			return wrongClaim(name, strings.Join(have, ", "))
		}
	}
	if match == "any" {
		return wrongClaim(name, strings.Join(have, ", "))
	}
	return nil
}

// holds tells whether a value is among those of a claim, each of which may be several
// with a separator between them.
func holds(have []string, want, separator string) bool {
	for _, v := range have {
		if separator == "" {
			if v == want {
				return true
			}
			continue
		}
		for part := range strings.SplitSeq(v, separator) {
			if part == want {
				return true
			}
		}
	}
	return false
}
