<?php

declare(strict_types=1);

namespace IMAttr\Internal;

use IMAttr\Exception\ProtocolException;
use IMAttr\Exception\UnreachableException;
use stdClass;

/** @internal A connection to the daemon, and the requests in flight on it. */
final class Connection
{
    private const MAX_ANSWER_BYTES = 256 << 20;
    private const READ_BYTES = 64 << 10;
    /** More reads than a socket holds. */
    private const ARRIVED = 256;
    private const MAX_PATH_BYTES = 107;
    private const MAX_SELECT = 0.1;
    private const SHUTTING_DOWN = -32004;

    /** Whether the daemon has answered anything but that it is shutting down. */
    public bool $hasAnswered = false;

    /** @var array<int, Request> */
    private array $inFlight = [];
    private string $unsent = '';
    private string $received = '';
    private bool $isDeaf = false;
    private bool $isRetired = false;
    private bool $isOver = false;

    /** @param resource $stream */
    private function __construct(private $stream, private readonly Session $session)
    {
    }

    /**
     * Connects. Nothing of it waits: the other end of a Unix socket is there, or is not.
     *
     * @throws UnreachableException
     */
    public static function open(string $path, Session $session): self
    {
        // PHP would cut a longer path off.
        if (strlen($path) > self::MAX_PATH_BYTES) {
            throw new UnreachableException($path, 36, 'File name too long');
        }
        $stream = @stream_socket_client("unix://$path", $errno, $reason);
        if ($stream === false) {
            throw new UnreachableException($path, $errno, $reason);
        }
        // What PHP buffers, stream_select does not see.
        stream_set_read_buffer($stream, 0);
        return new self($stream, $session);
    }

    public function isIdle(): bool
    {
        return $this->inFlight === [];
    }

    public function send(Request $request, int $id): void
    {
        $request->connection = $this;
        $request->id = $id;
        $this->inFlight[$id] = $request;
        $this->write($request->line());
    }

    /** Gives a request up, and notifies the daemon. */
    public function withdraw(Request $request): void
    {
        $this->write("{\"jsonrpc\":\"2.0\",\"method\":\"\$/cancelRequest\",\"params\":{\"id\":{$request->id}}}\n");
        $this->remove($request);
    }

    /** Ends the connection. What is in flight is the session's, to fail with `error` or else to repeat. */
    public function end(?\Throwable $error = null): void
    {
        if ($this->isOver) {
            return;
        }
        $this->isOver = true;
        fclose($this->stream);
        $requests = $this->inFlight;
        $this->inFlight = [];
        foreach ($requests as $request) {
            $request->connection = null;
        }
        $this->session->ended($this, $requests, $error);
    }

    // Waiting, reading and writing. The stream is blocking, with a time-out for each operation: 0 does not wait.

    /**
     * Waits up to so many seconds until something can be read or written, and does it.
     *
     * @param non-empty-array<int, Connection> $connections
     */
    public static function work(array $connections, float $seconds): void
    {
        if (count($connections) === 1) {
            $only = reset($connections);
            if ($only->unsent === '') {
                $only->receive($seconds);
                return;
            }
        }
        $streams = array_map(static fn (self $connection) => $connection->stream, $connections);
        $unsent = array_filter($connections, static fn (self $connection): bool => $connection->unsent !== '');
        [$readable, $writable, $exceptional] = [$streams, array_intersect_key($streams, $unsent), null];
        $seconds = min($seconds, self::MAX_SELECT);
        $ready = @stream_select($readable, $writable, $exceptional, (int) $seconds, self::microseconds($seconds));
        if (!$ready) {
            // Time is up, or a signal came, or a descriptor is above what select knows: then all are tried, now and then.
            [$readable, $writable] = [$streams, $unsent];
            $ready === 0 || usleep(1000);
        }
        foreach ($writable as $key => $_) {
            if (!$connections[$key]->flush() && $ready) {
                $connections[$key]->stopWriting();
            }
        }
        foreach ($readable as $key => $_) {
            $connections[$key]->receive(0);
        }
    }

