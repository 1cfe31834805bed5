package tokencache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is held until it is moved.
type clock struct{ at atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) Advance(d time.Duration) { c.at.Add(int64(d)) }

// source is a Fetch that counts, and answers what it is told.
type source struct {
	clock *clock
	calls atomic.Int64
	life  atomic.Int64 // of the tokens
	fails atomic.Pointer[error]
	// gate, if not nil, holds every call until it is closed; entered tells of each.
	gate    chan struct{}
	entered chan struct{}
}

func (s *source) fetch(ctx context.Context) (Token, error) {
	n := s.calls.Add(1)
	if s.entered != nil {
		s.entered <- struct{}{}
	}
	if s.gate != nil {
		select {
		case <-s.gate:
		case <-ctx.Done():
			return Token{}, ctx.Err()
		}
	}
	if err := s.fails.Load(); err != nil {
		return Token{}, *err
	}
	return Token{AccessToken: fmt.Sprint("token-", n), Expires: s.clock.Now().Add(time.Duration(s.life.Load()))}, nil
}

func (s *source) fail(text string) {
	err := errors.New(text)
	s.fails.Store(&err)
}

func setup(t testing.TB, o Options) (*Cache, *source) {
	t.Helper()
	ck := &clock{}
	ck.Advance(1_000_000 * time.Second)
	o.Now = ck.Now
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	s := &source{clock: ck}
	s.life.Store(int64(time.Hour))
	return c, s
}

func get(t testing.TB, c *Cache, s *source) string {
	t.Helper()
	tok, err := c.Get(context.Background(), "k", s.fetch)
	if err != nil {
		t.Fatal(err)
	}
	return tok.AccessToken
}

// quiet waits until no call is under way.
func quiet(t testing.TB, c *Cache) {
	t.Helper()
	for range 5000 {
		busy := false
		for _, s := range c.Status() {
			busy = busy || s.Fetching
		}
		if !busy {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("a call does not end")
}

// TestEdges asks for a token of an hour once, and again when so much of its life is left.
func TestEdges(t *testing.T) {
	for _, tt := range []struct {
		left   time.Duration
		down   bool
		now    string // what is answered at once; "" for the source's error
		then   string // what is answered when nothing is under way any more
		called int64
	}{
		{181 * time.Second, false, "token-1", "token-1", 1},
		{180 * time.Second, false, "token-1", "token-2", 2},
		{179 * time.Second, false, "token-1", "token-2", 2},
		{10 * time.Second, false, "token-1", "token-2", 2},
		{0, false, "token-2", "token-2", 2},
		{-time.Second, false, "token-2", "token-2", 2},
		{181 * time.Second, true, "token-1", "token-1", 1},
		{180 * time.Second, true, "token-1", "token-1", 2},
		{179 * time.Second, true, "token-1", "token-1", 2},
		{10 * time.Second, true, "token-1", "token-1", 2},
		{0, true, "", "", 2},
	} {
		t.Run(fmt.Sprintf("%v,down=%v", tt.left, tt.down), func(t *testing.T) {
			c, s := setup(t, Options{})
			get(t, c, s)
			s.clock.Advance(time.Hour - tt.left)
			if tt.down {
				s.fail("the provider is down")
			}
			for _, want := range []string{tt.now, tt.then} {
				tok, err := c.Get(context.Background(), "k", s.fetch)
				if tok.AccessToken != want || (err != nil) != (want == "") {
					t.Errorf("got %q, %v; want %q", tok.AccessToken, err, want)
				}
				quiet(t, c)
			}
			if n := s.calls.Load(); n != tt.called {
				t.Errorf("%d calls, want %d", n, tt.called)
			}
		})
	}
}

func TestShortLives(t *testing.T) {
	for _, life := range []time.Duration{180 * time.Second, 179 * time.Second, 10 * time.Second} {
		t.Run(life.String(), func(t *testing.T) {
			c, s := setup(t, Options{})
			s.life.Store(int64(life))
			get(t, c, s)
			s.clock.Advance(life - 1)
			if got := get(t, c, s); got != "token-1" {
				t.Errorf("just before its end it is %s", got)
			}
			c.Sweep()
			quiet(t, c)
			if n := s.calls.Load(); n != 1 {
				t.Errorf("%d calls before its end", n)
			}
			s.clock.Advance(1)
			if got := get(t, c, s); got != "token-2" {
				t.Errorf("at its end it is %s", got)
			}
		})
	}
}

func TestOneCallForAThousand(t *testing.T) {
	c, s := setup(t, Options{})
	s.gate = make(chan struct{})
	var wg sync.WaitGroup
	var wrong atomic.Int64
	for range 1000 {
		wg.Go(func() {
			if tok, err := c.Get(context.Background(), "k", s.fetch); err != nil || tok.AccessToken != "token-1" {
				wrong.Add(1)
			}
		})
	}
	for s.calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	close(s.gate)
	wg.Wait()
	if n := s.calls.Load(); n != 1 || wrong.Load() != 0 {
		t.Errorf("%d calls, %d wrong answers", n, wrong.Load())
	}
}

// TestRefreshIsOneAndNobodyWaits holds the refresh while many ask.
func TestRefreshIsOneAndNobodyWaits(t *testing.T) {
	c, s := setup(t, Options{})
	get(t, c, s)
	s.gate = make(chan struct{})
	s.clock.Advance(58 * time.Minute)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if tok, err := c.Get(context.Background(), "k", s.fetch); err != nil || tok.AccessToken != "token-1" {
				t.Errorf("%q, %v", tok.AccessToken, err)
			}
		})
	}
	wg.Wait()
	close(s.gate)
	quiet(t, c)
	if n := s.calls.Load(); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
	if got := get(t, c, s); got != "token-2" {
		t.Errorf("after the refresh it is %s", got)
	}
}

