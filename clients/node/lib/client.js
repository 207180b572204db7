import { readAttributes, readPong, readStatus } from "./answer.js";
import {
    checkCount, checkIterable, checkMaxAge, checkMethod, checkOptions, checkSignal, checkSocketPath, checkTimeout,
    distinctAccounts, paramsText,
} from "./arguments.js";
import { Batches } from "./batches.js";
import { Job } from "./job.js";
import { Session } from "./session.js";

const defaultPath = "/run/imattrd/imattrd.sock";
const defaultTimeoutMs = 30_000;
const defaultBatch = 500;
const defaultInFlight = 32;

/** A client of imattrd. Documented in index.d.ts. */
export class IMAttrClient {
    #session;

    constructor({ socketPath = process.env.IMATTRD_SOCKET || defaultPath } = {}) {
        checkSocketPath(socketPath);
        this.#session = new Session(socketPath);
    }

    async getAttrs(accounts, options = {}) {
        const { timeoutMs, maxAgeMs, signal } = checkedOptions(options);
        const distinct = distinctAccounts(accounts);
        const deadline = performance.now() + timeoutMs;
        const results = [];
        const job = new Job(this.#session, defaultInFlight, signal);
        try {
            for (let start = 0; start < distinct.length || !job.isDone;) {
                while (start < distinct.length && job.hasRoom) {
                    const batch = distinct.slice(start, start + defaultBatch);
                    job.start(attributesText(batch, maxAgeMs), deadline, readAttributes, start / defaultBatch);
                    start += defaultBatch;
                }
                const { mark, result } = await job.next();
                results[mark] = result;
            }
        } finally {
            job.end();
        }
        return joined(results);
    }

    stream(accounts, options = {}) {
        const { timeoutMs, maxAgeMs, signal } = checkedOptions(options);
        const { batch = defaultBatch, inFlight = defaultInFlight } = options;
        checkIterable(accounts, Symbol.asyncIterator, Symbol.iterator);
        checkCount("batch", batch);
        checkCount("inFlight", inFlight);
        return this.#stream(accounts, batch, inFlight, timeoutMs, maxAgeMs, signal);
    }

    async *#stream(accounts, batchSize, inFlight, timeoutMs, maxAgeMs, signal) {
        const job = new Job(this.#session, inFlight, signal);
        const batches = new Batches(accounts, batchSize, () => job.wake());
        try {
            for (;;) {
                startBatches(job, batches, timeoutMs, maxAgeMs);
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
        const { timeoutMs, signal } = checkedOptions(options);
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

function checkedOptions(options) {
    checkOptions(options);
    const { timeoutMs = defaultTimeoutMs, maxAgeMs, signal } = options;
    checkTimeout(timeoutMs);
    checkMaxAge(maxAgeMs);
    checkSignal(signal);
    return { timeoutMs, maxAgeMs, signal };
}

function callText(method, params) {
    checkMethod(method);
    const text = paramsText(params);
    const name = `"method":${JSON.stringify(method)}`;
    return text === undefined ? name : `${name},"params":${text}`;
}

/** What a request for these accounts says, from the time that is left. */
function attributesText(accounts, maxAgeMs) {
    const begin = `"method":"getAttrs","params":{"To_Account":${JSON.stringify(accounts)},"timeoutMs":`;
    const end = maxAgeMs === undefined ? "}" : `,"maxAgeMs":${Math.floor(maxAgeMs)}}`;
    return (leftMs) => begin + leftMs + end;
}

/** Keeps as many requests under way as the job has room for, as far as the input gives accounts. */
function startBatches(job, batches, timeoutMs, maxAgeMs) {
    try {
        while (job.hasRoom) {
            const batch = batches.next();
            if (batch === undefined) return;
            job.start(attributesText(batch, maxAgeMs), performance.now() + timeoutMs, readAttributes);
        }
    } catch (error) {
        job.fail(error);
    }
}

/** The accounts of an answer: those with attributes, then the missing ones with what was said of them. */
function* usersOf({ UserAttrs, missing, ErrorList = [] }) {
    yield* UserAttrs;
    const errors = new Map(ErrorList.map((error) => [error.To_Account, error]));
    for (const account of missing) yield missingUser(account, errors.get(account));
}

function missingUser(To_Account, error) {
    if (error === undefined) return { To_Account };
    const { ErrorCode, ErrorInfo } = error;
    return { To_Account, ErrorCode, ErrorInfo };
}

/** One result of those of several requests. The accounts of each come after those of the one before. */
function joined(results) {
    const UserAttrs = results.flatMap((result) => result.UserAttrs);
    const missing = results.flatMap((result) => result.missing);
    const lists = results.flatMap((result) => result.ErrorList ?? []);
    const hasErrorList = results.some((result) => result.ErrorList !== undefined);
    return hasErrorList ? { UserAttrs, missing, ErrorList: lists } : { UserAttrs, missing };
}
