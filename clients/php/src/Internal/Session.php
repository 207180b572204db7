<?php

declare(strict_types=1);

namespace IMAttr\Internal;

use IMAttr\Exception\CancelledException;
use IMAttr\Exception\ConnectionLostException;
use IMAttr\Exception\RefusedException;
use IMAttr\Exception\UnreachableException;
use stdClass;

/** @internal Keeps a connection, and repeats on a new one what a lost one has not answered: reading changes nothing. */
final class Session
{
    private const FIRST_DELAY = 0.05;
    private const MAX_DELAY = 1.0;
    private const MAX_WAIT = 3600.0;
    private const EAGAIN = 11;
    private const ENOENT = 2;
    private const ECONNREFUSED = 111;

    private ?Connection $connection = null;
    /** @var array<int, Connection> The current connection, and retired ones on which something is in flight. */
    private array $connections = [];
    /** @var array<int, Request> Requests without a connection. */
    private array $waiting = [];
    private bool $hasConnected = false;
    private bool $isClosed = false;
    private int $latestId = 0;
    /** Attempts that gave no answer, since the last that did; and when the next may be made. */
    private int $failures = 0;
    private float $notBefore = 0;
    private int $process;

    public function __construct(private readonly string $path)
    {
        $this->process = getmypid();
    }

    /** Seconds, from some point in the past. */
    public static function now(): float
    {
        return hrtime(true) * 1e-9;
    }

    // What callers ask for

    public function start(Request $request): void
    {
        if ($this->isClosed) {
            $request->fail(new CancelledException('the client is closed'));
            return;
        }
        $this->noticeFork();
        // Whatever came while nothing was in flight, such as the end, does not concern this request.
        if ($this->connection?->isIdle()) {
            $this->connection->receive(0);
        }
        if ($this->connection !== null) {
            $this->connection->send($request, ++$this->latestId);
            return;
        }
        $this->waiting[spl_object_id($request)] = $request;
        $this->sendWaiting();
    }

    /** Gives a request up, wherever it is. */
    public function withdraw(Request $request): void
    {
        $this->noticeFork();
        unset($this->waiting[spl_object_id($request)]);
        $request->connection?->withdraw($request);
    }

    /** Does one thing that there is to do, or waits for it until then. */
    public function work(float $until): void
    {
        $seconds = min(max(0, min($until, $this->nextSending()) - self::now()), self::MAX_WAIT);
        if ($this->connections === []) {
            usleep((int) ceil($seconds * 1e6));
        } else {
            Connection::work($this->connections, $seconds);
        }
        $this->sendWaiting();
    }

    /** Reads all that has arrived by now. */
    public function receiveAll(): void
    {
        foreach ($this->connections as $connection) {
            $connection->receiveAll();
        }
    }

    public function close(): void
    {
        $this->isClosed = true;
        $this->endAll(new CancelledException('the client was closed'));
    }

    public function lost(?\Throwable $cause = null): ConnectionLostException
    {
        return new ConnectionLostException("imattrd at {$this->path} went away, and did not come back in time", $cause);
    }

    // What connections tell

    /** Nothing more can be sent on this connection. */
    public function retired(Connection $connection): void
    {
        if ($this->connection !== $connection) {
            return;
        }
        $this->connection = null;
        if ($connection->hasAnswered) {
            $this->failures = 0;
            $this->notBefore = 0;
        } else {
            $this->backOff();
        }
    }

    /** The daemon is shutting down, and has not served this request. */
    public function postponed(Request $request, stdClass $error): void
    {
        $refusal = new RefusedException($error);
        $delay = ($refusal->retryAfterMs ?? 0) / 1000;
        if ($delay >= $request->left()) {
            $request->fail($this->lost($refusal));
            return;
        }
        $request->notBefore = self::now() + $delay;
        $this->waiting[spl_object_id($request)] = $request;
    }

    /** @param array<int, Request> $requests What was in flight. */
    public function ended(Connection $connection, array $requests, ?\Throwable $error): void
    {
        $this->retired($connection);
        unset($this->connections[spl_object_id($connection)]);
        foreach ($requests as $request) {
            if ($error !== null) {
                $request->fail($error);
            } elseif ($request->left() <= 0) {
                $request->fail($this->lost());
            } else {
                $this->waiting[spl_object_id($request)] = $request;
            }
        }
    }

    // Sending and connecting

    /** When something that waits for a connection may be sent. */
    private function nextSending(): float
    {
        $next = INF;
        foreach ($this->waiting as $request) {
            $next = min($next, $request->notBefore);
        }
        return $this->connection === null ? max($next, $this->notBefore) : $next;
    }

    private function sendWaiting(): void
    {
        if ($this->waiting === []) {
            return;
        }
        $now = self::now();
        if ($this->nextSending() > $now) {
            return;
        }
        $this->connect();
        foreach ($this->connection === null ? [] : $this->waiting as $key => $request) {
            if ($request->notBefore <= $now) {
                unset($this->waiting[$key]);
                $this->connection->send($request, ++$this->latestId);
            }
        }
    }

    private function connect(): void
    {
        if ($this->connection !== null) {
            return;
        }
        try {
            $this->connection = Connection::open($this->path, $this);
            $this->connections[spl_object_id($this->connection)] = $this->connection;
            $this->hasConnected = true;
        } catch (UnreachableException $error) {
            $this->mayComeBack($error->getCode()) ? $this->backOff() : $this->failWaiting($error);
        }
    }

    private function mayComeBack(int $errno): bool
    {
        return $errno === self::EAGAIN
            || ($this->hasConnected && ($errno === self::ENOENT || $errno === self::ECONNREFUSED));
    }

    private function backOff(): void
    {
        $delay = min(self::FIRST_DELAY * 2 ** $this->failures, self::MAX_DELAY);
        $this->failures++;
        $this->notBefore = self::now() + $delay * (1 + lcg_value() / 2);
    }

    private function failWaiting(\Throwable $error): void
    {
        $requests = $this->waiting;
        $this->waiting = [];
        foreach ($requests as $request) {
            $request->fail($error);
        }
    }

    /** A connection belongs to the process that made it, and so does what waits there: one that was forked begins anew. */
    public function noticeFork(): void
    {
        if ($this->process !== getmypid()) {
            $this->process = getmypid();
            $this->endAll(new CancelledException('a stream cannot be read in a process that was forked after its begin'));
        }
    }

    private function endAll(\Throwable $error): void
    {
        foreach ($this->connections as $connection) {
            $connection->end($error);
        }
        $this->failWaiting($error);
    }
}
