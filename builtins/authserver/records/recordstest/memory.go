// Package recordstest is for tests alone: a records.Store in memory, for those who need
// one, and what every records.Store must do, for those who make one.
package recordstest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"sekisho/builtins/authserver/records"
)

// Memory is a records.Store without a file. Several that are to be one for a test are the
// same Memory.
type Memory struct {
	now func() time.Time

	mu   sync.Mutex
	all  map[name]*kept
	puts int
	fail error
}

var _ records.Store = (*Memory)(nil)

type name struct{ kind, id string }

// kept is a record and how many were put before it.
type kept struct {
	records.Record
	order int
}

// NewMemory makes one with a clock.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, all: map[name]*kept{}}
}

// Fail makes every method return an error, until it is nil again.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// enter locks the store and drops what has expired. The caller unlocks in any case.
func (m *Memory) enter(ctx context.Context) (now time.Time, err error) {
	m.mu.Lock()
	now = m.now()
	for k, r := range m.all {
		if !r.Expires.IsZero() && !r.Expires.After(now) {
			delete(m.all, k)
		}
	}
	if m.fail != nil {
		return now, m.fail
	}
	return now, ctx.Err()
}

func failure(kind string, err error) error { return fmt.Errorf("record (%s): %w", kind, err) }

func (k *kept) copy() *records.Record {
	r := k.Record
	r.Value = bytes.Clone(r.Value)
	return &r
}

// Get implements records.Store.
func (m *Memory) Get(ctx context.Context, kind, id string) (*records.Record, error) {
	_, err := m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil {
		return nil, failure(kind, err)
	}
	r := m.all[name{kind, id}]
	if r == nil {
		return nil, failure(kind, records.ErrNotFound)
	}
	return r.copy(), nil
}

// Put implements records.Store.
func (m *Memory) Put(ctx context.Context, r *records.Record) error {
	now, err := m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil {
		return failure(r.Kind, err)
	}
	if r.Kind == "" || r.ID == "" {
		return failure(r.Kind, fmt.Errorf("one has a kind and an id"))
	}
	var version int64
	if old := m.all[name{r.Kind, r.ID}]; old != nil {
		version = old.Version
	}
	if version != r.Version {
		return failure(r.Kind, records.ErrConflict)
	}
	r.Version++
	r.Put = now
	m.puts++
	k := &kept{*r, m.puts}
	k.Value = bytes.Clone(r.Value)
	m.all[name{r.Kind, r.ID}] = k
	return nil
}

// Take implements records.Store.
func (m *Memory) Take(ctx context.Context, kind, id string) (*records.Record, error) {
	_, err := m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil {
		return nil, failure(kind, err)
	}
	r := m.all[name{kind, id}]
	if r == nil {
		return nil, failure(kind, records.ErrNotFound)
	}
	delete(m.all, name{kind, id})
	return r.copy(), nil
}

// Delete implements records.Store.
func (m *Memory) Delete(ctx context.Context, kind, id string) error {
	_, err := m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil {
		return failure(kind, err)
	}
	delete(m.all, name{kind, id})
	return nil
}

// DeleteGroup implements records.Store.
func (m *Memory) DeleteGroup(ctx context.Context, kind, group string) (n int, err error) {
	_, err = m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil {
		return 0, failure(kind, err)
	}
	for k, r := range m.all {
		if r.Kind == kind && r.Group == group {
			delete(m.all, k)
			n++
		}
	}
	return n, nil
}

// Count implements records.Store.
func (m *Memory) Count(ctx context.Context, kind, group string) (int, error) {
	list, err := m.list(ctx, kind, func(r *kept) bool { return group == "" || r.Group == group })
	return len(list), err
}

// Oldest implements records.Store.
func (m *Memory) Oldest(ctx context.Context, kind, group string, n int) ([]*records.Record, error) {
	list, err := m.list(ctx, kind, func(r *kept) bool { return r.Group == group })
	return list[:min(len(list), max(n, 0))], err
}

// Since implements records.Store.
func (m *Memory) Since(ctx context.Context, kind string, t time.Time) ([]*records.Record, error) {
	return m.list(ctx, kind, func(r *kept) bool { return !r.Put.Before(t) })
}

// list is those of a kind that a function wants, the ones put longest ago first.
func (m *Memory) list(ctx context.Context, kind string, want func(*kept) bool) ([]*records.Record, error) {
	_, err := m.enter(ctx)
	defer m.mu.Unlock()
	if err != nil {
		return nil, failure(kind, err)
	}
	var found []*kept
	for _, r := range m.all {
		if r.Kind == kind && want(r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *kept) int { return cmp.Or(a.Put.Compare(b.Put), cmp.Compare(a.order, b.order)) })
	var out []*records.Record
	for _, r := range found {
		out = append(out, r.copy())
	}
	return out, nil
}
