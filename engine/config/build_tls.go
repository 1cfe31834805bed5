package config

import (
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"sekisho/engine/dotnet/crypto/pkcs12"
	"sekisho/engine/source"
)

// defaultListener is where a gateway listens that does not say.
const defaultListener = ":8080"

func (b *builder) listeners() {
	m := b.model
	if len(b.file.Listeners) == 0 {
		m.Listeners = []*Listener{{Address: defaultListener, At: source.Range{Text: b.text}}}
	}
	seen := map[string]source.Range{}
	taken := func(t text) {
		if at, twice := seen[t.Value]; twice {
			g := b.diags.Errorf(t.At, CodeDuplicateID, "there is already a listener on %s", t.Raw)
			if at.End > 0 {
				g.WithNote(at, "here")
			} else {
				g.WithHint("it is the admin listener's default: give one of them another address")
			}
		} else if !strings.HasSuffix(t.Value, ":0") {
			seen[t.Value] = t.At
		}
	}
	if a := b.file.Admin.Address; !strings.EqualFold(a.Value, "off") && b.address(a) {
		m.AdminAddress = a.Value
		if a.Set {
			taken(a)
		} else {
			seen[a.Value] = source.Range{Text: b.text}
		}
	}
	for i := range b.file.Listeners {
		f := &b.file.Listeners[i]
		if !f.Address.Set || !b.address(f.Address) {
			continue
		}
		taken(f.Address)
		l := &Listener{Address: f.Address.Value, At: f.Address.At}
		if f.TLS != nil {
			l.TLS = b.listenerTLS(f)
		} else if f.ClientCertificate.Value != "none" || f.Trust != nil {
			b.diags.Errorf(f.At, CodeConflict, "client certificates come with TLS, and this listener has none").WithHint("give it tls: {certificate: …, key: …}")
		}
		m.Listeners = append(m.Listeners, l)
	}
}

func (b *builder) address(t text) bool {
	host, port, err := net.SplitHostPort(t.Value)
	n, perr := strconv.ParseUint(port, 10, 16)
	if err != nil || perr != nil || n > 65535 || strings.ContainsAny(host, " /") {
		g := b.diags.Errorf(t.At, CodeBadValue, "%q is not an address: host:port, or :port", t.Raw)
		if _, err := strconv.ParseUint(t.Value, 10, 16); err == nil {
			g.WithHint("write :%s", t.Raw)
		}
		return false
	}
	return true
}

func (b *builder) listenerTLS(f *fileListener) *ListenerTLS {
	l := &ListenerTLS{MinVersion: tls.VersionTLS12}
	if f.TLS.MinVersion.Value == "1.3" {
		l.MinVersion = tls.VersionTLS13
	}
	if t := f.TLS.Certificate; t.Set {
		c := b.model.byID.certificates[strings.ToLower(t.Value)]
		if c == nil || f.TLS.Key.Set {
			c = b.certificate(t, f.TLS.Key, text{})
		}
		switch {
		case c == nil:
		case c.PrivateKey == nil:
			b.diags.Errorf(t.At, CodeCertificate, "%q has no private key: a listener needs one", t.Raw).WithHint("name its file as key")
		default:
			l.Certificate = c.TLS()
		}
	}
	l.ClientRoots = b.roots(f.Trust)
	switch f.ClientCertificate.Value {
	case "request":
		// What is not verified against named roots is shown to policies as it came.
		l.ClientAuth = tls.RequestClientCert
		if l.ClientRoots != nil {
			l.ClientAuth = tls.VerifyClientCertIfGiven
		}
	case "require":
		l.ClientAuth = tls.RequireAndVerifyClientCert
	case "none":
		if f.Trust != nil {
			b.diags.Errorf(f.Trust[0].At, CodeConflict, "no client is asked for a certificate, so there is nothing to trust").
				WithHint("write clientCertificate: request, or require")
		}
	}
	return l
}

// roots reads the authorities in PEM files; nil for none.
func (b *builder) roots(files []text) *x509.CertPool {
	if len(files) == 0 {
		return nil
	}
	pool := x509.NewCertPool()
	for _, t := range files {
		data, ok := b.bytesOf(t)
		if ok && !pool.AppendCertsFromPEM(data) {
			b.diags.Errorf(t.At, CodeCertificate, "%q holds no certificate in PEM", t.Raw)
		}
	}
	return pool
}

func (b *builder) bytesOf(t text) ([]byte, bool) {
	data, err := b.files.read(t.Value, maxCertBytes)
	if err != nil {
		b.diags.Errorf(t.At, readCode(err), "cannot read %q: %v", t.Raw, err)
	}
	return data, err == nil
}

func (b *builder) certificates() {
	b.model.byID.certificates = map[string]*Certificate{}
	for i := range b.file.Certificates {
		f := &b.file.Certificates[i]
		if !f.ID.Set || !f.File.Set {
			continue
		}
		c := b.certificate(f.File, f.Key, f.Password)
		if c == nil {
			// Known, so that references to it are not reported as well.
			c = &Certificate{Chain: []*x509.Certificate{{}}, PrivateKey: &rsa.PrivateKey{}}
		}
		c.ID, c.At = f.ID.Value, f.ID.At
		if unique(b, b.model.byID.certificates, f.ID, c, "certificate", c.At, func(o *Certificate) source.Range { return o.At }) && c.Thumbprint != "" {
			b.model.Certificates = append(b.model.Certificates, c)
		}
	}
	for _, c := range b.model.Certificates {
		if key := strings.ToLower(c.Thumbprint); b.model.byID.certificates[key] == nil {
			b.model.byID.certificates[key] = c
		}
	}
}

// certificate reads a chain and its key from files; nil if they are of no use.
func (b *builder) certificate(file, key, password text) *Certificate {
	data, ok := b.bytesOf(file)
	if !ok {
		return nil
	}
	c := &Certificate{At: file.At}
	var err error
	switch strings.ToLower(filepath.Ext(file.Value)) {
	case ".pfx", ".p12":
		c.Chain, c.PrivateKey, err = pkcs12.Decode(data, password.Value)
	default:
		c.Chain, c.PrivateKey, err = pkcs12.DecodePEM(data)
	}
	switch {
	case err != nil:
		b.diags.Errorf(file.At, CodeCertificate, "%q cannot be used: %v", file.Raw, err)
		return nil
	case len(c.Chain) == 0:
		b.diags.Errorf(file.At, CodeCertificate, "%q holds no certificate", file.Raw)
		return nil
	}
	if key.Set {
		data, ok := b.bytesOf(key)
		if !ok {
			return nil
		}
		if _, c.PrivateKey, err = pkcs12.DecodePEM(data); err != nil || c.PrivateKey == nil {
			b.diags.Errorf(key.At, CodeCertificate, "%q holds no private key in PEM that is not encrypted", key.Raw)
			return nil
		}
	}
	if c.PrivateKey != nil && !pkcs12.SameKey(c.Chain[0].PublicKey, c.PrivateKey.Public()) {
		at, name := file.At, file.Raw
		if key.Set {
			at, name = key.At, key.Raw
		}
		b.diags.Errorf(at, CodeCertificate, "the private key in %q is not that of the certificate", name)
		return nil
	}
	c.Thumbprint = fmt.Sprintf("%X", sha1.Sum(c.Chain[0].Raw))
	return c
}
