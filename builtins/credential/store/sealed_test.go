package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"sekisho/builtins/authserver/records"
	"sekisho/builtins/credential/keys"
)

// fillAll puts secrets into every column that may hold any.
func fillAll(t *testing.T, s *SQLite, now time.Time) {
	t.Helper()
	ctx := context.Background()
	fill(t, s)
	_, err := s.SaveTokens(ctx, theKey, Guard{Version: 1}, pair(1), Status{State: Connected, Reason: "visible-reason"})
	wantErr(t, err, nil)
	wantErr(t, s.CreateLogin(ctx, &Login{
		Kind: "state", ID: loginID, Key: theKey, Secrets: secrets("verifier", "canary-verifier"), Expires: now.Add(24 * time.Hour),
	}, 0), nil)
	wantErr(t, s.PutRegistration(ctx, &Registration{Provider: "p", Issuer: "https://as", ClientID: "visible-client", Secrets: secrets("client_secret", "canary-dcr")}, Absent), nil)
	wantErr(t, s.Records().Put(ctx, &records.Record{
		Kind: "code", ID: "canary-code", Group: "visible-group", Value: []byte("canary-record"), Expires: now.Add(24 * time.Hour),
	}), nil)
}

var loginID = NewSecret("canary-login-id-0123456789")

// checkAll reads what fillAll wrote.
func checkAll(t *testing.T, s *SQLite) {
	t.Helper()
	checkCredentials(t, s)
	r, err := s.Records().Get(context.Background(), "code", "canary-code")
	wantErr(t, err, nil)
	if string(r.Value) != "canary-record" || r.ID != "canary-code" || r.Group != "visible-group" || r.Version != 1 {
		t.Errorf("the record is not what it was")
	}
}

// checkCredentials reads what fillAll wrote and the first version had.
func checkCredentials(t *testing.T, s *SQLite) {
	t.Helper()
	ctx := context.Background()
	p, err := s.Provider(ctx, "p")
	wantErr(t, err, nil)
	c, err := s.Connection(ctx, theKey)
	wantErr(t, err, nil)
	l, err := s.Login(ctx, "state", loginID)
	wantErr(t, err, nil)
	r, err := s.Registration(ctx, "p", "https://as")
	wantErr(t, err, nil)
	got := []string{
		p.Secrets["clientSecret"].Reveal(), c.Secrets["clientSecret"].Reveal(), c.Tokens.Access.Reveal(), c.Tokens.Refresh.Reveal(),
		l.Secrets["verifier"].Reveal(), r.Secrets["client_secret"].Reveal(),
	}
	want := []string{"canary-client-secret", "canary-connection-secret", "canary-access-1", "canary-refresh-1", "canary-verifier", "canary-dcr"}
	if !slices.Equal(got, want) {
		t.Errorf("the secrets are not what they were")
	}
}

// valuesOfAll is how many sealed values fillAll writes.
const valuesOfAll = 6

