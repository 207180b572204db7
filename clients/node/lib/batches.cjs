"use strict";

const { checkAccount } = require("./arguments.cjs");

/** Reads accounts, lazily, into batches. */
class Batches {
    /** Whether nothing more will come. */
    isOver = false;

    #source;
    #isAsync;
    #size;
    #wake;
    #batch = [];
    #index = 0;
    #isReading = false;
    #arrival = null;

    /** @param wake Is called when `next` may give more than it did. */
    constructor(accounts, size, wake) {
        this.#isAsync = accounts[Symbol.asyncIterator] !== undefined;
        this.#source = this.#isAsync ? accounts[Symbol.asyncIterator]() : accounts[Symbol.iterator]();
        this.#size = size;
        this.#wake = wake;
    }

    /**
     * Reads a batch; undefined if the input has ended, or has nothing at the moment.
     *
     * @throws ArgumentError for what is no account, and what the input throws.
     */
    next() {
        while (!this.isOver && this.#batch.length < this.#size) {
            const step = this.#isAsync ? this.#arrived() : this.#step();
            if (step === undefined) return undefined;
            if (step.done) this.isOver = true;
            else this.#add(step.value);
        }
        if (this.#batch.length === 0) return undefined;
        const batch = this.#batch;
        this.#batch = [];
        return batch;
    }

    /** Ends the input, since no more is wanted, unless it has ended by itself. */
    async close() {
        if (this.isOver) return;
        this.isOver = true;
        const closing = this.#source.return?.();
        // An input that is waiting for something may wait for long: it is not waited for.
        if (this.#isReading) closing?.then?.(undefined, () => {});
        else await closing;
    }

    #add(account) {
        checkAccount(account, this.#index++);
        this.#batch.push(account);
    }

    #step() {
        try {
            return this.#source.next();
        } catch (error) {
            this.isOver = true;
            throw error;
        }
    }

    /** What an asynchronous input has given; undefined while it has not, and then `wake` is called once it has. */
    #arrived() {
        if (this.#arrival === null) {
            if (!this.#isReading) this.#read();
            return undefined;
        }
        const { step, error } = this.#arrival;
        this.#arrival = null;
        if (step !== undefined) return step;
        this.isOver = true;
        throw error;
    }

    async #read() {
        this.#isReading = true;
        try {
            this.#arrival = { step: await this.#source.next() };
        } catch (error) {
            this.#arrival = { error };
        }
        this.#isReading = false;
        this.#wake();
    }
}

module.exports = { Batches };
