<?php

declare(strict_types=1);

use IMAttr\Client;
use IMAttr\Exception\ArgumentException;
use IMAttr\Exception\CancelledException;
use IMAttr\Exception\ConnectionLostException;
use IMAttr\Exception\DeadlineException;
use IMAttr\Exception\IMAttrException;
use IMAttr\Exception\RefusedException;
use IMAttr\Exception\UnreachableException;
use IMAttr\Failure;

require __DIR__ . '/testing.php';

test('calls use one connection, and ids that differ', function (): void {
    $daemon = new FakeDaemon(function (FakeDaemon $daemon): void {
        $connection = $daemon->accept();
        $ids = [];
        for ($number = 0; $number < 100; $number++) {
            $request = $connection->next();
            $ids[] = $request->id;
            $connection->answer($request, $number);
        }
        same($ids, array_unique($ids));
    });
    $client = $daemon->client();
    for ($number = 0; $number < 100; $number++) {
        same($number, $client->call('count'));
    }
    $daemon->end();
});

test('many accounts are asked for in requests of 500, 32 in flight, and put together in order', function (): void {
    $daemon = new FakeDaemon(function (FakeDaemon $daemon): void {
        $connection = $daemon->accept();
        $requests = [];
        for ($left = 40; $left > 0 || $requests !== []; $left--) {
            while ($left > 0 && count($requests) < 32) {
                $requests[] = $connection->next();
                $left--;
            }
            $request = array_pop($requests);
            same(500, count($request->params->To_Account));
            $connection->answer($request, echoOf($request->params->To_Account));
            $left++;
        }
    });
    // Also: long enough that neither end can write all of it at once.
    $names = accounts(20_000, str_repeat('x', 200));
    $answer = $daemon->client()->getAttrs([...$names, $names[0], $names[19_999]]);
    same($names, array_column($answer->UserAttrs, 'To_Account'));
    same($names[7], $answer->UserAttrs[7]->Attrs->account);
    same([[], null], [$answer->missing, $answer->ErrorList]);
    $daemon->end();
});

test('accounts that look like numbers stay texts', function (): void {
    $daemon = new FakeDaemon(fn (FakeDaemon $daemon) => $daemon->accept()->echo());
    $answer = $daemon->client()->getAttrs(['7', '07', '7', '1e1']);
    same(['7', '07', '1e1'], array_column($answer->UserAttrs, 'To_Account'));
    $daemon->end();
});

test('a refusal is an exception with all that was said', function (): void {
    $data = [
        'source' => 'upstream', 'retryable' => true, 'retryAfterMs' => 30, 'ErrorInfo' => 'no', 'attempts' => 2, 'fetched' => 1,
        'failed' => [['To_Account' => 'a', 'ErrorCode' => 1]], 'callId' => 'x', 'clockSkewSeconds' => -3, 'later' => 1,
    ];
    $daemon = new FakeDaemon(function (FakeDaemon $daemon) use ($data): void {
        $connection = $daemon->accept();
        $connection->refuse($connection->next(), ['code' => 70001, 'message' => 'UserSig expired', 'data' => $data]);
        $connection->refuse($connection->next(), ['code' => -32000, 'message' => 'odd', 'data' => ['retryAfterMs' => 'x', 'limit' => []]]);
    });
    $client = $daemon->client();
    $error = thrown(RefusedException::class, fn () => $client->getAttrs(['a']));
    check($error instanceof IMAttrException, 'class');
    same([70001, 'UserSig expired', true], [$error->getCode(), $error->getMessage(), $error->retryable]);
    same(['upstream', 30, 'no', 2, null], [$error->source, $error->retryAfterMs, $error->ErrorInfo, $error->attempts, $error->path]);
    same([1, 'a', 'x', -3], [$error->fetched, $error->failed[0]->To_Account, $error->callId, $error->clockSkewSeconds]);
    $odd = thrown(RefusedException::class, fn () => $client->ping());
    same([-32000, false, null, null], [$odd->getCode(), $odd->retryable, $odd->retryAfterMs, $odd->limit]);
    $daemon->end();
});

test('the first error of several requests ends the call, and withdraws the rest', function (): void {
    $daemon = new FakeDaemon(function (FakeDaemon $daemon): void {
        $connection = $daemon->accept();
        $requests = [$connection->next(), $connection->next(), $connection->next()];
        $connection->refuse($requests[1], ['code' => 90001, 'message' => 'no']);
        foreach ([0, 2] as $number) {
            $message = $connection->next();
            same(['$/cancelRequest', $requests[$number]->id], [$message->method, $message->params->id]);
            $connection->answer($requests[$number], 'late');
        }
        $connection->answer($connection->next(), 'pong');
    });
    $client = $daemon->client();
    same(90001, thrown(RefusedException::class, fn () => $client->getAttrs(accounts(1100)))->getCode());
    same('pong', $client->ping());
    $daemon->end();
});

