//go:build linux && !race

package battery

const raced = false
