package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sekisho/builtins/credential/keys"
	"sekisho/builtins/credential/store"
)

// keysIn is a gateway's folder whose store has three sealed values. key is where the master
// key is, "" for the default.
func keysIn(t *testing.T, key string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	text, source := "credentialManager: {}\n", "file:"+filepath.Join(dir, ".sekisho", "master.key")
	if key != "" {
		text, source = "credentialManager: {key: '"+key+"'}\n", key
	}
	if err := os.WriteFile(filepath.Join(dir, "gateway.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{
		Path: filepath.Join(dir, ".sekisho", "credentials.db"), Now: time.Now,
		Keys: keys.Options{Source: source, Getenv: os.LookupEnv},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		p := &store.Provider{ID: fmt.Sprint("p", i), Secrets: map[string]store.Secret{"clientSecret": store.NewSecret("canary")}}
		if _, err := s.PutProvider(ctx, p, store.Absent, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// say runs the program and returns what it prints, with names for ids and times.
func say(t *testing.T, code int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if got := run(args, streams{strings.NewReader(""), &out, &errs}); got != code {
		t.Errorf("%v: exit code %d, want %d", args, got, code)
	}
	ids := map[string]string{}
	text := regexp.MustCompile(`\b[0-9a-f]{16}\b`).ReplaceAllStringFunc(out.String()+errs.String(), func(id string) string {
		if ids[id] == "" {
			ids[id] = "key-" + string(rune('A'+len(ids)))
		}
		return ids[id]
	})
	text = regexp.MustCompile(`\d{4}-\d\d-\d\dT\S+Z`).ReplaceAllString(text, "TIME")
	return regexp.MustCompile(` +`).ReplaceAllString(text, " ")
}

func TestKeys(t *testing.T) {
	dir := keysIn(t, "")
	for _, step := range []struct {
		args []string
		want string
	}{
		{[]string{"status"}, "KEY STATE VALUES SINCE\nkey-A current 3 TIME\n"},
		{[]string{"retire"}, "no master key is out of use\n"},
		{[]string{"rotate"}, "made the master key key-A: 3 values put under it\n"},
		{[]string{"status"}, "KEY STATE VALUES SINCE\nkey-A current 3 TIME\nkey-B older 0 TIME\n"},
		{[]string{"rotate", "--retire"}, "made the master key key-A: 3 values put under it\nout of use: key-B, key-C\n"},
		{[]string{"status"}, "KEY STATE VALUES SINCE\nkey-A current 3 TIME\n"},
	} {
		if got := say(t, exitOK, append(append([]string{"keys"}, step.args...), dir)...); got != step.want {
			t.Errorf("keys %v says %q, want %q", step.args, got, step.want)
		}
	}
	// A store whose key is not there is not opened, and no other key is made for it.
	if err := os.Remove(filepath.Join(dir, ".sekisho", "master.key")); err != nil {
		t.Fatal(err)
	}
	got := say(t, exitEnvironment, "keys", "status", dir)
	if !strings.Contains(got, "master.key holds none; what is in the store is sealed under key-A, without which it cannot be read") {
		t.Errorf("without its key status says %q", got)
	}
}

func TestKeysInTheEnvironment(t *testing.T) {
	key := func(n byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{n}, 32)) }
	t.Setenv("SEKISHO_TEST_KEY", key(1))
	dir := keysIn(t, "env:SEKISHO_TEST_KEY")
	if got := say(t, exitEnvironment, "keys", "rotate", dir); !strings.Contains(got, "set SEKISHO_TEST_KEY to a new master key") || strings.Contains(got, key(1)) {
		t.Errorf("rotate says %q", got)
	}
	t.Setenv("SEKISHO_TEST_KEY", key(2)+","+key(1))
	want := "took the master key key-A: 3 values put under it\nout of use: key-B\nthe environment is not the program's to change: take key-B out of SEKISHO_TEST_KEY\n"
	if got := say(t, exitOK, "keys", "rotate", "--retire", dir); got != want {
		t.Errorf("rotate says %q, want %q", got, want)
	}
	t.Setenv("SEKISHO_TEST_KEY", key(3))
	if got := say(t, exitEnvironment, "keys", "status", dir); !strings.Contains(got, "unknown master key") || strings.Contains(got, key(3)) {
		t.Errorf("status with another key says %q", got)
	}
}
