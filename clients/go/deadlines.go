package imattr

import (
	"context"
	"errors"
	"time"
)

// All requests share one timer: one for each would wake the runtime's poller each time, which costs as much as the whole
// call does. It goes off at the earliest time that was asked for, and may find nothing to do.

// lookAt makes sure that the requests are looked at then.
func (c *Client) lookAt(when time.Time) {
	if !c.alarmAt.IsZero() && !when.Before(c.alarmAt) {
		return
	}
	c.alarmAt = when
	if c.alarm == nil {
		c.alarm = time.AfterFunc(time.Until(when), c.look)
	} else {
		c.alarm.Reset(time.Until(when))
	}
}

func (c *Client) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alarmAt = time.Time{}
	now := time.Now()
	for n := range c.conns {
		for _, r := range n.requests {
			c.expireInFlight(r, now)
		}
	}
	for r := range c.postponed {
		c.expireWaiting(r, now)
	}
	for _, r := range c.waiting {
		c.expireWaiting(r, now)
	}
}

func (c *Client) expireInFlight(r *request, now time.Time) {
	end := r.deadline.Add(grace)
	switch {
	case now.Before(r.deadline):
		c.lookAt(r.deadline)
	case now.Before(end):
		c.lookAt(end)
	case r.mayHaveArrived(now):
		c.lookAt(now.Add(lookAgain))
	default:
		r.conn.withdraw(r)
		c.end(r, &DeadlineError{})
	}
}

// A process that was stopped for longer than a request's time, or had no processor, finds answers in its sockets. So a request
// is given up only if all that has arrived was taken, which is looked at once more after the reader had time to begin. While
// answers without end come to other requests, lookLongest is enough.
const (
	lookAgain   = 2 * time.Millisecond
	lookLongest = time.Second
)

// mayHaveArrived reports whether the answer to a request that is late may be among what was not taken yet.
func (r *request) mayHaveArrived(now time.Time) bool {
	if r.lateSince.IsZero() {
		r.lateSince = now
		return true
	}
	return now.Sub(r.lateSince) < lookLongest && !r.conn.isDrained()
}

// takeArrived waits, after a context's end by its deadline, until what had arrived for the requests before is taken.
func (c *Client) takeArrived(err error, requests ...*request) {
	for errors.Is(err, context.DeadlineExceeded) && c.mayHaveArrived(requests) {
		time.Sleep(lookAgain)
	}
}

func (c *Client) mayHaveArrived(requests []*request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for _, r := range requests {
		if r.conn != nil && r.mayHaveArrived(now) {
			return true
		}
	}
	return false
}

func (c *Client) expireWaiting(r *request, now time.Time) {
	switch {
	case r.ended:
	case now.Before(r.deadline):
		c.lookAt(r.deadline)
	default:
		c.end(r, c.lost())
	}
}
