//go:build linux && race

package battery

// raced: the race detector needs address space and memory of its own, many times what
// is used, so that neither is limited.
const raced = true
