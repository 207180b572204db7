<?php

// What the tests are written with: `test`, some checks, and a daemon whose part the test plays in a process of its own.

declare(strict_types=1);

use IMAttr\Client;

require __DIR__ . '/../autoload.php';

set_error_handler(static function (int $level, string $message, string $file, int $line): bool {
    return (error_reporting() & $level) !== 0 ? throw new ErrorException($message, 0, $level, $file, $line) : false;
});

/** Runs a test and says how it went. */
function test(string $name, callable $body): void
{
    try {
        $body();
        echo "ok - $name\n";
    } catch (Throwable $error) {
        echo "not ok - $name\n", preg_replace('/^/m', '  ', (string) $error), "\n";
    }
}

function same(mixed $expected, mixed $actual, string $what = ''): void
{
    if ($expected !== $actual) {
        throw new Exception(trim("$what: expected " . var_export($expected, true) . ', got ' . var_export($actual, true), ': '));
    }
}

function check(bool $isRight, string $what): void
{
    $isRight || throw new Exception($what);
}

/**
 * What the body throws, which must be of that class.
 *
 * @template E of Throwable
 * @param class-string<E> $class
 * @return E
 */
function thrown(string $class, callable $body): Throwable
{
    try {
        $body();
    } catch (Throwable $error) {
        return $error instanceof $class ? $error : throw new Exception("expected $class, got $error");
    }
    throw new Exception("expected $class, got nothing");
}

/** Runs the body in a process of its own. Returns what waits for its end, and throws if it failed. */
function forked(callable $body): Closure
{
    $process = pcntl_fork();
    if ($process === 0) {
        $status = 0;
        try {
            $body();
        } catch (Throwable $error) {
            fwrite(STDERR, "in the other process: $error\n");
            $status = 1;
        }
        // Without the destructors of what belongs to the parent.
        posix_kill(posix_getpid(), $status === 0 ? SIGKILL : SIGTERM);
    }
    return static function () use ($process): void {
        pcntl_waitpid($process, $status);
        pcntl_wtermsig($status) === SIGKILL || throw new Exception('the other process failed, see above');
    };
}

/** @return array<string, array<string, string>> */
function echoOf(array $accounts): array
{
    $users = array_map(static fn (string $name): array => ['To_Account' => $name, 'Attrs' => ['account' => $name]], $accounts);
    return ['UserAttrs' => $users, 'missing' => []];
}

/** @return list<string> */
function accounts(int $count, string $prefix = 'user'): array
{
    return array_map(static fn (int $number): string => $prefix . $number, range(0, $count - 1));
}

/** A daemon in a process of its own, which does what `serve` says. */
final class FakeDaemon
{
    public readonly string $path;
    private readonly Closure $wait;
    private readonly mixed $listener;

    /** @param callable(FakeDaemon): void $serve Runs in the other process. */
    public function __construct(callable $serve)
    {
        $folder = sys_get_temp_dir() . '/imattr-php-' . bin2hex(random_bytes(8));
        mkdir($folder, 0700);
        $this->path = "$folder/daemon.sock";
        $this->listener = stream_socket_server("unix://{$this->path}");
        $this->wait = forked(fn () => $serve($this));
        fclose($this->listener);
    }

    public function client(): Client
    {
        return new Client($this->path);
    }

    /** Waits until the other process has done its part. */
    public function end(): void
    {
        ($this->wait)();
    }

    public function __destruct()
    {
        @unlink($this->path);
        rmdir(dirname($this->path));
    }

    /** For `serve`: the next connection. */
    public function accept(): FakeConnection
    {
        return new FakeConnection(stream_socket_accept($this->listener, 20));
    }
}

/** A client's connection, in the daemon's process. */
final class FakeConnection
{
    public function __construct(private readonly mixed $stream)
    {
        stream_set_timeout($stream, 20);
    }

    /** The next message; null at the end. */
    public function next(): ?stdClass
    {
        $line = fgets($this->stream);
        return $line === false ? null : json_decode($line, flags: JSON_THROW_ON_ERROR);
    }

    public function answer(stdClass $request, mixed $result): void
    {
        $this->send(json_encode(['jsonrpc' => '2.0', 'id' => $request->id, 'result' => $result]) . "\n");
    }

    public function refuse(stdClass $request, array $error): void
    {
        $this->send(json_encode(['jsonrpc' => '2.0', 'id' => $request->id, 'error' => $error]) . "\n");
    }

    public function send(string $bytes): void
    {
        fwrite($this->stream, $bytes);
    }

    public function close(): void
    {
        fclose($this->stream);
    }

    /** Answers everything until the client leaves. */
    public function echo(): void
    {
        while (($message = $this->next()) !== null) {
            try {
                if ($message->method === 'getAttrs') {
                    $this->answer($message, echoOf($message->params->To_Account));
                } elseif ($message->method === 'ping') {
                    $this->answer($message, 'pong');
                }
            } catch (ErrorException) {
                // The client has left before it read the answer.
                return;
            }
        }
    }
}
