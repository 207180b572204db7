package imattr

import (
	"bytes"
	"encoding/json"
	"time"
	"unicode/utf8"
)

// An answer is a line of the daemon.
type answer struct {
	id      int64
	forAll  bool          // the id was null: it is about the connection
	result  []byte        // of the line
	refused *RefusedError // instead
}

// parseAnswer reads a line; its error is a ProtocolError.
func parseAnswer(line []byte) (answer, error) {
	line = bytes.TrimSpace(line)
	if !utf8.Valid(line) || !json.Valid(line) {
		return answer{}, protocolError("a line that is no JSON", line)
	}
	var id, result, refusal []byte
	var version string
	isObject := members(line, func(name string, value []byte) bool {
		switch name {
		case "jsonrpc":
			version, _ = stringValue(value)
		case "id":
			id = value
		case "result":
			result = value
		case "error":
			refusal = value
		}
		return true
	})
	if !isObject || version != "2.0" || id == nil || (result == nil) == (refusal == nil) {
		return answer{}, protocolError("a line that is no answer of JSON-RPC 2.0", line)
	}
	a := answer{result: result, forAll: string(id) == "null" && refusal != nil}
	ok := true
	if !a.forAll {
		a.id, ok = integerValue(id)
	}
	if refusal != nil && ok {
		a.refused, ok = parseRefusal(refusal)
	}
	if !ok {
		return answer{}, protocolError("a line that is no answer of JSON-RPC 2.0", line)
	}
	return a, nil
}

func parseRefusal(text []byte) (*RefusedError, bool) {
	e := &RefusedError{}
	var hasCode, hasMessage bool
	members(text, func(name string, value []byte) bool {
		switch name {
		case "code":
			e.Code, hasCode = integerValue(value)
		case "message":
			e.Message, hasMessage = stringValue(value)
		case "data":
			e.Data = append(json.RawMessage(nil), value...)
			e.readData()
		}
		return true
	})
	return e, hasCode && hasMessage
}

// readData takes what it knows; what is of another type counts as not said.
func (e *RefusedError) readData() {
	members(e.Data, func(name string, value []byte) bool {
		switch name {
		case "source":
			e.Source, _ = stringValue(value)
		case "retryable":
			e.Retryable = string(value) == "true"
		case "retryAfterMs":
			e.RetryAfter = durationValue(value, time.Millisecond)
		case "ErrorInfo":
			e.ErrorInfo, _ = stringValue(value)
		case "attempts":
			e.Attempts, _ = integerValue(value)
		case "path":
			e.Path, _ = stringValue(value)
		case "limitName":
			e.LimitName, _ = stringValue(value)
		case "limit":
			e.Limit, _ = integerValue(value)
		case "fetched":
			e.Fetched, _ = integerValue(value)
		case "failed":
			e.Failed, _ = accountErrors(value)
		case "callId":
			e.CallID, _ = stringValue(value)
		case "clockSkewSeconds":
			e.ClockSkew = durationValue(value, time.Second)
		}
		return true
	})
}

// durationValue is 0 for what is no number, and the longest there is for what is longer.
func durationValue(text []byte, unit time.Duration) time.Duration {
	const longest = time.Duration(1<<63 - 1)
	number, _ := integerValue(text)
	switch most := int64(longest / unit); {
	case number > most:
		return longest
	case number < -most:
		return -longest
	default:
		return time.Duration(number) * unit
	}
}

// An attrsAnswer is the result of one getAttrs.
type attrsAnswer struct {
	users     []User
	missing   []string
	errorList []AccountError
	failed    []FailedAccount
}

// read reads the result; its error is a ProtocolError.
func (a *attrsAnswer) read(result []byte) error {
	var hasUsers, hasMissing bool
	errorListFits, failedFits := true, true
	members(result, func(name string, value []byte) bool {
		switch name {
		case "UserAttrs":
			hasUsers = elements(value, func(entry []byte) bool {
				user, ok := userValue(entry)
				a.users = append(a.users, user)
				return ok
			})
		case "missing":
			hasMissing = elements(value, func(entry []byte) bool {
				account, ok := stringValue(entry)
				a.missing = append(a.missing, account)
				return ok
			})
		case "ErrorList":
			a.errorList, errorListFits = accountErrors(value)
		case "failed":
			failedFits = elements(value, func(entry []byte) bool {
				failed, ok := failedValue(entry)
				a.failed = append(a.failed, failed)
				return ok
			})
		}
		return true
	})
	if !hasUsers || !hasMissing || !errorListFits || !failedFits {
		return protocolError("an answer to getAttrs of another shape", result)
	}
	return nil
}

func userValue(text []byte) (User, bool) {
	var user User
	var hasAccount bool
	members(text, func(name string, value []byte) bool {
		switch name {
		case "To_Account":
			user.Account, hasAccount = stringValue(value)
		case "Attrs":
			if value[0] == '{' {
				user.Attrs = append(Attrs(nil), value...)
			}
		}
		return true
	})
	return user, hasAccount && user.Attrs != nil
}

func failedValue(text []byte) (FailedAccount, bool) {
	failed := FailedAccount{Data: append(json.RawMessage(nil), text...)}
	var hasAccount, hasCode, hasMessage, hasRetryable bool
	members(text, func(name string, value []byte) bool {
		switch name {
		case "To_Account":
			failed.Account, hasAccount = stringValue(value)
		case "code":
			failed.Code, hasCode = integerValue(value)
		case "message":
			failed.Message, hasMessage = stringValue(value)
		case "retryable":
			failed.Retryable = string(value) == "true"
			hasRetryable = failed.Retryable || string(value) == "false"
		case "ErrorInfo":
			failed.ErrorInfo, _ = stringValue(value)
		case "retryAfterMs":
			failed.RetryAfter = durationValue(value, time.Millisecond)
		case "callId":
			failed.CallID, _ = stringValue(value)
		}
		return true
	})
	return failed, hasAccount && hasCode && hasMessage && hasRetryable
}

// accountErrors is not nil even if the list is empty.
func accountErrors(text []byte) ([]AccountError, bool) {
	list := []AccountError{}
	ok := elements(text, func(entry []byte) bool {
		var found AccountError
		var hasAccount bool
		members(entry, func(name string, value []byte) bool {
			switch name {
			case "To_Account":
				found.Account, hasAccount = stringValue(value)
			case "ErrorCode":
				found.ErrorCode, _ = integerValue(value)
			case "ErrorInfo":
				found.ErrorInfo, _ = stringValue(value)
			}
			return true
		})
		list = append(list, found)
		return hasAccount
	})
	return list, ok
}
