package csharp

import (
	"sync"
	"testing"
)

// A Program serves any number of goroutines at once.
func TestEvalInParallel(t *testing.T) {
	p := compile(t, `{ var l = new List<int>(); int f(int n) => n < 2 ? n : f(n - 1) + f(n - 2); for (int i = 0; i < 10; i++) { l.Add(f(i)); } dynamic d = l.Count; return string.Join(",", l.Where(x => x > 1).OrderBy(x => -x)) + d; }`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if v, ex := p.Eval(nil, Limits{Time: -1}); ex != nil || v != "34,21,13,8,5,3,210" {
					t.Errorf("%v, %v", v, ex)
					return
				}
			}
		})
	}
	wg.Wait()
}
