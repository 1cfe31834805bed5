//go:build !unix

package gateway

// idle takes every socket for idle where there is no way to look. A connection that its
// backend has closed is found out by the request sent on it.
func idle(uintptr) bool { return true }
