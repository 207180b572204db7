import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { IMAttrClient } from "imattr-client";

/** A daemon in this process, whose part the test plays: it takes one message after the other, and answers as it likes. */
export class FakeDaemon {
    #folder;
    #server;
    #sockets = new Set();
    #messages = [];
    #takers = [];

    /** Listens until the test is over. */
    static async start(test) {
        const daemon = new FakeDaemon();
        daemon.#folder = await mkdtemp(join(tmpdir(), "imattr-node-"));
        daemon.path = join(daemon.#folder, "daemon.sock");
        test.after(async () => {
            await daemon.stop();
            await rm(daemon.#folder, { recursive: true });
        });
        await daemon.listen();
        return daemon;
    }

    async listen() {
        this.#server = createServer((socket) => this.#serve(socket)).listen(this.path);
        await once(this.#server, "listening");
    }

    /** Stops listening, ends all connections, and removes the socket. */
    async stop() {
        if (!this.#server.listening) return;
        const closed = once(this.#server, "close");
        this.#server.close();
        for (const socket of this.#sockets) socket.destroy();
        await closed;
    }

    /** A client of this daemon, which is closed after the test. */
    client(test) {
        const client = new IMAttrClient({ socketPath: this.path });
        test.after(() => client.close());
        return client;
    }

    /** The next message that any client sends. */
    next() {
        if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift());
        return new Promise((resolve) => this.#takers.push(resolve));
    }

    /** Answers everything from now on: `ping`, and `getAttrs` with each account's name as its attribute. `seen` gets each. */
    async echo(seen = () => {}) {
        for (;;) {
            const message = await this.next();
            seen(message);
            if (message.method === "ping") message.answer("pong");
            if (message.method === "getAttrs") message.answer(echoOf(message.params.To_Account));
        }
    }

    #serve(socket) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => this.#sockets.delete(socket));
        createInterface({ input: socket }).on("line", (line) => {
            const message = new Message(JSON.parse(line), socket);
            const taker = this.#takers.shift();
            if (taker === undefined) this.#messages.push(message);
            else taker(message);
        });
    }
}

/** A request or a notification of a client, and how to answer it. */
class Message {
    constructor({ id, method, params }, socket) {
        this.id = id;
        this.method = method;
        this.params = params;
        this.socket = socket;
    }

    answer(result) {
        this.send(`${JSON.stringify({ jsonrpc: "2.0", id: this.id, result })}\n`);
    }

    refuse(code, data) {
        const error = { code, message: "as the test wants", data };
        this.send(`${JSON.stringify({ jsonrpc: "2.0", id: this.id, error })}\n`);
    }

    send(text) {
        this.socket.write(text);
    }

    /** Ends the connection. */
    hangUp() {
        this.socket.end();
    }
}

export function echoOf(accounts) {
    return { UserAttrs: accounts.map((account) => ({ To_Account: account, Attrs: { account } })), missing: [] };
}
