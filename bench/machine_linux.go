package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"strings"

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
