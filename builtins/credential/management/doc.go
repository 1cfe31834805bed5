// Package management is the REST interface of the credential manager, in the shape of
// API Management's resources (authorizationProviders, authorizations, accessPolicies,
// getLoginLinks, confirmConsentCode; API version 2022-08-01), so that scripts and
// templates for those work here.
//
// Every resource is found under Azure's path and under a short one:
//
//	/management/subscriptions/…/providers/Microsoft.ApiManagement/service/…/authorizationProviders/…
//	/management/authorizationProviders/…
//
// What is in the place of the dots is accepted as it comes; api-version is not looked at.
// Callers present the admin token as bearer. Bodies and errors are those of Azure Resource
// Manager; ETags come with resources, PUT heeds If-Match and If-None-Match: *, DELETE wants
// If-Match. Lists take $top, $skip and a $filter of the form "name eq 'x'" or
// "displayName eq 'x'"; nextLink is a path. Secrets can be written and are never read.
//
// Beyond Azure's: a connection says state, reason, since, expires and version; getLoginLinks takes
// user (issuer, subject) and confirm; POST …/test obtains a token and says when it ends;
// POST …/revoke gives the tokens back; an access policy may have a kind.
package management
