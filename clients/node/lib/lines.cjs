"use strict";

const { isUtf8 } = require("node:buffer");
const { ProtocolError } = require("./errors.cjs");

const lineFeed = 10;
const keptCapacity = 1 << 20;

/** Cuts what arrives into lines, wherever it is split. */
class LineSplitter {
    #limit;
    /** The begin of a line whose end has not come yet: the first `#length` bytes. */
    #begun = Buffer.alloc(0);
    #length = 0;

    /** @param {number} limit Bytes that a line may have. */
    constructor(limit) {
        this.#limit = limit;
    }

    /**
     * The lines that end in `chunk`, without their ends. What is left of it is copied: `chunk` may be used again.
     *
     * @param {Buffer} chunk
     * @throws {ProtocolError} if a line is too long, or is not UTF-8.
     */
    *push(chunk) {
        let start = 0;
        for (let end; (end = chunk.indexOf(lineFeed, start)) >= 0; start = end + 1) {
            yield this.#line(chunk.subarray(start, end));
        }
        if (start < chunk.length) this.#keep(chunk.subarray(start));
    }

    #line(last) {
        if (this.#length === 0) return decode(last);
        this.#keep(last);
        const line = decode(this.#begun.subarray(0, this.#length));
        this.#length = 0;
        if (this.#begun.length > keptCapacity) this.#begun = Buffer.alloc(0);
        return line;
    }

    #keep(part) {
        const length = this.#length + part.length;
        if (length > this.#limit) throw new ProtocolError(`an answer of more than ${this.#limit} bytes`);
        if (length > this.#begun.length) {
            const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#begun.length));
            this.#begun.copy(larger, 0, 0, this.#length);
            this.#begun = larger;
        }
        part.copy(this.#begun, this.#length);
        this.#length = length;
    }
}

function decode(bytes) {
    if (!isUtf8(bytes)) throw new ProtocolError("an answer that is not UTF-8");
    return bytes.toString("utf8");
}

module.exports = { LineSplitter };
