package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"sekisho"
	"sekisho/engine/assembly"
	"sekisho/engine/config"
	"sekisho/engine/gateway"
	"sekisho/engine/source"
)

type runCommand struct {
	Folder string   `arg:"" optional:"" help:"The gateway's folder, or its gateway.yaml. Default: the folder here, or if it is no gateway, the example that this program carries."`
	Listen []string `placeholder:"HOST:PORT" help:"Serve plain HTTP here, instead of at the listeners of gateway.yaml."`
	Admin  string   `placeholder:"HOST:PORT" help:"The admin listener: /healthz, /readyz, /metrics, /debug/pprof/profile, /tokens, /management; off for none."`
}

// Help implements kong's detailed help.
func (runCommand) Help() string {
	return `Every change in the folder goes live within a second of saving. A change with a mistake is
explained and changes nothing. SIGHUP loads the folder anew, SIGTERM and SIGINT stop: requests
in flight are finished first.

  sekisho run
  sekisho run my-gateway --listen :9000`
}

func (c runCommand) Run(io streams) error {
	printer := &printer{w: io.err, color: isTerminal(io.err)}
	setup, err := c.setup(printer.notice)
	if err != nil {
		return err
	}
	setup.Report = printer.reloaded
	setup.Log = func(l config.Logging) slog.Handler { return logHandler(io.err, l) }

	var diags source.List
	g := gateway.Open(setup, &diags)
	printer.diagnostics(diags.Sorted())
	if g == nil {
		fmt.Fprintf(io.err, "%s; nothing is served\n", count(diags.Errors(), "error"))
		return findings()
	}
	if err := g.Start(); err != nil {
		return environment(err)
	}
	printer.serving(g, c.where(setup))
	return wait(g, printer)
}

// setup finds the folder.
func (c runCommand) setup(notice func(string)) (gateway.Setup, error) {
	setup := assembly.Setup(assembly.Options{Env: os.LookupEnv, Notice: notice})
	setup.Listen, setup.Admin, setup.Path = c.Listen, c.Admin, c.Folder
	if setup.Path == "" {
		if _, err := os.Stat(config.FileName); err == nil {
			setup.Path = "."
			return setup, nil
		}
		setup.Folder = sekisho.Example()
		return setup, nil
	}
	if _, err := os.Stat(setup.Path); err != nil {
		return setup, environment(err)
	}
	return setup, nil
}

func (runCommand) where(s gateway.Setup) string {
	if s.Path == "" {
		return "the built-in example (sekisho new DIR makes a folder of it)"
	}
	return s.Path
}

// logHandler writes the log as gateway.yaml wants it.
func logHandler(w io.Writer, l config.Logging) slog.Handler {
	var level slog.Level
	if level.UnmarshalText([]byte(l.Level)) != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if l.JSON {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

// wait serves until a signal ends it.
func wait(g *gateway.Gateway, p *printer) error {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)
	for s := range signals {
		if s == syscall.SIGHUP {
			g.Reload()
			continue
		}
		break
	}
	drain := g.Snapshot().Model().Limits.DrainTimeout
	fmt.Fprintf(p.w, "stopping: requests in flight have %s\n", drain)
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	go func() {
		<-signals // a second signal does not wait
		cancel()
	}()
	if err := g.Shutdown(ctx); err != nil {
		return environment(fmt.Errorf("not everything could be finished: %w", err))
	}
	return nil
}

// printer tells people what happens.
type printer struct {
	w     io.Writer
	color bool
}

// notice tells of something that the gateway did for whoever runs it.
func (p *printer) notice(message string) { fmt.Fprintf(p.w, "note: %s\n", message) }

func (p *printer) diagnostics(diags []source.Diagnostic) {
	_ = source.WriteText(p.w, diags, source.TextOptions{Color: p.color})
}

// serving prints what is served and calls to try.
func (p *printer) serving(g *gateway.Gateway, where string) {
	fmt.Fprintf(p.w, "sekisho serves %s\n", where)
	for _, a := range g.Addresses() {
		fmt.Fprintf(p.w, "  listening  http://%s\n", a)
	}
	if a := g.AdminAddress(); a != "" {
		fmt.Fprintf(p.w, "  admin      http://%s/metrics\n", a)
	}
	if calls := examples(g); len(calls) > 0 {
		fmt.Fprintf(p.w, "\ntry:\n  %s\n\n", strings.Join(calls, "\n  "))
	}
}

func (p *printer) reloaded(diags []source.Diagnostic, ok bool) {
	p.diagnostics(diags)
	at := time.Now().Format(time.TimeOnly)
	if ok {
		fmt.Fprintf(p.w, "%s reloaded\n", at)
		return
	}
	fmt.Fprintf(p.w, "%s not reloaded: what served before goes on serving\n", at)
}