// files reads the database with its log, as it is on disk at the moment.
func files(t *testing.T, s *SQLite) []byte {
	t.Helper()
	var all []byte
	for _, suffix := range []string{"", "-wal", "-shm"} {
		b, err := os.ReadFile(s.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

func TestNothingSecretIsReadableOnDisk(t *testing.T) {
	c := newClock()
	dir := filepath.Join(t.TempDir(), "made")
	s := openStore(t, options(dir, c.now))
	fillAll(t, s, c.now())
	all := files(t, s)
	if bytes.Contains(all, []byte("canary")) {
		t.Error("secrets are readable on disk")
	}
	for _, visible := range []string{"https://idp.example/token", "visible-reason", "visible-client", "visible-group"} {
		if !bytes.Contains(all, []byte(visible)) {
			t.Errorf("%q is not on disk: this test looks in the wrong place", visible)
		}
	}
	for name, want := range map[string]os.FileMode{".": 0o700, "credentials.db": 0o600, "credentials.db-wal": 0o600, "credentials.db-shm": 0o600, "master.key": 0o600} {
		st, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if st.Mode().Perm() != want && runtime.GOOS != "windows" {
			t.Errorf("%s has mode %v, want %v", name, st.Mode().Perm(), want)
		}
	}
}

// TestSealedValuesDoNotMove exchanges sealed values as somebody would who may write to the
// database but has no key.
func TestSealedValuesDoNotMove(t *testing.T) {
	ctx := context.Background()
	type read func(*SQLite) error
	connection := func(k Key) read {
		return func(s *SQLite) error { _, err := s.Connection(ctx, k); return err }
	}
	provider := func(s *SQLite) error { _, err := s.Provider(ctx, "q"); return err }
	record := func(s *SQLite) error {
		_, err := s.Records().Get(ctx, "other", "canary-code")
		_, listed := s.Records().Since(ctx, "other", time.Time{})
		if !errors.Is(listed, keys.ErrNotHere) {
			return fmt.Errorf("in a list: %v", listed)
		}
		return err
	}
	for name, test := range map[string]struct {
		do   string
		read read
	}{
		"tokens of another connection":            {`UPDATE connections SET tokens = (SELECT tokens FROM connections WHERE id = 'c') WHERE id = 'd'`, connection(Key{"p", "d"})},
		"and its uid with them":                   {`UPDATE connections SET tokens = o.tokens, secrets = o.secrets, uid = o.uid FROM connections o WHERE o.id = 'c' AND connections.id = 'd'`, connection(Key{"p", "d"})},
		"tokens of another provider's connection": {`UPDATE connections SET tokens = o.tokens, secrets = o.secrets, uid = o.uid FROM connections o WHERE o.id = 'c' AND connections.id = 'e'`, connection(Key{"q", "e"})},
		"a connection under another name":         {`UPDATE connections SET id = 'f' WHERE id = 'd'`, connection(Key{"p", "f"})},
		"one column in another":                   {`UPDATE connections SET tokens = secrets WHERE id = 'c'`, connection(theKey)},
		"the other in the one":                    {`UPDATE connections SET secrets = tokens WHERE id = 'c'`, connection(theKey)},
		"both exchanged":                          {`UPDATE connections SET secrets = tokens, tokens = secrets WHERE id = 'c'`, connection(theKey)},
		"the client secret of another provider":   {`UPDATE providers SET secrets = o.secrets, uid = o.uid FROM providers o WHERE o.id = 'p' AND providers.id = 'q'`, provider},
		"one table's in another":                  {`UPDATE providers SET secrets = (SELECT secrets FROM connections WHERE id = 'c') WHERE id = 'q'`, provider},
		"a login's secrets":                       {`UPDATE logins SET kind = 'link'`, func(s *SQLite) error { _, err := s.ConsumeLogin(ctx, "link", loginID); return err }},
		"a registration's secrets":                {`UPDATE registrations SET issuer = 'https://evil'`, func(s *SQLite) error { _, err := s.Registration(ctx, "p", "https://evil"); return err }},
		"a record's value under another kind":     {`UPDATE records SET kind = 'token' WHERE kind = 'code'`, func(s *SQLite) error { _, err := s.Records().Take(ctx, "token", "canary-code"); return err }},
		"a record's value in another":             {`UPDATE records SET value = o.value, uid = o.uid FROM records o WHERE o.kind = 'code' AND records.kind = 'other'`, record},
		"a record's time":                         {`UPDATE records SET expires = expires + 1 WHERE kind = 'other'`, record},
		"a record's end":                          {`UPDATE records SET expires = NULL WHERE kind = 'other'`, record},
		"a record's group":                        {`UPDATE records SET in_group = 'mine' WHERE kind = 'other'`, record},
		"a record's version":                      {`UPDATE records SET version = version + 1 WHERE kind = 'other'`, record},
		"a record's uid":                          {`UPDATE records SET uid = 'x' WHERE kind = 'other'`, record},
		"cut off":                                 {`UPDATE connections SET tokens = substr(tokens, 1, length(tokens) - 1) WHERE id = 'c'`, connection(theKey)},
		"not sealed":                              {`UPDATE connections SET tokens = CAST('{"access":"mine"}' AS BLOB) WHERE id = 'c'`, connection(theKey)},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			s := openStore(t, options(t.TempDir(), c.now))
			fillAll(t, s, c.now())
			_, err := s.PutProvider(ctx, &Provider{ID: "q", Secrets: secrets("s", "canary")}, Absent, 0)
			wantErr(t, err, nil)
			for _, k := range []Key{{"p", "d"}, {"q", "e"}} {
				_, err := s.PutConnection(ctx, &Connection{Key: k, Secrets: secrets("s", "canary")}, Absent, 0)
				wantErr(t, err, nil)
				_, err = s.SaveTokens(ctx, k, Guard{Version: 1}, pair(2), Status{State: Connected})
				wantErr(t, err, nil)
			}
			wantErr(t, s.Records().Put(ctx, &records.Record{Kind: "other", ID: "canary-code", Value: []byte("canary"), Expires: c.now().Add(time.Hour)}), nil)
			r, err := s.durable.Exec(test.do)
			wantErr(t, err, nil)
			if n, _ := r.RowsAffected(); n == 0 {
				t.Fatal("nothing was exchanged")
			}
			wantErr(t, test.read(s), keys.ErrNotHere)
			if strings.HasPrefix(name, "a login") {
				var used any
				wantErr(t, s.reads.QueryRow(`SELECT used FROM logins`).Scan(&used), nil)
				if used != nil {
					t.Error("it was used up")
				}
			}
		})
	}
}

// envOptions are options with the n-th test keys in the environment, the newest first.
func envOptions(dir string, now func() time.Time, ns ...byte) Options {
	var each []string
	for _, n := range ns {
		each = append(each, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{n}, 32)))
	}
	return Options{
		Path: filepath.Join(dir, "credentials.db"), Now: now,
		Keys: keys.Options{Source: "env:KEY", Getenv: func(string) (string, bool) { return strings.Join(each, ","), true }},
	}
}

