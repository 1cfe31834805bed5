package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"sekisho/bench"
	"sekisho/bench/report"
	"sekisho/bench/scenario"
)

// measure runs a scenario with this program as gateway and as backend. The gateway's profile
// is written to the file profile, "" for none.
func measure(io streams, l benchLoad, s *scenario.Scenario, folder string, peers []*bench.Peer, profile string) (*report.Report, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	meter := bench.NewMeter(io.err, isTerminal(io.err))
	defer meter.Done()
	return bench.Run(ctx, bench.Options{
		Scenario: s, Folder: folder, Peers: peers, CPUs: l.CPUs, Cache: l.cache(),
		Gateway: []string{program, "run", "{folder}", "--listen", "{address}", "--admin", "{admin}"},
		Metrics: "/metrics",
		Profile: fmt.Sprintf("/debug/pprof/profile?seconds=%.0f", bench.ProfileTime.Seconds()), ProfileFile: profile,
		Backend:  []string{program, "bench", "backend"},
		Program:  program,
		Versions: map[string]string{"sekisho": version(), "go": runtime.Version()},
		Progress: meter, Now: time.Now,
	})
}

func (benchBackend) Run(io streams) error {
	if err := bench.ServeBackend(context.Background(), io.in, io.out); err != nil {
		return environment(err)
	}
	return nil
}

func (c benchPeers) Run(io streams) error {
	campaign, err := bench.ReadCampaign(c.Campaign)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	home := filepath.Dir(filepath.Dir(c.Campaign))
	if c.Results == "" {
		c.Results = filepath.Join(home, "results")
	}
	if c.Table == "" {
		c.Table = filepath.Join(home, "RESULTS.md")
	}
	for _, name := range c.Only {
		if !slices.ContainsFunc(campaign.Rows, func(r *bench.Row) bool { return r.Name == name }) {
			return usage("the campaign has no row %q", name)
		}
	}
	void := false
	for _, row := range campaign.Rows {
		if len(c.Only) > 0 && !slices.Contains(c.Only, row.Name) {
			continue
		}
		s := row.Scenario()
		c.apply(s)
		r, err := measure(io, c.benchLoad, s, "", row.Peers(), "")
		if err != nil {
			return environment(fmt.Errorf("%s: %w", row.Name, err))
		}
		r.Scenario = row.Name
		void = void || len(r.Faults) > 0
		if err := r.WriteText(io.out); err != nil {
			return environment(err)
		}
		fmt.Fprintln(io.out)
		if err := writeReport(c.Results, r); err != nil {
			return environment(err)
		}
	}
	if err := campaign.WriteTable(c.Results, c.Table); err != nil {
		return environment(err)
	}
	if void {
		return findings()
	}
	return nil
}
