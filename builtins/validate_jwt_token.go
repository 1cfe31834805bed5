package builtins

import (
	"errors"
	"strings"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"
)

// tokenPolicy is what validate-jwt and validate-azure-ad-token have in common: where the
// token is, what to do with it, and what to answer without a good one.
type tokenPolicy struct {
	Header  pipeline.String `attr:"header-name"`
	Query   pipeline.String `attr:"query-parameter-name"`
	Value   pipeline.String `attr:"token-value"`
	Status  pipeline.Int    `attr:"failed-validation-httpcode" default:"401" range:"100 999"`
	Message pipeline.String `attr:"failed-validation-error-message"`
	Output  string          `attr:"output-token-variable-name"`
	Claims  *requiredClaims `child:"required-claims"`
}

// sources counts the places given for the token.
func (t *tokenPolicy) sources() int {
	n := 0
	for _, v := range []*pipeline.String{&t.Header, &t.Query, &t.Value} {
		if v.IsSet() {
			n++
		}
	}
	return n
}

var (
	errNoToken = &pipeline.TokenError{Reason: "TokenNotPresent", Message: "JWT not present."}
	// Whoever reads the request next might take the other one.
	errManyTokens = &pipeline.TokenError{Reason: "JwtInvalid", Message: "The request has more than one token. Access denied."}
)

// token finds the token in the request, in a header of that name if no place is given. Of
// the header Authorization the scheme comes off, which must be the one given unless that
// is "".
func (t *tokenPolicy) token(x *pipeline.Exchange, header, scheme string) (string, error) {
	var token string
	var err error
	switch {
	case t.Value.IsSet():
		token, err = t.Value.Get(x)
	case t.Query.IsSet():
		var name string
		if name, err = t.Query.Get(x); err == nil {
			values, _ := pipeline.ParseQuery(x.Request.URL.Query).Lookup(name)
			token, err = single(values)
		}
	default:
		if t.Header.IsSet() {
			if header, err = t.Header.Get(x); err != nil {
				return "", err
			}
		}
		value, n := x.Request.Header.First(header)
		if n > 1 {
			return "", errManyTokens
		}
		token = value
		if header == "Authorization" || strings.EqualFold(header, "Authorization") {
			token, err = withoutScheme(token, scheme)
		}
	}
	if err == nil && token == "" {
		err = errNoToken
	}
	return token, err
}

func single(values []string) (string, error) {
	switch len(values) {
	case 0:
		return "", errNoToken
	case 1:
		return values[0], nil
	}
	return "", errManyTokens
}

// withoutScheme takes the scheme off a value of Authorization.
func withoutScheme(value, want string) (string, error) {
	scheme, token, ok := strings.Cut(value, " ")
	if !ok {
		scheme, token = "", value
	}
	if want != "" && scheme != want && !strings.EqualFold(scheme, want) {
		return "", errNoToken
	}
	if n := len(token); n > 0 && (token[0] == ' ' || token[n-1] == ' ') {
		token = strings.Trim(token, " ")
	}
	return token, nil
}

// claims checks the claims that the policy requires.
func (t *tokenPolicy) claims(x *pipeline.Exchange, j *apim.Jwt) error {
	if t.Claims == nil {
		return nil
	}
	return t.Claims.check(x, j)
}

// output keeps the token for expressions.
func (t *tokenPolicy) output(x *pipeline.Exchange, j *apim.Jwt) {
	if t.Output != "" {
		x.Set(t.Output, j)
	}
}

// fail makes the refusal of a token the Fault that the policy says; other errors stay
// what they are.
func (t *tokenPolicy) fail(x *pipeline.Exchange, err error) error {
	var refusal *pipeline.TokenError
	if !errors.As(err, &refusal) {
		return err
	}
	status, err := t.Status.Get(x)
	if err != nil {
		return err
	}
	if status < 100 || status > 999 {
		return badValue("The computed failed-validation-httpcode is no HTTP status.")
	}
	public, err := t.Message.Get(x)
	if err != nil {
		return err
	}
	if public == "" {
		public = refusal.Message
	}
	return &pipeline.Fault{Status: int(status), Reason: refusal.Reason, Message: refusal.Message, Public: public, Cause: refusal}
}
