//go:build linux

package battery

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing/fstest"
	"time"

	"sekisho/builtins"
	"sekisho/engine/pipeline"
	"sekisho/engine/policyxml"
	"sekisho/engine/script"
	"sekisho/engine/source"
)

// world is a gateway without sockets.
type world struct {
	pool     *script.Pool
	services *pipeline.Services
	exprs    *pipeline.Expressions
	harmless []pipeline.Expr
}

func newWorld() *world {
	w := &world{pool: script.NewPool(script.Limits{}), exprs: pipeline.NewExpressions(nil, "")}
	w.services = &pipeline.Services{
		Now: time.Now, Rand: rand.Reader, Log: slog.New(slog.DiscardHandler), Transport: nowhere{}, Scripts: w.pool,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	var diags source.List
	w.harmless = []pipeline.Expr{
		w.exprs.Script(source.Detached("harmless", `[3, 1, 2].sort().map((n) => context.Request.Method + n).join()`), false, &diags),
		w.exprs.CSharp(source.Detached("harmless", `string.Join(",", new[] { 3, 1, 2 }.OrderBy(n => n).Select(n => context.Request.Method + n))`), false, &diags),
	}
	if diags.Len() > 0 {
		panic(fmt.Sprint(diags.Sorted()))
	}
	return w
}

// nowhere answers no request of fetch.
type nowhere struct{}

func (nowhere) Send(context.Context, *pipeline.Request, pipeline.SendOptions) (*pipeline.Response, error) {
	return nil, errors.New("there is no network here")
}

func limitAddressSpace(n uint64) error {
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: n, Max: n})
}

// exchange is a request with a body.
func (w *world) exchange(body string) *pipeline.Exchange {
	x := pipeline.NewExchange(w.services, 32<<20)
	x.Context, x.Start = context.Background(), time.Now()
	x.Request.Method = "POST"
	x.Request.URL = pipeline.URL{Scheme: "https", Host: "a.test", Path: "/"}
	x.OriginalURL, x.OriginalMethod = x.Request.URL, "POST"
	if body != "" {
		x.Request.Body.SetBytes([]byte(body))
	}
	return x
}

func (w *world) warm() {
	for range 20 {
		for _, e := range w.harmless {
			x := w.exchange("")
			_, _ = e.Text(x)
			x.Release()
		}
	}
}

// run evaluates one input.
func (w *world) run(in input) result {
	runtime.GC() // so that each is measured by itself
	r := result{Name: in.name, Kind: in.kind}
	var diags source.List
	x := w.exchange(in.body)
	defer x.Release()
	begun, used := time.Now(), processorTime()
	var err error
	if e := w.compile(in, &diags); e != nil {
		begun, used = time.Now(), processorTime()
		_, err = e.Any(x)
	}
	r.Took, r.CPU = time.Since(begun), processorTime()-used
	r.Resident = status("VmHWM")
	switch {
	case diags.Errors() > 0:
		r.Outcome = "refused: " + diags.Sorted()[0].Message
	case err != nil:
		var f *pipeline.Fault
		if !errors.As(err, &f) {
			r.Outcome = "internal error: not a Fault: " + err.Error()
			break
		}
		r.Outcome = strings.TrimPrefix(f.Message, "Expression evaluation failed. ")
	}
	if len(r.Outcome) > 100 {
		r.Outcome = strings.ToValidUTF8(r.Outcome[:100], "") + "…"
	}
	return r
}

// compile compiles what is evaluated; of other kinds of input it returns nil.
func (w *world) compile(in input, diags *source.List) pipeline.Expr {
	view := source.Detached("input", in.code)
	var e pipeline.Expr
	switch in.kind {
	case "js", "script":
		e = w.exprs.Script(view, true, diags)
	case "cs":
		block := strings.HasPrefix(in.code, "@{")
		e = w.exprs.CSharp(view.Slice(2, len(in.code)-1), block, diags)
	case "csharp":
		e = w.exprs.CSharp(view, false, diags)
	case "module":
		files := fstest.MapFS{"scripts/m.ts": {Data: []byte(in.code)}}
		e = pipeline.NewExpressions(files, "scripts").Bundle("m.ts", source.Detached("input", "m.ts"), diags)
	case "policy":
		doc := policyxml.Parse(view, policyxml.Options{Roots: []string{"policies"}}, diags)
		if doc.Root != nil && diags.Errors() == 0 {
			pipeline.Compile(doc, pipeline.API, builtins.Table(), nil, diags)
		}
	default:
		panic("no such kind of input: " + in.kind)
	}
	if diags.Errors() > 0 {
		return nil
	}
	return e
}

// beside evaluates harmless expressions until the function it returns is called.
func (w *world) beside(r *result) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
			x := w.exchange("")
			got, err := w.harmless[i%2].Text(x)
			x.Release()
			r.Harmless++
			if err != nil || got != "POST1,POST2,POST3" {
				r.Failed++
				r.FailedFor = fmt.Sprintf("%q, %v", got, err)
			}
		}
	}()
	return func() { close(done); wg.Wait() }
}

// idle lets go of what is kept for the next evaluation.
func (w *world) idle() { w.pool.Close() }

// heap is the size of what is alive.
func (w *world) heap() int64 {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
