"use strict";

const { Socket } = require("node:net");
const { readAnswer } = require("./answer.cjs");
const { ProtocolError, refusal } = require("./errors.cjs");
const { LineSplitter } = require("./lines.cjs");

const maxAnswerBytes = 256 << 20;
const readBytes = 64 << 10;
const shuttingDown = -32004;

/** A connection to the daemon, and the requests in flight on it. While there are none, it keeps no process alive. */
class Connection {
    /** Whether the daemon has answered anything but that it is shutting down. */
    hasAnswered = false;

    #session;
    #socket;
    #lines = new LineSplitter(maxAnswerBytes);
    #inFlight = new Map();
    #state = "connecting"; // then "open", perhaps "retired", and "over"

    /** @param session Learns what happens: `connected`, `connectFailed`, `shuttingDown`, `ended`. */
    constructor(path, session) {
        this.#session = session;
        const buffer = Buffer.allocUnsafeSlow(readBytes);
        const callback = (length) => this.#received(buffer.subarray(0, length));
        this.#socket = new PatientSocket({ onread: { buffer, callback } });
        this.#socket.once("connect", () => this.#connected());
        this.#socket.on("error", (error) => this.#failed(error));
        this.#socket.once("end", () => this.end());
        this.#socket.once("close", () => this.end());
        this.#socket.connect({ path });
    }

    /** Whether requests can be sent. */
    get isOpen() {
        return this.#state === "open";
    }

    send(request, id) {
        if (this.#inFlight.size === 0) this.#socket.ref();
        request.connection = this;
        request.id = id;
        this.#inFlight.set(id, request);
        this.#socket.write(request.line());
    }

    /** Gives a request up, and notifies the daemon. */
    withdraw(request) {
        this.#socket.write(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":${request.id}}}\n`);
        this.#remove(request);
    }

    /** Ends the connection. What is in flight is the session's, to fail with `error` or else to repeat. */
    end(error) {
        if (this.#state === "over") return;
        this.#state = "over";
        this.#socket.destroy();
        const requests = [...this.#inFlight.values()];
        for (const request of requests) request.connection = null;
        this.#session.ended(this, requests, error);
    }

    #connected() {
        this.#state = "open";
        this.#socket.unref();
        this.#session.connected(this);
    }

    #failed(error) {
        if (this.#state !== "connecting") return this.end();
        this.#state = "over";
        this.#session.connectFailed(this, error);
    }

    #received(chunk) {
        try {
            for (const line of this.#lines.push(chunk)) {
                if (line.trim() !== "") this.#answered(readAnswer(line));
                if (this.#state === "over") return;
            }
        } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
            this.end(error);
        }
    }

    #answered({ id, result, error }) {
        if (error?.code === shuttingDown) return this.#retire(id, error);
        this.hasAnswered = true;
        if (id === null) return this.end(refusal(error));
        const request = this.#inFlight.get(id);
        // What no call waits for was given up.
        if (request === undefined) return;
        const outcome = error === undefined ? request.read(result) : undefined;
        this.#remove(request);
        if (error === undefined) request.succeed(outcome);
        else request.fail(refusal(error));
    }

    /** The daemon is shutting down. Other requests may still be answered here, but nothing new is sent. */
    #retire(id, error) {
        this.#state = "retired";
        this.#session.retired(this);
        if (id === null || this.#inFlight.size === 0) return this.end();
        const request = this.#inFlight.get(id);
        if (request === undefined) return;
        this.#remove(request);
        this.#session.postponed(request, error);
    }

    #remove(request) {
        request.connection = null;
        this.#inFlight.delete(request.id);
        if (this.#inFlight.size > 0) return;
        if (this.#state === "retired") this.end();
        else this.#socket.unref();
    }
}

/**
 * A socket that outlives a failed write: what the daemon said before it closed, perhaps why, is still to be read, and the
 * end after it.
 */
class PatientSocket extends Socket {
    _write(chunk, encoding, callback) {
        super._write(chunk, encoding, (error) => callback(withoutBrokenPipe(error)));
    }

    _writev(chunks, callback) {
        super._writev(chunks, (error) => callback(withoutBrokenPipe(error)));
    }
}

function withoutBrokenPipe(error) {
    return error?.code === "EPIPE" || error?.code === "ECONNRESET" ? null : error;
}

module.exports = { Connection };
