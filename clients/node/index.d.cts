import type { Status } from "./status.cjs";

export * from "./status.cjs";

/** The version of this package. */
export const version: string;

/** A JSON value. Integers past 2^53 are `bigint`s, so that no digit is lost; all other numbers are `number`s. */
export type JSONValue = null | boolean | number | bigint | string | JSONValue[] | { [key: string]: JSONValue };

/** The attributes of an account, as upstream has them. */
export type Attrs = { [name: string]: JSONValue };

/** An account with its attributes. */
export interface User {
    To_Account: string;
    Attrs: Attrs;
    failure?: undefined;
}

/** What upstream said of an account that it has no attributes for. */
export interface AccountError {
    To_Account: string;
    ErrorCode?: number;
    ErrorInfo?: string;
}

/** An account without attributes, as `stream` gives it; `ErrorCode` and `ErrorInfo` are there if upstream said them. */
export interface MissingUser extends AccountError {
    Attrs?: undefined;
    failure?: undefined;
}

/** Why an account has no answer, of a call with `partial`. */
export interface FailedAccount {
    To_Account: string;
    /** Tencent's own `ErrorCode` if upstream refused, else a code of the daemon, which is below 0. */
    code: number;
    message: string;
    /** Whether asking again later may succeed. */
    retryable: boolean;
    /** What upstream said. */
    ErrorInfo?: string;
    /** When to try again, in ms. */
    retryAfterMs?: number;
    /** The call's name in the daemon's log. */
    callId?: string;
}

/** An account that failed, as `stream` gives it with `partial`. */
export interface FailedUser {
    To_Account: string;
    Attrs?: undefined;
    ErrorCode?: undefined;
    ErrorInfo?: undefined;
    failure: FailedAccount;
}

/** The answer of `getAttrs`. */
export interface GetAttrsResult {
    /** Each account that upstream answered, once, in the order of its first mention. */
    UserAttrs: User[];
    /** The accounts that upstream left out of its answer, in the same order. */
    missing: string[];
    /** What upstream said of accounts, if it did. */
    ErrorList?: AccountError[];
}

/** The answer of `getAttrs` with `partial`. */
export interface PartialGetAttrsResult extends GetAttrsResult {
    /** The accounts that failed, in the same order. */
    failed: FailedAccount[];
}

export interface CallOptions {
    /** The whole time of the call in ms, 1 to 600000; of each request, for `stream`. Default: 30000. */
    timeoutMs?: number | undefined;
    /** Gives the call up: it is withdrawn from the daemon, and rejected with the signal's reason. */
    signal?: AbortSignal | undefined;
}

export interface GetAttrsOptions extends CallOptions {
    /** Accept what the daemon already holds if it is at most this old, in ms, 0 to 3600000. Default: 0, ask upstream. */
    maxAgeMs?: number | undefined;
    /**
     * Accounts that fail are given as such, beside those that were answered; the call fails only if no account was
     * answered at all. Default: false, the first failure is that of the call.
     */
    partial?: boolean | undefined;
}

export interface StreamOptions extends GetAttrsOptions {
    /** Accounts in a request, 1 to 10000; the daemon may be configured to take less. Default: 500. */
    batch?: number | undefined;
    /** Requests in flight at once, 1 to 1024. Default: 32. */
    inFlight?: number | undefined;
}

export interface IMAttrClientOptions {
    /** The daemon's socket. Default: `IMATTRD_SOCKET` if that is set and not empty, else `/run/imattrd/imattrd.sock`. */
    socketPath?: string | undefined;
}

/**
 * A client of imattrd.
 *
 * It connects when it is first used. All calls share one connection, and may be made at any time. A connection that is
 * lost is replaced, and what it has not answered is asked again within the call's time. While nothing is asked, the
 * connection keeps no process alive.
 */
export class IMAttrClient {
    /**
     * @param options The socket's path, or an object.
     * @throws ArgumentError if an option is not known, or the path is not a path.
     */
    constructor(options?: string | IMAttrClientOptions);

    /**
     * Fetches the attributes of any number of accounts, each 1 to 255 bytes of UTF-8.
     *
     * They are asked for in requests of up to 500, with up to 32 of them in flight. The first error ends the call, unless
     * it has `partial`.
     */
    getAttrs(accounts: Iterable<string>, options: GetAttrsOptions & { partial: true }): Promise<PartialGetAttrsResult>;
    getAttrs(accounts: Iterable<string>, options?: GetAttrsOptions): Promise<GetAttrsResult>;

