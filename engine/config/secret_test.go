package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretDoesNotPrint(t *testing.T) {
	const value = "hunter2"
	s := NewSecret(value)
	holder := struct {
		Key  Secret
		Keys []Secret
		Ptr  *Secret
		Map  map[string]Secret
	}{s, []Secret{s}, &s, map[string]Secret{"a": s}}

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%T"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", &s)
		fmt.Fprintf(&out, verb+"\n", holder)
	}
	fmt.Fprintln(&out, s, holder, fmt.Errorf("failed: %v", s))
	for _, v := range []any{s, holder} {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(data)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "secret", s, "holder", holder)
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "secret", s, "holder", holder)
	if got := out.String(); strings.Contains(got, value) || strings.Contains(got, fmt.Sprintf("%x", value)) || !strings.Contains(got, redacted) {
		t.Errorf("a secret shows:\n%s", got)
	}
	if s.Reveal() != value || s.IsZero() || !s.Equal(NewSecret(value)) || s.Equal(NewSecret("x")) {
		t.Error("the secret lost its value")
	}
}

// TestModelDoesNotPrintSecrets prints everything that holds a secret.
func TestModelDoesNotPrintSecrets(t *testing.T) {
	m := mustLoad(t, map[string]string{"gateway.yaml": `
subscriptions: {a: {scope: all, primaryKey: "${KEY}-1", secondaryKey: "${KEY}-2"}}
backends: {b: {url: http://b, credentials: {headers: {k: "${KEY}"}, query: {k: "${KEY}"}, authorization: {scheme: Bearer, parameter: "${KEY}"}}}}
namedValues: {n: {value: "${KEY}", secret: true}}
`}, map[string]string{"KEY": "hunter2"})
	got := fmt.Sprintf("%+v %#v %+v %+v", *m.Subscriptions[0], *m.Subscriptions[0], *m.Backends[0], *m.NamedValues[0])
	// The file itself is in the ranges, with references for secrets.
	if strings.Contains(got, "hunter2") {
		t.Errorf("a secret shows: %s", got)
	}
}
