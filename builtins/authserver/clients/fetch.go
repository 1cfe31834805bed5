package clients

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

const (
	// maxDocument is the longest document, in bytes.
	maxDocument = 5 << 10
	// maxAddresses is how many addresses of a host are tried.
	maxAddresses = 4
)

var (
	errBusy      = errors.New("too many are being fetched")
	errForbidden = errors.New("an address of its host is not public")
)

// newClient is what fetches one document: by no proxy, without cookies, redirects, compression,
// connections that stay open, or HTTP/2, whose state is a server's to make grow. It is made
// for each fetch because a Transport goes on connecting after the request that it was for
// has ended, and here it must not.
func (d *documents) newClient(ctx context.Context) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialTLSContext: func(_ context.Context, network, address string) (net.Conn, error) {
				return d.connect(ctx, network, address)
			},
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: 16 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// connect makes a connection with TLS to the host of a document.
func (d *documents) connect(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	c, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	t := tls.Client(c, &tls.Config{ServerName: host, RootCAs: d.roots, MinVersion: tls.VersionTLS12})
	if err := t.HandshakeContext(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return t, nil
}

// fetch gets a document, and how long it may be kept. Its errors are for the log.
func (d *documents) fetch(ctx context.Context, u *url.URL) (body []byte, age time.Duration, err error) {
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	case <-ctx.Done():
		return nil, 0, errBusy
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "sekisho")
	resp, err := d.newClient(ctx).Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("status %d", resp.StatusCode)
	}
	if !isJSON(resp.Header.Values("Content-Type")) {
		return nil, 0, errors.New("it is not of a type of JSON")
	}
	if e := resp.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, 0, errors.New("it is encoded")
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	switch {
	case err != nil:
		return nil, 0, err
	case len(body) > maxDocument:
		return nil, 0, fmt.Errorf("it is longer than %d bytes", maxDocument)
	}
	return body, freshness(resp.Header, d.o.Now()), nil
}

// isJSON accepts application/json and application/<name>+json.
func isJSON(types []string) bool {
	if len(types) != 1 {
		return false
	}
	media, _, err := mime.ParseMediaType(types[0])
	name, ok := strings.CutPrefix(media, "application/")
	return err == nil && ok && (name == "json" || strings.HasSuffix(name, "+json"))
}

// dial connects to the host of a document. Every address is judged: all that the name has,
// so that one that has a public and a private one is refused as a whole; the one that is
// connected to, when it is; and that of the connection.
func (d *documents) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if d.o.Dial != nil && d.o.Resolve == nil {
		return d.judged(address)(d.o.Dial(ctx, network, address))
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs, err := d.resolve(ctx, host, d.guard.Allows(address))
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		if d.guard.Refuses(address, a) {
			return nil, errForbidden
		}
	}
	dial := d.o.Dial
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: -1, Control: func(_, at string, _ syscall.RawConn) error {
			if d.refuses(address, at) {
				return errForbidden
			}
			return nil
		}}).DialContext
	}
	err = errors.New("its host has no address")
	for _, a := range addrs[:min(len(addrs), maxAddresses)] {
		var c net.Conn
		if c, err = d.judged(address)(dial(ctx, network, net.JoinHostPort(a.Unmap().String(), port))); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// resolve is all addresses of a host.
func (d *documents) resolve(ctx context.Context, host string, allowed bool) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if d.o.Resolve != nil {
		return d.o.Resolve(ctx, host)
	}
	if !allowed {
		host += "." // no domains of this machine's are tried below it
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// judged closes a connection that leads where none may.
func (d *documents) judged(address string) func(net.Conn, error) (net.Conn, error) {
	return func(c net.Conn, err error) (net.Conn, error) {
		if err == nil && d.refuses(address, c.RemoteAddr().String()) {
			c.Close()
			return nil, errForbidden
		}
		return c, err
	}
}

// refuses judges an address with its port.
func (d *documents) refuses(address, at string) bool {
	ap, err := netip.ParseAddrPort(at)
	if err != nil {
		return !d.guard.Allows(address)
	}
	return d.guard.Refuses(address, ap.Addr())
}
