package imattr

import (
	"context"
	"sync"
)

// A window is the requests of one call that have not been taken in yet.
type window struct {
	ctx    context.Context
	client *Client
	done   chan *request // in the order in which they were answered

	mu   sync.Mutex // withdraw is for any goroutine, all else for that of the call
	open []*request
}

func newWindow(ctx context.Context, client *Client, size int) *window {
	return &window{ctx: ctx, client: client, done: make(chan *request, size)}
}

func (w *window) full() bool  { return len(w.open) == cap(w.done) }
func (w *window) empty() bool { return len(w.open) == 0 }

// start sends a request, unless one of the window has ended since the last was received: its failure may be that of the
// whole call, and then no further request must reach the daemon. The window must not be full.
func (w *window) start(r *request) (started bool) {
	r.done = w.done
	w.mu.Lock()
	w.open = append(w.open, r)
	w.mu.Unlock()
	if !w.client.start(r) {
		w.taken(r)
		return false
	}
	return true
}

// receive waits for a request's end; the window must not be empty. If the context ends first, all requests do.
func (w *window) receive() *request {
	select {
	case r := <-w.done:
		return w.taken(r)
	case <-w.ctx.Done():
		w.end()
		return w.taken(<-w.done)
	}
}

// received is receive for what has ended already; nil if nothing has.
func (w *window) received() *request {
	select {
	case r := <-w.done:
		return w.taken(r)
	default:
		return nil
	}
}

func (w *window) taken(r *request) *request {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, one := range w.open {
		if one == r {
			last := len(w.open) - 1
			w.open[i], w.open[last] = w.open[last], nil
			w.open = w.open[:last]
			break
		}
	}
	return r
}

// end gives up what is not answered, because the context has ended.
func (w *window) end() {
	w.mu.Lock()
	open := append([]*request(nil), w.open...)
	w.mu.Unlock()
	w.client.takeArrived(w.ctx.Err(), open...)
	w.withdraw(w.ctx.Err())
}

// withdraw gives up what is not answered, because the context has ended with err.
func (w *window) withdraw(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.client.withdraw(err, w.open...)
}