func TestNoStoreWithoutItsKey(t *testing.T) {
	ctx := context.Background()
	c := newClock()
	dir := t.TempDir()
	s := openStore(t, options(dir, c.now))
	if n := s.Notices(); len(n) != 1 || !strings.Contains(n[0], "master.key") || !strings.Contains(n[0], s.ring.IDs()[0].String()) {
		t.Errorf("the first run says %q", n)
	}
	fillAll(t, s, c.now())
	sealedUnder := s.ring.IDs()[0].String()
	wantErr(t, s.Close(), nil)
	s = openStore(t, options(dir, c.now))
	if n := s.Notices(); len(n) != 0 {
		t.Errorf("the second run says %q", n)
	}
	checkAll(t, s)
	wantErr(t, s.Close(), nil)

	path := filepath.Join(dir, "master.key")
	key, err := os.ReadFile(path)
	wantErr(t, err, nil)
	refuse := func(what string, o Options, want error, words ...string) {
		t.Helper()
		_, err := Open(ctx, o)
		if !errors.Is(err, want) {
			t.Fatalf("%s: %v, want %v", what, err, want)
		}
		for _, w := range append(words, sealedUnder) {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q does not say %q", what, err, w)
			}
		}
		lines := strings.Split(strings.TrimSpace(string(key)), "\n")
		if strings.Contains(err.Error(), lines[len(lines)-1]) {
			t.Errorf("%s: the error shows the key", what)
		}
	}
	wantErr(t, os.Remove(path), nil)
	refuse("no key", options(dir, c.now), keys.ErrNoKey, "master.key holds none")
	if _, err := os.Stat(path); err == nil {
		t.Error("a key was made for a store that has another")
	}
	refuse("an environment without a key", envOptions(dir, c.now), keys.ErrNoKey, "env:KEY")
	refuse("another key", envOptions(dir, c.now, 9), keys.ErrUnknownKey, "env:KEY holds others")
	wantErr(t, os.WriteFile(path, key, 0o644), nil)
	if _, err := Open(ctx, options(dir, c.now)); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("with a key that all may read: %v", err)
	}
	wantErr(t, os.Chmod(path, 0o600), nil)
	checkAll(t, openStore(t, options(dir, c.now)))

	// A store in which nothing is sealed has nothing to lose.
	empty := t.TempDir()
	wantErr(t, openStore(t, options(empty, c.now)).Close(), nil)
	wantErr(t, os.Remove(filepath.Join(empty, "master.key")), nil)
	again := openStore(t, options(empty, c.now))
	if len(again.Notices()) != 1 {
		t.Errorf("after an unused key was lost: %q", again.Notices())
	}
	fill(t, again)
	// The environment is nobody's to write into.
	if _, err := Open(ctx, envOptions(t.TempDir(), c.now)); !errors.Is(err, keys.ErrNoKey) || !strings.Contains(err.Error(), "openssl rand") {
		t.Errorf("the first run without a key in the environment: %v", err)
	}
}

