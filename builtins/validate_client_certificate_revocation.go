package builtins

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/pipeline"

	"golang.org/x/crypto/ocsp"
	"golang.org/x/sync/singleflight"
)

// Bounds of asking whether a certificate is revoked.
const (
	revocationTime   = 5 * time.Second // for one responder or list
	maxOCSP          = 64 << 10        // bytes of an answer
	maxCRL           = 8 << 20         // bytes of a list
	revocationKept   = time.Hour       // that an answer is remembered at most
	revocationFailed = time.Minute     // that it is remembered that there was none
	revocationSkew   = 5 * time.Minute // between a responder's clock and ours
	maxPlaces        = 4               // that one certificate may name of each kind
)

// standing is whether a certificate is revoked.
type standing uint8

const (
	standingUnknown standing = iota
	standingGood
	standingRevoked
)

// revocation asks whether certificates are revoked: each once at a time.
type revocation struct{ asking singleflight.Group }

// check refuses a certificate that is revoked, or that one between it and its root is,
// and one of which that should be known and is not.
func (r *revocation) check(x *pipeline.Exchange, c *apim.Certificate, chain []*x509.Certificate) error {
	unknown := func(err error) error {
		return badCertificate("ClientCertificateRevocationUnknown", "Whether the certificate of the client is revoked is not known.", err)
	}
	if chain == nil {
		// What nobody trusted has issued must not make the gateway ask where it says.
		if len(c.OCSPServer)+len(c.CRLDistributionPoints) > 0 {
			return unknown(errNoWay)
		}
		return nil
	}
	for i, cert := range chain[:len(chain)-1] {
		if len(cert.OCSPServer)+len(cert.CRLDistributionPoints) == 0 {
			continue
		}
		switch s, err := r.of(x, cert, chain[i+1]); {
		case x.Context.Err() != nil:
			return gone(x.Context.Err())
		case s == standingRevoked:
			return badCertificate("ClientCertificateRevoked", "The certificate of the client is revoked.", nil)
		case s == standingUnknown:
			return unknown(err)
		}
	}
	return nil
}

// kept is an answer as it is remembered.
type kept struct {
	standing standing
	err      error
}

// of is the standing of a certificate, remembered or asked for.
func (r *revocation) of(x *pipeline.Exchange, cert, issuer *x509.Certificate) (standing, error) {
	sum := sha256.New()
	sum.Write(cert.Raw)
	sum.Write(issuer.Raw)
	key := "revocation:" + hex.EncodeToString(sum.Sum(nil))
	if v, ok := x.Services.Cache.Get(key); ok {
		k := v.(kept)
		return k.standing, k.err
	}
	// Whoever waits for the answer may leave; it is asked for to its end all the same.
	services, limit := x.Services, x.Context
	answer := r.asking.DoChan(key, func() (any, error) {
		s, until, err := ask(services, cert, issuer)
		k, now := kept{s, err}, services.Now()
		ttl := min(until.Sub(now), revocationKept)
		if s == standingUnknown {
			ttl = revocationFailed
		}
		services.Cache.Set(key, k, 256, ttl)
		return k, nil
	})
	select {
	case a := <-answer:
		k := a.Val.(kept)
		return k.standing, k.err
	case <-limit.Done():
		return standingUnknown, limit.Err()
	}
}

// ask asks the responders of a certificate, and then its lists. Until is how long the
// answer is good.
func ask(s *pipeline.Services, cert, issuer *x509.Certificate) (st standing, until time.Time, err error) {
	var errs []error
	for _, at := range cert.OCSPServer[:min(len(cert.OCSPServer), maxPlaces)] {
		st, until, err := askOCSP(s, at, cert, issuer)
		if err == nil && st != standingUnknown {
			return st, until, nil
		}
		errs = append(errs, err)
	}
	for _, at := range cert.CRLDistributionPoints[:min(len(cert.CRLDistributionPoints), maxPlaces)] {
		st, until, err := askCRL(s, at, cert, issuer)
		if err == nil {
			return st, until, nil
		}
		errs = append(errs, err)
	}
	err = errors.Join(errs...)
	s.Log.Warn("the revocation of a client certificate could not be checked", "issuer", cert.Issuer.String(), "error", err)
	return standingUnknown, time.Time{}, err
}

