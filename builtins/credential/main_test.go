package credential

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"sekisho/builtins/credential/keys"
	"sekisho/builtins/credential/oauth"
	"sekisho/builtins/credential/store"
	"sekisho/builtins/tokencache"
	"sekisho/engine/pipeline"
)

// The test binary plays other processes on the same store. What they are to do is in
// their environment.
const (
	roleDirectory = "SEKISHO_TEST_STORE" // the folder of the store; set for other processes only
	roleKillAt    = "SEKISHO_TEST_KILL"  // the step at which the process kills itself
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(roleDirectory); dir != "" {
		os.Exit(play(dir))
	}
	os.Exit(m.Run())
}

// outcome is what a process tells of one round.
type outcome struct {
	Tokens []string // the distinct ones
	Errors []string
}

// openReal opens a store in a folder, by the system's clock.
func openReal(dir string) (*store.SQLite, error) {
	return store.Open(context.Background(), store.Options{
		Path: filepath.Join(dir, "c.db"), Now: time.Now, Keys: keys.Options{Source: "file:" + filepath.Join(dir, "master.key")},
	})
}

// newReal makes a Manager by the system's clock.
func newReal(s store.Store, tokens pipeline.Tokens) (*Manager, *tokencache.Cache, error) {
	cache, err := tokencache.New(tokencache.Options{Now: time.Now})
	if err != nil {
		return nil, nil, err
	}
	return New(Options{
		Store: s, Client: oauth.NewClient(oauth.ClientOptions{}), Cache: cache, Tokens: tokens,
		Now: time.Now, Log: slog.New(slog.DiscardHandler), LeaseTTL: 2 * time.Second,
	}), cache, nil
}

// play is another process: for each line on standard input it has so many callers ask
// for the connection at once, and says what they got.
func play(dir string) int {
	s, err := openReal(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer s.Close()
	m, cache, err := newReal(s, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cache.Close()
	defer m.Close()
	if at := os.Getenv(roleKillAt); at != "" {
		m.step = func(name string) {
			if name == at {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}
	}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var callers int
		if _, err := fmt.Sscan(lines.Text(), &callers); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if err := json.NewEncoder(os.Stdout).Encode(crowd(m, callers)); err != nil {
			return 1
		}
	}
	return 0
}

// crowd has callers ask all at once.
func crowd(m *Manager, callers int) outcome {
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		out   outcome
		begin = make(chan struct{})
	)
	for range callers {
		all.Add(1)
		go func() {
			defer all.Done()
			<-begin
			a, err := m.Authorization(context.Background(), pipeline.AuthorizationRequest{Provider: "p", Connection: "c"})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				out.Errors = append(out.Errors, err.Error())
			} else if !slices.Contains(out.Tokens, a.AccessToken) {
				out.Tokens = append(out.Tokens, a.AccessToken)
			}
		}()
	}
	close(begin)
	all.Wait()
	return out
}

// process is another process that plays.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	in  interface {
		Write([]byte) (int, error)
		Close() error
	}
	out *bufio.Scanner
}

func startProcess(t *testing.T, dir string, env ...string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, roleDirectory+"="+dir)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t, cmd, in, bufio.NewScanner(out)}
	p.out.Buffer(nil, 4<<20)
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait() // a process that was killed says so
	})
	if !p.out.Scan() || p.out.Text() != "ready" {
		t.Fatal("another process did not begin")
	}
	return p
}

// ask has so many callers ask.
func (p *process) ask(callers int) {
	if _, err := fmt.Fprintln(p.in, callers); err != nil {
		p.t.Error(err)
	}
}

// answer is what they got; false if the process has died.
func (p *process) answer() (o outcome, ok bool) {
	if !p.out.Scan() {
		return o, false
	}
	if err := json.Unmarshal(p.out.Bytes(), &o); err != nil {
		p.t.Error(err)
	}
	return o, true
}
