package imattr

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"
)

// A request is one line to the daemon, from the moment it is made until it is answered or given up, over as many
// connections as that takes.
type request struct {
	text     []byte // of the line, up to what differs each time it is sent
	timed    bool   // timeoutMs is what differs, beside the id
	deadline time.Time
	accept   func(result []byte) error // reads the result; its error says that it has another shape
	done     chan<- *request           // gets the request when it has ended; has room for it
	attrs    *attrsAnswer              // of getAttrs: what accept has read
	accounts []string                  // of getAttrs with Partial
	index    int                       // among the requests of a call

	// Guarded by Client.mu:
	conn  *connection // it is in flight there; nil if it waits for a connection, or has ended
	id    int64       // on that connection
	leads bool        // its caller is about to read
	ended bool
	// lateSince is when it was found to be late; zero if it was not.
	lateSince time.Time
	err       error // why, if not by its answer; may be read without the lock after it came out of done
}

func newRequest(method string, params []byte, deadline time.Time, accept func([]byte) error) *request {
	name, _ := json.Marshal(method) // a string can always be marshalled
	text := make([]byte, 0, len(params)+len(name)+80)
	text = append(text, `{"jsonrpc":"2.0","method":`...)
	text = append(text, name...)
	if params != nil {
		text = append(text, `,"params":`...)
		text = append(text, params...)
	}
	text = append(text, `,"id":`...)
	return &request{text: text, deadline: deadline, accept: accept}
}

func newAttrsRequest(accounts []string, s settings, deadline time.Time) *request {
	list, _ := json.Marshal(accounts) // so can a slice of them
	text := make([]byte, 0, len(list)+160)
	text = append(text, `{"jsonrpc":"2.0","method":"getAttrs","params":{"To_Account":`...)
	text = append(text, list...)
	if s.maxAge > 0 {
		text = append(text, `,"maxAgeMs":`...)
		text = strconv.AppendInt(text, s.maxAge.Milliseconds(), 10)
	}
	if s.partial {
		text = append(text, `,"partial":true`...)
	}
	text = append(text, `,"timeoutMs":`...)
	attrs := &attrsAnswer{}
	r := &request{text: text, timed: true, deadline: deadline, accept: attrs.read, attrs: attrs}
	if s.partial {
		r.accounts = append(r.accounts, accounts...)
	}
	return r
}

// failAccounts makes the error of a request that of each of its accounts. It returns false if the error is not about
// accounts, or none of them were to fail alone.
func (r *request) failAccounts() bool {
	failed, ok := failureOf(r.err)
	if !ok || r.accounts == nil {
		return false
	}
	for _, account := range distinct(r.accounts) {
		failed.Account = account
		r.attrs.failed = append(r.attrs.failed, failed)
	}
	return true
}

// line is the whole line, to be sent now. It shares memory with the next one.
func (r *request) line() []byte {
	line := r.text
	if r.timed {
		left := time.Until(r.deadline) + time.Millisecond - 1
		if left < time.Millisecond {
			left = time.Millisecond
		}
		line = strconv.AppendInt(line, left.Milliseconds(), 10)
		line = append(line, `},"id":`...)
	}
	line = strconv.AppendInt(line, r.id, 10)
	return append(line, '}', '\n')
}

func cancelLine(id int64) []byte {
	line := []byte(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":`)
	return append(strconv.AppendInt(line, id, 10), "}}\n"...)
}

// do makes a request, and returns when it has ended, or when the context has.
func (c *Client) do(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return contextError(err)
	}
	done := make(chan *request, 1)
	r.done, r.leads = done, true
	c.start(r)
	c.lead(r, done)
	select {
	case <-done:
	case <-ctx.Done():
		c.takeArrived(ctx.Err(), r)
		c.withdraw(ctx.Err(), r)
		<-done
	}
	return r.err
}

// start sends a request for the first time, or ends it at once. It returns false, and does neither, if another request of
// the same call has ended and was not received.
func (c *Client) start(r *request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := time.Until(r.deadline)
	switch {
	case len(r.done) > 0:
		return false
	case c.closed:
		c.end(r, ErrClosed)
	case left <= 0:
		c.end(r, &DeadlineError{})
	default:
		c.lookAt(r.deadline)
		c.place(r)
	}
	return true
}

// place sends a request if there is a connection, or can be one at once; else the request waits for one.
func (c *Client) place(r *request) {
	if n := c.conn; n != nil && n.isIdle() {
		if err := n.lookWhileIdle(); err != nil {
			c.lose(n, err)
		}
	}
	if c.conn != nil {
		c.conn.put(r)
		return
	}
	c.waiting = append(c.waiting, r)
	c.connectWhenDue()
}

// repeat sends requests again that were not answered, if there is time left.
func (c *Client) repeat(requests ...*request) {
	for _, r := range requests {
		switch {
		case !time.Now().Before(r.deadline):
			c.end(r, c.lost())
		case c.conn != nil:
			c.conn.put(r)
		default:
			c.waiting = append(c.waiting, r)
		}
	}
	c.connectWhenDue()
}

// withdraw gives requests up because their context has ended with err.
func (c *Client) withdraw(err error, requests ...*request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range requests {
		switch {
		case r.ended:
		case r.conn != nil:
			r.conn.withdraw(r)
			c.end(r, contextError(err))
		case errors.Is(err, context.DeadlineExceeded):
			c.end(r, c.lost())
		default:
			c.end(r, contextError(err))
		}
	}
}

// postpone puts off a request that a daemon refused because it is shutting down. Its connection takes no others, but
// what is in flight there will still be answered.
func (c *Client) postpone(r *request, refused *RefusedError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.ended {
		return
	}
	c.trouble = refused
	c.retire(r.conn)
	c.release(r)
	pause := refused.RetryAfter
	if pause < firstPause { // so that a daemon cannot keep us retrying without a pause
		pause = firstPause
	}
	if c.postponed == nil {
		c.postponed = make(map[*request]*time.Timer)
	}
	c.postponed[r] = time.AfterFunc(pause, func() { c.resume(r) })
}

func (c *Client) resume(r *request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !r.ended {
		delete(c.postponed, r)
		c.repeat(r)
	}
}

// end ends a request, with its answer if err is nil.
func (c *Client) end(r *request, err error) {
	if r.ended {
		return
	}
	r.ended, r.err = true, err
	if pause := c.postponed[r]; pause != nil {
		pause.Stop()
		delete(c.postponed, r)
	}
	c.release(r)
	r.done <- r
}

// release takes a request off its connection.
func (c *Client) release(r *request) {
	if n := r.conn; n != nil {
		r.conn = nil
		delete(n.requests, r.id)
		if n.retired && len(n.requests) == 0 {
			c.drop(n)
		}
	}
}
