package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/builtins/authserver/records"
)

// These variables make the test binary play another process on the store of a folder.
const (
	roleVariable = "SEKISHO_STORE_TEST_ROLE"
	dirVariable  = "SEKISHO_STORE_TEST_DIR"
	nameVariable = "SEKISHO_STORE_TEST_NAME"
)

// play is the main function of such a process.
func play(role string) int {
	dir := os.Getenv(dirVariable)
	s, err := Open(context.Background(), options(dir, time.Now))
	if err == nil {
		err = map[string]func(*SQLite, string) error{
			"open": playOpen, "save": playSave, "lease": playLease, "use": playUse, "rotate": playRotate,
			"put": playPut, "count": playCount, "take": playTake,
		}[role](s, os.Getenv(nameVariable))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// process is a test binary that plays a role.
func process(t *testing.T, role, dir, name string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Env = append(os.Environ(), roleVariable+"="+role, dirVariable+"="+dir, nameVariable+"="+name)
	said := &strings.Builder{}
	c.Stderr = said
	return c, said
}

// together runs processes at once and collects what they print.
func together(t *testing.T, cmds ...*exec.Cmd) []string {
	t.Helper()
	out := make([]string, len(cmds))
	var wg sync.WaitGroup
	for i, c := range cmds {
		wg.Go(func() {
			b, err := c.Output()
			if err != nil {
				t.Errorf("process %d: %v: %s", i, err, c.Stderr)
			}
			out[i] = string(b)
		})
	}
	wg.Wait()
	return out
}

// playOpen makes the store, or finds it made.
func playOpen(s *SQLite, _ string) error {
	fmt.Println(s.Notices(), s.ring.IDs())
	return nil
}

// TestFirstRunOfMany: of several processes that start at once, one makes the key.
func TestFirstRunOfMany(t *testing.T) {
	dir := t.TempDir()
	a, _ := process(t, "open", dir, "")
	b, _ := process(t, "open", dir, "")
	c, _ := process(t, "open", dir, "")
	notices := 0
	for _, out := range together(t, a, b, c) {
		if strings.Contains(out, "made the master key") {
			notices++
		}
	}
	s := openStore(t, options(dir, time.Now))
	if known, err := s.Keys(context.Background()); err != nil || len(known) != 1 || len(s.ring.IDs()) != 1 || notices != 1 {
		t.Errorf("the store knows %+v (%v), the file has %v, and %d processes said so", known, err, s.ring.IDs(), notices)
	}
}

// playSave saves pair after pair and says so after each.
func playSave(s *SQLite, _ string) error {
	ctx := context.Background()
	for {
		c, err := s.Connection(ctx, theKey)
		if err != nil {
			return err
		}
		n := int(c.Version)
		if _, err := s.SaveTokens(ctx, theKey, Guard{Version: c.Version}, pair(n), Status{State: Connected, Reason: strconv.Itoa(n)}); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// TestSurvivesSIGKILL kills a process that saves tokens, again and again and at any point.
// After that the store has one whole pair: the last that the process said it had saved, or
// the one that it was about to save.
func TestSurvivesSIGKILL(t *testing.T) {
	const kills = 40
	dir := t.TempDir()
	s := openStore(t, options(dir, time.Now))
	fill(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	between := 0 // how often it was killed with something saved and unsaid
	for range kills {
		c, said := process(t, "save", dir, "")
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		last := 0
		for range 1 + random.IntN(3) { // it is at work
			if !lines.Scan() {
				t.Fatalf("the process ended: %s", said)
			}
			last, _ = strconv.Atoi(lines.Text())
		}
		time.Sleep(time.Duration(random.IntN(4_000)) * time.Microsecond)
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			last, _ = strconv.Atoi(lines.Text())
		}
		c.Wait()

		s, err := Open(context.Background(), options(dir, time.Now))
		if err != nil {
			t.Fatalf("after a kill the store does not open: %v", err)
		}
		got, err := s.Connection(context.Background(), theKey)
		if err != nil {
			t.Fatalf("after a kill the connection does not open: %v", err)
		}
		n := int(got.Version) - 1
		want := pair(n)
		if got.Tokens == nil || *got.Tokens.Access.value != *want.Access.value || *got.Tokens.Refresh.value != *want.Refresh.value ||
			!got.Expires.Equal(want.Expires) || got.Status.Reason != strconv.Itoa(n) {
			t.Fatalf("a torn pair at version %d: %+v", got.Version, got)
		}
		if n != last && n != last+1 {
			t.Fatalf("the store has pair %d after %d was saved", n, last)
		}
		between += n - last
		var check string
		if err := s.reads.QueryRow(`PRAGMA integrity_check`).Scan(&check); err != nil || check != "ok" {
			t.Fatalf("the database is %s, %v", check, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of %d kills came between the write of a commit and its report", between, kills)
}

// playLease takes turns with others: while it has the lease it writes its name into a file,
// looks whether it stays there, and counts on.
func playLease(s *SQLite, name string) error {
	ctx := context.Background()
	path := filepath.Join(os.Getenv(dirVariable), "owner")
	for turn := 0; turn < leaseTurns; {
		l, err := s.AcquireLease(ctx, theKey, fmt.Sprint(name, turn), 10*time.Second)
		if errors.Is(err, ErrLeaseHeld) {
			time.Sleep(time.Millisecond)
			continue
		}
		if err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("somebody else is at it: %w", err)
		}
		f.Close()
		c, err := s.Connection(ctx, theKey)
		if err != nil {
			return err
		}
		if c.Lease.Holder != l.Holder || c.Lease.Fence != l.Fence {
			return fmt.Errorf("the lease is %+v, not %+v", c.Lease, l)
		}
		if l, err = s.RenewLease(ctx, l, 10*time.Second); err != nil {
			return err
		}
		// Nobody else has saved since: the version must fit.
		if _, err := s.SaveTokens(ctx, theKey, Guard{c.Version, l}, pair(int(c.Version)), Status{State: Connected}); err != nil {
			return err
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		if err := s.ReleaseLease(ctx, l); err != nil {
			return err
		}
		fmt.Println(l.Fence)
		turn++
	}
	return nil
}

const leaseTurns = 20

func TestLeaseOfThreeProcesses(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, options(dir, time.Now))
	fill(t, s)
	a, _ := process(t, "lease", dir, "a")
	b, _ := process(t, "lease", dir, "b")
	c, _ := process(t, "lease", dir, "c")
	fences := map[string]bool{}
	for _, out := range together(t, a, b, c) {
		for _, f := range strings.Fields(out) {
			if fences[f] {
				t.Errorf("fence %s was given twice", f)
			}
			fences[f] = true
		}
	}
	got, err := s.Connection(context.Background(), theKey)
	wantErr(t, err, nil)
	if len(fences) != 3*leaseTurns || got.Version != 1+3*leaseTurns || got.Lease.Fence != 0 {
		t.Errorf("%d turns, version %d, lease %+v; want %d turns", len(fences), got.Version, got.Lease, 3*leaseTurns)
	}
}

// playUse reads all connections and writes its own until the folder says stop. A file grows
// by a byte with each round.
func playUse(s *SQLite, name string) error {
	ctx := context.Background()
	key := Key{"p", name}
	rounds, err := os.Create(filepath.Join(os.Getenv(dirVariable), "rounds-"+name))
	if err != nil {
		return err
	}
	defer rounds.Close()
	for n := 0; ; n++ {
		if _, err := os.Stat(filepath.Join(os.Getenv(dirVariable), "stop")); err == nil {
			return nil
		}
		list, _, err := s.Connections(ctx, "p", Page{})
		if err != nil {
			return err
		}
		for _, c := range list {
			if _, err := s.Connection(ctx, c.Key); err != nil {
				return err
			}
		}
		c, err := s.Connection(ctx, key)
		if err != nil {
			return err
		}
		if _, err := s.SaveTokens(ctx, key, Guard{Version: c.Version}, pair(int(c.Version)), Status{State: Connected}); err != nil {
			return err
		}
		// A consent, too: made and used up.
		id := NewSecret(fmt.Sprintf("canary-%s-%016d", name, n))
		if err := s.CreateLogin(ctx, &Login{Kind: "link", ID: id, Key: key, Secrets: secrets("v", "canary"), Expires: time.Now().Add(time.Minute)}, 0); err != nil {
			return err
		}
		if l, err := s.ConsumeLogin(ctx, "link", id); err != nil || l.Secrets["v"].Reveal() != "canary" {
			return fmt.Errorf("a login came back as %+v, %v", l, err)
		}
		// And a record: one that is changed with each round, one that is taken.
		if err := countUp(s, "rounds-"+name); err != nil {
			return err
		}
		code := records.Record{Kind: "code", ID: id.Reveal(), Value: []byte("canary")}
		if err := s.Records().Put(ctx, &code); err != nil {
			return err
		}
		if r, err := s.Records().Take(ctx, "code", id.Reveal()); err != nil || string(r.Value) != "canary" {
			return fmt.Errorf("a record came back as %+v, %v", r, err)
		}
		if _, err := rounds.WriteString("."); err != nil {
			return err
		}
	}
}

// playRotate rotates the master key and retires the old one, and the others do not notice:
// before each rotation and after the last they have done something.
func playRotate(s *SQLite, _ string) error {
	ctx := context.Background()
	dir := os.Getenv(dirVariable)
	done := func(name string) int64 {
		if st, err := os.Stat(filepath.Join(dir, "rounds-"+name)); err == nil {
			return st.Size()
		}
		return 0
	}
	others := func() error {
		deadline := time.Now().Add(30 * time.Second)
		for a, b := done("a"), done("b"); done("a") == a || done("b") == b; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				return errors.New("the others do nothing")
			}
		}
		return nil
	}
	defer os.WriteFile(filepath.Join(dir, "stop"), nil, 0o600)
	for range rotations {
		if err := others(); err != nil {
			return err
		}
		r, err := s.RotateKey(ctx)
		if err != nil {
			return err
		}
		if r.Damaged != 0 || !r.Made {
			return fmt.Errorf("rotated: %+v", r)
		}
		if _, err := s.RetireKeys(ctx); err != nil {
			return err
		}
	}
	return others()
}

const rotations = 5

func TestRotationWhileOthersWork(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	s := openStore(t, options(dir, time.Now))
	fill(t, s)
	first := s.ring.IDs()[0]
	for _, name := range []string{"a", "b"} {
		if _, err := s.PutConnection(ctx, &Connection{Key: Key{"p", name}, Secrets: secrets("s", "canary")}, Absent, 0); err != nil {
			t.Fatal(err)
		}
	}
	// More than one batch that nobody else touches.
	for i := range rewrapBatch + 10 {
		_, err := s.PutProvider(ctx, &Provider{ID: fmt.Sprintf("q%03d", i), Secrets: secrets("s", fmt.Sprint("canary-", i))}, Absent, 0)
		wantErr(t, err, nil)
	}
	a, _ := process(t, "use", dir, "a")
	b, _ := process(t, "use", dir, "b")
	r, _ := process(t, "rotate", dir, "")
	together(t, a, b, r)
	// Nobody has sealed anything under a key that was not the current one any more.
	known, err := s.Keys(ctx)
	wantErr(t, err, nil)
	if len(known) != 1 || !known[0].Current || !known[0].Held || known[0].ID == first || known[0].Values < rewrapBatch+10 {
		t.Errorf("the keys are %+v", known)
	}
	fresh := openStore(t, options(dir, time.Now))
	if ids := fresh.ring.IDs(); len(ids) != 1 {
		t.Errorf("the file has the keys %v", ids)
	}
	for i := range rewrapBatch + 10 {
		p, err := fresh.Provider(ctx, fmt.Sprintf("q%03d", i))
		wantErr(t, err, nil)
		if p.Secrets["s"].Reveal() != fmt.Sprint("canary-", i) {
			t.Errorf("provider %s has another secret", p.ID)
		}
	}
}
