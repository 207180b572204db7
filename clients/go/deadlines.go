package imattr

import "time"

// All requests share one timer: one for each would wake the runtime's poller each time, which costs as much as the whole
// call does. It goes off at the earliest time that somebody asked for, and may find nothing to do.

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
	default:
		r.conn.withdraw(r)
		c.end(r, &DeadlineError{})
	}
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
