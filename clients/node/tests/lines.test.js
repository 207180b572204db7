import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtocolError } from "imattr-client";
import { LineSplitter } from "../lib/lines.cjs";

test("lines come whole, wherever what arrives is split", () => {
    const text = "one\n\nzwei é😀\r\n{}\n";
    const bytes = Buffer.from(text);
    for (let first = 0; first <= bytes.length; first += 1) {
        for (let second = first; second <= bytes.length; second += 1) {
            const lines = new LineSplitter(100);
            const chunks = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
            assert.deepEqual(chunks.flatMap((chunk) => [...lines.push(chunk)]), ["one", "", "zwei é😀\r", "{}"]);
        }
    }
});

test("what is kept is a copy", () => {
    const lines = new LineSplitter(100);
    const chunk = Buffer.from("abc");
    assert.deepEqual([...lines.push(chunk)], []);
    chunk.fill("x");
    assert.deepEqual([...lines.push(Buffer.from("d\n"))], ["abcd"]);
});

test("a line may be as long as the limit, and no longer", () => {
    const lines = new LineSplitter(4);
    assert.deepEqual([...lines.push(Buffer.from("ab")), ...lines.push(Buffer.from("cd\nab"))], ["abcd"]);
    assert.throws(() => [...lines.push(Buffer.from("cde"))], ProtocolError);
});

test("a long line between short ones", () => {
    const lines = new LineSplitter(1 << 24);
    const long = "x".repeat(3 << 20);
    const chunks = [`a\n${long}`, long, "\nb", "c\n"].map((text) => Buffer.from(text));
    assert.deepEqual(chunks.flatMap((chunk) => [...lines.push(chunk)]), ["a", long + long, "bc"]);
});

test("what is not UTF-8 is refused", () => {
    assert.throws(() => [...new LineSplitter(100).push(Buffer.from([0x22, 0xff, 0x22, 0x0a]))], ProtocolError);
});
