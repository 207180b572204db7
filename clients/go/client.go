// Package imattr asks imattrd for the attributes of Tencent Chat accounts.
//
// imattrd is a daemon that holds the app's secret key and makes all calls to Tencent Chat; this package asks it over a
// Unix socket. A [Client] is all that is needed:
//
//	var client imattr.Client
//	result, err := client.GetAttrs(ctx, []string{"Zhang Xiaohong", "abc"})
//
// Contexts end calls: what a cancelled call has asked for is withdrawn. Errors are of the types of this package, to be
// distinguished by [errors.As]; [Retryable] says whether the same call may succeed later.
package imattr

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
	"unicode/utf8"
)

// Version is that of this package.
const Version = "0.1.0"

// DefaultPath is where the daemon listens by default.
const DefaultPath = "/run/imattrd/imattrd.sock"

// A Client asks one daemon. Its zero value is ready for use; it must not be copied.
//
// Any number of goroutines may use a client at once, and their calls share one connection. The first call makes it. If
// the daemon is restarted, the client connects again and repeats what was not answered, and callers notice nothing but
// the time that it takes.
type Client struct {
	// Path is the daemon's socket; if empty, the variable IMATTRD_SOCKET names it, and else it is DefaultPath.
	// It must not be changed after the first call.
	Path string

	mu        sync.Mutex               // guards all that follows, and what it refers to
	conn      *connection              // takes new requests; nil if there is none
	conns     map[*connection]struct{} // all that are open
	waiting   []*request               // for a connection
	postponed map[*request]*time.Timer // refused for now; retried later
	connectAt time.Time                // not before; it is in the past if nothing has put it off
	retry     *time.Timer              // until connecting is tried again; nil if no call waits for that
	attempts  int                      // to connect again, since something was answered
	connected bool                     // there was a connection at some time
	trouble   error                    // why there is none now
	latestID  int64
	alarm     *time.Timer // for the deadlines
	alarmAt   time.Time   // when it goes off; zero if it does not
	closed    bool
}

// Ping asks whether the daemon is there and answers. Of the options, [Timeout] applies.
func (c *Client) Ping(ctx context.Context, options ...Option) error {
	return c.call(ctx, "ping", nil, options, func(result []byte) error {
		if text, ok := stringValue(result); !ok || text != "pong" {
			return protocolError("the answer to ping is not \"pong\"", result)
		}
		return nil
	})
}

// GetStatus returns the daemon's state, limits and counters. Of the options, [Timeout] applies.
func (c *Client) GetStatus(ctx context.Context, options ...Option) (*Status, error) {
	status := new(Status)
	err := c.call(ctx, "getStatus", nil, options, func(result []byte) error {
		if result[0] != '{' || json.Unmarshal(result, status) != nil {
			return protocolError("an answer to getStatus of another shape", result)
		}
		status.JSON = append(status.JSON, result...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return status, nil
}

// Call calls any method and returns the JSON text of its result. Params are what [json.Marshal] makes an object or an
// array of; nil are none. Of the options, [Timeout] applies: it bounds the wait, and is not sent to the daemon.
func (c *Client) Call(ctx context.Context, method string, params any, options ...Option) (json.RawMessage, error) {
	var text []byte
	if params != nil {
		var err error
		if text, err = json.Marshal(params); err != nil {
			return nil, &ArgumentError{Argument: "params", Index: -1, Problem: err.Error()}
		}
		if text[0] != '{' && text[0] != '[' {
			return nil, &ArgumentError{Argument: "params", Index: -1, Problem: "must be a JSON object or array"}
		}
	}
	var answer json.RawMessage
	err := c.call(ctx, method, text, options, func(result []byte) error {
		answer = append(answer, result...)
		return nil
	})
	return answer, err
}

func (c *Client) call(
	ctx context.Context, method string, params []byte, options []Option, accept func([]byte) error,
) error {
	settings, err := settingsOf(options)
	if err != nil {
		return err
	}
	if c == nil {
		return missing("client")
	}
	if ctx == nil {
		return missing("ctx")
	}
	if !utf8.ValidString(method) {
		return &ArgumentError{Argument: "method", Index: -1, Problem: fmt.Sprintf("%.40q is not UTF-8", method)}
	}
	return c.do(ctx, newRequest(method, params, settings.deadline(ctx), accept))
}

// Close ends the client: calls in flight fail with [ErrClosed], and so do later ones. It always returns nil.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for n := range c.conns {
		c.fail(n, ErrClosed)
	}
	for r := range c.postponed {
		c.end(r, ErrClosed)
	}
	for _, r := range c.waiting {
		c.end(r, ErrClosed)
	}
	c.waiting = nil
	if c.retry != nil {
		c.retry.Stop()
	}
	if c.alarm != nil {
		c.alarm.Stop()
	}
	return nil
}

func (c *Client) path() string {
	if c.Path != "" {
		return c.Path
	}
	if path := os.Getenv("IMATTRD_SOCKET"); path != "" {
		return path
	}
	return DefaultPath
}
