//go:build unix && !(linux && (amd64 || arm64))

package gateway

import "syscall"

// idle tells whether a socket is open with nothing to read.
func idle(fd uintptr) bool {
	var b [1]byte
	_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
}
