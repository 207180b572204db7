package imattr

import (
	"fmt"
	"unicode/utf8"
)

// Accounts are read one by one. A [bufio.Scanner] is such a source, for accounts that are the lines of a file; [Slice]
// and [Func] make others.
type Accounts interface {
	// Scan goes on to the next account; it returns false if there is none, or after an error.
	Scan() bool
	// Text is the account that Scan went on to: 1 to 255 bytes of UTF-8.
	Text() string
	// Err is the error that ended the accounts; nil if they just ended.
	Err() error
}

// Slice gives accounts that are at hand.
func Slice(accounts []string) Accounts {
	return Func(func() (string, bool) {
		if len(accounts) == 0 {
			return "", false
		}
		account := accounts[0]
		accounts = accounts[1:]
		return account, true
	})
}

// Func gives the accounts that next returns, until that returns false.
func Func(next func() (account string, ok bool)) Accounts { return &accountFunc{next: next} }

type accountFunc struct {
	next    func() (string, bool)
	account string
}

func (f *accountFunc) Scan() (ok bool) {
	f.account, ok = f.next()
	return ok
}

func (f *accountFunc) Text() string { return f.account }
func (f *accountFunc) Err() error   { return nil }

func checkAccount(account string, index int) error {
	var problem string
	switch {
	case len(account) < 1 || len(account) > 255:
		problem = fmt.Sprintf("%.40q has %d bytes, not 1 to 255", account, len(account))
	case !utf8.ValidString(account):
		problem = fmt.Sprintf("%.40q is not UTF-8", account)
	default:
		return nil
	}
	return &ArgumentError{Argument: "accounts", Index: index, Problem: problem}
}