// askOCSP asks one responder (RFC 6960).
func askOCSP(s *pipeline.Services, at string, cert, issuer *x509.Certificate) (standing, time.Time, error) {
	question, err := ocsp.CreateRequest(cert, issuer, nil)
	if err != nil {
		return 0, time.Time{}, err
	}
	raw, err := fetch(s, "POST", at, "application/ocsp-request", question, maxOCSP)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("OCSP: %w", err)
	}
	a, err := ocsp.ParseResponseForCert(raw, cert, issuer)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("OCSP: %w", err)
	}
	// Any certificate of the issuer can sign, so far as the library cares.
	if a.Certificate != nil && !a.Certificate.Equal(issuer) && !slices.Contains(a.Certificate.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) {
		return 0, time.Time{}, errors.New("OCSP: the answer is signed by somebody who is no responder")
	}
	now := s.Now()
	until := a.NextUpdate
	if until.IsZero() {
		until = a.ThisUpdate.Add(revocationKept)
	}
	if a.ThisUpdate.After(now.Add(revocationSkew)) || !until.Add(revocationSkew).After(now) {
		return 0, time.Time{}, errors.New("OCSP: the answer is not of this time")
	}
	switch a.Status {
	case ocsp.Good:
		return standingGood, until, nil
	case ocsp.Revoked:
		return standingRevoked, until, nil
	}
	return standingUnknown, until, errors.New("OCSP: the responder does not know the certificate")
}

// askCRL looks a certificate up in one list (RFC 5280).
func askCRL(s *pipeline.Services, at string, cert, issuer *x509.Certificate) (standing, time.Time, error) {
	raw, err := fetch(s, "GET", at, "", nil, maxCRL)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("CRL: %w", err)
	}
	list, err := x509.ParseRevocationList(raw)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("CRL: %w", err)
	}
	if !bytes.Equal(list.RawIssuer, issuer.RawSubject) {
		return 0, time.Time{}, errors.New("CRL: the list is of another issuer")
	}
	if err := list.CheckSignatureFrom(issuer); err != nil {
		return 0, time.Time{}, fmt.Errorf("CRL: %w", err)
	}
	for _, e := range list.Extensions {
		if e.Critical {
			return 0, time.Time{}, errors.New("CRL: the list is of a kind that is not read, of changes or of a part of the certificates")
		}
	}
	now := s.Now()
	if list.ThisUpdate.After(now.Add(revocationSkew)) || !list.NextUpdate.Add(revocationSkew).After(now) {
		return 0, time.Time{}, errors.New("CRL: the list is not of this time")
	}
	for i := range list.RevokedCertificateEntries {
		if list.RevokedCertificateEntries[i].SerialNumber.Cmp(cert.SerialNumber) == 0 {
			return standingRevoked, list.NextUpdate, nil
		}
	}
	return standingGood, list.NextUpdate, nil
}

// fetch sends a request and reads the answer, within bounds of time and size.
func fetch(s *pipeline.Services, method, at, contentType string, body []byte, limit int64) ([]byte, error) {
	u, ok := pipeline.ParseURL(at)
	if !ok || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the address is no http or https URL")
	}
	ctx, cancel := context.WithTimeout(context.Background(), revocationTime)
	defer cancel()
	r := pipeline.NewRequest(0)
	r.Method, r.URL = method, u
	if body != nil {
		r.Header.Add("Content-Type", contentType)
		r.Body.SetBytes(body)
	}
	resp, err := s.Transport.Send(ctx, r, pipeline.SendOptions{BodyLimit: limit})
	if err != nil {
		return nil, err
	}
	if resp.Status != 200 {
		resp.Body.Clear()
		return nil, fmt.Errorf("%s answers with status %d", u.Host, resp.Status)
	}
	data, stream, _ := resp.Body.Take()
	if stream == nil {
		return data, nil
	}
	defer func() { _ = stream.Close() }()
	if a, ok := stream.(interface{ Abort() }); ok {
		stop := context.AfterFunc(ctx, a.Abort)
		defer stop()
	}
	data, err = io.ReadAll(io.LimitReader(stream, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("the answer of %s has more than %d bytes", u.Host, limit)
	}
	return data, err
}
