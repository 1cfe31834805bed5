// Command fasthttp is the least proxy that fasthttp can be: its server, its client, and
// nothing between them. It keeps none of the rules of a proxy, and is here for one reason:
// it is what a proxy in Go cannot cost less than, with this library.
//
//	fasthttp ADDRESS BACKEND
package main

import (
	"fmt"
	"os"

	"github.com/valyala/fasthttp"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: fasthttp ADDRESS BACKEND")
		os.Exit(2)
	}
	client := &fasthttp.HostClient{Addr: os.Args[2], MaxConns: 4096}
	server := &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		if err := client.Do(&ctx.Request, &ctx.Response); err != nil {
			ctx.Error("bad gateway", fasthttp.StatusBadGateway)
		}
	}}
	if err := server.ListenAndServe(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
