package keys

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Bounds of a call to a key management service.
const (
	callTimeout     = 10 * time.Second
	maxAnswer       = 64 << 10
	maxErrorExcerpt = 200
)

// service is a key management service: it wraps and unwraps single keys.
type service interface {
	// wrap encrypts a key; unwrap decrypts what wrap returned, which comes from the
	// store and is not trusted.
	wrap(ctx context.Context, key []byte) ([]byte, error)
	unwrap(ctx context.Context, wrapped []byte) ([]byte, error)
	String() string
}

// remote is master keys on the shelf, wrapped by a service.
type remote struct{ service }

// load unwraps the keys that are not at hand yet. A key that cannot be unwrapped takes the
// others along only if there is no other.
func (r *remote) load(ctx context.Context, shelf Shelf, have func(ID) bool) ([]loaded, map[ID]error, error) {
	wrapped, err := shelf.Wrapped(ctx)
	if err != nil {
		return nil, nil, err
	}
	var got []loaded
	failed := map[ID]error{}
	var first error
	for _, w := range wrapped {
		if have(w.ID) {
			got = append(got, loaded{id: w.ID})
			continue
		}
		key, err := r.unwrap(ctx, w.Key)
		if err == nil && (len(key) != keySize || idOf(key) != w.ID) {
			clear(key)
			err = errors.New("what came back is another key")
		}
		if err != nil {
			err = fmt.Errorf("%s cannot unwrap the master key %s: %w", r, w.ID, err)
			failed[w.ID] = err
			if first == nil {
				first = err
			}
			continue
		}
		got = append(got, loaded{key: key})
	}
	if len(got) == 0 && first != nil {
		return nil, nil, first
	}
	return got, failed, nil
}

func (r *remote) add(ctx context.Context, key []byte) ([]byte, error) {
	wrapped, err := r.wrap(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("%s cannot wrap a master key: %w", r, err)
	}
	return wrapped, nil
}

// remove has nothing to do: the wrapped key leaves the shelf with its row.
func (r *remote) remove([]ID) error { return nil }

// caller sends JSON to a service and reads JSON from it.
type caller struct{ client *http.Client }

// newCaller takes a client, which follows no redirects: they would take the token and the
// key to wherever they point.
func newCaller(c *http.Client) caller {
	var own http.Client
	if c != nil {
		own = *c
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return caller{&own}
}

// post sends in and reads out. The error of a service is quoted from where said finds it:
// requests hold secrets, what services say about them does not.
func (c caller) post(ctx context.Context, url string, head http.Header, in, out any, said func([]byte) string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	defer clear(body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return errors.New("its address is no URL")
	}
	req.Header = head
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return err
	}
	defer clear(answer)
	if resp.StatusCode != http.StatusOK {
		text := said(answer)
		if len(text) > maxErrorExcerpt {
			text = text[:maxErrorExcerpt] + "…"
		}
		return fmt.Errorf("it answers %d %q", resp.StatusCode, text)
	}
	if len(answer) > maxAnswer || json.Unmarshal(answer, out) != nil {
		return errors.New("its answer is not what it should be")
	}
	return nil
}