func TestRotateAndRetire(t *testing.T) {
	ctx := context.Background()
	c := newClock()
	dir := t.TempDir()
	s := openStore(t, options(dir, c.now))
	other := openStore(t, options(dir, c.now)) // as another process would have it
	fillAll(t, s, c.now())
	first := s.ring.IDs()[0]
	if retired, err := s.RetireKeys(ctx); err != nil || len(retired) != 0 {
		t.Errorf("with one key %v retired, %v", retired, err)
	}

	c.advance(time.Hour)
	r, err := s.RotateKey(ctx)
	wantErr(t, err, nil)
	if !r.Made || r.Values != valuesOfAll || r.Damaged != 0 || r.Key == first {
		t.Errorf("rotated: %+v", r)
	}
	want := []KeyStatus{{r.Key, true, true, valuesOfAll, c.now()}, {first, false, true, 0, c.now().Add(-time.Hour)}}
	if known, err := s.Keys(ctx); err != nil || !slices.Equal(known, want) {
		t.Errorf("the keys are %+v, %v; want %+v", known, err, want)
	}
	checkAll(t, other)
	// What the old key opens is not left over in the files.
	if bytes.Contains(files(t, s), append([]byte{1}, first[:]...)) {
		t.Error("envelopes of the old key are still on disk")
	}
	// One that has not read anything since seals under the new key, too.
	third := openStore(t, options(dir, c.now))
	_, err = s.RotateKey(ctx)
	wantErr(t, err, nil)
	_, err = third.PutProvider(ctx, &Provider{ID: "late", Secrets: secrets("s", "canary")}, Absent, 0)
	wantErr(t, err, nil)
	retired, err := s.RetireKeys(ctx)
	wantErr(t, err, nil)
	if len(retired) != 2 || len(s.ring.IDs()) != 1 {
		t.Errorf("%v retired, %v are left", retired, s.ring.IDs())
	}
	for _, x := range []*SQLite{s, other, third, openStore(t, options(dir, c.now))} {
		checkAll(t, x)
		_, err := x.Provider(ctx, "late")
		wantErr(t, err, nil)
	}
}

func TestRotationIsFinishedByTheNext(t *testing.T) {
	ctx := context.Background()
	c := newClock()
	dir := t.TempDir()
	s := openStore(t, options(dir, c.now))
	fillAll(t, s, c.now())

	// Interrupted after the key was made: the next takes that one.
	id, _, err := s.ring.Generate(ctx)
	wantErr(t, err, nil)
	r, err := s.RotateKey(ctx)
	wantErr(t, err, nil)
	if r.Made || r.Key != id || r.Values != valuesOfAll {
		t.Errorf("rotated: %+v, want with %v", r, id)
	}

	// Interrupted after it became the current one: nothing is unreadable, and the next
	// rotation puts all of it under its own.
	id, _, err = s.ring.Generate(ctx)
	wantErr(t, err, nil)
	wantErr(t, s.write(ctx, s.durable, func(t *tx) error { return t.makeCurrent(id, nil) }), nil)
	_, err = s.PutProvider(ctx, &Provider{ID: "late", Secrets: secrets("s", "canary")}, Absent, 0)
	wantErr(t, err, nil)
	checkAll(t, openStore(t, options(dir, c.now)))
	if retired, err := s.RetireKeys(ctx); err != nil || len(retired) != 1 {
		t.Errorf("retired %v, %v; want the first key alone", retired, err)
	}
	// A value that does not open stays as it is and keeps its key.
	_, err = s.durable.Exec(`UPDATE providers SET secrets = (SELECT tokens FROM connections) WHERE id = 'late'`)
	wantErr(t, err, nil)
	r, err = s.RotateKey(ctx)
	wantErr(t, err, nil)
	if r.Values != valuesOfAll || r.Damaged != 1 {
		t.Errorf("rotated: %+v", r)
	}
	if retired, err := s.RetireKeys(ctx); err != nil || !slices.Equal(retired, []keys.ID{id}) {
		t.Errorf("retired %v, %v; want %v", retired, err, id)
	}
	checkAll(t, s)
}