func TestWhoGivesUpLeavesTheOthers(t *testing.T) {
	c, s := setup(t, Options{})
	s.gate = make(chan struct{})
	s.entered = make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(context.Background())
	first := make(chan error)
	go func() {
		_, err := c.Get(ctx, "k", s.fetch)
		first <- err
	}()
	<-s.entered
	second := make(chan string)
	go func() { second <- get(t, c, s) }()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up got %v", err)
	}
	close(s.gate)
	if got := <-second; got != "token-1" {
		t.Errorf("the other got %s", got)
	}
	if n := s.calls.Load(); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// TestFailuresAreRemembered asks each second for five minutes.
func TestFailuresAreRemembered(t *testing.T) {
	c, s := setup(t, Options{})
	s.fail("down")
	for range 300 {
		if _, err := c.Get(context.Background(), "k", s.fetch); err == nil || err.Error() != "down" {
			t.Fatalf("got %v", err)
		}
		s.clock.Advance(time.Second)
	}
	// After 0, 1, 3, 7, 15, 31 seconds and then each 30.
	if n := s.calls.Load(); n != 14 {
		t.Errorf("%d calls", n)
	}
	if n := c.Failing(); n != 1 {
		t.Errorf("%d failing", n)
	}
	s.fails.Store(nil)
	s.clock.Advance(30 * time.Second)
	get(t, c, s)
	if st := c.Status()[0]; st.Failures != 0 || st.Err != nil || !st.Held || c.Failing() != 0 {
		t.Errorf("after it came back: %+v", st)
	}
}

func TestSourcesMayAskToBeLeftAlone(t *testing.T) {
	c, s := setup(t, Options{})
	var err error = &RetryError{Err: errors.New("too many"), After: 90 * time.Second}
	s.fails.Store(&err)
	for range 90 {
		if _, err := c.Get(context.Background(), "k", s.fetch); err == nil {
			t.Fatal("no error")
		}
		s.clock.Advance(time.Second)
	}
	if n := s.calls.Load(); n != 1 {
		t.Errorf("%d calls in 90 s", n)
	}
}

