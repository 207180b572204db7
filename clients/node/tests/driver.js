import { connect } from "node:net";
import { createInterface } from "node:readline";
import { IMAttrClient, IMAttrError } from "imattr-client";

const features = ["concurrent", "cancel", "stream", "pause", "reconnect", "bigint", "large", "duplex", "loop", "untyped"];
const refusalFields = [
    "code", "message", "source", "retryable", "retryAfterMs", "ErrorInfo", "attempts", "path", "limit", "limitName",
    "fetched", "failed", "callId", "clockSkewSeconds",
];

let client;
/** What runs, by the call's name: how to cancel it, and how to go on with a paused stream. */
const running = new Map();
const calls = new Set();

const commands = {
    open({ socket }) {
        client = new IMAttrClient(socket === undefined ? {} : { socketPath: socket });
        say({ opened: true });
    },
    getAttrs: (command) => run(command, (options) => client.getAttrs(command.accounts, options)),
    ping: (command) => run(command, (options) => client.ping(options)),
    getStatus: (command) => run(command, (options) => client.getStatus(options)),
    call: (command) => run(command, (options) => client.call(command.method, command.params, options)),
    stream: (command) => track(command, (signal) => stream(command, signal)),
    loop: (command) => track(command, () => loop(command)),
    cancel: ({ call }) => running.get(call)?.controller.abort(),
    resume: ({ call }) => running.get(call)?.goOn("resume"),
    leave: ({ call }) => running.get(call)?.goOn("leave"),
    close() {
        client.close();
        client = undefined;
        say({ closed: true });
    },
};

function run(command, request) {
    track(command, async (signal) => {
        const { timeoutMs, maxAgeMs, partial } = command;
        say({ call: command.call, result: await request({ timeoutMs, maxAgeMs, partial, signal }) });
    });
}

function track({ call }, work) {
    const controller = new AbortController();
    running.set(call, { controller });
    const done = work(controller.signal)
        .catch((error) => say({ call, error: described(error) }))
        .finally(() => {
            running.delete(call);
            calls.delete(done);
        });
    calls.add(done);
}

async function stream(command, signal) {
    const { call, batch, inFlight, timeoutMs, maxAgeMs, partial } = command;
    const options = { batch, inFlight, timeoutMs, maxAgeMs, partial, signal };
    const input = { taken: 0 };
    let yielded = 0;
    for await (const user of client.stream(accountsOf(command, input), options)) {
        if (user.failure !== undefined) say({ call, failed: user.failure });
        else say(user.Attrs === undefined ? { call, missing: user } : { call, user });
        yielded += 1;
        if (yielded !== command.pauseAfter) continue;
        say({ call, paused: true, taken: input.taken });
        if ((await nextOrder(call, signal)) === "leave") break;
    }
    if (yielded === command.pauseAfter && running.get(call).isLeft) return say({ call, left: true });
    say({ call, end: true, taken: input.taken });
}

/** What is no array is passed on as it is. */
function accountsOf(command, input) {
    return Array.isArray(command.accounts ?? []) && command.accounts !== null ? counted(command, input) : command.accounts;
}

function* counted({ accounts, count, prefix }, input) {
    const length = accounts?.length ?? count;
    for (let index = 0; index < length; index += 1) {
        input.taken += 1;
        yield accounts === undefined ? prefix + index : accounts[index];
    }
}

/** Waits for `resume` or `leave`; a cancelled stream goes on, to meet its end. */
function nextOrder(call, signal) {
    return new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve("resume"));
        running.get(call).goOn = (order) => {
            running.get(call).isLeft = order === "leave";
            resolve(order);
        };
    });
}

async function loop({ call, of, count }) {
    const nanoseconds = of === "bare" ? await bareLoop(count) : await clientLoop(count);
    say({ call, nanoseconds });
}

async function clientLoop(count) {
    const start = process.hrtime.bigint();
    for (let done = 0; done < count; done += 1) await client.ping();
    return process.hrtime.bigint() - start;
}

function bareLoop(count) {
    return new Promise((resolve, reject) => {
        const line = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n';
        const socket = connect(process.env.IMATTRD_SOCKET);
        const start = process.hrtime.bigint();
        let done = 0;
        socket.on("connect", () => socket.write(line));
        socket.on("data", (chunk) => {
            if (chunk.at(-1) !== 10) return;
            done += 1;
            if (done < count) return socket.write(line);
            socket.destroy();
            resolve(process.hrtime.bigint() - start);
        });
        socket.on("error", reject);
    });
}

function described(error) {
    if (error?.name === "AbortError") return { kind: "cancelled" };
    if (!(error instanceof IMAttrError)) throw error;
    const { kind } = error;
    switch (kind) {
        case "refused": return answered(error);
        case "deadline": return error.code === undefined ? { kind } : answered(error);
        case "unreachable": return { kind, path: error.path, errno: error.code, message: error.message };
        case "argument": return { kind, message: error.message };
        default: return { kind };
    }
}

/** An error that the daemon answered. */
function answered(error) {
    return { kind: error.kind, ...Object.fromEntries(refusalFields.map((field) => [field, error[field]])) };
}

function say(value) {
    process.stdout.write(`${encode(value)}\n`);
}

/** As JSON.stringify, and BigInts by their digits. */
function encode(value) {
    if (typeof value === "bigint") return String(value);
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    if (Array.isArray(value)) return `[${value.map(encode).join()}]`;
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${encode(member)}`).join()}}`;
}

say({ driver: "node", features });
for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    if (command.do !== "open") client ??= new IMAttrClient();
    commands[command.do](command);
}
await Promise.all(calls);
client?.close();
