//go:build unix && !(linux && (amd64 || arm64))

package gateway

import "syscall"

// peek tells whether a socket is idle: open, and with nothing to read.
func (p *peeker) peek(fd uintptr) {
	_, _, err := syscall.Recvfrom(int(fd), p.buf[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	p.idle = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
}
