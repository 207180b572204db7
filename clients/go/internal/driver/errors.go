package main

import (
	"context"
	"encoding/json"
	"errors"
	"syscall"

	"imattr"
)

// errorObject says an error as the contract names it.
func errorObject(err error) object {
	var argument *imattr.ArgumentError
	var refused *imattr.RefusedError
	var unreachable *imattr.UnreachableError
	var lost *imattr.LostError
	var late *imattr.DeadlineError
	var protocol *imattr.ProtocolError
	line := object{"message": err.Error()}
	switch {
	case errors.As(err, &argument):
		line["kind"] = "argument"
	case errors.As(err, &refused):
		return refusedObject(refused)
	case errors.As(err, &unreachable):
		line["kind"] = "unreachable"
		line["path"] = unreachable.Path
		line["errno"] = errnoName(unreachable.Err)
	case errors.As(err, &lost):
		line["kind"] = "lost"
	case errors.As(err, &late):
		if late.Answer != nil {
			line = refusedObject(late.Answer)
		}
		line["kind"] = "deadline"
	case errors.As(err, &protocol):
		line["kind"] = "protocol"
	case errors.Is(err, context.Canceled):
		line["kind"] = "cancelled"
	default:
		line["kind"] = "unknown"
	}
	return line
}

// refusedObject says the fields of the error that the daemon had sent.
func refusedObject(e *imattr.RefusedError) object {
	line := object{"kind": "refused", "code": e.Code, "message": e.Message}
	var sent map[string]json.RawMessage
	if json.Unmarshal(e.Data, &sent) != nil {
		return line
	}
	for name, value := range map[string]any{
		"source": e.Source, "retryable": e.Retryable, "retryAfterMs": e.RetryAfter.Milliseconds(),
		"ErrorInfo": e.ErrorInfo, "attempts": e.Attempts, "path": e.Path, "limit": e.Limit, "limitName": e.LimitName,
		"fetched": e.Fetched, "failed": e.Failed, "callId": e.CallID, "clockSkewSeconds": int64(e.ClockSkew.Seconds()),
	} {
		if _, was := sent[name]; was {
			line[name] = value
		}
	}
	return line
}

// failedObject says the fields of a failed account that the client knows, and that the daemon had sent.
func failedObject(failed imattr.FailedAccount) object {
	text, _ := json.Marshal(failed)
	var sent map[string]json.RawMessage
	_ = json.Unmarshal(text, &sent)
	line := object{}
	for name, value := range map[string]any{
		"To_Account": failed.Account, "code": failed.Code, "message": failed.Message, "retryable": failed.Retryable,
		"ErrorInfo": failed.ErrorInfo, "retryAfterMs": failed.RetryAfter.Milliseconds(), "callId": failed.CallID,
	} {
		if _, was := sent[name]; was {
			line[name] = value
		}
	}
	return line
}

func errnoName(err error) string {
	for name, errno := range map[string]syscall.Errno{
		"ENOENT": syscall.ENOENT, "ECONNREFUSED": syscall.ECONNREFUSED, "EACCES": syscall.EACCES, "EAGAIN": syscall.EAGAIN,
		"EINVAL": syscall.EINVAL, "ENOTDIR": syscall.ENOTDIR, "ENOTSOCK": syscall.ENOTSOCK,
		"EPROTOTYPE": syscall.EPROTOTYPE, "ENAMETOOLONG": syscall.ENAMETOOLONG,
	} {
		if errors.Is(err, errno) {
			return name
		}
	}
	return err.Error()
}
