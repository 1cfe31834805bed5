package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"sekisho/builtins/authserver/records"
	"sekisho/builtins/authserver/records/recordstest"
)

func TestRecords(t *testing.T) {
	recordstest.Run(t, func(t *testing.T, now func() time.Time) []records.Store {
		dir := t.TempDir()
		return []records.Store{openStore(t, options(dir, now)).Records(), openStore(t, options(dir, now)).Records()}
	})
}

func TestRecordsAreBounded(t *testing.T) {
	ctx := context.Background()
	s, _ := newStore(t)
	r := &records.Record{Kind: "k", ID: "a", Value: bytes.Repeat([]byte("x"), maxRecord)}
	wantErr(t, s.Records().Put(ctx, r), nil)
	got, err := s.Records().Get(ctx, "k", "a")
	wantErr(t, err, nil)
	if !bytes.Equal(got.Value, r.Value) {
		t.Error("a long value came back as another")
	}
	if err := s.Records().Put(ctx, &records.Record{Kind: "k", ID: "canary", Value: append(r.Value, 'x')}); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("one too long: %v", err)
	}
	_, err = s.Records().Get(ctx, "k", "canary")
	wantErr(t, err, records.ErrNotFound)
}

// TestRecordsAreSwept: those whose time is over go when others are made, or on demand.
func TestRecordsAreSwept(t *testing.T) {
	ctx := context.Background()
	s, c := newStore(t)
	rows := func() (n int) {
		t.Helper()
		wantErr(t, s.reads.QueryRow(`SELECT count(*) FROM records`).Scan(&n), nil)
		return n
	}
	for i := range sweepBatch + 20 {
		wantErr(t, s.Records().Put(ctx, &records.Record{Kind: "k", ID: strconv.Itoa(i), Expires: c.now().Add(time.Minute)}), nil)
	}
	c.advance(time.Minute)
	wantErr(t, s.Records().Put(ctx, &records.Record{Kind: "k", ID: "new"}), nil)
	if n := rows(); n != 21 {
		t.Errorf("%d rows after one was made, want 21", n)
	}
	n, err := s.Sweep(ctx)
	wantErr(t, err, nil)
	if n != 20 || rows() != 1 {
		t.Errorf("%d swept, %d left", n, rows())
	}
}

// TestRecordsAreFoundByIndex: none of what is asked for each request reads the table through.
func TestRecordsAreFoundByIndex(t *testing.T) {
	s, _ := newStore(t)
	for query, index := range map[string]string{
		`SELECT count(*) FROM records WHERE kind = 'k'` + live:                    "COVERING INDEX records_put",
		`SELECT count(*) FROM records WHERE kind = 'k' AND in_group = 'g'` + live: "COVERING INDEX records_in_group",
		recordColumns + ` AND in_group = 'g'` + live + ` ORDER BY put LIMIT 1`:    "USING INDEX records_in_group",
		recordColumns + ` AND put >= 7` + live + ` ORDER BY put`:                  "USING INDEX records_put",
		recordColumns + ` AND id = 'x'` + live:                                    "sqlite_autoindex_records_1",
		`SELECT rowid FROM records WHERE expires <= ? LIMIT 100`:                  "records_expires",
		`DELETE FROM records WHERE kind = 'k' AND in_group = 'g'` + live:          "USING INDEX records_in_group",
	} {
		bound := make([]any, strings.Count(query, "?"))
		for i := range bound {
			bound[i] = 1
		}
		rows, err := s.durable.Query(`EXPLAIN QUERY PLAN `+query, bound...)
		wantErr(t, err, nil)
		var plan strings.Builder
		for rows.Next() {
			var id, parent, unused int
			var detail string
			wantErr(t, rows.Scan(&id, &parent, &unused, &detail), nil)
			plan.WriteString(detail + "\n")
		}
		wantErr(t, errors.Join(rows.Err(), rows.Close()), nil)
		if !strings.Contains(plan.String(), index) || strings.Contains(plan.String(), "SCAN") || strings.Contains(plan.String(), "B-TREE") {
			t.Errorf("%s: %s", query, &plan)
		}
	}
}

