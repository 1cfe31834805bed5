package identity

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"sekisho/builtins/tokencache"
)

const (
	// connectTimeout bounds a connect: the endpoints are near, and where there is none
	// packets to the address of IMDS just vanish.
	connectTimeout = 3 * time.Second
	// attemptTimeout bounds one attempt with its answer.
	attemptTimeout = 10 * time.Second
	// maxAnswer bounds an answer, in bytes.
	maxAnswer = 1 << 20
	// maxWait bounds one wait between attempts; who asks for longer is left alone by the
	// cache instead.
	maxWait = 60 * time.Second
)

// client calls one endpoint.
type client struct {
	source Source
	http   *http.Client
	sleep  func(ctx context.Context, d time.Duration) error
	now    func() time.Time
	// reached tells that the endpoint was connected to once.
	reached atomic.Bool
}

func (i *Identities) client(kind Source, t *tls.Config) *client {
	if t == nil {
		t = &tls.Config{}
	}
	t.MinVersion = tls.VersionTLS12
	return &client{
		source: kind,
		http: &http.Client{
			Transport: &http.Transport{
				// No Proxy: an identity is nothing to tell a proxy about, and IMDS
				// refuses to be called through one.
				DialContext:            i.o.Dial,
				TLSClientConfig:        t,
				TLSHandshakeTimeout:    attemptTimeout,
				MaxResponseHeaderBytes: 64 << 10,
				// Tokens are seldom fetched, and idle connections are closed by the
				// other side just when they are needed.
				DisableKeepAlives: true,
			},
			// A redirect would take the secret elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		sleep: i.o.Sleep, now: i.o.Now,
	}
}

// noAnswer is the status of an attempt that nobody answered in time.
const noAnswer = 0

// plan says which attempts are repeated.
type plan struct {
	// waits are before the second attempt, the third and so on.
	waits []time.Duration
	// transient tells for which statuses there is another attempt.
	transient func(status int) bool
	// gone is for how long an endpoint may answer 410, in waits.
	gone time.Duration
}

// answer is what an endpoint answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do calls until there is an answer that is not to be asked for again.
func (c *client) do(ctx context.Context, p plan, request func(ctx context.Context) (*http.Request, error)) (*answer, error) {
	var waited time.Duration
	for n := 0; ; n++ {
		a, err := c.attempt(ctx, request)
		status := noAnswer
		var timeout *timeoutError
		switch {
		case a != nil:
			status = a.status
		case !errors.As(err, &timeout) || ctx.Err() != nil:
			return nil, err
		}
		if a != nil && a.status != http.StatusGone && !p.transient(a.status) || a == nil && !p.transient(noAnswer) {
			return a, err
		}
		wait, again := p.wait(n, status, waited)
		if a != nil {
			if asked := retryAfter(a.header, c.now()); asked > maxWait {
				return a, nil
			} else if asked > wait {
				wait = asked
			}
		}
		if !again {
			return a, err
		}
		if err := c.sleep(ctx, wait); err != nil {
			return nil, err
		}
		waited += wait
	}
}

// wait is how long to wait after the attempt with that index, and whether to.
func (p plan) wait(n, status int, waited time.Duration) (time.Duration, bool) {
	switch {
	case n < len(p.waits):
		return p.waits[n], status != http.StatusGone || p.gone > 0 || p.transient(status)
	case status == http.StatusGone && waited < p.gone:
		return p.gone - waited, true
	}
	return 0, false
}

// timeoutError is an attempt that was not answered in time.
type timeoutError struct{ err error }

func (e *timeoutError) Error() string { return e.err.Error() }

// attempt makes one call. Its errors name no URL and quote nothing that was sent.
func (c *client) attempt(ctx context.Context, request func(ctx context.Context) (*http.Request, error)) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	r, err := request(ctx)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, c.failed(err)
	}
	defer resp.Body.Close()
	c.reached.Store(true)
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, c.failed(err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("%s answered more than %d bytes", c.source, maxAnswer)
	}
	return &answer{resp.StatusCode, resp.Header, body}, nil
}

// failed says what went wrong with a call.
func (c *client) failed(err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err // the rest is the URL
	}
	var dial *net.OpError
	connecting := errors.As(err, &dial) && dial.Op == "dial"
	var n net.Error
	timeout := errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
	switch {
	case connecting && c.source == IMDS && !c.reached.Load():
		// Not a service that is just being updated, but none.
		return errors.New("imds: there is no such endpoint here; on a machine outside Azure, configure identities with another source")
	case connecting:
		return &timeoutError{fmt.Errorf("%s: the endpoint cannot be connected to", c.source)}
	case timeout:
		return &timeoutError{fmt.Errorf("%s: the endpoint did not answer in time", c.source)}
	}
	var pin *pinError
	if errors.As(err, &pin) {
		return fmt.Errorf("%s: %w", c.source, pin)
	}
	var cert *tls.CertificateVerificationError
	if errors.As(err, &cert) {
		return fmt.Errorf("%s: the certificate of the endpoint cannot be verified", c.source)
	}
	return fmt.Errorf("%s: the call of the endpoint failed (%T)", c.source, err)
}

// retryAfter is what Retry-After says, 0 if nothing.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseInt(v, 10, 32); err == nil {
		return time.Duration(max(s, 0)) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// token makes the token of an answer, or the error.
func (c *client) token(a *answer) (tokencache.Token, error) {
	if a.status != http.StatusOK {
		err := fmt.Errorf("%s answered %d%s", c.source, a.status, errorCode(a.body))
		if after := retryAfter(a.header, c.now()); after > 0 {
			return tokencache.Token{}, &tokencache.RetryError{Err: err, After: after}
		}
		return tokencache.Token{}, err
	}
	t, err := readToken(a.body, c.now())
	if err != nil {
		return t, fmt.Errorf("%s answered 200, but %w", c.source, err)
	}
	return t, nil
}
