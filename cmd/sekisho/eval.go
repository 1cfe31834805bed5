package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"sekisho/engine/csharp"
	"sekisho/engine/dotnet"
	"sekisho/engine/evalctx"
	"sekisho/engine/source"
)

type evalCommand struct {
	Expression string `arg:"" optional:"" help:"The expression as it stands in a document: @(…) or @{…}."`
	Context    string `type:"existingfile" placeholder:"FILE" help:"A JSON file with the request, response, variables and so on that the expression sees."`
	Cases      string `type:"existingfile" placeholder:"FILE" help:"Evaluate every row of a JSON Lines file: {id, kind: expr|block, code, context?, variables?}."`
}

// Help implements kong's detailed help.
func (evalCommand) Help() string {
	return `The context file holds, each optional: request {method, url, originalUrl, ipAddress, headers
{name: [values]}, body, matchedParameters}, response {statusCode, statusReason, headers, body},
variables {name: value}, user, subscription, product, api, operation, deployment, lastError.

  sekisho eval '@(context.Request.Url.Path.Split('/')[1])' --context request.json
  sekisho eval --cases cases.jsonl

A row of --cases is answered by a row {id, value, type, exception: {type, message} | null}.
Exit code 1 means that the expression does not compile, or threw.`
}

func (c evalCommand) Run(io streams) error {
	context := []byte("{}")
	if c.Context != "" {
		var err error
		if context, err = os.ReadFile(c.Context); err != nil {
			return environment(err)
		}
	}
	switch {
	case c.Cases != "" && c.Expression != "":
		return usage("give an expression or --cases, not both")
	case c.Cases != "":
		f, err := os.Open(c.Cases)
		if err != nil {
			return environment(err)
		}
		defer f.Close()
		if err := evalctx.RunCases(f, context, io.out); err != nil {
			return environment(err)
		}
		return nil
	case c.Expression == "":
		return usage("give an expression, or --cases")
	}
	return c.one(io, context)
}

func (c evalCommand) one(io streams, contextJSON []byte) error {
	view := source.Detached("expression", strings.TrimSpace(c.Expression))
	s := view.S
	kind := csharp.Expr
	switch {
	case strings.HasPrefix(s, "@(") && strings.HasSuffix(s, ")"):
	case strings.HasPrefix(s, "@{") && strings.HasSuffix(s, "}"):
		kind = csharp.Block
	default:
		return usage("an expression is written @(…) or @{…}")
	}
	ctx, err := evalctx.Parse(contextJSON)
	if err != nil {
		return environment(fmt.Errorf("%s: %w", c.Context, err))
	}
	var diags source.List
	p := csharp.Compile(view.Slice(2, len(s)-1), kind, csharp.Options{}, &diags)
	if err := source.WriteText(io.err, diags.Sorted(), source.TextOptions{Color: isTerminal(io.err)}); err != nil {
		return environment(err)
	}
	if p == nil {
		return findings()
	}
	v, thrown := p.Eval(ctx, csharp.Limits{})
	if thrown != nil {
		return &exitError{exitFindings, errors.New(thrown.Type + ": " + thrown.Message)}
	}
	text, _ := dotnet.Render(v)
	_, err = fmt.Fprintln(io.out, text)
	return err
}
