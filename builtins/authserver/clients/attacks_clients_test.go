package clients

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// 5.2.5: networks besides those that everybody knows, which must not be asked either; and
// their neighbours, so that the table is no wider than it says.
func TestAddressesOfOddNetworks(t *testing.T) {
	for addr, public := range map[string]bool{
		"64:ff9b:1::7f00:1": false, "2001:0:4136:e378:8000:63bf:80ff:fffe": false, "::127.0.0.1": false, "fec0::1": false, "100::1": false,
		"2001:2::1": false, "2001:10::1": false, "2001:20::1": false, "3fff::1": false, "5f00::1": false, "ff02::1": false, "febf::1": false, "fc00::1": false,
		"2606:4700::5efe:10.0.0.1": false, "2606:4700::200:5efe:10.0.0.1": false, "::ffff:0:127.0.0.1": false, "2001:db8::1": false,
		"192.88.99.1": false, "198.51.100.1": false, "203.0.113.1": false, "100.127.255.255": false, "172.16.0.0": false, "169.254.0.1": false,
		"198.19.255.255": false, "239.255.255.250": false, "255.255.255.254": false, "192.0.0.192": false, "100.100.100.200": false,
		"100.63.255.255": true, "100.128.0.1": true, "172.15.255.255": true, "172.32.0.1": true, "192.167.255.255": true, "11.0.0.1": true,
		"198.17.255.255": true, "198.20.0.1": true, "223.255.255.254": true, "169.253.255.255": true, "2606:4700::1111": true,
	} {
		t.Run(addr, func(t *testing.T) {
			w := newWeb(t)
			w.hosts[theHost] = []string{addr}
			if public {
				w.accepted(theID)
			} else if w.refused(theID); len(w.dialled) != 0 {
				t.Errorf("dialled %q", w.dialled)
			}
		})
	}
}

// 5.2.5: a redirect is not followed to any place that a guard would have to judge.
func TestRedirectsAreNotFollowedAnywhere(t *testing.T) {
	for _, to := range []string{
		"http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/", "https://gw.example.com/.sekisho/oauth/jwks", "//10.0.0.1/", "/other.json",
		"gopher://127.0.0.1:6379/_x", "https://app.example.com:22/x", "https://user@app.example.com/x",
	} {
		for _, code := range []int{301, 302, 303, 307, 308} {
			w := newWeb(t)
			w.does(func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Location", to)
				rw.WriteHeader(code)
			})
			w.refused(theID)
			if w.asked.Load() != 1 || len(w.dialled) != 1 || len(w.lookups) != 1 {
				t.Errorf("%d to %s: asked %d times, dialled %q", code, to, w.asked.Load(), w.dialled)
			}
		}
	}
}

// 5.2.4: a secret ends with its registration, though it has no end of its own.
func TestSecretsEndWithTheirRegistration(t *testing.T) {
	ctx := context.Background()
	c := anyone
	c.UnusedFor = 10 * time.Minute
	w := newWorld(t, c)
	confidential := strings.Replace(publicClient, `"none"`, `"client_secret_basic"`, 1)
	one, two := register(t, w, confidential), register(t, w, confidential)
	client := w.lookup(one.ClientID, nil)
	if !w.Authenticate(ctx, client, one.Secret) || w.Authenticate(ctx, client, two.Secret) {
		t.Fatal("the secret is not its own")
	}
	w.clock.Advance(10 * time.Minute)
	w.lookup(one.ClientID, ErrUnknown)
	w.lookup(two.ClientID, ErrUnknown)
	// Who registers the same again is another client: the old secret does not come back.
	three := register(t, w, confidential)
	if three.Secret == one.Secret || three.Secret == two.Secret || w.Authenticate(ctx, w.lookup(three.ClientID, nil), one.Secret) {
		t.Error("an old secret is good again")
	}
}

// 5.2.4: a flood of registrations, of which each is another client, with as much in it as
// there may be.
func TestFloodOfRegistrations(t *testing.T) {
	ctx := context.Background()
	c := anyone
	c.Maximum = 50
	w := newWorld(t, c)
	padding := strings.Repeat("x", maxRequest/2)
	for n := range 1000 {
		body := strings.TrimSuffix(numbered(n), "}") + fmt.Sprintf(`,"software_id":%q}`, padding)
		if rec := post(w, body); rec.Code != 201 || rec.Body.Len() > 4<<10 {
			t.Fatalf("%d: %d, %d bytes", n, rec.Code, rec.Body.Len())
		}
	}
	n, err := w.store.Count(ctx, kindClient, "")
	if err != nil || n > c.Maximum {
		t.Errorf("%d rows, %v", n, err)
	}
	old, err := w.store.Oldest(ctx, kindClient, "", c.Maximum)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range old {
		if len(r.Value) > 4<<10 {
			t.Errorf("a row of %d bytes", len(r.Value))
		}
	}
}
