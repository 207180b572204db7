package imattr

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// A Result is what the daemon answered to GetAttrs. As JSON it has the daemon's own form.
type Result struct {
	UserAttrs []User         `json:"UserAttrs"`           // each account that Tencent answered, in the order of its first mention
	Missing   []string       `json:"missing"`             // the other accounts, in the same order
	ErrorList []AccountError `json:"ErrorList,omitempty"` // what Tencent said of some of them; nil if it had no such list

	// Failed are the accounts that failed; nil without [Partial], which makes them errors.
	Failed []FailedAccount `json:"failed,omitempty"`
}

// A User is an account and its attributes.
type User struct {
	Account string `json:"To_Account"`
	Attrs   Attrs  `json:"Attrs"`
}

// An AccountError is what Tencent said of an account that it did not answer.
type AccountError struct {
	Account   string `json:"To_Account"`
	ErrorCode int64  `json:"ErrorCode,omitempty"` // 0 if there was none
	ErrorInfo string `json:"ErrorInfo,omitempty"` // empty if there was none
}

// A FailedAccount is an account that failed, and why: what the error of a call for it alone would say.
type FailedAccount struct {
	Account   string
	Code      int64  // Tencent's own ErrorCode, or one of the daemon's, below zero
	Message   string // for a person
	Retryable bool   // it may be answered later without any change

	// What follows is zero if the daemon did not say it.

	ErrorInfo  string        // Tencent's text
	RetryAfter time.Duration // before that, asking again is of no use
	CallID     string        // the call to Tencent, as in the daemon's log

	Data json.RawMessage // all that the daemon said of the account, as JSON; nil if its whole request failed
}

// MarshalJSON returns what the daemon said, or would have said.
func (f FailedAccount) MarshalJSON() ([]byte, error) {
	if f.Data != nil {
		return f.Data, nil
	}
	return json.Marshal(struct {
		Account      string `json:"To_Account"`
		Code         int64  `json:"code"`
		Message      string `json:"message"`
		Retryable    bool   `json:"retryable"`
		ErrorInfo    string `json:"ErrorInfo,omitempty"`
		RetryAfterMs int64  `json:"retryAfterMs,omitempty"`
		CallID       string `json:"callId,omitempty"`
	}{f.Account, f.Code, f.Message, f.Retryable, f.ErrorInfo, f.RetryAfter.Milliseconds(), f.CallID})
}

// failureOf is what an error says of each account of its request; false if it is not about accounts.
func failureOf(err error) (FailedAccount, bool) {
	var refused *RefusedError
	var late *DeadlineError
	switch {
	case errors.As(err, &late) && late.Answer == nil:
		return FailedAccount{Code: deadlineExceeded, Message: "no answer came in time", Retryable: true}, true
	case errors.As(err, &late):
		refused = late.Answer
	case !errors.As(err, &refused):
		return FailedAccount{}, false
	}
	isTencents := refused.Code < -32768 || refused.Code > overloaded
	return FailedAccount{
		Code: refused.Code, Message: refused.Message, Retryable: refused.Retryable, ErrorInfo: refused.ErrorInfo,
		RetryAfter: refused.RetryAfter, CallID: refused.CallID,
	}, isTencents || refused.Code == overloaded || refused.Code == deadlineExceeded || refused.Code == upstreamUnreachable
}

// distinct are the accounts, each once.
func distinct(accounts []string) []string {
	seen := make(map[string]struct{}, len(accounts))
	once := make([]string, 0, len(accounts))
	for _, account := range accounts {
		if _, known := seen[account]; !known {
			seen[account] = struct{}{}
			once = append(once, account)
		}
	}
	return once
}

// String returns the users, one a line, the account first.
func (r *Result) String() string {
	var text strings.Builder
	for i, user := range r.UserAttrs {
		if i > 0 {
			text.WriteByte('\n')
		}
		text.WriteString(user.Account)
		text.WriteByte(' ')
		text.Write(user.Attrs)
	}
	return text.String()
}

// GetAttrs asks for the attributes of any number of accounts, each of 1 to 255 bytes of UTF-8.
//
// It sends requests of 500 accounts with up to 32 of them in flight, unless [Batch] and [InFlight] say otherwise, and
// puts the answers together. The first error ends it, unless [Partial] is given. Accounts are the same if their bytes are. All is held in memory:
// for millions of accounts use [Client.Stream].
func (c *Client) GetAttrs(ctx context.Context, accounts []string, options ...Option) (*Result, error) {
	settings, err := settingsOf(options)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, missing("client")
	}
	if ctx == nil {
		return nil, missing("ctx")
	}
	for i, account := range accounts {
		if err := checkAccount(account, i); err != nil {
			return nil, err
		}
	}
	answers, err := c.getBatches(ctx, accounts, settings)
	if err != nil {
		return nil, err
	}
	return merged(answers, settings.partial), nil
}

// getBatches returns the answers in the order of the accounts.
func (c *Client) getBatches(ctx context.Context, accounts []string, s settings) ([]*attrsAnswer, error) {
	deadline := s.deadline(ctx)
	if len(accounts) == 0 {
		return nil, nil
	}
	if len(accounts) <= s.batch {
		r := newAttrsRequest(accounts, s, deadline)
		return []*attrsAnswer{r.attrs}, c.do(ctx, r)
	}
	if err := ctx.Err(); err != nil {
		return nil, contextError(err)
	}
	accounts = distinct(accounts)
	var failure *request // the first of the requests, in the order of the accounts, that failed wholly
	anyAnswer := false
	answers := make([]*attrsAnswer, (len(accounts)-1)/s.batch+1)
	w := newWindow(ctx, c, s.inFlight)
	defer w.withdraw(context.Canceled)
	for begun, ended := 0, 0; ended < len(answers); {
		if begun < len(answers) && !w.full() {
			batch := accounts[begun*s.batch:]
			if len(batch) > s.batch {
				batch = batch[:s.batch]
			}
			r := newAttrsRequest(batch, s, deadline)
			r.index = begun
			if w.start(r) {
				begun++
				continue
			}
		}
		r := w.receive()
		answers[r.index] = r.attrs
		ended++
		switch {
		case r.err == nil:
			anyAnswer = anyAnswer || len(r.attrs.users)+len(r.attrs.missing) > 0
		case !r.failAccounts():
			return nil, r.err
		case failure == nil || r.index < failure.index:
			failure = r
		}
	}
	if failure != nil && !anyAnswer {
		return nil, failure.err
	}
	return answers, nil
}

// merged puts answers together; each account occurs in one of them.
func merged(answers []*attrsAnswer, partial bool) *Result {
	result := &Result{UserAttrs: []User{}, Missing: []string{}}
	if partial {
		result.Failed = []FailedAccount{}
	}
	for _, answer := range answers {
		result.UserAttrs = append(result.UserAttrs, answer.users...)
		result.Missing = append(result.Missing, answer.missing...)
		if answer.errorList != nil {
			result.ErrorList = append(result.ErrorList, answer.errorList...)
		}
		if partial {
			result.Failed = append(result.Failed, answer.failed...)
		}
	}
	return result
}
