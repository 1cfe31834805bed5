//go:build linux && (amd64 || arm64) && race

package gateway

import "syscall"

// For the race detector, which takes what goes through a socket for an order of events, and
// only knows of the calls of package syscall.

func readSocket(fd uintptr, p []byte) (int, syscall.Errno) { return outcome(syscall.Read(int(fd), p)) }

func writeSocket(fd uintptr, p []byte) (int, syscall.Errno) {
	return outcome(syscall.Write(int(fd), p))
}

func outcome(n int, err error) (int, syscall.Errno) {
	errno, _ := err.(syscall.Errno)
	return n, errno
}
