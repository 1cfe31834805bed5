package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is a program that runs for the benchmark.
type process struct {
	name    string
	cmd     *exec.Cmd
	address string // where it takes requests
	metrics string // the URL of its metrics, "" if it has none
	profile string // and of its profile
	log     string // the file with what it prints
	pids    []int  // it and its children
	started time.Time
	exited  chan struct{}
	stop    sync.Once
}

// launch starts a program on some processors; none means all. What it prints goes to a file.
func launch(name string, cmd *exec.Cmd, cpus []int, log string) (*process, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if cmd.Stdout == nil {
		cmd.Stdout = f
	}
	cmd.Stderr = f
	p := &process{name: name, cmd: cmd, log: log, exited: make(chan struct{}), started: time.Now()}
	if err := startOn(cmd, cpus); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p.pids = []int{cmd.Process.Pid}
	go func() {
		_ = cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// startOn starts a command whose threads may run on some processors only: it inherits them
// from the thread that makes it.
func startOn(cmd *exec.Cmd, cpus []int) error {
	if len(cpus) == 0 {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	if err := pin(0, cpus); err != nil {
		return err
	}
	err := cmd.Start()
	return errors.Join(err, unix.SchedSetaffinity(0, &before))
}

// pin binds a thread to processors; 0 is the calling one.
func pin(thread int, cpus []int) error {
	var set unix.CPUSet
	for _, c := range cpus {
		set.Set(c)
	}
	return unix.SchedSetaffinity(thread, &set)
}

// pinAll binds all threads of this process, and returns what binds them as before.
func pinAll(cpus []int) (restore func(), err error) {
	if len(cpus) == 0 {
		return func() {}, nil
	}
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, err
	}
	each := func(f func(int) error) error {
		entries, err := os.ReadDir("/proc/self/task")
		for _, e := range entries {
			if id, e := strconv.Atoi(e.Name()); e == nil {
				if e := f(id); e != nil && !errors.Is(e, unix.ESRCH) {
					err = errors.Join(err, e)
				}
			}
		}
		return err
	}
	if err := each(func(id int) error { return pin(id, cpus) }); err != nil {
		return nil, err
	}
	return func() { _ = each(func(id int) error { return unix.SchedSetaffinity(id, &before) }) }, nil
}

// allowed are the processors that this process may use.
func allowed() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, err
	}
	var out []int
	for i := range 1024 {
		if set.IsSet(i) {
			out = append(out, i)
		}
	}
	return out, nil
}

// family finds the children of the process, and theirs: workers.
func (p *process) family() {
	if p == nil {
		return
	}
	parents := map[int]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		_, after, ok := bytes.Cut(data, []byte(") "))
		fields := bytes.Fields(after)
		if !ok || len(fields) < 2 {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		parents[pid], _ = strconv.Atoi(string(fields[1]))
	}
	p.pids = []int{p.cmd.Process.Pid}
	for i := 0; i < len(p.pids); i++ {
		for pid, parent := range parents {
			if parent == p.pids[i] {
				p.pids = append(p.pids, pid)
			}
		}
	}
}

// cpu is the processor time that the process has taken, with its children.
func (p *process) cpu() time.Duration {
	var sum time.Duration
	for _, pid := range p.pids {
		sum += clockOf(pid)
	}
	return sum
}

// clockOf reads the processor time of a process, to the nanosecond; the clock's number is
// made of the process's, as clock_getcpuclockid(3) does.
func clockOf(pid int) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

// memory is what the process takes of memory, and the most it has taken, in bytes.
func (p *process) memory() (now, peak int64) {
	for _, pid := range p.pids {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			name, value, _ := strings.Cut(line, ":")
			fields := strings.Fields(value)
			if len(fields) == 0 {
				continue
			}
			kib, _ := strconv.ParseInt(fields[0], 10, 64)
			switch name {
			case "VmRSS":
				now += kib << 10
			case "VmHWM":
				peak += kib << 10
			}
		}
	}
	return now, peak
}

// end stops the process: first with a request, then by force.
func (p *process) end() {
	p.stop.Do(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.exited:
			return
		case <-time.After(2 * time.Second):
		}
		_ = p.cmd.Process.Kill()
		<-p.exited
	})
}

// reload tells the process to load its folder anew, and measures how long it takes: until
// it says so. The kernel tells when it has said something: looking again and again would
// take processor time from the generator, which runs meanwhile.
func (p *process) reload() (time.Duration, error) {
	const patience = 30 * time.Second
	said, err := watchFile(p.log)
	if err != nil {
		return 0, err
	}
	defer func() { _ = said.Close() }()
	before, err := os.Stat(p.log)
	if err != nil {
		return 0, err
	}
	started := time.Now()
	if err := said.SetReadDeadline(started.Add(patience)); err != nil {
		return 0, err
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		return 0, err
	}
	events := make([]byte, 4<<10)
	for {
		if _, err := said.Read(events); err != nil {
			return 0, fmt.Errorf("the process was told to load its folder anew and did not within %s: %w", patience, err)
		}
		took := time.Since(started)
		data, err := os.ReadFile(p.log)
		if err != nil {
			return 0, err
		}
		for line := range strings.Lines(string(data[before.Size():])) {
			switch {
			case strings.HasSuffix(line, " reloaded\n") && !strings.HasSuffix(line, " not reloaded\n"):
				return took, nil
			case strings.Contains(line, " not reloaded"):
				return 0, errors.New("the folder could not be loaded anew")
			}
		}
	}
}

// watchFile is a file that has something to read whenever another has been written to.
func watchFile(name string) (*os.File, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("inotify_init1", err)
	}
	f := os.NewFile(uintptr(fd), "inotify")
	if _, err := unix.InotifyAddWatch(fd, name, unix.IN_MODIFY); err != nil {
		_ = f.Close()
		return nil, os.NewSyscallError("inotify_add_watch", err)
	}
	return f, nil
}

// gone tells whether the process has ended by itself.
func (p *process) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// lastWords are the last lines that the process printed.
func (p *process) lastWords() string {
	data, _ := os.ReadFile(p.log)
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// allocations reads from the process's metrics how many objects and bytes it has ever
// allocated.
func (p *process) allocations(client *http.Client) (objects, size float64, err error) {
	resp, err := client.Get(p.metrics)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 256<<20))
	if err != nil {
		return 0, 0, err
	}
	value := func(name string) float64 {
		_, after, ok := bytes.Cut(body, []byte("\n"+name+" "))
		if !ok {
			return -1
		}
		text, _, _ := bytes.Cut(after, []byte("\n"))
		v, err := strconv.ParseFloat(string(text), 64)
		if err != nil {
			return -1
		}
		return v
	}
	objects, size = value("go_memstats_mallocs_total"), value("go_memstats_alloc_bytes_total")
	if objects < 0 || size < 0 {
		return 0, 0, errors.New("the metrics do not say how much is allocated")
	}
	return objects, size, nil
}

// freePorts finds ports of loopback that nobody listens on, all different.
func freePorts(n int) ([]int, error) {
	var out []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		out = append(out, l.Addr().(*net.TCPAddr).Port)
	}
	return out, nil
}
