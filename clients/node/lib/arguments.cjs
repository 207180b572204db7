"use strict";

const { ArgumentError } = require("./errors.cjs");

const maxAccountBytes = 255;
const maxTimeoutMs = 600_000;
const maxAgeLimitMs = 3_600_000;

/** Accounts are 1 to 255 bytes of UTF-8; a lone surrogate has no UTF-8. */
function checkAccount(account, index) {
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
function distinctAccounts(accounts) {
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
function checkIterable(accounts, ...kinds) {
    if (typeof accounts === "object" && kinds.some((kind) => typeof accounts?.[kind] === "function")) return;
    throw new ArgumentError(`accounts is ${describe(accounts)}; it must be an array or another iterable of strings`);
}

/** A misspelt option must not be one that is simply not there. */
function checkOptions(options, known) {
    if (typeof options !== "object" || options === null || Array.isArray(options)) {
        throw new ArgumentError(`options is ${describe(options)}; it must be an object`);
    }
    for (const name in options) {
        if (known.includes(name) || options[name] === undefined) continue;
        throw new ArgumentError(`options has ${describe(name)}, which is not known; known are ${known.join(", ")}`);
    }
}

function checkPartial(partial) {
    if (typeof partial === "boolean") return;
    throw new ArgumentError(`partial is ${describe(partial)}; it must be true or false`);
}

function checkTimeout(timeoutMs) {
    checkNumber("timeoutMs", timeoutMs, 1, maxTimeoutMs);
}

function checkMaxAge(maxAgeMs) {
    if (maxAgeMs !== undefined) checkNumber("maxAgeMs", maxAgeMs, 0, maxAgeLimitMs);
}

function checkNumber(name, value, least, most) {
    if (typeof value === "number" && value >= least && value <= most) return;
    throw new ArgumentError(`${name} is ${describe(value)}; it must be a number from ${least} to ${most}`);
}

function checkCount(name, value, most) {
    if (Number.isInteger(value) && value >= 1 && value <= most) return;
    throw new ArgumentError(`${name} is ${describe(value)}; it must be an integer from 1 to ${most}`);
}

function checkSignal(signal) {
    if (signal === undefined || typeof signal?.addEventListener === "function") return;
    throw new ArgumentError(`signal is ${describe(signal)}; it must be an AbortSignal`);
}

function checkMethod(method) {
    if (typeof method === "string") return;
    throw new ArgumentError(`method is ${describe(method)}; it must be a string`);
}

/** The JSON text of params; undefined if there are none. */
function paramsText(params) {
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

function checkSocketPath(path) {
    if (typeof path === "string" && path !== "" && !path.includes("\0")) return;
    throw new ArgumentError(`socketPath is ${describe(path)}; it must be the path of a socket`);
}

function describe(value) {
    if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    if (value === null || value === undefined || typeof value === "number") return String(value);
    return Array.isArray(value) ? "an array" : `of type ${typeof value}`;
}

module.exports = { checkAccount, checkCount, checkIterable, checkMaxAge, checkMethod, checkOptions, checkPartial, checkSignal, checkSocketPath, checkTimeout, distinctAccounts, paramsText };
