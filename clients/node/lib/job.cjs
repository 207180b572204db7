"use strict";

const { Request } = require("./request.cjs");

/** The requests of one call: what they have brought, in the order of arrival, and the first thing that went wrong. */
class Job {
    #session;
    #most;
    #signal;
    #inFlight = new Set();
    #answers = [];
    #failure = null;
    #notify = null;

    /**
     * @param {number} most Requests in flight at once.
     * @param {AbortSignal} [signal] Gives all of them up.
     */
    constructor(session, most, signal) {
        this.#session = session;
        this.#most = most;
        this.#signal = signal;
        if (signal?.aborted) this.fail(signal.reason);
        else signal?.addEventListener("abort", this.#abort);
    }

    /** Whether another request may be started: one whose answer has not been taken is still in flight. */
    get hasRoom() {
        return this.#failure === null && this.#inFlight.size + this.#answers.length < this.#most;
    }

    /** Whether nothing is in flight, and nothing went wrong. */
    get isDone() {
        return this.#failure === null && this.#inFlight.size === 0 && this.#answers.length === 0;
    }

    /**
     * Sends a request; only while there is room.
     *
     * @param text See `Request`, as for `deadline` and `read`.
     * @param mark What `take` gives with the answer.
     * @param recovered Gives the result that an error becomes; undefined if it is the job's.
     */
    start(text, deadline, read, mark, recovered) {
        const request = new Request(text, deadline, read, (error, answer) => {
            this.#inFlight.delete(request);
            const result = error === undefined ? answer : recovered?.(error);
            if (error !== undefined && result === undefined) return this.fail(error);
            this.#answers.push({ mark, result });
            this.wake();
        });
        this.#inFlight.add(request);
        this.#session.start(request);
    }

    /**
     * An answer; undefined if there is none yet.
     *
     * @throws the first failure, once all answers from before it are taken.
     */
    take() {
        if (this.#answers.length > 0) return this.#answers.shift();
        if (this.#failure !== null) throw this.#failure.error;
        return undefined;
    }

    /** Waits until `take` may have something new, or `wake` is called. */
    change() {
        return new Promise((resolve) => { this.#notify = resolve; });
    }

    wake() {
        this.#notify?.();
        this.#notify = null;
    }

    /** Waits for an answer and takes it. */
    async next() {
        for (;;) {
            const answer = this.take();
            if (answer !== undefined) return answer;
            await this.change();
        }
    }

    /** The first failure ends the job: whatever is in flight is withdrawn. */
    fail(error) {
        if (this.#failure !== null) return;
        this.#failure = { error };
        this.end();
        this.wake();
    }

    /** Withdraws what is in flight. */
    end() {
        this.#signal?.removeEventListener("abort", this.#abort);
        for (const request of this.#inFlight) this.#session.withdraw(request);
        this.#inFlight.clear();
    }

    /** A caller that gives up wants no more answers either. */
    #abort = () => {
        this.#answers = [];
        this.fail(this.#signal.reason);
    };
}

module.exports = { Job };
