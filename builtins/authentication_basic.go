package builtins

import (
	"encoding/base64"

	"sekisho/engine/pipeline"
)

// AuthenticationBasic authenticates the gateway to the backend by a name and a password.
//
//	<authentication-basic username="gateway" password="{{backend-password}}" />
//
// It sets the Authorization header of the request, or of the request that an enclosing
// send-request makes.
//
// Spec: https://learn.microsoft.com/azure/api-management/authentication-basic-policy
// Ours: name and password are sent as UTF-8.
var AuthenticationBasic = pipeline.Policy{
	Name:     "authentication-basic",
	Summary:  "Authenticates to the backend by a user name and a password.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.AnyScope,
	Once:     true,
	Example:  `<authentication-basic username="gateway" password="secret" />`,
	New:      func() pipeline.Step { return new(authenticationBasic) },
}

type authenticationBasic struct {
	Username pipeline.String `attr:"username,required"`
	Password pipeline.String `attr:"password,required" secret:""`
}

func (a *authenticationBasic) Run(x *pipeline.Exchange) error {
	user, err := a.Username.Get(x)
	if err != nil {
		return err
	}
	password, err := a.Password.Get(x)
	if err != nil {
		return err
	}
	request, _ := x.Target()
	request.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	return nil
}
