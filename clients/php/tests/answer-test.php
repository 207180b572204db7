<?php

declare(strict_types=1);

use IMAttr\Exception\ProtocolException;
use IMAttr\Internal\Answer;

require __DIR__ . '/testing.php';

function result(string $json): mixed
{
    return Answer::read("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":$json}")->result;
}

test('integers of 64 bits are integers, longer ones their digits', function (): void {
    same([PHP_INT_MAX, PHP_INT_MIN], result('[9223372036854775807,-9223372036854775808]'));
    same(['9223372036854775808', '-123456789012345678901'], result('[9223372036854775808,-123456789012345678901]'));
});

test('empty objects and lists stay what they are', function (): void {
    same('{"a":{},"b":[],"0":{"1":[{}]}}', json_encode(result('{"a":{},"b":[],"0":{"1":[{}]}}')));
});

test('half of a surrogate pair is replaced, and nothing else', function (): void {
    same(["a\u{fffd}", "\u{fffd}b", "\u{fffd}\u{fffd}", "\u{1f600}"], result('["a\ud83d","\ude00b","\uDE00\uD83D","\ud83d\ude00"]'));
    same(["\u{fffd}\u{1f600}", '\\ud83d', "\\\u{fffd}", "\u{fffd}\n\u{e9}"], result('["\ud83d\ud83d\ude00","\\\\ud83d","\\\\\ud83d","\ud83d\n\u00e9"]'));
});

test('a name that begins with U+0000 gets another, and nothing else', function (): void {
    $json = '{"\u0000a":1,"b":"\u0000a","c":"\"\u0000:\":","d":{"\u0000":"x","\u0000 \"":2},"\\\\":["\u0000"]}';
    $expected = ["\u{fffd}a" => 1, 'b' => "\0a", 'c' => "\"\0:\":", 'd' => ["\u{fffd}" => 'x', "\u{fffd} \"" => 2], '\\' => ["\0"]];
    same(json_encode($expected), json_encode(result($json)));
});

test('both in one line', function (): void {
    same(['{"\ufffdn":"\ufffd"}'], [json_encode(result('{"\u0000n":"\ud83d"}'))]);
    same(['["\ufffd",{"\ufffdn":0}]'], [json_encode(result('["\ud83d",{"\u0000n":0}]'))]);
});

test('what is no answer is refused', function (): void {
    $lines = [
        'x', '', '[]', '5', '{}', '{"jsonrpc":"2.0","result":1}', '{"id":1,"result":1}', '{"jsonrpc":"2.0","id":1}',
        '{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":""}}', '{"jsonrpc":"2.0","id":1,"error":null}',
        '{"jsonrpc":"2.0","id":1,"error":{"code":"1","message":""}}', '{"jsonrpc":"2.0","id":null,"result":1}',
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"\xff\"}", '{"jsonrpc":"2.0","id":1,"result":"\ud83d}',
    ];
    foreach ($lines as $line) {
        thrown(ProtocolException::class, static fn () => Answer::read($line));
    }
});

test('a result of getAttrs of another shape is refused', function (): void {
    $results = [
        'null', '1', '[]', '{}', '{"UserAttrs":[]}', '{"missing":[]}', '{"UserAttrs":{},"missing":[]}', '{"UserAttrs":[{}],"missing":[]}',
        '{"UserAttrs":[{"To_Account":"a","Attrs":[]}],"missing":[]}', '{"UserAttrs":[],"missing":[1]}',
        '{"UserAttrs":[],"missing":[],"ErrorList":[1]}', '{"UserAttrs":[1],"missing":[]}',
    ];
    foreach ($results as $result) {
        thrown(ProtocolException::class, static fn () => Answer::attributes(result($result)));
    }
});
