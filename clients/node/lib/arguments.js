import { ArgumentError } from "./errors.js";

const maxAccountBytes = 255;
const maxTimeoutMs = 600_000;
const maxAgeLimitMs = 3_600_000;

/** Accounts are 1 to 255 bytes of UTF-8; a lone surrogate has no UTF-8. */
export function checkAccount(account, index) {
    if (typeof account !== "string") {
        throw new ArgumentError(`accounts[${index}] is ${describe(account)}; an account is a string`);
    }
    const bytes = Buffer.byteLength(account);
    if (bytes < 1 || bytes > maxAccountBytes) {
        throw new ArgumentError(`accounts[${index}] has ${bytes} bytes; an account has 1 to ${maxAccountBytes} of UTF-8`);
    }
    if (bytes !== account.length && /\p{Surrogate}/u.test(account)) {
        throw new ArgumentError(`accounts[${index}] is ${describe(account)}, with half a surrogate pair; it must be Unicode`);
    }
}

/** The distinct accounts, in the order of their first mention. */
export function distinctAccounts(accounts) {
    checkIterable(accounts, Symbol.iterator);
    const distinct = new Set();
    let index = 0;
    for (const account of accounts) {
        checkAccount(account, index++);
        distinct.add(account);
    }
    return [...distinct];
}

/** A string is iterable too, but its characters are no accounts. */
export function checkIterable(accounts, ...kinds) {
    if (typeof accounts === "object" && kinds.some((kind) => typeof accounts?.[kind] === "function")) return;
    throw new ArgumentError(`accounts is ${describe(accounts)}; it must be an array or another iterable of strings`);
}

export function checkOptions(options) {
    if (typeof options === "object" && options !== null) return;
    throw new ArgumentError(`options is ${describe(options)}; it must be an object`);
}

export function checkTimeout(timeoutMs) {
    checkNumber("timeoutMs", timeoutMs, 1, maxTimeoutMs);
}

export function checkMaxAge(maxAgeMs) {
    if (maxAgeMs !== undefined) checkNumber("maxAgeMs", maxAgeMs, 0, maxAgeLimitMs);
}

function checkNumber(name, value, least, most) {
    if (typeof value === "number" && value >= least && value <= most) return;
    throw new ArgumentError(`${name} is ${describe(value)}; it must be a number from ${least} to ${most}`);
}

export function checkCount(name, value) {
    if (Number.isSafeInteger(value) && value >= 1) return;
    throw new ArgumentError(`${name} is ${describe(value)}; it must be an integer of at least 1`);
}

export function checkSignal(signal) {
    if (signal === undefined || typeof signal?.addEventListener === "function") return;
    throw new ArgumentError(`signal is ${describe(signal)}; it must be an AbortSignal`);
}

export function checkMethod(method) {
    if (typeof method === "string") return;
    throw new ArgumentError(`method is ${describe(method)}; it must be a string`);
}

/** The JSON text of params; undefined if there are none. */
export function paramsText(params) {
    if (params === undefined) return undefined;
    if (typeof params !== "object" || params === null) {
        throw new ArgumentError(`params is ${describe(params)}; it must be an object or an array`);
    }
    try {
        return JSON.stringify(params);
    } catch (cause) {
        throw new ArgumentError(`params cannot be written as JSON: ${cause.message}`, { cause });
    }
}

export function checkSocketPath(path) {
    if (typeof path === "string" && path !== "" && !path.includes("\0")) return;
    throw new ArgumentError(`socketPath is ${describe(path)}; it must be the path of a socket`);
}

function describe(value) {
    if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    if (value === null || value === undefined || typeof value === "number") return String(value);
    return Array.isArray(value) ? "an array" : `of type ${typeof value}`;
}
