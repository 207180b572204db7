<?php

declare(strict_types=1);

use IMAttr\Exception\ArgumentException;
use IMAttr\Exception\RefusedException;
use IMAttr\User;

require __DIR__ . '/testing.php';

/** An endless input that knows how much was taken from it, and whether it was left. */
final class Input implements IteratorAggregate
{
    public int $taken = 0;
    public bool $isLeft = false;

    public function getIterator(): Generator
    {
        try {
            for (;;) {
                yield 'key' => 'user' . $this->taken++;
            }
        } finally {
            $this->isLeft = true;
        }
    }
}

test('accounts come as they are answered, then the missing ones of that request, with what was said of them', function (): void {
    $daemon = new FakeDaemon(function (FakeDaemon $daemon): void {
        $connection = $daemon->accept();
        [$first, $second] = [$connection->next(), $connection->next()];
        $connection->answer($second, echoOf($second->params->To_Account));
        $errors = [['To_Account' => '7', 'ErrorCode' => 70107, 'ErrorInfo' => 'not imported']];
        $connection->answer($first, ['UserAttrs' => echoOf(['b'])['UserAttrs'], 'missing' => ['a', '7'], 'ErrorList' => $errors]);
    });
    $users = iterator_to_array($daemon->client()->stream(['a', 'b', '7', 'd', 'e'], batch: 3));
    same(['d', 'e', 'b', 'a', '7'], array_column($users, 'To_Account'));
    same(['d', 'e', 'b', null, null], array_map(fn (User $user): ?string => $user->Attrs?->account, $users));
    same([[null, null], [70107, 'not imported']], [[$users[3]->ErrorCode, $users[3]->ErrorInfo], [$users[4]->ErrorCode, $users[4]->ErrorInfo]]);
    $daemon->end();
});

test('at most batch x inFlight are read ahead, and nothing before the loop begins', function (): void {
    $daemon = new FakeDaemon(fn (FakeDaemon $daemon) => $daemon->accept()->echo());
    $input = new Input();
    $users = $daemon->client()->stream($input, batch: 5, inFlight: 4);
    same(0, $input->taken);
    foreach ($users as $number => $user) {
        same($user->To_Account, $user->Attrs->account);
        check($input->taken - $number <= 20, "{$input->taken} taken, $number yielded");
        if ($number === 50) {
            break;
        }
    }
    check(!$input->isLeft, 'left too early');
    unset($users);
    check($input->isLeft, 'not left');
    $daemon->end();
});

test('leaving the loop withdraws what is in flight', function (): void {
    $daemon = new FakeDaemon(function (FakeDaemon $daemon): void {
        $connection = $daemon->accept();
        $requests = [$connection->next(), $connection->next(), $connection->next()];
        $connection->answer($requests[1], echoOf($requests[1]->params->To_Account));
        same([$requests[0]->id, $requests[2]->id], [$connection->next()->params->id, $connection->next()->params->id]);
        $connection->answer($connection->next(), 'pong');
    });
    $client = $daemon->client();
    foreach ($client->stream(new Input(), batch: 2, inFlight: 3) as $user) {
        break;
    }
    same('user2', $user->To_Account);
    same('pong', $client->ping());
    $daemon->end();
});

test('calls and other streams within a loop', function (): void {
    $daemon = new FakeDaemon(fn (FakeDaemon $daemon) => $daemon->accept()->echo());
    $client = $daemon->client();
    $inner = $client->stream(accounts(60, 'inner'), batch: 3, inFlight: 3);
    foreach ($client->stream(accounts(60, 'outer'), batch: 4, inFlight: 2) as $number => $user) {
        same("outer$number", $user->Attrs->account);
        same("inner$number", $inner->current()->Attrs->account);
        same('pong', $client->ping());
        same("x$number", $client->getAttrs(["x$number"])->UserAttrs[0]->Attrs->account);
        $inner->next();
    }
    same(59, $number);
    check(!$inner->valid(), 'the other stream has not ended');
    unset($client, $inner);
    $daemon->end();
});

test('the first error ends it, after what was answered before it', function (): void {
    $daemon = new FakeDaemon(function (FakeDaemon $daemon): void {
        $connection = $daemon->accept();
        $requests = [$connection->next(), $connection->next(), $connection->next()];
        $connection->answer($requests[0], echoOf(['user0']));
        $connection->refuse($requests[1], ['code' => 91000, 'message' => 'internal']);
        do {
            $message = $connection->next();
        } while ($message->method !== '$/cancelRequest');
        same($requests[2]->id, $message->params->id);
    });
    $users = $daemon->client()->stream(new Input(), batch: 1, inFlight: 3);
    same('user0', $users->current()->To_Account);
    same(91000, thrown(RefusedException::class, fn () => $users->next())->getCode());
    check(!$users->valid(), 'not at its end');
    $daemon->end();
});

test('a bad account, or an input that throws, ends it; the place in the whole input is named', function (): void {
    $daemon = new FakeDaemon(fn (FakeDaemon $daemon) => $daemon->accept()->echo());
    $client = $daemon->client();
    $users = $client->stream(['a', 'b', 'c', ''], batch: 2, inFlight: 1);
    same('a', $users->current()->To_Account);
    $users->next();
    same('accounts[3] has 0 bytes; an account has 1 to 255 of UTF-8', thrown(ArgumentException::class, fn () => $users->next())->getMessage());
    $broken = (function () {
        yield 'a';
        throw new DomainException('broken');
    })();
    thrown(DomainException::class, fn () => iterator_to_array($client->stream($broken)));
    same('pong', $client->ping());
    unset($client, $users);
    $daemon->end();
});

test('the time of the requests stands still while the loop is busy', function (): void {
    $daemon = new FakeDaemon(function (FakeDaemon $daemon): void {
        $connection = $daemon->accept();
        [$first, $second] = [$connection->next(), $connection->next()];
        $connection->answer($first, echoOf(['a']));
        same('ping', $connection->next()->method);
        $connection->answer($second, echoOf(['b']));
        $connection->close();
    });
    $client = $daemon->client();
    $users = [];
    foreach ($client->stream(['a', 'b'], batch: 1, timeout: 0.2) as $user) {
        $users[] = $user->To_Account;
        if ($users === ['a']) {
            // Longer than the time of a request and the second after it.
            usleep(1_300_000);
            try {
                $client->ping(timeout: 0.001);
            } catch (IMAttr\Exception\IMAttrException) {
            }
        }
    }
    same(['a', 'b'], $users);
    $daemon->end();
});

test('a long stream needs little memory', function (): void {
    $daemon = new FakeDaemon(fn (FakeDaemon $daemon) => $daemon->accept()->echo());
    $program = <<<'PHP'
        require 'autoload.php';
        $accounts = (function () { for ($number = 0; $number < 200_000; $number++) { yield "user$number"; } })();
        $count = 0;
        foreach ((new IMAttr\Client())->stream($accounts) as $user) {
            $count += $user->Attrs->account === $user->To_Account ? 1 : 0;
        }
        echo $count;
        PHP;
    $command = [PHP_BINARY, '-d', 'memory_limit=12M', '-r', $program];
    $environment = ['IMATTRD_SOCKET' => $daemon->path] + getenv();
    $process = proc_open($command, [1 => ['pipe', 'w']], $pipes, dirname(__DIR__), $environment);
    same('200000', stream_get_contents($pipes[1]));
    same(0, proc_close($process));
    $daemon->end();
});
