package imattr

import (
	"context"
	"strings"
)

// A Result is what the daemon answered to GetAttrs. As JSON it has the daemon's own form.
type Result struct {
	UserAttrs []User         `json:"UserAttrs"`           // each account that Tencent answered, in the order of its first mention
	Missing   []string       `json:"missing"`             // the other accounts, in the same order
	ErrorList []AccountError `json:"ErrorList,omitempty"` // what Tencent said of some of them; nil if it had no such list
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
// puts the answers together. The first error ends it. Accounts are the same if their bytes are. All is held in memory:
// for millions of accounts use [Client.Stream].
func (c *Client) GetAttrs(ctx context.Context, accounts []string, options ...Option) (*Result, error) {
	settings, err := settingsOf(options)
	if err != nil {
		return nil, err
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
	return merged(answers), nil
}

// getBatches returns the answers in the order of the accounts.
func (c *Client) getBatches(ctx context.Context, accounts []string, s settings) ([]*attrsAnswer, error) {
	deadline := s.deadline(ctx)
	if len(accounts) == 0 {
		return nil, nil
	}
	if len(accounts) <= s.batch {
		r := newAttrsRequest(accounts, s.maxAge, deadline)
		return []*attrsAnswer{r.attrs}, c.do(ctx, r)
	}
	if err := ctx.Err(); err != nil {
		return nil, contextError(err)
	}
	answers := make([]*attrsAnswer, (len(accounts)-1)/s.batch+1)
	w := newWindow(ctx, c, s.inFlight)
	defer w.withdraw(context.Canceled)
	for begun, ended := 0, 0; ended < len(answers); {
		if begun < len(answers) && !w.full() {
			batch := accounts[begun*s.batch:]
			if len(batch) > s.batch {
				batch = batch[:s.batch]
			}
			r := newAttrsRequest(batch, s.maxAge, deadline)
			r.index = begun
			w.start(r)
			begun++
			continue
		}
		r := w.receive()
		if r.err != nil {
			return nil, r.err
		}
		answers[r.index] = r.attrs
		ended++
	}
	return answers, nil
}

// merged puts answers together. In one answer each account occurs once; over several, the first mention counts.
func merged(answers []*attrsAnswer) *Result {
	result := &Result{UserAttrs: []User{}, Missing: []string{}}
	seen := make(map[string]struct{})
	isFirst := func(account string) bool {
		if len(answers) == 1 {
			return true
		}
		_, known := seen[account]
		seen[account] = struct{}{}
		return !known
	}
	for _, answer := range answers {
		for _, user := range answer.users {
			if isFirst(user.Account) {
				result.UserAttrs = append(result.UserAttrs, user)
			}
		}
		for _, account := range answer.missing {
			if isFirst(account) {
				result.Missing = append(result.Missing, account)
			}
		}
		if answer.errorList != nil {
			result.ErrorList = append(result.ErrorList, answer.errorList...)
		}
	}
	return result
}
