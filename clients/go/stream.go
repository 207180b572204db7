package imattr

import "context"

// A Stream gives what the daemon answers for any number of accounts, in bounded memory:
//
//	stream := client.Stream(ctx, bufio.NewScanner(os.Stdin))
//	defer stream.Close()
//	for stream.Next() {
//		fmt.Println(stream.Account(), stream.Attrs())
//	}
//	if err := stream.Err(); err != nil {
//		…
//	}
//
// It is for one goroutine at a time.
type Stream struct {
	window   *window
	settings settings
	accounts Accounts
	batch    []string
	taken    int   // accounts
	drained  bool  // there are no more of them
	inputErr error // why, if not because they have all been taken

	ready   []outcome // answered, not yet given
	current outcome
	err     error
	ended   bool
	left    chan struct{} // closed when the stream has ended
}

// An outcome is what came of one account.
type outcome struct {
	AccountError // code and info only if it is missing, and Tencent said why
	attrs        Attrs
	failed       *FailedAccount
}

// Stream asks for the attributes of accounts, as they are read, and gives each account as its answer arrives.
//
// It sends requests of 500 accounts ([Batch]) with up to 32 in flight ([InFlight]); so many accounts are read ahead, and
// nothing while Next is not called. A request leaves when its batch is full or the accounts have ended, so slow accounts
// delay answers. An account that is repeated in another request is given again. [Timeout] bounds each request, the
// context the whole stream. The first error ends it, after what was answered before.
//
// Close it if it may be left early.
func (c *Client) Stream(ctx context.Context, accounts Accounts, options ...Option) *Stream {
	settings, err := settingsOf(options)
	s := &Stream{settings: settings, accounts: accounts, left: make(chan struct{})}
	if err == nil && c == nil {
		err = missing("client")
	}
	if err == nil && ctx == nil {
		err = missing("ctx")
	}
	if err == nil && accounts == nil {
		err = missing("accounts")
	}
	if err != nil {
		s.end(err)
		return s
	}
	s.window = newWindow(ctx, c, settings.inFlight)
	if ctx.Done() != nil {
		go s.endWithContext()
	}
	return s
}

// endWithContext withdraws what is in flight even if no caller asks for more.
func (s *Stream) endWithContext() {
	select {
	case <-s.window.ctx.Done():
		s.window.end()
	case <-s.left:
	}
}

// Next goes on to the next account, which Account, Attrs, Missing and Failed then describe. It returns false at the end, and
// after an error, which Err returns.
func (s *Stream) Next() bool {
	for len(s.ready) == 0 {
		if s.ended || !s.advance() {
			s.current = outcome{}
			return false
		}
	}
	s.current, s.ready = s.ready[0], s.ready[1:]
	return true
}

// Account is the account that Next went on to.
func (s *Stream) Account() string { return s.current.Account }

// Attrs are its attributes; nil if it is missing, which means that Tencent did not answer it, or if it failed.
func (s *Stream) Attrs() Attrs { return s.current.attrs }

// Missing reports whether the account is missing, and what Tencent said of it, if anything.
func (s *Stream) Missing() (AccountError, bool) {
	if s.current.attrs != nil || s.current.failed != nil {
		return AccountError{}, false
	}
	return s.current.AccountError, true
}

// Failed reports whether the account failed, and why. That happens only with [Partial]; without it, the error of an account
// ends the stream.
func (s *Stream) Failed() (FailedAccount, bool) {
	if s.current.failed == nil {
		return FailedAccount{}, false
	}
	return *s.current.failed, true
}

// Err is the error that ended the stream; nil if it has given all accounts, or was closed, or has not ended yet.
func (s *Stream) Err() error { return s.err }

// Close leaves the stream, and withdraws what is in flight. It always returns nil, and does nothing the second time.
func (s *Stream) Close() error {
	s.end(nil)
	s.ready = nil
	return nil
}

// advance waits for one more answer; it returns false if the stream has ended.
func (s *Stream) advance() bool {
	s.fill()
	var r *request
	switch {
	case s.inputErr != nil:
		if r = s.window.received(); r == nil {
			s.end(s.inputErr)
			return false
		}
	case s.window.empty():
		s.end(nil)
		return false
	default:
		r = s.window.receive()
	}
	if r.err != nil && !r.failAccounts() {
		s.end(r.err)
		return false
	}
	s.ready = r.attrs.outcomes()
	return true
}

// fill sends requests until the window is full, the accounts have ended, or an answer is to be taken in first.
func (s *Stream) fill() {
	for (!s.drained || len(s.batch) > 0) && !s.window.full() {
		if err := s.window.ctx.Err(); err != nil {
			s.stopReading(contextError(err))
			return
		}
		if len(s.batch) == 0 {
			s.readBatch()
		}
		if len(s.batch) > 0 {
			if !s.window.start(newAttrsRequest(s.batch, s.settings, s.settings.requestDeadline(s.window.ctx))) {
				return
			}
			s.batch = s.batch[:0]
		}
	}
}

func (s *Stream) readBatch() {
	for len(s.batch) < s.settings.batch {
		if !s.accounts.Scan() {
			s.stopReading(s.accounts.Err())
			return
		}
		account := s.accounts.Text()
		if err := checkAccount(account, s.taken); err != nil {
			s.stopReading(err)
			return
		}
		s.batch = append(s.batch, account)
		s.taken++
	}
}

// stopReading is called at the end of the accounts; an error takes with it what was read for the next request.
func (s *Stream) stopReading(err error) {
	s.drained, s.inputErr = true, err
	if err != nil {
		s.batch = s.batch[:0]
	}
}

func (s *Stream) end(err error) {
	if s.ended {
		return
	}
	s.ended, s.err = true, err
	close(s.left)
	if s.window != nil {
		s.window.withdraw(context.Canceled)
	}
}

// outcomes are what came of each account of the answer.
func (a *attrsAnswer) outcomes() []outcome {
	all := make([]outcome, 0, len(a.users)+len(a.missing)+len(a.failed))
	for _, user := range a.users {
		all = append(all, outcome{AccountError: AccountError{Account: user.Account}, attrs: user.Attrs})
	}
	reasons := make(map[string]AccountError, len(a.errorList))
	for _, reason := range a.errorList {
		reasons[reason.Account] = reason
	}
	for _, account := range a.missing {
		reason := reasons[account]
		reason.Account = account
		all = append(all, outcome{AccountError: reason})
	}
	for i := range a.failed {
		failed := &a.failed[i]
		all = append(all, outcome{AccountError: AccountError{Account: failed.Account}, failed: failed})
	}
	return all
}