test('what was in flight when the connection ended, within a line or not, is asked again', function (): void {
    $daemon = new FakeDaemon(function (FakeDaemon $daemon): void {
        $first = $daemon->accept();
        $begun = $first->next();
        $first->send("{\"jsonrpc\":\"2.0\",\"id\":{$begun->id},\"result\":{\"UserAttrs\":[");
        $first->close();
        $second = $daemon->accept();
        $again = $second->next();
        same([['a'], 7], [$again->params->To_Account, $again->params->maxAgeMs]);
        check($again->params->timeoutMs <= $begun->params->timeoutMs, 'the time left grew');
        $second->answer($again, echoOf(['a']));
    });
    same('a', $daemon->client()->getAttrs(['a'], timeout: 20, maxAge: 0.007)->UserAttrs[0]->Attrs->account);
    $daemon->end();
});

test('nobody there is unreachable; away for good is lost; no answer is a deadline', function (): void {
    $absent = new Client('/nowhere/imattrd.sock');
    $error = thrown(UnreachableException::class, fn () => $absent->ping());
    same(['/nowhere/imattrd.sock', 'ENOENT', 2, false], [$error->path, $error->errno, $error->getCode(), $error->retryable]);
    $long = new Client('/tmp/' . str_repeat('x', 103));
    same('ENAMETOOLONG', thrown(UnreachableException::class, fn () => $long->ping())->errno);

    $daemon = new FakeDaemon(function (FakeDaemon $daemon): void {
        $connection = $daemon->accept();
        $connection->answer($connection->next(), 'pong');
        $waits = $connection->next();
        $withdrawn = $connection->next();
        same(['$/cancelRequest', $waits->id], [$withdrawn->method, $withdrawn->params->id]);
    });
    $client = $daemon->client();
    $client->ping();
    check(thrown(DeadlineException::class, fn () => $client->call('waits', timeout: 0.02))->retryable, 'retryable');
    $daemon->end();
    check(thrown(ConnectionLostException::class, fn () => $client->ping(timeout: 0.3))->retryable, 'retryable');
});

test('close ends what waits, and all later calls', function (): void {
    $daemon = new FakeDaemon(function (FakeDaemon $daemon): void {
        $connection = $daemon->accept();
        $request = $connection->next();
        $connection->answer($request, echoOf($request->params->To_Account));
        while ($connection->next() !== null) {
        }
    });
    $client = $daemon->client();
    $users = $client->stream(accounts(10), batch: 1, inFlight: 2);
    same('user0', $users->current()->To_Account);
    $client->close();
    $client->close();
    thrown(CancelledException::class, fn () => $users->next());
    thrown(CancelledException::class, fn () => $client->ping());
    $daemon->end();
});

test('a client that nothing refers to closes its connection', function (): void {
    $daemon = new FakeDaemon(fn (FakeDaemon $daemon) => $daemon->accept()->echo());
    $client = $daemon->client();
    $client->ping();
    unset($client);
    $daemon->end();
});

test('misuse is told before anything is sent', function (): void {
    $client = new Client('/nowhere/imattrd.sock');
    $misuses = [
        'accounts[1] is 7; an account is a string' => fn () => $client->getAttrs(['a', 7]),
        'accounts[0] is of type null; an account is a string' => fn () => $client->getAttrs([null]),
        'accounts[600] has 0 bytes; an account has 1 to 255 of UTF-8' => fn () => $client->getAttrs([...accounts(600), '']),
        'accounts[0] has 256 bytes; an account has 1 to 255 of UTF-8' => fn () => $client->getAttrs([str_repeat('é', 128)]),
        'accounts[0] is not UTF-8: 0x61ff' => fn () => $client->getAttrs(["a\xff"]),
        'timeout is 0; it must be 0.001 to 600 seconds' => fn () => $client->ping(timeout: 0),
        'timeout is NAN; it must be 0.001 to 600 seconds' => fn () => $client->getStatus(NAN),
        'timeout is 600.1; it must be 0.001 to 600 seconds' => fn () => $client->stream(['a'], timeout: 600.1),
        'maxAge is -1; it must be 0 to 3600 seconds' => fn () => $client->getAttrs(['a'], maxAge: -1),
        'batch is 0; it must be 1 to 10000' => fn () => $client->stream(['a'], batch: 0),
        'batch is 10001; it must be 1 to 10000' => fn () => $client->stream(['a'], batch: 10_001),
        'inFlight is -2; it must be 1 to 1024' => fn () => $client->stream(['a'], inFlight: -2),
        '2 arguments were given; there are 1' => fn () => new Client('/a', ['timeout' => 5]),
        '5 arguments were given; there are 4' => fn () => $client->getAttrs(['a'], 5.0, 0.0, true, 'b'),
        '7 arguments were given; there are 6' => fn () => $client->stream(['a'], 1, 1, 5.0, 0.0, true, 'b'),
        '4 arguments were given; there are 3' => fn () => $client->call('ping', null, 5.0, 'b'),
        'socketPath is ""; it must be the path of a socket' => fn () => new Client(''),
        'params cannot be written as JSON: Inf and NaN cannot be JSON encoded' => fn () => $client->call('x', [INF]),
    ];
    foreach ($misuses as $message => $misuse) {
        same($message, thrown(ArgumentException::class, $misuse)->getMessage());
    }
});