// TestRefreshFailsUntilTheEnd has the provider down from the mark on.
func TestRefreshFailsUntilTheEnd(t *testing.T) {
	var log bytes.Buffer
	c, s := setup(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	get(t, c, s)
	s.clock.Advance(57 * time.Minute)
	s.fail("no route")
	for left := 180; left > 0; left-- {
		if got := get(t, c, s); got != "token-1" {
			t.Fatalf("%d s before the end: %s", left, got)
		}
		quiet(t, c)
		s.clock.Advance(time.Second)
	}
	if _, err := c.Get(context.Background(), "k", s.fetch); err == nil {
		t.Error("it served after its end")
	}
	// At 0, 1, 3, 7, 15, 31, 61, 91, 121, 151 s after the mark, and then 181 would be next.
	if n := s.calls.Load(); n != 11 {
		t.Errorf("%d calls", n)
	}
	if st := c.Status()[0]; st.Held || st.Err == nil || st.Failures != 10 {
		t.Errorf("%+v", st)
	}
	if n := strings.Count(log.String(), "no route"); n != 10 {
		t.Errorf("%d lines:\n%s", n, &log)
	}
	if strings.Contains(log.String(), "token-1") {
		t.Error("the token is in the log")
	}
}

// TestSourcesWithCaches has a source that yields the same token until its end.
func TestSourcesWithCaches(t *testing.T) {
	c, s := setup(t, Options{})
	end := s.clock.Now().Add(time.Hour)
	fetch := func(context.Context) (Token, error) {
		n := s.calls.Add(1)
		return Token{AccessToken: fmt.Sprint("token-", n), Expires: end}, nil
	}
	for range 3600 {
		if _, err := c.Get(context.Background(), "k", fetch); err != nil {
			t.Fatal(err)
		}
		quiet(t, c)
		s.clock.Advance(time.Second)
	}
	if n := s.calls.Load(); n != 7 {
		t.Errorf("%d calls, want one and one each half minute of the last three minutes", n)
	}
}

// TestSweep refreshes what is in use without being asked, and drops the rest.
func TestSweep(t *testing.T) {
	c, s := setup(t, Options{})
	get(t, c, s)
	if _, err := c.Get(context.Background(), "idle", s.fetch); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(time.Minute)
	get(t, c, s)
	s.clock.Advance(57 * time.Minute)
	c.Sweep()
	quiet(t, c)
	if n := s.calls.Load(); n != 3 {
		t.Fatalf("%d calls, want a third for the one in use", n)
	}
	s.clock.Advance(10 * time.Minute)
	c.Sweep()
	if st := c.Status(); len(st) != 1 || st[0].Key != "k" || !st[0].Held {
		t.Errorf("left: %+v", st)
	}
}

// TestTheFrontMayForget takes everything from the front, and then one thing from it.
func TestTheFrontMayForget(t *testing.T) {
	c, s := setup(t, Options{})
	get(t, c, s)
	c.front.Wait()
	c.front.Clear()
	if _, ok := c.Lookup("k"); ok {
		t.Fatal("the front has not forgotten")
	}
	if got := get(t, c, s); got != "token-1" || s.calls.Load() != 1 {
		t.Errorf("got %s after %d calls", got, s.calls.Load())
	}
	s.clock.Advance(time.Second)
	get(t, c, s)
	c.front.Wait()
	if _, ok := c.Lookup("k"); !ok {
		t.Error("what is in use does not come back to the front")
	}
}

// TestOneLineASecond has a hundred keys fail at once.
func TestOneLineASecond(t *testing.T) {
	var log bytes.Buffer
	c, s := setup(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	s.fail("down")
	for i := range 100 {
		if _, err := c.Get(context.Background(), fmt.Sprint(i), s.fetch); err == nil {
			t.Fatal("no error")
		}
	}
	s.clock.Advance(time.Second)
	if _, err := c.Get(context.Background(), "last", s.fetch); err == nil {
		t.Fatal("no error")
	}
	if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "key=last error=down unlogged=99") {
		t.Errorf("the log:\n%s", text)
	}
}

func TestUnknownEnd(t *testing.T) {
	c, s := setup(t, Options{})
	fetch := func(context.Context) (Token, error) {
		return Token{AccessToken: fmt.Sprint(s.calls.Add(1))}, nil
	}
	for range 100 {
		tok, err := c.Get(context.Background(), "k", fetch)
		if err != nil || tok.AccessToken != "1" {
			t.Fatal(tok, err)
		}
		s.clock.Advance(24 * time.Hour)
		c.Sweep()
	}
	c.Delete("k")
	if tok, err := c.Get(context.Background(), "k", fetch); err != nil || tok.AccessToken != "2" {
		t.Error(tok, err)
	}
}

func TestDeleteDuringACall(t *testing.T) {
	c, s := setup(t, Options{})
	s.gate = make(chan struct{})
	s.entered = make(chan struct{}, 2)
	first := make(chan string)
	go func() { first <- get(t, c, s) }()
	<-s.entered
	c.DeleteFunc(func(key string) bool { return key == "k" })
	close(s.gate)
	if got := <-first; got != "token-1" {
		t.Errorf("who waited got %s", got)
	}
	if got := get(t, c, s); got != "token-2" {
		t.Errorf("what was deleted is kept: %s", got)
	}
}

func TestBounds(t *testing.T) {
	for _, o := range []Options{{MaxEntries: 100}, {MaxBytes: 100 << 10}} {
		c, s := setup(t, o)
		big := strings.Repeat("x", 512)
		fetch := func(context.Context) (Token, error) {
			return Token{AccessToken: big, Expires: s.clock.Now().Add(time.Hour)}, nil
		}
		for i := range 1000 {
			if _, err := c.Get(context.Background(), fmt.Sprint("k", i), fetch); err != nil {
				t.Fatal(err)
			}
			// The first is in use all the time, and stays.
			s.clock.Advance(time.Second)
			if _, err := c.Get(context.Background(), "k0", func(context.Context) (Token, error) {
				return Token{}, errors.New("evicted though in use")
			}); err != nil {
				t.Fatal(i, err)
			}
			if n := c.entries.Load(); n > 101 {
				t.Fatalf("%d entries", n)
			}
			if n := c.bytes.Load(); n > 110<<10 {
				t.Fatalf("%d bytes", n)
			}
		}
		if n := len(c.Status()); n < 80 {
			t.Errorf("only %d are kept", n)
		}
		c.DeleteFunc(func(string) bool { return true })
		if c.entries.Load() != 0 || c.bytes.Load() != 0 {
			t.Errorf("with nothing in it: %d entries, %d bytes", c.entries.Load(), c.bytes.Load())
		}
	}
}

func TestFailuresAreBoundedToo(t *testing.T) {
	c, s := setup(t, Options{MaxEntries: 50})
	s.fail("no such resource")
	for i := range 1000 {
		if _, err := c.Get(context.Background(), fmt.Sprint(i), s.fetch); err == nil {
			t.Fatal("no error")
		}
	}
	if n := c.entries.Load(); n > 51 {
		t.Errorf("%d entries", n)
	}
	s.clock.Advance(time.Hour)
	c.Sweep()
	if n := c.entries.Load(); n != 0 {
		t.Errorf("%d old failures are kept", n)
	}
}

func TestPanicsAreErrors(t *testing.T) {
	var log bytes.Buffer
	c, _ := setup(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	_, err := c.Get(context.Background(), "k", func(context.Context) (Token, error) { panic("canary-7f3a") })
	if err == nil || strings.Contains(err.Error()+log.String(), "canary-7f3a") {
		t.Errorf("error %v, log %s", err, &log)
	}
}

func TestClose(t *testing.T) {
	c, s := setup(t, Options{})
	s.gate = make(chan struct{})
	s.entered = make(chan struct{}, 1)
	got := make(chan error)
	go func() {
		_, err := c.Get(context.Background(), "k", s.fetch)
		got <- err
	}()
	<-s.entered
	c.Close()
	c.Close()
	if err := <-got; !errors.Is(err, ErrClosed) {
		t.Errorf("who waited got %v", err)
	}
	if _, err := c.Get(context.Background(), "k", s.fetch); !errors.Is(err, ErrClosed) {
		t.Errorf("later: %v", err)
	}
}
