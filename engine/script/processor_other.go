//go:build !unix

package script

// processorTime stands for what the process has used of its processors, in nanoseconds,
// where that is not known: the clock.
func processorTime() int64 { return nanos() }
