//go:build linux && (amd64 || arm64)

package gateway

import (
	"syscall"
	"unsafe"
)

// peek tells whether a socket is idle: open, and with nothing to read. The call never
// waits, so that the scheduler need not be told of it: every request makes one.
func (p *peeker) peek(fd uintptr) {
	_, _, err := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&p.buf[0])), uintptr(len(p.buf)),
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	p.idle = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
}
