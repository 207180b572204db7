package imattr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// ErrClosed is the error of calls that wait when their client is closed, and of later ones. It wraps
// [context.Canceled], as the error of a call does whose context was cancelled.
var ErrClosed = fmt.Errorf("imattr: the client is closed: %w", context.Canceled)

// Retryable reports whether the same call may succeed later without any change. For a [RefusedError],
// RetryAfter says when.
func Retryable(err error) bool {
	var refused *RefusedError
	if errors.As(err, &refused) {
		return refused.Retryable
	}
	var late *DeadlineError
	if errors.As(err, &late) {
		return late.Answer == nil || late.Answer.Retryable
	}
	var lost *LostError
	return errors.As(err, &lost)
}

// An ArgumentError is a mistake of the caller's, found before anything was sent.
type ArgumentError struct {
	Argument string // its name
	Index    int    // of the account at fault, counted from 0; -1 if the argument is something else
	Problem  string
}

func (e *ArgumentError) Error() string {
	if e.Index >= 0 {
		return fmt.Sprintf("imattr: %s[%d]: %s", e.Argument, e.Index, e.Problem)
	}
	return fmt.Sprintf("imattr: %s: %s", e.Argument, e.Problem)
}

// missing is the mistake of an argument that is nil and must not be.
func missing(argument string) error {
	return &ArgumentError{Argument: argument, Index: -1, Problem: "is nil"}
}

// A RefusedError is what the daemon answered instead of a result. If it answered that no answer came in time (-32001), that is
// the Answer of a [DeadlineError].
type RefusedError struct {
	Code    int64  // Tencent's own ErrorCode if Tencent refused; JSON-RPC's and the daemon's codes are below zero
	Message string // for a person

	// What follows is zero if the daemon did not say it.

	Source     string        // who found the error: "daemon" or "upstream"
	Retryable  bool          // the same call may succeed later without any change
	RetryAfter time.Duration // before that, asking again is of no use
	ErrorInfo  string        // Tencent's text
	Attempts   int64         // calls to Tencent that were made for it
	Path       string        // the param at fault, such as "To_Account[3]"
	LimitName  string        // the configuration key of the limit that was met
	Limit      int64         // its value
	Fetched    int64         // accounts of the request that were fetched all the same
	Failed     []AccountError
	CallID     string        // the call to Tencent, as in the daemon's log
	ClockSkew  time.Duration // the daemon's clock less Tencent's

	Data json.RawMessage // all that the daemon said, as JSON; nil if it said nothing
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("imattr: refused: %s (%d)", e.Message, e.Code)
}

// An UnreachableError says that no connection could be made.
type UnreachableError struct {
	Path string
	Err  error // the system's, such as syscall.ENOENT
}

func (e *UnreachableError) Error() string {
	hint := "is imattrd running? see: systemctl status imattrd.socket"
	if errors.Is(e.Err, fs.ErrPermission) {
		hint = "this user is not in the group imattr: usermod -aG imattr USER, then log in again"
	}
	return fmt.Sprintf("imattr: cannot connect to %s: %v (%s)", e.Path, e.Err, hint)
}

// Unwrap returns the system's error.
func (e *UnreachableError) Unwrap() error { return e.Err }

// A LostError says that the daemon went away and did not come back before the deadline. For [errors.Is] it is
// [context.DeadlineExceeded] as well.
type LostError struct {
	Path string
	Err  error // what was met last; the message has it, but it is not wrapped, since it is not what the call failed for
}

func (e *LostError) Error() string {
	return fmt.Sprintf("imattr: imattrd at %s went away and did not come back in time: %v", e.Path, e.Err)
}

// Is reports whether it is asked about [context.DeadlineExceeded].
func (e *LostError) Is(target error) bool { return target == context.DeadlineExceeded }

// A DeadlineError says that no answer came in time. It wraps [context.DeadlineExceeded].
type DeadlineError struct {
	// Answer is what the daemon answered, with its code -32001; nil if it did not answer.
	Answer *RefusedError
}

func (e *DeadlineError) Error() string {
	if e.Answer == nil {
		return "imattr: no answer came in time"
	}
	return fmt.Sprintf("imattr: no answer came in time: %s (%d)", e.Answer.Message, e.Answer.Code)
}

// Unwrap returns [context.DeadlineExceeded].
func (e *DeadlineError) Unwrap() error { return context.DeadlineExceeded }

// Timeout returns true, as [net.Error] wants it.
func (e *DeadlineError) Timeout() bool { return true }

// A ProtocolError says that what listens on the socket does not speak the daemon's protocol.
type ProtocolError struct {
	Problem string
}

func (e *ProtocolError) Error() string {
	return "imattr: what listens there is not imattrd: " + e.Problem
}

// protocolError quotes the beginning of what was met.
func protocolError(problem string, text []byte) *ProtocolError {
	const most = 80
	if len(text) > most {
		return &ProtocolError{fmt.Sprintf("%s: %q…", problem, text[:most])}
	}
	return &ProtocolError{fmt.Sprintf("%s: %q", problem, text)}
}

// contextError is the error of a call whose context has ended with err.
func contextError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &DeadlineError{}
	}
	return fmt.Errorf("imattr: %w", err)
}
