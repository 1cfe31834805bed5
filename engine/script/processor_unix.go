//go:build unix

package script

import "syscall"

// processorTime is what the process has used of its processors, in nanoseconds.
func processorTime() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return nanos()
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
