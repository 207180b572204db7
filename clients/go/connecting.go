package imattr

import (
	"errors"
	"math/rand"
	"net"
	"syscall"
	"time"
)

const (
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
)

// connect makes a connection for what waits, and sends it. Connecting to a Unix socket succeeds or fails at once.
func (c *Client) connect() {
	c.forgetEnded()
	if len(c.waiting) == 0 {
		return
	}
	socket, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: c.path(), Net: "unix"})
	if err != nil {
		c.cannotConnect(err)
		return
	}
	n, err := newConnection(c, socket)
	if err != nil {
		socket.Close()
		c.cannotConnect(err)
		return
	}
	if c.conns == nil {
		c.conns = make(map[*connection]struct{})
	}
	c.conn, c.conns[n], c.connected = n, struct{}{}, true
	for _, r := range c.waiting {
		n.put(r)
	}
	c.waiting = nil
}

// cannotConnect tries again later if the daemon may come back, or ends what waits.
func (c *Client) cannotConnect(err error) {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		err = errno
	}
	gone := errno == syscall.ENOENT || errno == syscall.ECONNREFUSED
	if errno == syscall.EAGAIN || c.connected && gone {
		if c.attempts == 0 {
			c.attempts = 1
		}
		c.trouble = err
		c.putOffConnecting()
		c.connectWhenDue()
		return
	}
	for _, r := range c.waiting {
		c.end(r, &UnreachableError{Path: c.path(), Err: err})
	}
	c.waiting = nil
}

// putOffConnecting is called for each connection that has ended and each that could not be made: what follows one that
// had been of use is made at once, and what follows others is made ever later.
func (c *Client) putOffConnecting() {
	c.connectAt = time.Now().Add(pauseBefore(c.attempts))
	c.attempts++
}

// connectWhenDue connects for what waits, if anything does: at once, or when the pause is over.
func (c *Client) connectWhenDue() {
	if len(c.waiting) == 0 || c.retry != nil {
		return
	}
	pause := time.Until(c.connectAt)
	if pause <= 0 {
		c.connect()
		return
	}
	c.retry = time.AfterFunc(pause, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.retry = nil; !c.closed {
			c.connect()
		}
	})
}

// pauseBefore is 0, 50 ms, 100 ms, … up to 1 s, and up to a quarter more at random, so that the callers of a daemon
// that was restarted do not all come back at once.
func pauseBefore(attempt int) time.Duration {
	if attempt == 0 {
		return 0
	}
	pause := lastPause
	if attempt <= 5 {
		pause = firstPause << (attempt - 1)
	}
	if pause > lastPause {
		pause = lastPause
	}
	return pause + time.Duration(rand.Int63n(int64(pause/4)))
}

// forgetEnded drops what no longer waits.
func (c *Client) forgetEnded() {
	var still []*request
	for _, r := range c.waiting {
		if !r.ended {
			still = append(still, r)
		}
	}
	c.waiting = still
}

// lost is the error of what waits for a connection at its deadline.
func (c *Client) lost() error { return &LostError{Path: c.path(), Err: c.trouble} }
