"use strict";

/** What every error of this package is. `kind` distinguishes them, as the classes do. */
class IMAttrError extends Error {
    /** Whether the same call may succeed later. */
    retryable = false;

    constructor(message, options) {
        super(message, options);
        this.name = new.target.name;
    }
}

/** The call cannot be made as it was asked for; nothing was sent. */
class ArgumentError extends IMAttrError {
    kind = "argument";
}

const refusalFields = [
    "source", "retryable", "retryAfterMs", "ErrorInfo", "attempts", "path", "limit", "limitName", "fetched", "failed",
    "callId", "clockSkewSeconds",
];

const deadlineExceeded = -32001;

/** The error that the daemon answered. */
function refusal(error) {
    return error.code === deadlineExceeded ? new DeadlineError(error.message, error) : new RefusedError(error);
}

/** Takes what there was of the answer's `data`. */
function keepFields(error, { code, data }) {
    error.code = code;
    for (const field of refusalFields) {
        if (data?.[field] !== undefined) error[field] = data[field];
    }
}

/** The daemon answered an error, but that of a deadline. Holds `code`, `message`, and of the answer's `data` what there was. */
class RefusedError extends IMAttrError {
    kind = "refused";

    constructor(answered) {
        super(answered.message);
        keepFields(this, answered);
        this.retryable = this.retryable === true;
    }
}

/** There is no connection to be had: no process listens at `path`, or this user may not connect. */
class UnreachableError extends IMAttrError {
    kind = "unreachable";

    constructor(path, cause) {
        super(`cannot connect to imattrd at ${path}: ${cause.code}, ${unreachableAdvice(cause.code)}`, { cause });
        this.path = path;
        this.code = cause.code;
        this.errno = cause.errno;
    }
}

function unreachableAdvice(code) {
    switch (code) {
        case "EACCES": return "permission denied; is this user in the group imattr?";
        case "ENOENT": return "no such socket; is imattrd.socket started, or IMATTRD_SOCKET wrong?";
        case "ECONNREFUSED": return "no process listens there; is imattrd running?";
        case "ENAMETOOLONG": return "the path of a Unix socket has at most 107 bytes";
        default: return "see the cause";
    }
}

/** The daemon went away, and did not come back within the call's time. */
class ConnectionLostError extends IMAttrError {
    kind = "lost";
    retryable = true;
}

/** No answer came within the call's time and one second; or the daemon said so, and then it has what `RefusedError` has. */
class DeadlineError extends IMAttrError {
    kind = "deadline";

    /** @param answered The error that the daemon answered, if it did. */
    constructor(message, answered) {
        super(message);
        if (answered !== undefined) keepFields(this, answered);
        this.retryable = true;
    }
}

/** What listens there does not speak imattrd's protocol. */
class ProtocolError extends IMAttrError {
    kind = "protocol";
}

/** The client was closed. A call that its `signal` aborts is rejected with the signal's reason instead. */
class CancelledError extends IMAttrError {
    kind = "cancelled";
}

module.exports = { ArgumentError, CancelledError, ConnectionLostError, DeadlineError, IMAttrError, ProtocolError, RefusedError, UnreachableError, deadlineExceeded, refusal };
