"use strict";

/** A request: what it sends, until when, and who learns what came of it. */
class Request {
    /** The connection that it is in flight on; null while it waits for one. */
    connection = null;
    /** Its id on that connection. */
    id = 0;
    /** Whether it has its outcome, or was given up. */
    isSettled = false;
    /** Whether it waits because the daemon has asked for some time. */
    isPostponed = false;
    /** Gives the outcome of a result, or throws `ProtocolError`. */
    read;

    #text;
    #deadline;
    #settle;
    #timer;
    #postponement;

    /**
     * @param {(leftMs: number) => string} text The method's name and the params, from the time that is left.
     * @param {number} deadline As `performance.now()` counts.
     * @param read Gives the outcome of a result, or throws `ProtocolError`.
     * @param settle Is called once, with an error or undefined, and the outcome.
     */
    constructor(text, deadline, read, settle) {
        this.#text = text;
        this.#deadline = deadline;
        this.read = read;
        this.#settle = settle;
    }

    /** The time left in ms, 0 or less if there is none. */
    get leftMs() {
        return this.#deadline - performance.now();
    }

    /** The line to send now. */
    line() {
        return `{"jsonrpc":"2.0","id":${this.id},${this.#text(Math.max(1, Math.round(this.leftMs)))}}\n`;
    }

    /** Calls `action` `graceMs` after the deadline, unless it is settled or called again before. */
    onDeadline(graceMs, action) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(action, this.leftMs + graceMs);
    }

    /** Calls `action` after that time, unless it is settled before. */
    postpone(delayMs, action) {
        this.isPostponed = true;
        this.#postponement = setTimeout(() => {
            this.isPostponed = false;
            action();
        }, delayMs);
    }

    succeed(outcome) {
        this.stop();
        this.#settle(undefined, outcome);
    }

    fail(error) {
        this.stop();
        this.#settle(error);
    }

    /** Stops the timers: nothing more will happen. */
    stop() {
        this.isSettled = true;
        clearTimeout(this.#timer);
        if (this.isPostponed) clearTimeout(this.#postponement);
    }
}

module.exports = { Request };
