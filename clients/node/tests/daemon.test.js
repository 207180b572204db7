import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { IMAttrClient, RefusedError } from "imattr-client";

const place = (name) => fileURLToPath(new URL(name, import.meta.url));
const run = promisify(execFile);
const attributes = "Zhang Xiaohong { sex: 'Female', city: 'New York' }\nabc {}\n";

test("a real daemon answers", async () => {
    const client = new IMAttrClient();
    assert.equal(await client.ping(), "pong");
    assert.equal((await client.getStatus()).state, "ready");
    assert.deepEqual(await client.getAttrs(["abc", "Zhang Xiaohong", "abc"], { maxAgeMs: 1000 }), {
        UserAttrs: [
            { To_Account: "abc", Attrs: {} },
            { To_Account: "Zhang Xiaohong", Attrs: { sex: "Female", city: "New York" } },
        ],
        missing: [],
    });
});

test("a real daemon refuses", async () => {
    const client = new IMAttrClient();
    const error = await client.call("getAttrs", { To_Account: ["a", 7] }).catch((reason) => reason);
    assert.ok(error instanceof RefusedError);
    assert.deepEqual([error.code, error.path, error.source, error.retryable], [-32602, "To_Account[1]", "daemon", false]);
    await assert.rejects(client.call("noSuchMethod"), { code: -32601 });
});

test("a real daemon answers many accounts in order", async () => {
    const accounts = Array.from({ length: 1200 }, (_, number) => `user${number}`);
    const { UserAttrs, missing } = await new IMAttrClient().getAttrs(accounts);
    assert.deepEqual([...UserAttrs.map(({ To_Account }) => To_Account), ...missing].sort(), accounts.sort());
});

test("the example prints what it should, and ends by itself", async () => {
    const { stdout } = await run(process.execPath, [place("../example.js")]);
    assert.equal(stdout, attributes);
});

test("each example of the README runs as it is written", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "imattr-node-"));
    t.after(() => rm(folder, { recursive: true }));
    const readme = await readFile(place("../README.md"), "utf8");
    const snippets = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, snippet]) => snippet);
    assert.equal(snippets.length, 4);
    assert.equal(snippets[0], await readFile(place("../example.js"), "utf8"));
    for (const snippet of snippets) {
        const file = join(folder, "snippet.js");
        await writeFile(file, snippet);
        assert.notEqual((await run(place("example"), [file])).stdout, "");
    }
});

test("without a daemon the example ends with one sentence", async () => {
    const env = { ...process.env, IMATTRD_SOCKET: "/does/not/exist" };
    const { code, stdout, stderr } = await run(process.execPath, [place("../example.js")], { env }).catch((error) => error);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^UnreachableError: cannot connect to imattrd at \/does\/not\/exist: ENOENT, .*\n$/);
});

test("the package can be required, installed as npm installs it, and is the same for import", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "imattr-node-"));
    t.after(() => rm(folder, { recursive: true }));
    const { stdout: packed } = await run("npm", ["pack", "--json", "--pack-destination", folder, place("..")]);
    const installed = join(folder, "node_modules/imattr-client");
    await mkdir(installed, { recursive: true });
    await run("tar", ["xf", join(folder, JSON.parse(packed)[0].filename), "-C", installed, "--strip-components=1"]);
    const program = join(folder, "program.cjs");
    await writeFile(program, `
        const { IMAttrClient, RefusedError, version } = require("imattr-client");
        (async () => {
            const imported = await import("imattr-client");
            const client = new IMAttrClient(process.env.IMATTRD_SOCKET);
            console.log(await client.ping(), version, imported.IMAttrClient === IMAttrClient && imported.version === version);
            await imported.IMAttrClient.prototype.call.call(client, "none").catch((e) => console.log(e instanceof RefusedError));
        })();
    `);
    const { version } = JSON.parse(await readFile(place("../package.json"), "utf8"));
    assert.equal((await run(process.execPath, [program])).stdout, `pong ${version} true\ntrue\n`);
});

test("the type declarations are right", async () => {
    await run("tsc", ["-p", place(".")]);
});

test("the types of the status are those of the daemon", async () => {
    const { stdout } = await run(place("../../contract/status-types"), ["typescript"]);
    assert.equal(await readFile(place("../status.d.cts"), "utf8"), stdout);
});
