<?php

declare(strict_types=1);

namespace IMAttr\Internal;

use Closure;

/** @internal A request: what it sends, until when, and what came of it. */
final class Request
{
    /** The connection that it is in flight on; null while it waits for one. */
    public ?Connection $connection = null;
    /** Its id on that connection. */
    public int $id = 0;
    /** When it may be sent, because the daemon has asked for some time. */
    public float $notBefore = 0;

    /**
     * @param Closure(int): string $text The method's name and the params, from the time that is left, in ms.
     * @param float $deadline As its job counts the time.
     * @param Closure(mixed): mixed $read Gives the outcome of a result, or throws ProtocolException.
     * @param ?Closure(\Throwable): mixed $recover Gives the outcome that an error stands for; null if it is the job's failure.
     */
    public function __construct(
        private readonly Job $job,
        private readonly Closure $text,
        public readonly float $deadline,
        private readonly Closure $read,
        private readonly int $mark,
        private readonly ?Closure $recover = null,
    ) {
    }

    /** The time left in seconds, 0 or less if there is none. */
    public function left(): float
    {
        return $this->deadline - $this->job->now();
    }

    /** The line to send now. */
    public function line(): string
    {
        $leftMs = max(1, (int) round($this->left() * 1000));
        return "{\"jsonrpc\":\"2.0\",\"id\":{$this->id}," . ($this->text)($leftMs) . "}\n";
    }

    /** Takes the result of the answer. */
    public function read(mixed $result): mixed
    {
        return ($this->read)($result);
    }

    public function succeed(mixed $outcome): void
    {
        $this->job->answered($this, $this->mark, $outcome);
    }

    public function fail(\Throwable $error): void
    {
        $outcome = $this->recover === null ? null : ($this->recover)($error);
        $outcome === null ? $this->job->failed($this, $error) : $this->succeed($outcome);
    }
}
