//go:build !linux

package gateway

// goAfterOthers does nothing: elsewhere priorities are those of whole processes.
func goAfterOthers() {}
