package gateway

import (
	"context"
	"log/slog"
	"sort"
	"strings"
	"sync/atomic"

	"sekisho/engine/config"
)

// shortestSecret is how long a secret must be to be looked for: a shorter one stands in
// too many words, and is no secret to speak of.
const shortestSecret = 5

// redactor takes the secrets of gateway.yaml out of log lines. Messages of exceptions
// quote the values that they are about, and those may be secrets.
type redactor struct {
	current atomic.Pointer[strings.Replacer]
}

// use makes the secrets of a Model those that are taken out.
func (r *redactor) use(m *config.Model) {
	seen := map[string]bool{}
	add := func(s config.Secret) {
		if v := s.Reveal(); len(v) >= shortestSecret {
			seen[v] = true
		}
	}
	for _, v := range m.NamedValues {
		if v.Secret {
			add(v.Value)
		}
	}
	for _, s := range m.Subscriptions {
		add(s.PrimaryKey)
		add(s.SecondaryKey)
	}
	for _, b := range m.Backends {
		add(b.Credentials.AuthorizationParameter)
		for _, vs := range [][]config.SecretValues{b.Credentials.Headers, b.Credentials.Query} {
			for _, v := range vs {
				for _, s := range v.Values {
					add(s)
				}
			}
		}
	}
	add(m.AdminToken)
	for _, i := range m.Identities {
		add(i.Header)
		add(i.ClientSecret)
	}
	if c := m.CredentialManager; c != nil {
		for _, p := range c.Providers {
			addSettings(add, p.Settings)
			for _, c := range p.Connections {
				addSettings(add, c.Parameters)
			}
		}
	}
	if d := m.Development; d != nil && d.Identity != nil {
		for _, a := range d.Identity.Applications {
			add(a.Secret)
		}
	}
	// The longest first, for the case that one is the beginning of another.
	secrets := make([]string, 0, len(seen))
	for s := range seen {
		secrets = append(secrets, s)
	}
	sort.Slice(secrets, func(i, j int) bool { return len(secrets[i]) > len(secrets[j]) })
	pairs := make([]string, 0, 2*len(secrets))
	for _, s := range secrets {
		pairs = append(pairs, s, "[redacted]")
	}
	r.current.Store(strings.NewReplacer(pairs...))
}

// addSettings adds those settings of the credential manager that are secret: of the
// others, URLs and client ids, messages speak by name.
func addSettings(add func(config.Secret), settings []config.Setting) {
	for _, s := range settings {
		switch name := strings.ToLower(s.Name); {
		case strings.Contains(name, "secret"), strings.Contains(name, "password"), strings.Contains(name, "key"):
			add(s.Value)
		}
	}
}

// redactingHandler is a slog.Handler behind a redactor.
type redactingHandler struct {
	slog.Handler
	redactor *redactor
}

// Handle implements slog.Handler.
func (h redactingHandler) Handle(ctx context.Context, rec slog.Record) error {
	r := h.redactor.current.Load()
	if r == nil {
		return h.Handler.Handle(ctx, rec)
	}
	clean := slog.NewRecord(rec.Time, rec.Level, r.Replace(rec.Message), rec.PC)
	rec.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(redact(r, a))
		return true
	})
	return h.Handler.Handle(ctx, clean)
}

func redact(r *strings.Replacer, a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, r.Replace(v.String()))
	case slog.KindGroup:
		inner := v.Group()
		out := make([]slog.Attr, len(inner))
		for i := range inner {
			out[i] = redact(r, inner[i])
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(out...)}
	case slog.KindAny:
		return slog.String(a.Key, r.Replace(v.String()))
	}
	return a
}

// WithAttrs implements slog.Handler.
func (h redactingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return redactingHandler{h.Handler.WithAttrs(attrs), h.redactor}
}

// WithGroup implements slog.Handler.
func (h redactingHandler) WithGroup(name string) slog.Handler {
	return redactingHandler{h.Handler.WithGroup(name), h.redactor}
}
