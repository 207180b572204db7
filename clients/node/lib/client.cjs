"use strict";

const { failedAccount, readAttributes, readPartialAttributes, readPong, readStatus } = require("./answer.cjs");
const {
    checkCount, checkIterable, checkMaxAge, checkMethod, checkOptions, checkPartial, checkSignal, checkSocketPath,
    checkTimeout, distinctAccounts, paramsText,
} = require("./arguments.cjs");
const { Batches } = require("./batches.cjs");
const { DeadlineError, RefusedError, deadlineExceeded } = require("./errors.cjs");
const { Job } = require("./job.cjs");
const { Session } = require("./session.cjs");

const defaultPath = "/run/imattrd/imattrd.sock";
const defaultTimeoutMs = 30_000;
const defaultBatch = 500;
const defaultInFlight = 32;
const maxBatch = 10_000;
const maxInFlight = 1024;
const callOptions = ["timeoutMs", "signal"];
const getAttrsOptions = [...callOptions, "maxAgeMs", "partial"];
const streamOptions = [...getAttrsOptions, "batch", "inFlight"];

/** A client of imattrd. Documented in index.d.ts. */
class IMAttrClient {
    #session;

    constructor(options = {}) {
        const given = typeof options === "string" ? { socketPath: options } : options;
        checkOptions(given, ["socketPath"]);
        const { socketPath = process.env.IMATTRD_SOCKET || defaultPath } = given;
        checkSocketPath(socketPath);
        this.#session = new Session(socketPath);
    }

