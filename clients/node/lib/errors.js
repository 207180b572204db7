/** What every error of this package is. `kind` tells them apart, as the classes do. */
export class IMAttrError extends Error {
    /** Whether the same call may succeed later. */
    retryable = false;

    constructor(message, options) {
        super(message, options);
        this.name = new.target.name;
    }
}

/** The call cannot be made as it was asked for; nothing was sent. */
export class ArgumentError extends IMAttrError {
    kind = "argument";
}

const refusalFields = [
    "source", "retryable", "retryAfterMs", "ErrorInfo", "attempts", "path", "limit", "limitName", "fetched", "failed",
    "callId", "clockSkewSeconds",
];

/** The daemon answered an error. Holds `code`, `message`, and of the answer's `data` what there was. */
export class RefusedError extends IMAttrError {
    kind = "refused";

    constructor({ code, message, data }) {
        super(message);
        this.code = code;
        for (const field of refusalFields) {
            if (data?.[field] !== undefined) this[field] = data[field];
        }
        this.retryable = this.retryable === true;
    }
}

/** There is no connection to be had: nobody listens at `path`, or this user may not connect. */
export class UnreachableError extends IMAttrError {
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
        case "ECONNREFUSED": return "nobody listens there; is imattrd running?";
        case "ENAMETOOLONG": return "the path of a Unix socket has at most 107 bytes";
        default: return "see the cause";
    }
}

/** The daemon went away, and did not come back within the call's time. */
export class ConnectionLostError extends IMAttrError {
    kind = "lost";
    retryable = true;
}

/** No answer came within the call's time and one second. */
export class DeadlineError extends IMAttrError {
    kind = "deadline";
    retryable = true;
}

/** What listens there does not speak imattrd's protocol. */
export class ProtocolError extends IMAttrError {
    kind = "protocol";
}

/** The client was closed. A call that its `signal` aborts is rejected with the signal's reason instead. */
export class CancelledError extends IMAttrError {
    kind = "cancelled";
}
