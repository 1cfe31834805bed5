package gateway

import "runtime"

// yielder lets the other requests go on before a read that would most likely find nothing
// yet: by the time it is this one's turn again, an answer that comes quickly has come, and
// neither a call that reads nothing nor a turn of the poller is spent on it. That holds
// where there is one processor. Where there are more, another would be woken to take the
// goroutine, at a higher price than that of the call.
type yielder struct{ alone bool }

func newYielder() yielder { return yielder{runtime.GOMAXPROCS(0) == 1} }

func (y yielder) yield() {
	if y.alone {
		runtime.Gosched()
	}
}
