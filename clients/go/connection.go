package imattr

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sort"
	"sync/atomic"
	"syscall"
	"time"
)

// Codes of the daemon.
const (
	overloaded          = -32000
	deadlineExceeded    = -32001
	upstreamUnreachable = -32002
	shuttingDown        = -32004 // it ends, and refuses what it did not begin
)

// leadTime is how long a caller reads answers itself before a goroutine does that for it, and so the longest that it
// may not notice that its context has ended.
const leadTime = 5 * time.Millisecond

// errNothingNew is that there is nothing to read.
var errNothingNew = errors.New("nothing to read")

// A connection is a socket and the requests that are in flight on it. Client.mu guards it, but for what belongs to the
// reader. Nothing that is done under that lock waits for the daemon.
//
// There is one reader at a time: a caller that waits for an answer, or a goroutine that stays while anything is in
// flight. To be woken up by another goroutine costs a caller as much as the daemon's whole answer, so callers that make
// one request read for themselves, if only for leadTime: longer they could not watch their contexts. While nothing is
// in flight no goroutine reads, and what has come meanwhile is seen to before the next request.
type connection struct {
	client   *Client
	socket   *net.UnixConn
	raw      syscall.RawConn
	requests map[int64]*request
	owed     int  // answers to requests that were withdrawn
	read     bool // by a goroutine
	retired  bool // takes no new requests

	output output
	unsent []byte // what the socket did not take yet

	// Of the reader:
	lines lineReader

	taking atomic.Bool // the reader has read something, and looks what it is
}

// An output is the state of the sending side of a connection.
type output int

const (
	outputTakes  output = iota // lines are sent at once
	outputWaits                // a goroutine sends what the socket did not take
	outputFailed               // nothing is sent: what is put here is repeated when the reader has met the end
)

func newConnection(c *Client, socket *net.UnixConn) (*connection, error) {
	raw, err := socket.SyscallConn()
	return &connection{client: c, socket: socket, raw: raw, requests: make(map[int64]*request)}, err
}

// Sending

// put sends a request. Unless its caller is about to read, a goroutine does.
func (n *connection) put(r *request) {
	n.client.latestID++
	r.id, r.conn = n.client.latestID, n
	n.requests[r.id] = r
	n.send(r.line())
	if !r.leads && !n.read {
		n.read = true
		go n.readOn()
	}
}

// withdraw notifies the daemon that no call waits for a request any more.
func (n *connection) withdraw(r *request) {
	n.owed++
	n.send(cancelLine(r.id))
}

// send sends a line without ever waiting: what the socket does not take at once is sent by a goroutine.
func (n *connection) send(line []byte) {
	switch n.output {
	case outputFailed:
		return
	case outputWaits:
		n.unsent = append(n.unsent, line...)
		return
	}
	sent, err := n.write(line)
	switch {
	case err != nil:
		n.stopSending()
	case sent < len(line):
		n.output = outputWaits
		n.unsent = append(n.unsent, line[sent:]...)
		go n.sendRest()
	}
}

// write writes as much as the socket takes at once.
func (n *connection) write(line []byte) (sent int, err error) {
	unusable := n.raw.Write(func(fd uintptr) bool {
		for sent < len(line) && (err == nil || err == syscall.EINTR) {
			var more int
			if more, err = syscall.Write(int(fd), line[sent:]); more > 0 {
				sent += more
			}
		}
		return true
	})
	if unusable != nil {
		return sent, unusable
	}
	if err == syscall.EAGAIN {
		return sent, nil
	}
	return sent, err
}

func (n *connection) sendRest() {
	n.client.mu.Lock()
	defer n.client.mu.Unlock()
	for len(n.unsent) > 0 {
		rest := n.unsent
		n.unsent = nil
		n.client.mu.Unlock()
		_, err := n.socket.Write(rest)
		n.client.mu.Lock()
		if err != nil {
			n.stopSending()
			return
		}
	}
	n.output = outputTakes
}

// stopSending is what a failed write leads to: the reader is about to meet the connection's end, and before that
// perhaps what the daemon had to say about it. Until then new requests, too, wait for that end, which decides when to
// connect again: if each of them made a connection, a daemon that closes at once would get as many as there are requests.
func (n *connection) stopSending() {
	n.output = outputFailed
	n.unsent = nil
}

// Reading

// lead lets the caller of a request read for itself, if no other one reads. It returns when the request has ended, and
// earlier if that takes longer than leadTime.
func (c *Client) lead(r *request, done <-chan *request) {
	c.mu.Lock()
	r.leads = false
	n := r.conn
	if n == nil || n.read {
		c.mu.Unlock()
		return
	}
	n.read = true
	c.mu.Unlock()
	n.socket.SetReadDeadline(time.Now().Add(leadTime))
	for len(done) == 0 && n.readLine() == nil {
	}
	if !n.stopReading() {
		go n.readOn()
	}
}

// readOn reads as long as an answer is to come.
func (n *connection) readOn() {
	n.socket.SetReadDeadline(time.Time{})
	for n.readLine() == nil && !n.stopReading() {
	}
}

