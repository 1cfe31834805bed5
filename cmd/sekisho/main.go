// Command sekisho is the gateway and its tools.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// Exit codes of all commands.
const (
	exitOK          = 0
	exitFindings    = 1 // faults in documents, or answers that were not as wanted
	exitUsage       = 2 // the command line itself
	exitEnvironment = 3 // files, ports, the system
)

// commands is the command line: each field is a command, in its own file.
type commands struct {
	Run         runCommand         `cmd:"" help:"Serve a gateway folder; the folder that this program carries if there is none."`
	Check       checkCommand       `cmd:"" help:"Load gateway folders or policy documents and explain what is wrong with them."`
	Eval        evalCommand        `cmd:"" help:"Evaluate a policy expression against a request."`
	Explain     explainCommand     `cmd:"" help:"Explain the code of a diagnostic, with an example of the fault and of its cure."`
	New         newCommand         `cmd:"" help:"Make a gateway folder that runs."`
	Bench       benchCommand       `cmd:"" help:"Measure a gateway folder under load."`
	Connections connectionsCommand `cmd:"" help:"Manage connections of a running gateway: list, add, login, test, revoke."`
	MCP         mcpCommand         `cmd:"" help:"Log in at an MCP server, list its tools, call them."`
	Keys        keysCommand        `cmd:"" help:"Look at and rotate the master keys of the credential store."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

const description = `Sekisho runs Azure API Management policy documents anywhere.

A folder holds gateway.yaml, policy documents (XML with C# expressions) and scripts
(JavaScript or TypeScript). Try:

  sekisho run                       serve the example that comes with this program
  sekisho new my-gateway            make a folder of your own
  sekisho run my-gateway            serve it; every change to it goes live when you save
  sekisho check my-gateway          what is wrong with it, before anybody else sees it
  sekisho eval '@(1 + 1)'           try an expression

Exit codes: 0 fine, 1 findings, 2 usage, 3 environment.`

// exitError ends a command with a code; its message, if any, goes to standard error.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func findings() error { return &exitError{code: exitFindings} }
func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}
func environment(err error) error { return &exitError{exitEnvironment, err} }

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() { os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})) }

// run is the whole program, for tests too.
func run(args []string, io streams) int {
	var c commands
	code := -1
	parser, err := kong.New(&c,
		kong.Name("sekisho"), kong.Description(description),
		kong.Writers(io.out, io.err), kong.Exit(func(n int) { code = n }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.UsageOnError(),
	)
	if err != nil {
		panic("sekisho: internal error: " + err.Error())
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, err := parser.Parse(args)
	if code >= 0 {
		return code // --help has been printed
	}
	if err != nil {
		fmt.Fprintln(io.err, "sekisho:", err)
		fmt.Fprintln(io.err, "try: sekisho --help")
		return exitUsage
	}
	err = ctx.Run(io)
	if err == nil {
		return exitOK
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		exit = &exitError{exitEnvironment, err}
	}
	if msg := exit.Error(); msg != "" {
		fmt.Fprintln(io.err, "sekisho:", msg)
	}
	return exit.code
}
