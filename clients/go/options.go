package imattr

import (
	"context"
	"fmt"
	"time"
)

const (
	defaultTimeout = 30 * time.Second
	maximumTimeout = 600 * time.Second
	maximumAge     = 3600 * time.Second

	maximumBatch    = 10_000
	maximumInFlight = 10_000

	// grace is how long after the deadline the daemon's own answer, which says more, is waited for.
	grace = time.Second
)

// An Option changes what a call does by default.
type Option func(*settings)

// Timeout bounds a call, or each request of a [Stream]: 1 ms to 600 s.
//
// Unless given it is the time until the context's deadline (for a stream 30 s), and 30 s if that has none. The daemon
// knows how long it may take, and answers with an error of its own when it cannot; only if it says nothing within
// another second, the client gives up. A context's deadline that comes first is kept to the moment.
func Timeout(timeout time.Duration) Option {
	return func(s *settings) { s.timeout, s.hasTimeout = timeout, true }
}

// MaxAge lets the daemon answer with what it already holds if that is not older: 0 to 1 h. Unless given it is 0, which
// asks Tencent Chat.
func MaxAge(age time.Duration) Option {
	return func(s *settings) { s.maxAge = age }
}

// Batch is the number of accounts in a request: 1 to 10,000, unless given 500. 100 to 1,000 are right for large jobs.
func Batch(accounts int) Option {
	return func(s *settings) { s.batch = accounts }
}

// InFlight is the number of requests of one call that are in flight at once: 1 to 10,000, unless given 32.
func InFlight(requests int) Option {
	return func(s *settings) { s.inFlight = requests }
}

// Partial returns what was fetched even if some accounts fail: those are in [Result.Failed], and [Stream.Failed] describes
// them. A call fails only if no account was answered at all, or if the error is not about accounts, such as a lost daemon.
func Partial() Option {
	return func(s *settings) { s.partial = true }
}

type settings struct {
	partial    bool
	timeout    time.Duration
	hasTimeout bool
	maxAge     time.Duration
	batch      int
	inFlight   int
}

func settingsOf(options []Option) (settings, error) {
	s := settings{batch: 500, inFlight: 32}
	for i, option := range options {
		if option == nil {
			return s, &ArgumentError{Argument: "options", Index: i, Problem: "is nil"}
		}
		option(&s)
	}
	problem := func(argument, format string, values ...any) (settings, error) {
		return s, &ArgumentError{Argument: argument, Index: -1, Problem: fmt.Sprintf(format, values...)}
	}
	switch {
	case s.hasTimeout && (s.timeout < time.Millisecond || s.timeout > maximumTimeout):
		return problem("Timeout", "%v is not from 1ms to %v", s.timeout, maximumTimeout)
	case s.maxAge < 0 || s.maxAge > maximumAge:
		return problem("MaxAge", "%v is not from 0s to %v", s.maxAge, maximumAge)
	case s.batch < 1 || s.batch > maximumBatch:
		return problem("Batch", "%d is not from 1 to %d", s.batch, maximumBatch)
	case s.inFlight < 1 || s.inFlight > maximumInFlight:
		return problem("InFlight", "%d is not from 1 to %d", s.inFlight, maximumInFlight)
	}
	return s, nil
}

// deadline is when a call that begins now must have ended.
func (s settings) deadline(ctx context.Context) time.Time {
	end, ends := ctx.Deadline()
	switch {
	case s.hasTimeout:
		return earlier(time.Now().Add(s.timeout), end, ends)
	case ends:
		return earlier(time.Now().Add(maximumTimeout), end, ends)
	default:
		return time.Now().Add(defaultTimeout)
	}
}

// requestDeadline is when a request of a stream that is sent now must have been answered.
func (s settings) requestDeadline(ctx context.Context) time.Time {
	if !s.hasTimeout {
		s.timeout, s.hasTimeout = defaultTimeout, true
	}
	return s.deadline(ctx)
}

func earlier(one, other time.Time, valid bool) time.Time {
	if valid && other.Before(one) {
		return other
	}
	return one
}
