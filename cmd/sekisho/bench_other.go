//go:build !linux

package main

import (
	"errors"

	"sekisho/bench"
	"sekisho/bench/report"
	"sekisho/bench/scenario"
)

// errNotLinux is why there are no measurements on other systems: the generator and the
// clocks of processes are the kernel's own.
var errNotLinux = errors.New("the load benchmark needs Linux: run it there, or in a container")

func measure(streams, benchLoad, *scenario.Scenario, string, []*bench.Peer, string) (*report.Report, error) {
	return nil, errNotLinux
}

func (benchBackend) Run(streams) error { return environment(errNotLinux) }

func (benchPeers) Run(streams) error { return environment(errNotLinux) }