test('wrong types and unknown names are told by PHP, with the parameter', function (): void {
    $client = new Client('/nowhere/imattrd.sock');
    $misuses = [
        '($accounts)' => [fn () => $client->getAttrs('abc'), fn () => $client->getAttrs(null), fn () => $client->stream(7)],
        '($timeout)' => [fn () => $client->ping('soon'), fn () => $client->getAttrs(['a'], timeout: null)],
        '($maxAge)' => [fn () => $client->getAttrs(['a'], maxAge: 'old')],
        '($partial)' => [fn () => $client->getAttrs(['a'], partial: 'no'), fn () => $client->stream(['a'], partial: 1)],
        '($batch)' => [fn () => $client->stream(['a'], batch: 1.5)],
        '($method)' => [fn () => $client->call(null)],
        '($params)' => [fn () => $client->call('ping', 'x')],
        '($socketPath)' => [fn () => new Client(7)],
    ];
    foreach ($misuses as $name => $calls) {
        foreach ($calls as $call) {
            $message = thrown(TypeError::class, $call)->getMessage();
            check(str_contains($message, $name), $message);
        }
    }
    same('Unknown named parameter $timeoutMs', thrown(Error::class, fn () => $client->ping(timeoutMs: 5))->getMessage());
    same('Unknown named parameter $path', thrown(Error::class, fn () => new Client(path: '/a'))->getMessage());
});

test('part of an answer, and the daemon\'s own deadline', function (): void {
    $daemon = new FakeDaemon(function (FakeDaemon $daemon): void {
        $connection = $daemon->accept();
        $failed = ['To_Account' => 'b', 'code' => 70107, 'message' => 'm', 'retryable' => false, 'ErrorInfo' => 'i', 'new' => 1];
        $request = $connection->next();
        same(true, $request->params->partial);
        $connection->answer($request, echoOf(['a']) + ['failed' => [$failed]]);
        $down = ['code' => -32002, 'message' => 'down', 'data' => ['retryable' => true, 'retryAfterMs' => 100, 'callId' => 'c-1']];
        $connection->refuse($connection->next(), $down);
        $connection->refuse($connection->next(), $down);
        $late = ['code' => -32001, 'message' => 'late', 'data' => ['source' => 'daemon', 'retryAfterMs' => 900]];
        $connection->refuse($connection->next(), $late);
    });
    $client = $daemon->client();
    $b = $client->getAttrs(['a', 'b'], partial: true)->failed;
    same([['b', 70107, 'm', false, 'i', null, null]], array_map(fn (Failure $one): array => array_values((array) $one), $b));
    $users = iterator_to_array($client->stream(['c', 'd', 'c'], partial: true));
    same(['c', 'd'], array_column($users, 'To_Account'));
    same(['c', -32002, 'down', true, null, 100, 'c-1'], array_values((array) $users[0]->failure));
    same(-32002, thrown(RefusedException::class, fn () => $client->getAttrs(['e'], partial: true))->getCode());
    $error = thrown(DeadlineException::class, fn () => $client->getAttrs(['a']));
    same([-32001, 'late', 'daemon', 900, true], [$error->getCode(), $error->getMessage(), $error->source, $error->retryAfterMs, $error->retryable]);
    $daemon->end();
});

test('no accounts need no daemon', function (): void {
    $answer = (new Client('/nowhere/imattrd.sock'))->getAttrs([]);
    same([[], [], null], [$answer->UserAttrs, $answer->missing, $answer->ErrorList]);
});

test('a forked process has its own connection, and takes nothing from its parent', function (): void {
    $daemon = new FakeDaemon(function (FakeDaemon $daemon): void {
        $parents = $daemon->accept();
        $requests = [$parents->next(), $parents->next()];
        $parents->answer($requests[0], echoOf(['user0']));
        $childs = $daemon->accept();
        $childs->answer($childs->next(), 'pong');
        same(null, $childs->next());
        $parents->answer($requests[1], echoOf(['user1']));
        $parents->answer($parents->next(), 'pong');
    });
    $client = $daemon->client();
    $users = $client->stream(accounts(2), batch: 1, inFlight: 2);
    same('user0', $users->current()->To_Account);
    $wait = forked(function () use ($client, $users): void {
        same('pong', $client->ping());
        thrown(CancelledException::class, fn () => $users->next());
    });
    $wait();
    $users->next();
    same('user1', $users->current()->To_Account);
    same('pong', $client->ping());
    $daemon->end();
});

test('descriptors above what select knows', function (): void {
    $daemon = new FakeDaemon(fn (FakeDaemon $daemon) => $daemon->accept()->echo());
    $files = array_map(static fn (): mixed => fopen('/dev/null', 'r'), range(1, 1100));
    $names = accounts(10_000, str_repeat('x', 240));
    same($names, array_column($daemon->client()->getAttrs($names)->UserAttrs, 'To_Account'));
    array_map(fclose(...), $files);
    $daemon->end();
});
