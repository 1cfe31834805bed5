package mcptest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// output collects what a process says, from several goroutines.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// freeAddress is an address of loopback that nobody listened on a moment ago, for
// programs that cannot tell which one they were given.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		// Below the ports that systems give to connections which are opened meanwhile.
		address := fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(20000))
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// serve starts a server that knows no end, at an address that it has been told. A shell
// stands between, which ends it when its own standard input does: with the test, or with
// the process of the tests.
func serve(t *testing.T, address, program string, args ...string) {
	t.Helper()
	cmd := exec.Command("sh", append([]string{"-c", `"$@" & server=$!; cat >/dev/null; kill $server; wait $server`, "sh", program}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said := &output{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait() // it is ended by a signal
		if t.Failed() {
			t.Logf("%s says:\n%s", program, tail(said.String(), 40))
		}
	})
	for range 200 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s does not listen on %s", program, address)
}

// startNode starts one of our own servers of testdata/node: they print their URL as
// their first line and end with their standard input.
func startNode(t *testing.T, program string, env ...string) (url string, said *output) {
	t.Helper()
	cmd := exec.Command(node(t), program)
	cmd.Dir, cmd.Env = nodeDir(t), nodeEnv(t, env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	said = &output{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s says:\n%s", program, tail(said.String(), 40))
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "http") {
			url = lines.Text()
			go func() { _, _ = io.Copy(said, out) }()
			return url, said
		}
	}
	t.Fatalf("%s does not start:\n%s", program, said)
	return "", nil
}

// run runs a program to its end, at most for limit.
func run(t *testing.T, limit time.Duration, env []string, dir, program string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = dir, env
	cmd.WaitDelay = 5 * time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return out.String(), errs.String(), err
}
