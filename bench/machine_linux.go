package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekisho/bench/report"

	"golang.org/x/sys/unix"
)

// machine describes where the benchmark runs.
func machine(cpus, subjects, loads []int) report.Machine {
	m := report.Machine{CPU: "unknown CPU", CPUs: len(cpus), SubjectCPUs: subjects, LoadCPUs: loads}
	for line := range strings.Lines(firstLines("/proc/cpuinfo")) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			m.CPU = strings.TrimSpace(value)
			break
		}
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
	}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		m.MemoryMiB = int(info.Totalram * uint64(info.Unit) >> 20)
	}
	m.Governor = firstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
	if v := firstLine("/sys/fs/cgroup/cpu.max"); v != "" && !strings.HasPrefix(v, "max") {
		m.CgroupCPU = "cpu.max " + v
	}
	if f := strings.Fields(firstLine("/proc/loadavg")); len(f) > 0 {
		m.LoadAverage = f[0]
	}
	return m
}

// work is what some processors have done since the machine was started.
type work struct{ busy, stolen time.Duration }

// workOf reads the work of some processors; ok is false where the kernel does not say.
func workOf(cpus []int) (w work, ok bool) {
	const tick = time.Second / 100 // USER_HZ
	for line := range strings.Lines(firstLines("/proc/stat")) {
		f := strings.Fields(line)
		if len(f) < 9 || !strings.HasPrefix(f[0], "cpu") {
			continue
		}
		n, err := strconv.Atoi(f[0][len("cpu"):])
		if err != nil || !slices.Contains(cpus, n) {
			continue
		}
		// user, nice, system, idle, iowait, irq, softirq, steal
		for i, text := range f[1:9] {
			v, _ := strconv.ParseInt(text, 10, 64)
			switch i {
			case 3, 4:
			case 7:
				w.stolen += time.Duration(v) * tick
			default:
				w.busy += time.Duration(v) * tick
			}
		}
		ok = true
	}
	return w, ok
}

// watchOthers begins to measure what other programs take, and returns what ends it. What
// the benchmark starts keeps to its processors, so that on each the rest is theirs.
func (b *bench) watchOthers() func() *report.Others {
	if len(b.loads) == 0 {
		return func() *report.Others { return nil }
	}
	read := func() (subjects, loads work, ok bool) {
		subjects, ok1 := workOf(b.subjects)
		loads, ok2 := workOf(b.loads)
		for _, c := range b.running {
			if c.process != nil {
				subjects.busy -= c.process.cpu()
			}
		}
		loads.busy -= clockOf(os.Getpid()) + b.backend.cpu()
		return subjects, loads, ok1 && ok2
	}
	began := time.Now()
	s0, l0, ok := read()
	return func() *report.Others {
		s1, l1, _ := read()
		of := func(d time.Duration, cpus int) float64 {
			return min(1, max(0, float64(d)/float64(time.Since(began))/float64(cpus)))
		}
		if !ok {
			return nil
		}
		return &report.Others{
			Subjects: of(s1.busy-s0.busy, len(b.subjects)), Loads: of(l1.busy-l0.busy, len(b.loads)),
			Stolen: of(s1.stolen-s0.stolen+l1.stolen-l0.stolen, len(b.subjects)+len(b.loads)),
		}
	}
}

func firstLine(name string) string {
	s, _, _ := strings.Cut(firstLines(name), "\n")
	return strings.TrimSpace(s)
}

// firstLines reads the beginning of a file of the kernel; "" if there is none.
func firstLines(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	data, _ := io.ReadAll(io.LimitReader(f, 64<<10))
	return string(data)
}

// hashFile is a hash of a file, "" if it cannot be read.
func hashFile(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
