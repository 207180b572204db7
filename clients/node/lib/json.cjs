"use strict";

/** Where a number of 16 or more digits begins (or, rarely, a string looks like it). Looked for in linear time. */
const longNumber = /[:,[]\s*-?\d{16}/;

/**
 * Reads a JSON text as `JSON.parse` does, but integers past 2^53 become `BigInt`s, so that no digit is lost.
 *
 * @throws {SyntaxError} if it is not JSON.
 */
function parseJSON(text) {
    const value = JSON.parse(text);
    return longNumber.test(text) ? new ExactReader(text).value() : value;
}

/** Reads a text that is known to be JSON. Slower than `JSON.parse`, hence only for texts that may need it. */
class ExactReader {
    #text;
    #at = 0;

    constructor(text) {
        this.#text = text;
    }

    value() {
        switch (this.#peek()) {
            case "{": return this.#object();
            case "[": return this.#array();
            case '"': return this.#string();
            default: return this.#scalar();
        }
    }

    #object() {
        const object = {};
        this.#at += 1;
        while (this.#peek() !== "}") {
            if (this.#text[this.#at] === ",") this.#at += 1;
            this.#peek();
            const key = this.#string();
            this.#peek();
            this.#at += 1; // the colon
            define(object, key, this.value());
        }
        this.#at += 1;
        return object;
    }

    #array() {
        const array = [];
        this.#at += 1;
        while (this.#peek() !== "]") {
            if (this.#text[this.#at] === ",") this.#at += 1;
            array.push(this.value());
        }
        this.#at += 1;
        return array;
    }

    #string() {
        const start = this.#at;
        let end = this.#text.indexOf('"', start + 1);
        while (this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1);
        this.#at = end + 1;
        return JSON.parse(this.#text.slice(start, this.#at));
    }

    #isEscaped(quote) {
        let start = quote;
        while (this.#text[start - 1] === "\\") start -= 1;
        return (quote - start) % 2 === 1;
    }

    #scalar() {
        const scalar = /[^\s,\]}]+/y;
        scalar.lastIndex = this.#at;
        const [token] = scalar.exec(this.#text);
        this.#at += token.length;
        const value = JSON.parse(token);
        return /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(value) ? BigInt(token) : value;
    }

    /** The next character that is no white space; `#at` is its place. */
    #peek() {
        while (" \n\r\t".includes(this.#text[this.#at])) this.#at += 1;
        return this.#text[this.#at];
    }
}

/** Plain assignment to `__proto__` would change the object's prototype. */
function define(object, key, value) {
    if (key === "__proto__") {
        Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
    } else {
        object[key] = value;
    }
}

module.exports = { parseJSON };