    /** Reads all that has arrived by now, but not for ever what goes on coming. */
    public function receiveAll(): void
    {
        for ($chunks = 0; $chunks < self::ARRIVED && !$this->isOver && $this->receive(0); $chunks++) {
        }
    }

    /** Waits up to so many seconds for something to read, and reads it. Returns whether there was something. */
    public function receive(float $seconds): bool
    {
        stream_set_timeout($this->stream, (int) $seconds, self::microseconds($seconds));
        $chunk = @fread($this->stream, self::READ_BYTES);
        if ($chunk !== '' && $chunk !== false) {
            $this->received($chunk);
            return true;
        }
        if (stream_get_meta_data($this->stream)['eof']) {
            $this->end();
        }
        return false;
    }

    private static function microseconds(float $seconds): int
    {
        return (int) (fmod($seconds, 1) * 1e6);
    }

    private function write(string $bytes): void
    {
        if ($this->isDeaf) {
            return;
        }
        $this->unsent .= $bytes;
        if (strlen($this->unsent) === strlen($bytes)) {
            $this->flush();
        }
    }

    /** Writes what can be written now; false if nothing can. */
    private function flush(): bool
    {
        stream_set_timeout($this->stream, 0);
        $written = @fwrite($this->stream, $this->unsent);
        $this->unsent = $written === strlen($this->unsent) ? '' : substr($this->unsent, (int) $written);
        return $written !== false;
    }

    /** The daemon has closed. It is no end yet: why it did may still be to read, and then the end is. */
    private function stopWriting(): void
    {
        $this->isDeaf = true;
        $this->unsent = '';
    }

    // What the daemon says

    private function received(string $chunk): void
    {
        $from = strlen($this->received);
        $this->received .= $chunk;
        $begin = 0;
        try {
            while (!$this->isOver && ($end = strpos($this->received, "\n", max($from, $begin))) !== false) {
                $line = substr($this->received, $begin, $end - $begin);
                $begin = $end + 1;
                if (trim($line) !== '') {
                    $this->answered(Answer::read($line));
                }
            }
            if ($begin > 0) {
                $this->received = substr($this->received, $begin);
            }
            if (strlen($this->received) > self::MAX_ANSWER_BYTES) {
                throw new ProtocolException('an answer of more than ' . self::MAX_ANSWER_BYTES . ' bytes');
            }
        } catch (ProtocolException $error) {
            $this->end($error);
        }
    }

    private function answered(stdClass $answer): void
    {
        $error = $answer->error ?? null;
        if ($error?->code === self::SHUTTING_DOWN) {
            $this->retire($answer->id, $error);
            return;
        }
        $this->hasAnswered = true;
        if ($answer->id === null) {
            $this->end(Answer::refusal($error));
            return;
        }
        $request = $this->request($answer->id);
        // What no call waits for was given up.
        if ($request === null) {
            return;
        }
        $outcome = $error === null ? $request->read($answer->result) : null;
        $this->remove($request);
        $error === null ? $request->succeed($outcome) : $request->fail(Answer::refusal($error));
    }

    /** The daemon is shutting down. Other requests may still be answered here, but nothing new is sent. */
    private function retire(mixed $id, stdClass $error): void
    {
        $this->isRetired = true;
        $this->session->retired($this);
        if ($id === null || $this->inFlight === []) {
            $this->end();
        } elseif (($request = $this->request($id)) !== null) {
            $this->remove($request);
            $this->session->postponed($request, $error);
        }
    }

    private function request(mixed $id): ?Request
    {
        return is_int($id) ? $this->inFlight[$id] ?? null : null;
    }

    private function remove(Request $request): void
    {
        $request->connection = null;
        unset($this->inFlight[$request->id]);
        if ($this->isRetired && $this->inFlight === []) {
            $this->end();
        }
    }
}