// stopReading ends the reader's turn, and returns true, if no answer is to come.
func (n *connection) stopReading() bool {
	n.client.mu.Lock()
	defer n.client.mu.Unlock()
	n.read = len(n.requests) > 0 || n.owed > 0
	return !n.read
}

// readLine takes a line; its error is that none has come, or that the connection has ended.
func (n *connection) readLine() error {
	line, err := n.lines.next(waiting{n})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if err == nil && len(bytes.TrimSpace(line)) > 0 {
		err = n.take(line)
	}
	if err != nil {
		n.end(err)
	}
	return err
}

// take gives an answer to the request that waits for it. An error ends the connection.
func (n *connection) take(line []byte) error {
	answer, err := parseAnswer(line)
	if err != nil {
		return err
	}
	if answer.forAll {
		return answer.refused
	}
	r := n.awaited(answer.id)
	switch {
	case r == nil: // it was withdrawn
		return nil
	case answer.refused == nil:
		if err := r.accept(answer.result); err != nil {
			return err
		}
	case answer.refused.Code == shuttingDown:
		n.client.postpone(r, answer.refused)
		return nil
	}
	n.client.mu.Lock()
	defer n.client.mu.Unlock()
	switch {
	case answer.refused == nil:
		n.client.end(r, nil)
	case answer.refused.Code == deadlineExceeded:
		n.client.end(r, &DeadlineError{Answer: answer.refused})
	default:
		n.client.end(r, answer.refused)
	}
	return nil
}

// awaited returns the request that an answer is for; nil if no call waits for it.
func (n *connection) awaited(id int64) *request {
	n.client.mu.Lock()
	defer n.client.mu.Unlock()
	n.client.attempts = 0
	r := n.requests[id]
	if r == nil && n.owed > 0 {
		n.owed--
	}
	return r
}

// isIdle reports whether no goroutine reads because nothing is in flight.
func (n *connection) isIdle() bool { return !n.read && len(n.requests) == 0 }

// lookWhileIdle sees to what has come while no call read: second answers can be ignored, but the connection may have
// ended. It returns why the connection cannot be used; nil if it can.
func (n *connection) lookWhileIdle() error {
	for {
		line, err := n.lines.next(atOnce{n})
		switch {
		case err == errNothingNew && n.output == outputFailed:
			return syscall.EPIPE
		case err == errNothingNew:
			return nil
		case err != nil:
			return err
		case len(bytes.TrimSpace(line)) == 0:
			continue
		}
		answer, err := parseAnswer(line)
		if err != nil {
			return err
		}
		if answer.forAll {
			return answer.refused
		}
	}
}

// waiting reads, and waits for what is not there.
type waiting struct{ *connection }

func (w waiting) Read(buffer []byte) (int, error) {
	w.taking.Store(false)
	count, err := w.socket.Read(buffer)
	w.taking.Store(true)
	return count, err
}

// isDrained reports whether all that has arrived was taken.
func (n *connection) isDrained() bool {
	if n.taking.Load() {
		return false
	}
	var err error
	unusable := n.raw.Control(func(fd uintptr) {
		_, _, err = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return unusable != nil || err == syscall.EAGAIN
}

// atOnce reads what is there without waiting.
type atOnce struct{ *connection }

func (a atOnce) Read(buffer []byte) (count int, err error) {
	unusable := a.raw.Control(func(fd uintptr) { count, err = syscall.Read(int(fd), buffer) })
	switch {
	case unusable != nil:
		return 0, unusable
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return 0, errNothingNew
	case err != nil:
		return 0, err
	case count == 0:
		return 0, io.EOF
	}
	return count, nil
}

// Ending

// end is the connection's end: what was in flight fails if it came by a fault of the other side, else it is repeated.
func (n *connection) end(err error) {
	c := n.client
	c.mu.Lock()
	defer c.mu.Unlock()
	var protocol *ProtocolError
	var refused *RefusedError
	if errors.As(err, &protocol) || errors.As(err, &refused) {
		c.fail(n, err)
		return
	}
	c.lose(n, err)
	c.repeat(n.takeOff()...)
}

// lose closes a connection that has ended, and remembers why.
func (c *Client) lose(n *connection, err error) {
	if c.conn == n {
		c.putOffConnecting()
	}
	c.drop(n)
	if err == io.EOF {
		err = errors.New("the connection was closed")
	}
	c.trouble = err
}

// takeOff takes all requests off the connection, in the order in which they were sent.
func (n *connection) takeOff() []*request {
	all := make([]*request, 0, len(n.requests))
	for _, r := range n.requests {
		r.conn = nil
		all = append(all, r)
	}
	n.requests, n.owed = nil, 0
	sort.Slice(all, func(i, j int) bool { return all[i].id < all[j].id })
	return all
}

// fail closes a connection whose requests have failed.
func (c *Client) fail(n *connection, err error) {
	c.drop(n)
	for _, r := range n.takeOff() {
		c.end(r, err)
	}
}

// retire lets a connection take no new requests; what is in flight there may still be answered.
func (c *Client) retire(n *connection) {
	n.retired = true
	if c.conn == n {
		c.conn = nil
	}
}

// drop closes a connection.
func (c *Client) drop(n *connection) {
	c.retire(n)
	delete(c.conns, n)
	n.socket.Close()
}