// countUp adds one to the number in a record.
func countUp(s *SQLite, id string) error {
	ctx := context.Background()
	for {
		r, err := s.Records().Get(ctx, "number", id)
		if errors.Is(err, records.ErrNotFound) {
			r, err = &records.Record{Kind: "number", ID: id, Value: []byte("0")}, nil
		}
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(r.Value))
		if err != nil || int64(n) != r.Version {
			return fmt.Errorf("version %d holds %q", r.Version, r.Value)
		}
		r.Value = strconv.AppendInt(nil, int64(n)+1, 10)
		if err := s.Records().Put(ctx, r); !errors.Is(err, records.ErrConflict) {
			return err
		}
	}
}

const (
	countRounds = 25
	codes       = 60
)

// playCount counts in several goroutines.
func playCount(s *SQLite, _ string) error {
	ends := make(chan error)
	for range 4 {
		go func() {
			for range countRounds {
				if err := countUp(s, "shared"); err != nil {
					ends <- err
					return
				}
			}
			ends <- nil
		}()
	}
	return errors.Join(<-ends, <-ends, <-ends, <-ends)
}

// playTake takes what it gets of all codes and says which.
func playTake(s *SQLite, _ string) error {
	for i := range codes {
		r, err := s.Records().Take(context.Background(), "code", fmt.Sprint("canary-", i))
		if errors.Is(err, records.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		fmt.Println(string(r.Value))
	}
	return nil
}

func TestRecordsOfThreeProcesses(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	s := openStore(t, options(dir, time.Now))
	a, _ := process(t, "count", dir, "")
	b, _ := process(t, "count", dir, "")
	c, _ := process(t, "count", dir, "")
	together(t, a, b, c)
	r, err := s.Records().Get(ctx, "number", "shared")
	wantErr(t, err, nil)
	if want := strconv.Itoa(3 * 4 * countRounds); string(r.Value) != want {
		t.Errorf("counted %s, want %s", r.Value, want)
	}

	for i := range codes {
		wantErr(t, s.Records().Put(ctx, &records.Record{Kind: "code", ID: fmt.Sprint("canary-", i), Value: []byte(strconv.Itoa(i))}), nil)
	}
	a, _ = process(t, "take", dir, "")
	b, _ = process(t, "take", dir, "")
	c, _ = process(t, "take", dir, "")
	got := map[string]int{}
	for _, out := range together(t, a, b, c) {
		for _, code := range strings.Fields(out) {
			got[code]++
		}
	}
	for i := range codes {
		if n := got[strconv.Itoa(i)]; n != 1 {
			t.Errorf("code %d was redeemed %d times", i, n)
		}
	}
}

// playPut changes a record again and again and says so after each change.
func playPut(s *SQLite, _ string) error {
	for n := 1; ; n++ {
		if err := countUp(s, "shared"); err != nil {
			return err
		}
		r, err := s.Records().Get(context.Background(), "number", "shared")
		if err != nil {
			return err
		}
		fmt.Println(string(r.Value))
	}
}

// TestRecordsSurviveSIGKILL: after a kill the record is the last that was said to be kept
// or the one after it, whole.
func TestRecordsSurviveSIGKILL(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(3, 4))
	for range 10 {
		c, said := process(t, "put", dir, "")
		out, err := c.StdoutPipe()
		wantErr(t, err, nil)
		wantErr(t, c.Start(), nil)
		lines := bufio.NewScanner(out)
		if !lines.Scan() {
			t.Fatalf("the process ended: %s", said)
		}
		last, _ := strconv.Atoi(lines.Text())
		time.Sleep(time.Duration(random.IntN(4_000)) * time.Microsecond)
		wantErr(t, c.Process.Kill(), nil)
		for lines.Scan() {
			last, _ = strconv.Atoi(lines.Text())
		}
		c.Wait()
		s, err := Open(context.Background(), options(dir, time.Now))
		wantErr(t, err, nil)
		r, err := s.Records().Get(context.Background(), "number", "shared")
		wantErr(t, err, nil)
		if n, _ := strconv.Atoi(string(r.Value)); n != last && n != last+1 || r.Version != int64(n) {
			t.Fatalf("the store has %s at version %d after %d was kept", r.Value, r.Version, last)
		}
		wantErr(t, s.Close(), nil)
	}
}
