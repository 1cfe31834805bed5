package builtins

import (
	"slices"
	"strings"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
)

// ValidateAzureADToken lets a request through only with a token that Microsoft Entra
// issued.
//
//	<validate-azure-ad-token tenant-id="contoso.onmicrosoft.com" output-token-variable-name="jwt">
//	  <client-application-ids><application-id>8d9e…</application-id></client-application-ids>
//	  <backend-application-ids><application-id>1b2c…</application-id></backend-application-ids>
//	  <audiences><audience>api://shop</audience></audiences>
//	  <required-claims><claim name="roles" match="any"><value>reader</value></claim></required-claims>
//	  <decryption-keys><key certificate-id="mine" /></decryption-keys>
//	</validate-azure-ad-token>
//
// tenant-id is the id or a domain of the tenant, or organizations, common or consumers.
// The token is in the header Authorization, behind any scheme, unless header-name,
// query-parameter-name or token-value says otherwise. authentication-endpoint is the host
// of a national cloud. The application that asks (azp in tokens of version 2, appid in
// those of version 1) must be listed in client-application-ids if there are any. What
// fails answers as in validate-jwt, with the same reasons.
//
// Spec: https://learn.microsoft.com/azure/api-management/validate-azure-ad-token-policy
// Ours: tokens of both versions are accepted. Those of organizations and common may come
// from any tenant that tid names, of organizations not from that of personal accounts. An
// application in backend-application-ids is the audience itself or with api:// before it;
// audiences and backend-application-ids both hold where both are given.
// authentication-endpoint may have a scheme before it.
var ValidateAzureADToken = pipeline.Policy{
	Name:     "validate-azure-ad-token",
	Summary:  "Lets a request through only with a valid token of Microsoft Entra.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.AnyScope,
	Example: `<validate-azure-ad-token tenant-id="contoso.onmicrosoft.com">
  <client-application-ids><application-id>8d9e7c2a-3f5b-4f0e-9a61-0c2d4e6f8a1b</application-id></client-application-ids>
</validate-azure-ad-token>`,
	New: func() pipeline.Step { return new(validateAzureADToken) },
}

type validateAzureADToken struct {
	tokenPolicy
	Tenant     pipeline.String         `attr:"tenant-id,required"`
	Endpoint   string                  `attr:"authentication-endpoint" default:"login.microsoftonline.com"`
	Clients    *applicationIDs         `child:"client-application-ids"`
	Backends   *applicationIDs         `child:"backend-application-ids"`
	Audiences  *audiences              `child:"audiences"`
	Decryption *certificateKeysElement `child:"decryption-keys"`

	keys jwtKeys
}

type applicationIDs struct {
	List []string `child:"application-id,required"`
}

// certificateKeysElement holds keys that are certificates.
type certificateKeysElement struct {
	List []*certificateKey `child:"key,required"`
}

type certificateKey struct {
	Certificate pipeline.String `attr:"certificate-id,required"`
}

// Check reports an unknown certificate.
func (k *certificateKey) Check(c *pipeline.Check) {
	if !isStandIn(c, "certificate-id") {
		c.Certificate(&k.Certificate)
	}
}

// Check wants at most one place for the token.
func (v *validateAzureADToken) Check(c *pipeline.Check) {
	if v.sources() > 1 {
		c.Errorf(nil, "conflicting-attributes", `<validate-azure-ad-token> wants only one of the attributes "header-name", "query-parameter-name" and "token-value"`)
	}
	if t, ok := v.Tenant.Literal(); ok && !isTenant(t) && !isStandIn(c, "tenant-id") && !c.Env().Lenient() {
		c.Errorf(&v.Tenant, "bad-value", `attribute "tenant-id" of <validate-azure-ad-token> wants the id or a domain of a tenant, got %q`, c.Element().Attr("tenant-id").Value.AsWritten())
	}
	base := strings.TrimSuffix(v.Endpoint, "/")
	if !strings.Contains(base, "://") {
		base = "https://" + base
	}
	v.keys.tenant, v.keys.authority = &v.Tenant, base
	if v.Decryption != nil {
		for _, k := range v.Decryption.List {
			v.keys.decryption = append(v.keys.decryption, &decryptionKey{Certificate: k.Certificate})
		}
	}
	v.keys.prepare()
}

