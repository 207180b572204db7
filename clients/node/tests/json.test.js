import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJSON } from "../lib/json.cjs";

const long = "12345678901234567890";

test("integers up to 2^53 are numbers, longer ones are BigInts", () => {
    assert.deepEqual(parseJSON('{"n":[9007199254740991,-9007199254740991]}'), { n: [9007199254740991, -9007199254740991] });
    assert.deepEqual(parseJSON('{"n":[9007199254740992,-9007199254740993]}'), { n: [9007199254740992n, -9007199254740993n] });
    assert.deepEqual(parseJSON(`{"n":${long}}`), { n: BigInt(long) });
    assert.deepEqual(parseJSON(`{"n": [ ${long} ,\t-${long} ] }`), { n: [BigInt(long), -BigInt(long)] });
});

test("other long numbers are numbers", () => {
    const text = `{"n":[${long}.5,${long}e3,0.${long},1e400,9007199254740991.0]}`;
    assert.deepEqual(parseJSON(text), JSON.parse(text));
});

test("strings of digits stay strings", () => {
    const text = `{"n":"${long}","m":"[${long}]","${long}":":${long},","o":"\\":${long}\\\\"}`;
    assert.deepEqual(parseJSON(text), JSON.parse(text));
});

test("beside a long integer all else is as JSON.parse has it", () => {
    const values = [
        "null", "true", "false", "-0", "1.5e-3", '""', '"\\u00e9\\ud83d\\ude00\\n\\\\"', '"\\\\"', '"\\\\\\""', "{}", "[]", " [ ] ", "{ }",
        '[[],{"a":[{}]}]', '{"b":1,"a":2,"b":3}', '{"__proto__":{"x":1},"constructor":1}', '"é\u2028"',
    ];
    for (const value of values) {
        const parsed = parseJSON(`{"long":${long},"value":${value},"list":[${value},${value}]}`);
        const expected = JSON.parse(value);
        assert.deepEqual(parsed, { long: BigInt(long), value: expected, list: [expected, expected] });
        assert.deepEqual(Object.keys(parsed.value ?? {}), Object.keys(expected ?? {}));
    }
});

test("a member named __proto__ is a member", () => {
    const { member } = parseJSON(`{"member":{"__proto__":${long}}}`);
    assert.equal(Object.getPrototypeOf(member), Object.prototype);
    assert.deepEqual(Object.entries(member), [["__proto__", BigInt(long)]]);
});

test("what is not JSON is refused, with long integers too", () => {
    for (const text of ["", "{", `[${long}`, `[0${long}]`, `[${long},]`, `[-]`, `{"a":${long}x}`]) {
        assert.throws(() => parseJSON(text), SyntaxError, text);
    }
});
