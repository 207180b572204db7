"use strict";

const { ProtocolError } = require("./errors.cjs");
const { parseJSON } = require("./json.cjs");

/**
 * Reads a line: an answer of JSON-RPC 2.0, with either `result` or `error`.
 *
 * @throws {ProtocolError} if it is none.
 */
function readAnswer(line) {
    let answer;
    try {
        answer = parseJSON(line);
    } catch (error) {
        throw new ProtocolError(`an answer that is not JSON: ${error.message}`, { cause: error });
    }
    if (!isObject(answer) || answer.jsonrpc !== "2.0" || answer.id === undefined) {
        throw new ProtocolError(`not an answer of JSON-RPC 2.0: ${excerpt(line)}`);
    }
    if ((answer.result === undefined) === (answer.error === undefined)) {
        throw new ProtocolError(`an answer that has not either a result or an error: ${excerpt(line)}`);
    }
    if (answer.error !== undefined) checkError(answer.error, line);
    else if (answer.id === null) throw new ProtocolError(`a result whose id is null: ${excerpt(line)}`);
    return answer;
}

function checkError(error, line) {
    if (isObject(error) && Number.isInteger(error.code) && typeof error.message === "string") return;
    throw new ProtocolError(`an error without code and message: ${excerpt(line)}`);
}

/**
 * The result of `getAttrs`, with the fields that are known.
 *
 * @throws {ProtocolError} if it has another shape.
 */
function readAttributes(result) {
    const { UserAttrs, missing, ErrorList } = isObject(result) ? result : {};
    check(Array.isArray(UserAttrs) && UserAttrs.every(isUser), "UserAttrs");
    check(Array.isArray(missing) && missing.every((account) => typeof account === "string"), "missing");
    check(ErrorList === undefined || (Array.isArray(ErrorList) && ErrorList.every(isAccountError)), "ErrorList");
    return ErrorList === undefined ? { UserAttrs, missing } : { UserAttrs, missing, ErrorList };
}

/** The same with `failed`, which is empty if the daemon does not know it. */
function readPartialAttributes(result) {
    const { failed = [] } = isObject(result) ? result : {};
    check(Array.isArray(failed) && failed.every(isFailedAccount), "failed");
    return { ...readAttributes(result), failed: failed.map((entry) => failedAccount(entry.To_Account, entry)) };
}

/** What is known of an account that failed, from an entry of `failed` or an error. */
function failedAccount(To_Account, { code, message, retryable, ErrorInfo, retryAfterMs, callId }) {
    const failure = { To_Account, code, message, retryable };
    for (const [name, value] of Object.entries({ ErrorInfo, retryAfterMs, callId })) {
        if (value !== undefined) failure[name] = value;
    }
    return failure;
}

function isFailedAccount(entry) {
    if (!isObject(entry) || typeof entry.To_Account !== "string" || !Number.isInteger(entry.code)) return false;
    return typeof entry.message === "string" && typeof entry.retryable === "boolean";
}
function check(isRight, field) {
    if (!isRight) throw new ProtocolError(`a result of getAttrs whose ${field} has another shape`);
}

function isUser(entry) {
    return isObject(entry) && typeof entry.To_Account === "string" && isObject(entry.Attrs);
}

function isAccountError(entry) {
    return isObject(entry) && typeof entry.To_Account === "string";
}

/** The result of `ping`. */
function readPong(result) {
    if (result === "pong") return result;
    throw new ProtocolError("an answer to ping that is not pong");
}

/** The result of `getStatus`. */
function readStatus(result) {
    if (isObject(result)) return result;
    throw new ProtocolError("a result of getStatus that is no object");
}

function isObject(value) {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function excerpt(line) {
    return JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}…` : line);
}

module.exports = { failedAccount, readAnswer, readAttributes, readPartialAttributes, readPong, readStatus };
