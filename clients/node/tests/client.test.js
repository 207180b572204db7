import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
    ArgumentError, CancelledError, ConnectionLostError, DeadlineError, IMAttrClient, IMAttrError, ProtocolError,
    RefusedError, UnreachableError,
} from "imattr-client";
import { echoOf, FakeDaemon } from "./fake-daemon.js";

const accountsOf = (count, prefix = "user") => Array.from({ length: count }, (_, number) => prefix + number);

test("calls beside each other share a connection, and each gets its own answer", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    const answers = accountsOf(1000).map((account) => client.getAttrs([account]));
    const requests = [];
    for (const _ of answers) requests.push(await daemon.next());
    assert.equal(new Set(requests.map(({ id }) => id)).size, 1000);
    assert.equal(new Set(requests.map(({ socket }) => socket)).size, 1);
    for (const request of requests.reverse()) request.answer(echoOf(request.params.To_Account));
    assert.deepEqual(await Promise.all(answers), accountsOf(1000).map((account) => echoOf([account])));
});

test("many accounts are asked for in requests of 500, 32 in flight, and put together in order", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const accounts = accountsOf(20_000);
    const answer = daemon.client(t).getAttrs([...accounts, "user0", "user19999"]);
    const requests = [];
    for (let number = 0; number < 32; number += 1) requests.push(await daemon.next());
    for (let left = 8; requests.length > 0; left -= 1) {
        const request = requests.pop();
        assert.ok(request.params.To_Account.length === 500);
        request.answer(echoOf(request.params.To_Account));
        if (left > 0) requests.push(await daemon.next());
    }
    assert.deepEqual(await answer, echoOf(accounts));
});

test("the first error of several requests ends the call, and withdraws the rest", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const answer = daemon.client(t).getAttrs(accountsOf(1100));
    const [first, second, third] = [await daemon.next(), await daemon.next(), await daemon.next()];
    second.refuse(90001, { source: "upstream", retryable: false, ErrorInfo: "no such thing" });
    const error = await answer.catch((reason) => reason);
    assert.ok(error instanceof RefusedError && error instanceof IMAttrError);
    const { name, kind, code, message, source, retryable, ErrorInfo } = error;
    assert.deepEqual({ name, kind, code, message, source, retryable, ErrorInfo }, {
        name: "RefusedError", kind: "refused", code: 90001, message: "as the test wants", source: "upstream", retryable: false,
        ErrorInfo: "no such thing",
    });
    const withdrawn = [await daemon.next(), await daemon.next()];
    assert.deepEqual(withdrawn.map(({ method, params }) => [method, params.id]), [
        ["$/cancelRequest", first.id], ["$/cancelRequest", third.id],
    ]);
});

test("aborting withdraws a call, and is the signal's reason", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    const [aborted, reasoned] = [new AbortController(), new AbortController()];
    const answers = [client.ping({ signal: aborted.signal }), client.getAttrs(["a"], { signal: reasoned.signal })];
    const requests = [await daemon.next(), await daemon.next()];
    aborted.abort();
    reasoned.abort("enough");
    await assert.rejects(answers[0], { name: "AbortError" });
    assert.equal(await answers[1].catch((reason) => reason), "enough");
    for (const request of requests) {
        const { method, params } = await daemon.next();
        assert.deepEqual([method, params], ["$/cancelRequest", { id: request.id }]);
        request.answer("late");
    }
    const pong = client.ping();
    (await daemon.next()).answer("pong");
    assert.equal(await pong, "pong");
});

test("aborting in the same turn as the answer arrives settles the call once", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    for (let round = 0; round < 200; round += 1) {
        const controller = new AbortController();
        const answer = client.ping({ signal: controller.signal }).catch((error) => error.name);
        const request = await daemon.next();
        request.answer("pong");
        if (round % 2 === 0) setImmediate(() => controller.abort());
        else request.socket.write("", () => controller.abort());
        assert.ok(["pong", "AbortError"].includes(await answer));
        controller.abort();
        const control = client.call("control", [round]);
        let next = await daemon.next();
        if (next.method === "$/cancelRequest") next = await daemon.next();
        assert.deepEqual([next.method, next.params], ["control", [round]]);
        next.answer(round);
        assert.equal(await control, round);
    }
});

