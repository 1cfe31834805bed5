package pipeline

import (
	"context"
	"strings"
	"testing"
)

func TestJoin(t *testing.T) {
	x := NewExchange(&Services{}, 1<<20)
	defer x.Release()
	x.target = target{request: &x.Request}
	x.Request.Method = "GET"
	x.Request.Header.Add("A", "1")
	x.Request.Header.Add("B", "1")
	x.Request.Header.Add("C", "1")
	x.Request.Body.SetBytes([]byte("old"))

	one, two, none := x.Fork(context.Background()), x.Fork(context.Background()), x.Fork(context.Background())
	one.Request.Header.Set("A", "one")
	one.Request.Header.Del("C")
	one.Request.Method = "POST"
	one.Set("v", "one")
	two.Request.Header.Set("B", "two")
	two.Request.Header.Add("D", "two")
	two.Request.Body.SetBytes([]byte("new"))
	two.Response.Status = 404
	two.SetValue("k", "v")
	closed := ""
	one.OnClose(func() { closed += "one" })
	none.OnClose(func() { closed += "none" })
	none.Request.Header.Set("A", "none")

	x.Join(one)
	x.Join(two)
	none.Discard()
	var got []string
	for _, f := range x.Request.Header.Fields() {
		got = append(got, f.Name+"="+f.Value)
	}
	if s := strings.Join(got, " "); s != "A=one B=two D=two" {
		t.Errorf("headers: %s", s)
	}
	if data, _ := x.Request.Body.Buffer(); string(data) != "new" || x.Request.Body.header != &x.Request.Header {
		t.Errorf("body: %q", data)
	}
	if v, _ := x.Var("v"); x.Request.Method != "POST" || x.Response.Status != 404 || v != "one" || x.Value("k") != "v" {
		t.Errorf("method %s, status %d, variable %v", x.Request.Method, x.Response.Status, v)
	}
	if closed != "none" || len(x.onClose) != 1 {
		t.Errorf("closed %q, %d to close", closed, len(x.onClose))
	}
}
