package oauth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Bounds of what a provider may do to us.
const (
	// maxBody is the longest answer that is read, in bytes.
	maxBody = 256 << 10
	// DefaultTimeout is how long a call may take as a whole.
	DefaultTimeout = 20 * time.Second
)

// Client calls providers. It is safe for concurrent use and lives as long as the
// process; Close drops its idle connections.
type Client struct {
	named, learned *http.Client
	transports     []*http.Transport
	timeout        time.Duration
	now            func() time.Time
}

// ClientOptions are what a Client may be given; the zero value is of use.
type ClientOptions struct {
	// Transport or Dial stand for the network in tests; addresses are not judged then.
	Transport http.RoundTripper
	Dial      func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is the base of TLS connections, nil for the system's roots.
	TLS *tls.Config
	// Timeout bounds each call; 0 is DefaultTimeout.
	Timeout time.Duration
	Now     func() time.Time
}

// NewClient makes a Client. It uses no proxy, follows no redirect and sends no cookie.
func NewClient(o ClientOptions) *Client {
	c := &Client{timeout: o.Timeout, now: o.Now}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if c.now == nil {
		c.now = time.Now
	}
	// A connection that was opened to a named host must not serve a URL that a server
	// named, so the two have pools of their own.
	c.named = c.client(o, reachable)
	c.learned = c.client(o, public)
	return c
}

func (c *Client) client(o ClientOptions, allowed func(netip.Addr) bool) *http.Client {
	rt := o.Transport
	if rt == nil {
		d := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || !allowed(at.Addr()) {
				return errForbiddenAddress
			}
			return nil
		}}
		dial := d.DialContext
		if o.Dial != nil {
			dial = o.Dial
		}
		t := &http.Transport{
			DialContext: dial, TLSClientConfig: o.TLS, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 4, MaxIdleConns: 64,
			IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		}
		c.transports = append(c.transports, t)
		rt = t
	}
	return &http.Client{
		Transport:     rt,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Close drops idle connections.
func (c *Client) Close() {
	for _, t := range c.transports {
		t.CloseIdleConnections()
	}
}

var errForbiddenAddress = errors.New("the address may not be called")

// reachable tells addresses that a host named by the operator may have: all but those
// where clouds keep their metadata, and those that mean no host.
func reachable(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && !a.IsLinkLocalUnicast() && a != awsMetadata6
}

var awsMetadata6 = netip.MustParseAddr("fd00:ec2::254")

// notPublic are the networks that no URL from a server may lead to, besides what
// netip.Addr tells by itself (RFC 6890 and its successors).
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

// public tells addresses of the internet at large.
func public(a netip.Addr) bool {
	a = a.Unmap()
	return reachable(a) && !a.IsLoopback() && !a.IsPrivate() && a.IsGlobalUnicast() &&
		!slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(a) })
}

// CheckURL reports what is wrong with the URL of an endpoint: it must be https, or http
// to this machine, without user information and fragment.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("it is not a URL")
	case u.Scheme != "https" && !(u.Scheme == "http" && loopbackHost(u.Hostname())):
		return errors.New("it wants https, or http to this machine")
	case u.Hostname() == "" || u.Opaque != "":
		return errors.New("it has no host")
	case u.User != nil:
		return errors.New("it may hold no user name")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return errors.New("it may have no fragment")
	case strings.ContainsAny(raw, "\\ \t\r\n"):
		return errors.New("it holds a character that URLs do not have")
	}
	return nil
}

// loopbackHost tells names that mean this machine.
func loopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// answer is what a server has said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends r and reads the answer. hosts are those that the operator has named: only
// these may have addresses that are not public. Errors are of type *Error.
func (c *Client) do(ctx context.Context, r *http.Request, hosts []string) (*answer, error) {
	if err := CheckURL(r.URL.String()); err != nil {
		return nil, &Error{Kind: Permanent, Code: "bad_url", Description: "the URL of the endpoint cannot be used: " + err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	// Whether a lost call may have had an effect depends on whether it was sent.
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Store(true) },
	})
	client := c.learned
	if slices.Contains(hosts, r.URL.Host) {
		client = c.named
	}
	resp, err := client.Do(r.WithContext(ctx))
	if err != nil {
		return nil, lost(err, sent.Load())
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, lost(err, true)
	}
	if len(body) > maxBody {
		return nil, &Error{Kind: Ambiguous, Status: resp.StatusCode, Code: "too_large", Description: fmt.Sprintf("the answer is longer than %d bytes", maxBody)}
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, &Error{Kind: Permanent, Status: resp.StatusCode, Code: "redirect", Description: "the endpoint answers with a redirect, which is not followed"}
	}
	return &answer{resp.StatusCode, resp.Header, body}, nil
}

// lost is the error of a call without an answer. What the network says holds the URL,
// which may hold secrets, so only its kind is told.
func lost(err error, sent bool) *Error {
	e := &Error{Kind: Transient, Code: "unreachable", Description: "the provider cannot be reached"}
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errForbiddenAddress):
		return &Error{Kind: Permanent, Code: "forbidden_address", Description: "the endpoint is at an address that may not be called"}
	case errors.As(err, &dns):
		e.Description = "the provider's name cannot be resolved"
	case errors.As(err, &cert):
		e.Description = "the provider's certificate is not trusted"
	case errors.Is(err, context.DeadlineExceeded):
		e.Code, e.Description = "timeout", "the provider did not answer in time"
	case errors.Is(err, context.Canceled):
		e.Code, e.Description = "canceled", "the call was given up"
	}
	if sent {
		e.Kind = Ambiguous
	}
	return e
}
