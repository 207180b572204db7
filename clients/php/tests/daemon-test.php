<?php

declare(strict_types=1);

use IMAttr\Client;
use IMAttr\Exception\RefusedException;

require __DIR__ . '/testing.php';

/** What a program of tests/example prints. */
function printed(string $file): string
{
    $process = proc_open([__DIR__ . '/example', $file], [1 => ['pipe', 'w']], $pipes);
    $output = stream_get_contents($pipes[1]);
    same(0, proc_close($process), $output);
    return $output;
}

test('a real daemon answers', function (): void {
    $client = new Client();
    same('pong', $client->ping());
    same('ready', $client->getStatus()->state);
    $answer = $client->getAttrs(['abc', 'Zhang Xiaohong', 'abc'], maxAge: 1);
    same(['abc', 'Zhang Xiaohong'], array_column($answer->UserAttrs, 'To_Account'));
    same('{"sex":"Female","city":"New York"}', json_encode($answer->UserAttrs[1]->Attrs));
    same([], $answer->missing);
});

test('a real daemon refuses', function (): void {
    $client = new Client();
    $error = thrown(RefusedException::class, fn () => $client->call('getAttrs', ['To_Account' => ['a', 7]]));
    same([-32602, 'To_Account[1]', 'daemon', false], [$error->getCode(), $error->path, $error->source, $error->retryable]);
    same(-32601, thrown(RefusedException::class, fn () => $client->call('noSuchMethod'))->getCode());
});

test('a real daemon streams', function (): void {
    $names = accounts(1200);
    $seen = array_column(iterator_to_array((new Client())->stream($names)), 'To_Account');
    sort($seen);
    sort($names);
    same($names, $seen);
});

test('the example prints what it should', function (): void {
    same("Zhang Xiaohong {\"sex\":\"Female\",\"city\":\"New York\"}\nabc {}\n", printed(__DIR__ . '/../example.php'));
});

test('without a daemon the example ends with one sentence', function (): void {
    $environment = ['IMATTRD_SOCKET' => '/does/not/exist'] + getenv();
    $program = [__DIR__ . '/example', __DIR__ . '/../example.php'];
    $process = proc_open($program, [1 => ['pipe', 'w'], 2 => ['pipe', 'w']], $pipes, null, $environment);
    $printed = array_map(stream_get_contents(...), $pipes);
    same(1, proc_close($process));
    same('', $printed[1]);
    $expected = "cannot connect to imattrd at /does/not/exist: No such file or directory (ENOENT); "
        . "is imattrd.socket started, or IMATTRD_SOCKET wrong?\n";
    same($expected, $printed[2]);
});

test('each example of the README runs as it is written', function (): void {
    preg_match_all('/^```php\n(.*?)^```$/ms', file_get_contents(__DIR__ . '/../README.md'), $matches);
    same(3, count($matches[1]));
    same(file_get_contents(__DIR__ . '/../example.php'), $matches[1][0]);
    $file = tempnam(sys_get_temp_dir(), 'imattr-php-');
    foreach ($matches[1] as $snippet) {
        file_put_contents($file, $snippet);
        check(printed($file) !== '', 'nothing was printed');
    }
    unlink($file);
});