test("a signal that is aborted already sends nothing, and one that stays unused keeps nothing", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    await assert.rejects(client.ping({ signal: AbortSignal.abort() }), { name: "AbortError" });
    const { signal } = new AbortController();
    let listeners = 0;
    signal.addEventListener = () => { listeners += 1; };
    signal.removeEventListener = () => { listeners -= 1; };
    const pong = client.ping({ signal });
    const request = await daemon.next();
    assert.equal(request.method, "ping");
    assert.equal(listeners, 1);
    request.answer("pong");
    await pong;
    assert.equal(listeners, 0);
});

test("what was in flight when the connection ended, within a line or not, is asked again", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    const answers = Promise.all([client.ping(), client.getAttrs(["a"], { timeoutMs: 20_000, maxAgeMs: 7 })]);
    const [ping, first] = [await daemon.next(), await daemon.next()];
    ping.answer("pong");
    first.send(`{"jsonrpc":"2.0","id":${first.id},"result":{"UserAttrs":[`);
    first.hangUp();
    const second = await daemon.next();
    assert.notEqual(second.socket, first.socket);
    assert.deepEqual(second.params.To_Account, ["a"]);
    assert.equal(second.params.maxAgeMs, 7);
    assert.ok(second.params.timeoutMs <= first.params.timeoutMs);
    second.answer(echoOf(["a"]));
    assert.deepEqual(await answers, ["pong", echoOf(["a"])]);
});

test("what a daemon that shuts down did not serve is asked again, elsewhere; the rest is answered there", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    const answers = Promise.all([client.call("one"), client.call("two")]);
    const [one, two] = [await daemon.next(), await daemon.next()];
    one.refuse(-32004, { source: "daemon", retryable: true, retryAfterMs: 1 });
    const again = await daemon.next();
    assert.equal(again.method, "one");
    assert.notEqual(again.socket, one.socket);
    const over = once(two.socket, "close");
    two.answer(2);
    await over;
    again.answer(1);
    assert.deepEqual(await answers, [1, 2]);
});

test("a daemon that is away for a while is waited for; one that stays away is lost", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    const before = client.ping();
    (await daemon.next()).answer("pong");
    await before;
    const inFlight = client.call("waits", {});
    await daemon.next();
    await daemon.stop();
    const error = await client.ping({ timeoutMs: 300 }).catch((reason) => reason);
    assert.ok(error instanceof ConnectionLostError && error.retryable, error.stack);
    await daemon.listen();
    (await daemon.next()).answer("there");
    assert.equal(await inFlight, "there");
});

test("nobody there at first is unreachable at once, and the next call tries again", async (t) => {
    const daemon = await FakeDaemon.start(t);
    await daemon.stop();
    const client = daemon.client(t);
    for (const call of [client.ping(), client.getAttrs(["a"])]) {
        const error = await call.catch((reason) => reason);
        assert.ok(error instanceof UnreachableError, error.stack);
        assert.deepEqual([error.path, error.code], [daemon.path, "ENOENT"]);
        assert.match(error.message, new RegExp(daemon.path));
    }
    await daemon.listen();
    const pong = client.ping();
    (await daemon.next()).answer("pong");
    assert.equal(await pong, "pong");
});

test("a path by itself is the socket's", async (t) => {
    await assert.rejects(new IMAttrClient("/does/not/exist").ping(), { kind: "unreachable", path: "/does/not/exist" });
    const daemon = await FakeDaemon.start(t);
    const client = new IMAttrClient(daemon.path);
    t.after(() => client.close());
    const pong = client.ping();
    (await daemon.next()).answer("pong");
    assert.equal(await pong, "pong");
});