    /**
     * Fetches the attributes of any number of accounts in bounded memory, and gives each account as its answer arrives:
     * those of one request in their order and then its missing ones; requests in any order. An account that is repeated
     * in another request is given again.
     *
     * At most `batch` x `inFlight` accounts are read ahead, and only while something is being waited for. A request
     * leaves once it is full or the input has ended. The first error ends it, after all that was answered before it has been
     * given. Leaving the loop withdraws what is in flight. With `partial`, an account that fails is given with its `failure`,
     * after the missing ones of its request, and the stream goes on.
     *
     * @throws ArgumentError at once if an option is wrong.
     */
    stream(
        accounts: Iterable<string> | AsyncIterable<string>,
        options: StreamOptions & { partial: true },
    ): AsyncGenerator<User | MissingUser | FailedUser, void, undefined>;
    stream(
        accounts: Iterable<string> | AsyncIterable<string>,
        options?: StreamOptions,
    ): AsyncGenerator<User | MissingUser, void, undefined>;

    /** Asks whether the daemon is there and answers. */
    ping(options?: CallOptions): Promise<"pong">;

    /** The daemon's state, limits and counters. */
    getStatus(options?: CallOptions): Promise<Status>;

    /** Calls any method. `params` is an object or an array that `JSON.stringify` can write. */
    call(method: string, params?: object, options?: CallOptions): Promise<JSONValue>;

    /** Closes the connection. What waits, and every later call, is rejected with `CancelledError`. */
    close(): void;
}

/** What every error of this package is. */
export abstract class IMAttrError extends Error {
    /** Distinguishes the errors, as the classes do. */
    abstract readonly kind:
        "argument" | "refused" | "unreachable" | "lost" | "deadline" | "protocol" | "cancelled";
    /** Whether the same call may succeed later. */
    readonly retryable: boolean;
}

/** The call cannot be made as it was asked for; nothing was sent. */
export class ArgumentError extends IMAttrError {
    readonly kind: "argument";
}

/** What an error that the daemon answered has, if the daemon said it. */
interface Answered {
    /** Who refused. */
    readonly source?: "daemon" | "upstream";
    /** When to try again, in ms. */
    readonly retryAfterMs?: number;
    /** What upstream said. */
    readonly ErrorInfo?: string;
    /** Calls that the daemon made upstream. */
    readonly attempts?: number;
    /** The param that is wrong, as `To_Account[3]`. */
    readonly path?: string;
    /** The limit that was met, and its name in the daemon's configuration. */
    readonly limit?: number;
    readonly limitName?: string;
    /** Accounts that were fetched all the same: with `maxAgeMs`, a repeated call asks only for the others. */
    readonly fetched?: number;
    /** Accounts that were not, up to 100 of them. */
    readonly failed?: AccountError[];
    /** The call's name in the daemon's log. */
    readonly callId?: string;
    /** The daemon's clock against upstream's. */
    readonly clockSkewSeconds?: number;
}

/** The daemon answered an error; but that of a deadline is `DeadlineError`. */
export class RefusedError extends IMAttrError {
    readonly kind: "refused";
    /** Tencent's own `ErrorCode` if upstream refused, else a code of JSON-RPC or of the daemon, which is below 0. */
    readonly code: number;
}
export interface RefusedError extends Answered {}

/** There is no connection to be had. */
export class UnreachableError extends IMAttrError {
    readonly kind: "unreachable";
    /** The socket's path. */
    readonly path: string;
    /** The system's error by its name, as `ENOENT`, and by its number in Node. */
    readonly code: string;
    readonly errno: number;
}

/** The daemon went away, and did not come back within the call's time. */
export class ConnectionLostError extends IMAttrError {
    readonly kind: "lost";
}

/** No answer came in time: the daemon said so, or it said nothing until one second later. */
export class DeadlineError extends IMAttrError {
    readonly kind: "deadline";
    /** -32001 if the daemon said so; then it also has the other fields that `RefusedError` has. */
    readonly code?: -32001;
}
export interface DeadlineError extends Answered {}

/** What listens there does not speak imattrd's protocol. */
export class ProtocolError extends IMAttrError {
    readonly kind: "protocol";
}

/** The client was closed. */
export class CancelledError extends IMAttrError {
    readonly kind: "cancelled";
}
