"use strict";

const { Connection } = require("./connection.cjs");
const { CancelledError, ConnectionLostError, DeadlineError, RefusedError, UnreachableError } = require("./errors.cjs");

const graceMs = 1000;
const firstDelayMs = 50;
const maxDelayMs = 1000;
const maxPathBytes = 107;

/** Keeps a connection, and repeats on a new one what a lost one has not answered: reading changes nothing. */
class Session {
    #path;
    #connection = null;
    /** The current connection, and retired ones on which something is in flight. */
    #connections = new Set();
    /** Requests without a connection. */
    #waiting = new Set();
    #hasConnected = false;
    #isClosed = false;
    #latestID = 0;
    /** Attempts that gave no answer, since the last that did; and when the next may be made. */
    #failures = 0;
    #notBefore = 0;
    #delay;

    constructor(path) {
        this.#path = path;
    }

    // What callers ask for

    start(request) {
        if (this.#isClosed) return request.fail(new CancelledError("the client is closed"));
        request.onDeadline(0, () => this.#expired(request));
        this.#send(request);
    }

    /** Gives a request up, wherever it is. It is not settled. */
    withdraw(request) {
        request.stop();
        if (request.connection !== null) request.connection.withdraw(request);
        else this.#stopWaiting(request);
    }

    close() {
        this.#isClosed = true;
        const error = new CancelledError("the client was closed");
        for (const connection of [...this.#connections]) connection.end(error);
        this.#failWaiting(error);
    }

    // What connections tell

    connected(connection) {
        this.#hasConnected = true;
        for (const request of this.#waiting) {
            if (request.isPostponed) continue;
            this.#waiting.delete(request);
            connection.send(request, ++this.#latestID);
        }
    }

    connectFailed(connection, error) {
        this.#connections.delete(connection);
        this.#connection = null;
        if (!this.#mayComeBack(error.code)) return this.#failWaiting(new UnreachableError(this.#path, error));
        this.#backOff();
        this.#connectSoon();
    }

    /** Nothing more can be sent on this connection. */
    retired(connection) {
        if (this.#connection !== connection) return;
        this.#connection = null;
        if (connection.hasAnswered) this.#failures = this.#notBefore = 0;
        else this.#backOff();
    }

    /** The daemon is shutting down, and has not served this request. */
    postponed(request, refusal) {
        const delayMs = Number(refusal.data?.retryAfterMs) || 0;
        if (delayMs >= request.leftMs) return request.fail(this.#lost({ cause: new RefusedError(refusal) }));
        this.#waiting.add(request);
        request.postpone(delayMs, () => this.#send(request));
    }

    ended(connection, requests, error) {
        this.retired(connection);
        this.#connections.delete(connection);
        for (const request of requests) {
            if (error !== undefined) request.fail(error);
            else if (request.leftMs <= 0) request.fail(this.#lost());
            else this.#send(request);
        }
    }

    // Sending and connecting

    #send(request) {
        if (this.#connection?.isOpen) {
            this.#waiting.delete(request);
            this.#connection.send(request, ++this.#latestID);
        } else {
            this.#waiting.add(request);
            this.#connectSoon();
        }
    }

    #connectSoon() {
        if (this.#connection !== null || this.#delay !== undefined) return;
        const delayMs = this.#notBefore - performance.now();
        if (delayMs <= 0) return this.#connect();
        this.#delay = setTimeout(() => {
            this.#delay = undefined;
            this.#connect();
        }, delayMs);
    }

    #connect() {
        // The system cannot be asked: Node cuts longer paths off.
        if (Buffer.byteLength(this.#path) > maxPathBytes) {
            return this.#failWaiting(new UnreachableError(this.#path, { code: "ENAMETOOLONG", errno: -36 }));
        }
        this.#connection = new Connection(this.#path, this);
        this.#connections.add(this.#connection);
    }

    #mayComeBack(code) {
        return code === "EAGAIN" || (this.#hasConnected && (code === "ENOENT" || code === "ECONNREFUSED"));
    }

    #backOff() {
        const delayMs = Math.min(firstDelayMs * 2 ** this.#failures, maxDelayMs);
        this.#failures += 1;
        this.#notBefore = performance.now() + delayMs * (1 + Math.random() / 2);
    }

    // Requests without a connection

    #expired(request) {
        if (request.connection === null) {
            this.#stopWaiting(request);
            return request.fail(this.#lost());
        }
        // Timers come before what has arrived: that is read first, in case this process did not run when it came.
        request.onDeadline(graceMs, () => setImmediate(() => this.#giveUp(request)));
    }

    #giveUp(request) {
        if (request.isSettled) return;
        this.withdraw(request);
        request.fail(new DeadlineError("imattrd has not answered in time"));
    }

    #lost(options) {
        return new ConnectionLostError(`imattrd at ${this.#path} went away, and did not come back in time`, options);
    }

    #failWaiting(error) {
        const requests = [...this.#waiting];
        this.#waiting.clear();
        this.#stopDelay();
        for (const request of requests) request.fail(error);
    }

    #stopWaiting(request) {
        this.#waiting.delete(request);
        if (this.#waiting.size === 0) this.#stopDelay();
    }

    #stopDelay() {
        clearTimeout(this.#delay);
        this.#delay = undefined;
    }
}

module.exports = { Session };
