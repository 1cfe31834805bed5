package recordstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"sekisho/builtins/authserver/records"
)

func TestMemory(t *testing.T) {
	Run(t, func(_ *testing.T, now func() time.Time) []records.Store {
		m := NewMemory(now)
		return []records.Store{m, m}
	})
}

func TestFail(t *testing.T) {
	ctx := context.Background()
	m := NewMemory(time.Now)
	broken := errors.New("broken")
	m.Fail(broken)
	if err := m.Put(ctx, &records.Record{Kind: "k", ID: "a"}); !errors.Is(err, broken) {
		t.Errorf("put: %v", err)
	}
	if _, err := m.Since(ctx, "k", time.Time{}); !errors.Is(err, broken) {
		t.Errorf("since: %v", err)
	}
	m.Fail(nil)
	if n, err := m.Count(ctx, "k", ""); n != 0 || err != nil {
		t.Errorf("afterwards there are %d, %v", n, err)
	}
}