    async getAttrs(accounts, options = {}) {
        const { timeoutMs, signal, ...asked } = checkedOptions(options, getAttrsOptions);
        const distinct = distinctAccounts(accounts);
        const deadline = performance.now() + timeoutMs;
        const results = [];
        const job = new Job(this.#session, defaultInFlight, signal);
        try {
            for (let start = 0; start < distinct.length || !job.isDone;) {
                while (start < distinct.length && job.hasRoom) {
                    startBatch(job, distinct.slice(start, start + defaultBatch), asked, deadline, start / defaultBatch);
                    start += defaultBatch;
                }
                const { mark, result } = await job.next();
                results[mark] = result;
            }
        } finally {
            job.end();
        }
        return joined(results, asked.partial);
    }

    stream(accounts, options = {}) {
        const { timeoutMs, signal, ...asked } = checkedOptions(options, streamOptions);
        const { batch = defaultBatch, inFlight = defaultInFlight } = options;
        checkIterable(accounts, Symbol.asyncIterator, Symbol.iterator);
        checkCount("batch", batch, maxBatch);
        checkCount("inFlight", inFlight, maxInFlight);
        return this.#stream(accounts, batch, inFlight, timeoutMs, asked, signal);
    }

    async *#stream(accounts, batchSize, inFlight, timeoutMs, asked, signal) {
        const job = new Job(this.#session, inFlight, signal);
        const batches = new Batches(accounts, batchSize, () => job.wake());
        try {
            for (;;) {
                startBatches(job, batches, timeoutMs, asked);
                const answer = job.take();
                if (answer !== undefined) {
                    for (const user of usersOf(answer.result)) {
                        yield user;
                        signal?.throwIfAborted();
                    }
                } else if (job.isDone && batches.isOver) {
                    return;
                } else {
                    await job.change();
                }
            }
        } finally {
            job.end();
            await batches.close();
        }
    }

    ping(options = {}) {
        return this.#call("ping", undefined, options, readPong);
    }

    getStatus(options = {}) {
        return this.#call("getStatus", undefined, options, readStatus);
    }

    call(method, params, options = {}) {
        return this.#call(method, params, options, (result) => result);
    }

    close() {
        this.#session.close();
    }

    async #call(method, params, options, read) {
        const { timeoutMs, signal } = checkedOptions(options, callOptions);
        const text = callText(method, params);
        const job = new Job(this.#session, 1, signal);
        try {
            if (job.hasRoom) job.start(() => text, performance.now() + timeoutMs, read);
            return (await job.next()).result;
        } finally {
            job.end();
        }
    }
}

function checkedOptions(options, known) {
    checkOptions(options, known);
    const { timeoutMs = defaultTimeoutMs, maxAgeMs, partial = false, signal } = options;
    checkTimeout(timeoutMs);
    checkMaxAge(maxAgeMs);
    checkPartial(partial);
    checkSignal(signal);
    return { timeoutMs, maxAgeMs, partial, signal };
}

function callText(method, params) {
    checkMethod(method);
    const text = paramsText(params);
    const name = `"method":${JSON.stringify(method)}`;
    return text === undefined ? name : `${name},"params":${text}`;
}

/** What a request for these accounts says, from the time that is left. */
function attributesText(accounts, { maxAgeMs, partial }) {
    const begin = `"method":"getAttrs","params":{"To_Account":${JSON.stringify(accounts)},"timeoutMs":`;
    const age = maxAgeMs === undefined ? "" : `,"maxAgeMs":${Math.floor(maxAgeMs)}`;
    const end = `${age}${partial ? ',"partial":true' : ""}}`;
    return (leftMs) => begin + leftMs + end;
}

/** Sends a request for these accounts. */
function startBatch(job, accounts, asked, deadline, mark) {
    const text = attributesText(accounts, asked);
    if (!asked.partial) return job.start(text, deadline, readAttributes, mark);
    job.start(text, deadline, readPartialAttributes, mark, (error) => allFailed(accounts, error));
}

/** The result of a request whose accounts have all failed with that error; undefined if it is not about accounts. */
function allFailed(accounts, error) {
    if (!isAboutAccounts(error)) return undefined;
    // An error of the client's own has no code.
    const { code = deadlineExceeded, message, retryable, ErrorInfo, retryAfterMs, callId } = error;
    const failure = { code, message, retryable, ErrorInfo, retryAfterMs, callId };
    const failed = [...new Set(accounts)].map((account) => failedAccount(account, failure));
    return { UserAttrs: [], missing: [], failed, error };
}

/** Whether an error says something of each account of its request, and not of the request or of the daemon. */
function isAboutAccounts(error) {
    if (error instanceof DeadlineError) return true;
    if (!(error instanceof RefusedError)) return false;
    return error.code === -32000 || error.code === -32002 || error.code < -32768 || error.code > -32000;
}

/** Keeps as many requests in flight as the job has room for, as far as the input gives accounts. */
function startBatches(job, batches, timeoutMs, asked) {
    try {
        while (job.hasRoom) {
            const batch = batches.next();
            if (batch === undefined) return;
            startBatch(job, batch, asked, performance.now() + timeoutMs);
        }
    } catch (error) {
        job.fail(error);
    }
}

/** The accounts of an answer: those with attributes, then the missing ones with what was said of them, then those that failed. */
function* usersOf({ UserAttrs, missing, ErrorList = [], failed = [] }) {
    yield* UserAttrs;
    const errors = new Map(ErrorList.map((error) => [error.To_Account, error]));
    for (const account of missing) yield missingUser(account, errors.get(account));
    for (const failure of failed) yield { To_Account: failure.To_Account, failure };
}

function missingUser(To_Account, error) {
    if (error === undefined) return { To_Account };
    const { ErrorCode, ErrorInfo } = error;
    return { To_Account, ErrorCode, ErrorInfo };
}

/**
 * One result of those of several requests. The accounts of each come after those of the one before.
 *
 * @throws the first request's error that has one, if no account was answered at all.
 */
function joined(results, isPartial) {
    const UserAttrs = results.flatMap((result) => result.UserAttrs);
    const missing = results.flatMap((result) => result.missing);
    const lists = results.flatMap((result) => result.ErrorList ?? []);
    const hasErrorList = results.some((result) => result.ErrorList !== undefined);
    const error = results.find((result) => result.error !== undefined)?.error;
    if (error !== undefined && UserAttrs.length === 0 && missing.length === 0) throw error;
    const result = hasErrorList ? { UserAttrs, missing, ErrorList: lists } : { UserAttrs, missing };
    return isPartial ? { ...result, failed: results.flatMap(({ failed }) => failed) } : result;
}

module.exports = { IMAttrClient };
