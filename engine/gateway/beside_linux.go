package gateway

import "golang.org/x/sys/unix"

// goAfterOthers lowers the priority of the calling thread: beside busy threads of the usual
// priority it gets a quarter of what they get, so that a load ends soon all the same.
func goAfterOthers() { _ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 6) }