test("part of an answer, and the daemon's own deadline", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    const failure = { To_Account: "b", code: 70107, message: "m", retryable: false, ErrorInfo: "i" };
    const answer = client.getAttrs(["a", "b"], { partial: true });
    const request = await daemon.next();
    assert.equal(request.params.partial, true);
    request.answer({ ...echoOf(["a"]), failed: [{ ...failure, new: 1 }] });
    assert.deepEqual(await answer, { ...echoOf(["a"]), failed: [failure] });
    const late = client.ping();
    (await daemon.next()).refuse(-32001, { source: "daemon", retryable: true, retryAfterMs: 900 });
    const error = await late.catch((reason) => reason);
    assert.ok(error instanceof DeadlineError && !(error instanceof RefusedError), error.stack);
    assert.deepEqual([error.code, error.retryAfterMs, error.retryable], [-32001, 900, true]);
});

test("a path that is too long is said to be", async (t) => {
    const socketPath = `/tmp/${"x".repeat(103)}`;
    await assert.rejects(new IMAttrClient({ socketPath }).ping(), { kind: "unreachable", code: "ENAMETOOLONG", path: socketPath });
});

test("a call without an answer is given up a second after its time, and withdrawn", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const answer = daemon.client(t).getAttrs(["a"], { timeoutMs: 20 }).catch((reason) => reason);
    const request = await daemon.next();
    const { method, params } = await daemon.next();
    assert.deepEqual([method, params], ["$/cancelRequest", { id: request.id }]);
    const error = await answer;
    assert.ok(error instanceof DeadlineError && error.retryable, error.stack);
});

test("what speaks another protocol is told so, and asked on a new connection next time", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    const answers = [
        "HTTP/1.1 400 Bad Request\r\n", '{"id":1,"result":1}\n', '{"jsonrpc":"2.0","id":ID}\n', "[]\n", '"pong"\n',
        '{"jsonrpc":"2.0","id":ID,"result":"ping"}\n', '{"jsonrpc":"2.0","id":ID,"result":1,"error":{"code":1,"message":""}}\n',
        '{"jsonrpc":"2.0","id":ID,"error":{"code":"1","message":""}}\n', '{"jsonrpc":"2.0","id":null,"result":1}\n',
    ];
    for (const answer of answers) {
        const [ping, other] = [client.ping(), client.call("other")];
        const [request] = [await daemon.next(), await daemon.next()];
        request.send(answer.replace("ID", request.id));
        await assert.rejects(ping, ProtocolError, answer);
        await assert.rejects(other, ProtocolError, answer);
    }
});

test("an answer of getAttrs of another shape is no answer", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    const results = [
        null, [], {}, { UserAttrs: [] }, { missing: [] }, { UserAttrs: [{}], missing: [] }, { UserAttrs: {}, missing: [] },
        { UserAttrs: [{ To_Account: "a", Attrs: [] }], missing: [] }, { UserAttrs: [], missing: [1] },
        { UserAttrs: [], missing: [], ErrorList: [1] },
    ];
    for (const result of results) {
        const answer = client.getAttrs(["a"]);
        (await daemon.next()).answer(result);
        await assert.rejects(answer, ProtocolError, JSON.stringify(result));
    }
});

test("an error with a null id refuses everything in flight, and ends the connection", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    const answers = [client.ping(), client.getStatus()];
    const [request] = [await daemon.next(), await daemon.next()];
    const over = once(request.socket, "close");
    request.id = null;
    request.refuse(-32000, { source: "daemon", retryable: true, limit: 1, limitName: "maxConnections" });
    for (const answer of answers) await assert.rejects(answer, { kind: "refused", code: -32000, limitName: "maxConnections" });
    await over;
});

test("close rejects what waits, and all later calls", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    const answers = [client.ping(), client.getAttrs(["a"])];
    const request = await daemon.next();
    const over = once(request.socket, "close");
    client.close();
    for (const answer of [...answers, client.ping()]) await assert.rejects(answer, CancelledError);
    client.close();
    await over;
});

