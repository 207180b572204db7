import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { setImmediate as turn } from "node:timers/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ArgumentError, RefusedError } from "imattr-client";
import { echoOf, FakeDaemon } from "./fake-daemon.js";

/** An endless input that knows how much was taken from it, and whether it was closed. */
class Input {
    taken = 0;
    isClosed = false;

    *[Symbol.iterator]() {
        try {
            for (;;) yield `user${this.taken++}`;
        } finally {
            this.isClosed = true;
        }
    }
}

/** The same, asynchronous. */
class AsyncInput extends Input {
    get [Symbol.iterator]() {
        return undefined;
    }

    async *[Symbol.asyncIterator]() {
        yield* super[Symbol.iterator]();
    }
}

async function collected(stream) {
    const users = [];
    for await (const user of stream) users.push(user);
    return users;
}

test("accounts come as they are answered, then the missing ones of that request, with what was said of them", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const users = collected(daemon.client(t).stream(["a", "b", "c", "d", "e"], { batch: 3 }));
    const [first, second] = [await daemon.next(), await daemon.next()];
    second.answer(echoOf(["d", "e"]));
    const ErrorList = [{ To_Account: "c", ErrorCode: 70107, ErrorInfo: "not imported" }];
    first.answer({ ...echoOf(["b"]), missing: ["a", "c"], ErrorList });
    assert.deepEqual(await users, [
        ...echoOf(["d", "e", "b"]).UserAttrs, { To_Account: "a" }, ErrorList[0],
    ]);
});

for (const input of [new Input(), new AsyncInput()]) {
    const kind = input.constructor.name;

    test(`${kind}: at most batch x inFlight are read ahead, none before a consumer asks or after it stops`, async (t) => {
        const daemon = await FakeDaemon.start(t);
        void daemon.echo();
        const stream = daemon.client(t).stream(input, { batch: 5, inFlight: 4 });
        assert.equal(input.taken, 0);
        for (let yielded = 0; yielded < 50; yielded += 1) {
            const { value } = await stream.next();
            assert.equal(value.Attrs.account, value.To_Account);
            assert.ok(input.taken - yielded <= 20, `${input.taken} taken, ${yielded} yielded`);
        }
        const { taken } = input;
        for (let turns = 0; turns < 20; turns += 1) await turn();
        assert.ok(input.taken - taken <= (kind === "Input" ? 0 : 1));
        await stream.return();
        assert.ok(input.isClosed);
    });
}

test("an asynchronous input that waits keeps no answer back, and is not waited for when it is left", async (t) => {
    const daemon = await FakeDaemon.start(t);
    async function* slow() {
        yield* ["a", "b"];
        await new Promise(() => {});
    }
    const stream = daemon.client(t).stream(slow(), { batch: 2 });
    const first = stream.next();
    (await daemon.next()).answer(echoOf(["a", "b"]));
    assert.equal((await first).value.To_Account, "a");
    await stream.next();
    const { done } = await stream.return();
    assert.ok(done);
});

test("leaving the loop withdraws what is in flight", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    const input = new Input();
    const requests = [];
    const loop = (async () => {
        for await (const _ of client.stream(input, { batch: 2, inFlight: 3 })) break;
    })();
    for (let number = 0; number < 3; number += 1) requests.push(await daemon.next());
    requests[1].answer(echoOf(requests[1].params.To_Account));
    await loop;
    const withdrawn = [await daemon.next(), await daemon.next()];
    assert.deepEqual(withdrawn.map(({ params }) => params.id), [requests[0].id, requests[2].id]);
    assert.deepEqual([input.taken, input.isClosed], [6, true]);
});

test("the first error ends it, after what was answered before it", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const stream = daemon.client(t).stream(new Input(), { batch: 1, inFlight: 3 });
    const first = stream.next();
    const requests = [await daemon.next(), await daemon.next(), await daemon.next()];
    requests[0].answer(echoOf(["user0"]));
    requests[1].refuse(91000, { source: "upstream", retryable: true });
    assert.equal((await first).value.To_Account, "user0");
    await assert.rejects(stream.next(), RefusedError);
    assert.equal((await daemon.next()).params.id, requests[2].id);
    assert.ok((await stream.next()).done);
});

test("a bad account ends it, and its place in the whole input is named", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    const stream = client.stream(["a", "b", "c", ""], { batch: 2, inFlight: 1 });
    const first = stream.next();
    (await daemon.next()).answer(echoOf(["a", "b"]));
    await first;
    await stream.next();
    await assert.rejects(stream.next(), (error) => error instanceof ArgumentError && /accounts\[3\]/.test(error.message));
    const pong = client.ping();
    const request = await daemon.next();
    assert.equal(request.method, "ping");
    request.answer("pong");
    await pong;
});

test("what the input throws ends it", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const client = daemon.client(t);
    const broken = function* () { throw new Error("broken"); };
    const brokenLater = async function* () { yield "a"; throw new Error("broken later"); };
    await assert.rejects(collected(client.stream(broken())), { message: "broken" });
    await assert.rejects(collected(client.stream(brokenLater())), { message: "broken later" });
});

test("aborting ends a stream at once, also one whose consumer has stopped", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const controller = new AbortController();
    const stream = daemon.client(t).stream(new Input(), { batch: 2, inFlight: 2, signal: controller.signal });
    const first = stream.next();
    const requests = [await daemon.next(), await daemon.next()];
    requests[0].answer(echoOf(["user0", "user1"]));
    await first;
    controller.abort();
    assert.equal((await daemon.next()).params.id, requests[1].id);
    await assert.rejects(stream.next(), { name: "AbortError" });
    assert.ok((await stream.next()).done);
});

test("aborting while the consumer waits", async (t) => {
    const daemon = await FakeDaemon.start(t);
    const controller = new AbortController();
    const users = collected(daemon.client(t).stream(["a"], { signal: controller.signal }));
    const request = await daemon.next();
    controller.abort();
    await assert.rejects(users, { name: "AbortError" });
    assert.equal((await daemon.next()).params.id, request.id);
});

test("wrong options are told before the loop begins", async (t) => {
    const client = (await FakeDaemon.start(t)).client(t);
    for (const options of [{ batch: 0 }, { batch: 1.5 }, { inFlight: "3" }, { timeoutMs: -1 }, { maxAgeMs: Infinity }, null]) {
        assert.throws(() => client.stream(["a"], options), ArgumentError, JSON.stringify(options));
    }
    for (const accounts of ["abc", null, 5, {}]) assert.throws(() => client.stream(accounts), ArgumentError);
});

test("a long stream needs little memory", async (t) => {
    const daemon = await FakeDaemon.start(t);
    void daemon.echo();
    const program = fileURLToPath(new URL("stream-many.js", import.meta.url));
    // 300,000 accounts at once would not fit.
    const { stdout } = await promisify(execFile)(process.execPath, ["--max-old-space-size=20", program, "300000"], {
        env: { ...process.env, IMATTRD_SOCKET: daemon.path },
    });
    assert.equal(stdout, "300000 accounts\n");
});