// isTenant tells whether a text can be a segment of an authority's URL that names a tenant.
func isTenant(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.') {
			return false
		}
	}
	return s != "" && s != "." && s != ".." && len(s) <= 253
}

func (v *validateAzureADToken) Run(x *pipeline.Exchange) error {
	tenant, err := v.Tenant.Get(x)
	if err != nil {
		return err
	}
	if !isTenant(tenant) {
		return badValue("The computed tenant-id is neither the id nor a domain of a tenant.")
	}
	keys, err := v.keys.get(x, true)
	if err != nil {
		return err
	}
	token, err := v.token(x, "Authorization", "")
	if err != nil {
		return v.fail(x, err)
	}
	verified, err := x.Services.Tokens.Verify(x.Context, token, keys)
	if err != nil {
		return v.fail(x, err)
	}
	if err := v.judge(x, tenant, verified); err != nil {
		return v.fail(x, err)
	}
	v.output(x, verified.Jwt)
	return nil
}

func (v *validateAzureADToken) judge(x *pipeline.Exchange, tenant string, t *pipeline.VerifiedToken) error {
	j := t.Jwt
	if err := checkLifetime(j, x.Services.Now(), 0, true); err != nil {
		return err
	}
	if !tenantIssued(tenant, t) {
		return denied("TokenIssuerNotAllowed", "The issuer of the token is not allowed.")
	}
	if v.Audiences != nil {
		if err := checkAudience(x, v.Audiences.List, j); err != nil {
			return err
		}
	}
	if v.Backends != nil && !slices.ContainsFunc(j.Audiences, func(a string) bool { return v.Backends.has(strings.TrimPrefix(a, "api://")) }) {
		return denied("TokenAudienceNotAllowed", "The audience of the token is not allowed.")
	}
	if v.Clients != nil {
		claim := "appid"
		if claimOf(j, "ver") == "2.0" {
			claim = "azp"
		}
		switch client := claimOf(j, claim); {
		case client == "":
			return missingClaims(claim)
		case !v.Clients.has(client):
			return wrongClaim(claim, client)
		}
	}
	return v.claims(x, j)
}

// has tells whether an application is listed; ids are GUIDs, whose case does not matter.
func (a *applicationIDs) has(id string) bool {
	return id != "" && slices.ContainsFunc(a.List, func(s string) bool { return strings.EqualFold(s, id) })
}

// personal is the tenant of all personal accounts.
const personal = "9188040d-6c67-4c5b-b112-36a304b66dad"

// tenantIssued tells whether a token is of the tenant. The configurations of organizations
// and common have a placeholder in their issuer, for which the token's tid stands.
func tenantIssued(tenant string, t *pipeline.VerifiedToken) bool {
	tid := claimOf(t.Jwt, "tid")
	for _, issuer := range t.Issuers {
		if before, after, ok := strings.Cut(issuer, "{tenantid}"); ok {
			if !isGUID(tid) || strings.EqualFold(tenant, "organizations") && strings.EqualFold(tid, personal) {
				continue
			}
			issuer = before + tid + after
		}
		if issuer == t.Jwt.Issuer && issuer != "" {
			return true
		}
	}
	return false
}

// claimOf is the single value of a claim, "" if it has none or several.
func claimOf(j *apim.Jwt, name string) string {
	if v, _ := j.Claims.Lookup(name); len(v) == 1 {
		return v[0]
	}
	return ""
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := 0; i < len(s); i++ {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if c := s[i]; dash != (c == '-') || !dash && !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
			return false
		}
	}
	return true
}