test("misuse is told before anything is sent", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    const misuses = [
        [/accounts is "abc"/, () => client.getAttrs("abc")],
        [/accounts is undefined/, () => client.getAttrs()],
        [/accounts\[1\] is 7;/, () => client.getAttrs(["a", 7])],
        [/accounts\[600\] has 0 bytes/, () => client.getAttrs([...accountsOf(600), ""])],
        [/accounts\[0\] has 256 bytes/, () => client.getAttrs(["é".repeat(128)])],
        [/accounts\[0\] is .*surrogate/, () => client.getAttrs(["a\ud800"])],
        [/timeoutMs is 0;/, () => client.getAttrs(["a"], { timeoutMs: 0 })],
        [/timeoutMs is NaN;/, () => client.ping({ timeoutMs: NaN })],
        [/timeoutMs is 600001;/, () => client.getStatus({ timeoutMs: 600_001 })],
        [/timeoutMs is "5";/, () => client.call("x", [], { timeoutMs: "5" })],
        [/maxAgeMs is -1;/, () => client.getAttrs(["a"], { maxAgeMs: -1 })],
        [/signal is of type object/, () => client.ping({ signal: {} })],
        [/options is 5;/, () => client.getAttrs(["a"], 5)],
        [/method is 1;/, () => client.call(1)],
        [/params is "x";/, () => client.call("ping", "x")],
        [/params cannot be written/, () => client.call("ping", [1n])],
        [/socketPath is ""/, async () => new IMAttrClient({ socketPath: "" })],
        [/socketPath is ""/, async () => new IMAttrClient("")],
        [/socketPath is null/, async () => new IMAttrClient({ socketPath: null })],
        [/options is null/, async () => new IMAttrClient(null)],
        [/options is 7/, async () => new IMAttrClient(7)],
        [/options is an array/, async () => new IMAttrClient(["/tmp/x"])],
        [/options has "path", which is not known; known are socketPath/, async () => new IMAttrClient({ path: "/tmp/x" })],
        [/options has "timeout", .* timeoutMs, signal, maxAgeMs, partial/, () => client.getAttrs(["a"], { timeout: 5 })],
        [/options has "batch"/, () => client.getAttrs(["a"], { batch: 5 })],
        [/options has "maxAgeMs"/, () => client.ping({ maxAgeMs: 5 })],
        [/options has "timeout"/, () => client.call("x", [], { timeout: 5 })],
        [/options has "timeout"/, async () => client.stream(["a"], { timeout: 5 })],
        [/options is "abc"/, () => client.getAttrs(["a"], "abc")],
        [/partial is 1;/, () => client.getAttrs(["a"], { partial: 1 })],
        [/partial is "no";/, async () => client.stream(["a"], { partial: "no" })],
        [/batch is 10001;/, async () => client.stream(["a"], { batch: 10_001 })],
    ];
    for (const [message, misuse] of misuses) {
        await assert.rejects(misuse, (error) => error instanceof ArgumentError && message.test(error.message), message);
    }
    const pong = client.ping();
    assert.equal((await daemon.next()).method, "ping");
    client.close();
    await assert.rejects(pong, CancelledError);
});

test("each process of a cluster has a connection of its own, and its own answers", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const sockets = new Set();
    void daemon.echo(({ socket }) => sockets.add(socket));
    const env = { ...process.env, IMATTRD_SOCKET: daemon.path };
    const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL("cluster.js", import.meta.url))], { env });
    assert.equal(stdout, "4 workers, 1200 calls, each with its own answer\n");
    assert.equal(sockets.size, 5);
});

test("no accounts need no daemon", async () => {
    const client = new IMAttrClient({ socketPath: "/nowhere" });
    assert.deepEqual(await client.getAttrs([]), { UserAttrs: [], missing: [] });
});

test("long integers are exact", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const answer = daemon.client(t).call("long");
    const request = await daemon.next();
    request.send(`{"jsonrpc":"2.0","id":${request.id},"result":{"n":123456789012345678901234567890,"m":5}}\n`);
    assert.deepEqual(await answer, { n: 123456789012345678901234567890n, m: 5 });
});
