// Package epoll is the least of Linux's event interface that the generator and the
// built-in backend of the benchmark need: edge-triggered readiness, a timer with the
// resolution of the hardware, and reads and writes on sockets that never block.
//
// The benchmark does not use Go's own network poller because what it measures costs as
// little as it does itself: a goroutine per connection takes a read that fails, a park, a
// wake-up and a second read for every answer, and its timers are rounded up to a
// millisecond when the process is idle. One thread with an epoll loop does a request with
// two system calls and starts it within microseconds of its time.
package epoll

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What an Event says of its descriptor.
const (
	In  = unix.EPOLLIN | unix.EPOLLHUP | unix.EPOLLERR | unix.EPOLLRDHUP
	Out = unix.EPOLLOUT
	// Gone comes with In when the other side will send no more.
	Gone = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR
)

// Event is one readiness: Fd is the key that the descriptor was added with.
type Event = unix.EpollEvent

// Poller is an epoll instance with one timer. Not for use from several goroutines.
type Poller struct {
	fd, timer int
	events    []Event
}

// timerKey is the key of the timer's events, which Wait keeps to itself.
const timerKey = -1

// New makes a Poller.
func New() (*Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	p := &Poller{fd: fd, timer: timer, events: make([]Event, 256)}
	if err := p.Add(timer, timerKey); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Close releases the Poller; descriptors that were added stay open.
func (p *Poller) Close() {
	_ = unix.Close(p.timer)
	_ = unix.Close(p.fd)
}

// Add watches a descriptor, edge-triggered, for reading and writing. Closing the
// descriptor ends the watch. The key is not negative.
func (p *Poller) Add(fd int, key int32) error {
	e := Event{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: key}
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

// Wait waits for events, at most for d; negative means without end. The events are valid
// until the next Wait.
func (p *Poller) Wait(d time.Duration) ([]Event, error) {
	timeout := -1
	switch {
	case d == 0:
		timeout = 0
	case d > 0:
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
		if err := unix.TimerfdSettime(p.timer, 0, &spec, nil); err != nil {
			return nil, fmt.Errorf("timerfd: %w", err)
		}
	}
	n, err := unix.EpollWait(p.fd, p.events, timeout)
	if err != nil {
		if errors.Is(err, unix.EINTR) {
			return nil, nil
		}
		return nil, fmt.Errorf("epoll: %w", err)
	}
	kept := p.events[:0]
	for _, e := range p.events[:n] {
		if e.Fd != timerKey {
			kept = append(kept, e)
		}
	}
	return kept, nil
}

// Read reads without blocking: ErrAgain when there is nothing, 0 at the end.
func Read(fd int, b []byte) (int, error) {
	// A raw system call: the runtime need not know of one that does not block.
	n, _, e := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if e != 0 {
		return 0, e
	}
	return int(n), nil
}

// Write writes without blocking; it may write less than b, or nothing with ErrAgain.
func Write(fd int, b []byte) (int, error) {
	n, _, e := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(n), nil
}

// ErrAgain says that a descriptor is not ready.
const ErrAgain = syscall.EAGAIN

// Dial connects to an address, waiting at most the time given, and makes the socket
// non-blocking.
func Dial(at netip.AddrPort, timeout time.Duration) (int, error) {
	family, sa := sockaddr(at)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	tv := unix.NsecToTimeval(int64(timeout))
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv) // bounds connect
	for {
		err = unix.Connect(fd, sa)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err == nil {
		err = nonblocking(fd)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, os.NewSyscallError("connect", err)
	}
	return fd, nil
}

// Listen makes a listening socket, and says where it listens.
func Listen(at netip.AddrPort) (int, netip.AddrPort, error) {
	family, sa := sockaddr(at)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, at, os.NewSyscallError("socket", err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err = unix.Bind(fd, sa); err == nil {
		err = unix.Listen(fd, 4096)
	}
	if err == nil {
		sa, err = unix.Getsockname(fd)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, at, os.NewSyscallError("listen", err)
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		at = netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		at = netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	return fd, at, nil
}

// Accept takes a connection of a listening socket; ErrAgain when there is none.
func Accept(listener int) (int, error) {
	fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err != nil {
		return -1, err
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	return fd, nil
}

// Close closes a descriptor.
func Close(fd int) { _ = unix.Close(fd) }

// Monotonic is the machine's monotonic clock in nanoseconds, the same for all processes.
func Monotonic() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return ts.Nano()
}

func nonblocking(fd int) error {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	return unix.SetNonblock(fd, true)
}

func sockaddr(at netip.AddrPort) (family int, sa unix.Sockaddr) {
	if at.Addr().Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
}