func TestRotationInTheEnvironment(t *testing.T) {
	ctx := context.Background()
	c := newClock()
	dir := t.TempDir()
	old := openStore(t, envOptions(dir, c.now, 1))
	fillAll(t, old, c.now())
	if _, err := old.RotateKey(ctx); !errors.Is(err, keys.ErrReadOnly) || !strings.Contains(err.Error(), "KEY") {
		t.Errorf("rotating what cannot be written: %v", err)
	}
	s := openStore(t, envOptions(dir, c.now, 2, 1))
	checkAll(t, s)
	if known, err := s.Keys(ctx); err != nil || len(known) != 1 || known[0].ID != old.ring.IDs()[0] {
		t.Errorf("before the rotation the keys are %+v, %v", known, err)
	}
	r, err := s.RotateKey(ctx)
	wantErr(t, err, nil)
	if r.Made || r.Values != valuesOfAll || r.Key != s.ring.IDs()[0] {
		t.Errorf("rotated: %+v", r)
	}
	retired, err := s.RetireKeys(ctx)
	wantErr(t, err, keys.ErrReadOnly)
	if !slices.Equal(retired, old.ring.IDs()) {
		t.Errorf("retired %v", retired)
	}
	checkAll(t, openStore(t, envOptions(dir, c.now, 2)))
	// Who was not given the new key says which it is.
	_, err = old.Provider(ctx, "p")
	wantErr(t, err, keys.ErrUnknownKey)
	_, err = old.PutProvider(ctx, &Provider{ID: "q", Secrets: secrets("s", "canary")}, Absent, 0)
	wantErr(t, err, keys.ErrUnknownKey)
	if !strings.Contains(err.Error(), r.Key.String()) {
		t.Errorf("%q does not name the key %s", err, r.Key)
	}
}

// TestKeyInVault keeps the master keys with a service, which here turns bytes around.
func TestKeyInVault(t *testing.T) {
	ctx := context.Background()
	down := false
	vault := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Plaintext  []byte `json:"plaintext"`
			Ciphertext string `json:"ciphertext"`
		}
		if json.NewDecoder(r.Body).Decode(&in) != nil || down {
			w.WriteHeader(503)
			fmt.Fprint(w, `{"errors":["Vault is sealed"]}`)
			return
		}
		data := in.Plaintext
		if in.Ciphertext != "" {
			data, _ = base64.StdEncoding.DecodeString(in.Ciphertext)
		}
		slices.Reverse(data)
		json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{"ciphertext": data, "plaintext": data}})
	}))
	defer vault.Close()
	client := vault.Client()
	c := newClock()
	dir := t.TempDir()
	o := options(dir, c.now)
	o.Keys = keys.Options{
		Source: "hcvault+" + vault.URL + "/transit/keys/master", Client: client,
		Getenv: func(name string) (string, bool) { return "token", name == "VAULT_TOKEN" },
	}
	s := openStore(t, o)
	if len(s.Notices()) != 1 {
		t.Errorf("the first run says %q", s.Notices())
	}
	fillAll(t, s, c.now())
	other := openStore(t, o)
	checkAll(t, other)
	c.advance(time.Hour)
	_, err := s.RotateKey(ctx)
	wantErr(t, err, nil)
	checkAll(t, other)
	if retired, err := s.RetireKeys(ctx); err != nil || len(retired) != 1 {
		t.Errorf("retired %v, %v", retired, err)
	}
	down = true // those that run do not need it
	checkAll(t, s)
	checkAll(t, other)
	if _, err := Open(ctx, o); err == nil || !strings.Contains(err.Error(), "Vault is sealed") {
		t.Errorf("without Vault: %v", err)
	}
	down = false
	checkAll(t, openStore(t, o))
	// Another source does not have the keys, and says what is missing.
	if _, err := Open(ctx, options(dir, c.now)); !errors.Is(err, keys.ErrNoKey) || !strings.Contains(err.Error(), s.ring.IDs()[0].String()) {
		t.Errorf("with a key file: %v", err)
	}
}
