<?php

declare(strict_types=1);

namespace IMAttr\Internal;

use Closure;
use IMAttr\Exception\DeadlineException;

/** @internal The requests of one call: what they have brought, in the order of arrival, and the first thing that went wrong. */
final class Job
{
    /** How long an answer is waited for after its deadline: the daemon's own error may be on its way. */
    private const GRACE = 1.0;

    /** @var array<int, Request> By object id. */
    private array $underWay = [];
    /** @var list<array{int, mixed}> */
    private array $answers = [];
    private ?\Throwable $failure = null;
    private ?float $pausedAt = null;
    private float $paused = 0;

    /** @param int $most Requests in flight at once. */
    public function __construct(private readonly Session $session, private readonly int $most)
    {
    }

    /** Whether another request may be started: one whose answer has not been taken is still in flight. */
    public function hasRoom(): bool
    {
        return $this->failure === null && count($this->underWay) + count($this->answers) < $this->most;
    }

    /** Whether nothing is in flight, and nothing went wrong. */
    public function isDone(): bool
    {
        return $this->failure === null && $this->underWay === [] && $this->answers === [];
    }

    /**
     * Sends a request; only while there is room.
     *
     * @param Closure(int): string $text See Request, as for `deadline` and `read`.
     * @param int $mark What `take` gives with the answer.
     * @param ?Closure(\Throwable): mixed $recover Gives the outcome that an error stands for; null if it is the job's failure.
     */
    public function start(Closure $text, float $deadline, Closure $read, int $mark = 0, ?Closure $recover = null): void
    {
        $request = new Request($this, $text, $deadline, $read, $mark, $recover);
        $this->underWay[spl_object_id($request)] = $request;
        $this->session->start($request);
    }

    /**
     * Waits for an answer.
     *
     * @return array{int, mixed} Its request's mark, and the outcome.
     * @throws \Throwable the first failure, once all answers from before it are taken.
     */
    public function take(): array
    {
        while ($this->answers === []) {
            if ($this->failure !== null) {
                throw $this->failure;
            }
            $this->session->work($this->nextDeadline());
            if ($this->answers === []) {
                $this->expire();
            }
        }
        return array_shift($this->answers);
    }

    public function answered(Request $request, int $mark, mixed $outcome): void
    {
        unset($this->underWay[spl_object_id($request)]);
        $this->answers[] = [$mark, $outcome];
    }

    /** The first failure ends the job: whatever is in flight is withdrawn. */
    public function failed(?Request $request, \Throwable $error): void
    {
        if ($request !== null) {
            unset($this->underWay[spl_object_id($request)]);
        }
        $this->failure ??= $error;
        $this->end();
    }

    /** Withdraws what is in flight. */
    public function end(): void
    {
        $requests = $this->underWay;
        $this->underWay = [];
        foreach ($requests as $request) {
            $this->session->withdraw($request);
        }
    }

    // Time, in seconds. It stands still while the caller is busy with what it was given: nobody reads answers meanwhile.

    public function now(): float
    {
        return ($this->pausedAt ?? Session::now()) - $this->paused;
    }

    public function pause(): void
    {
        $this->pausedAt = Session::now();
    }

    public function resume(): void
    {
        $this->paused += Session::now() - $this->pausedAt;
        $this->pausedAt = null;
        $this->session->noticeFork();
    }

    /** When something is to be given up if nothing comes, as Session counts the time. */
    private function nextDeadline(): float
    {
        $next = INF;
        foreach ($this->underWay as $request) {
            $next = min($next, self::patience($request));
        }
        return $next + $this->paused;
    }

    private function expire(): void
    {
        $now = $this->now();
        if ($this->late($now) === []) {
            return;
        }
        // This process may not have run when the answers came.
        $this->session->receiveAll();
        foreach ($this->late($now) as $request) {
            $error = $this->lateness($request);
            $this->session->withdraw($request);
            $request->fail($error);
            if ($this->failure !== null) {
                return;
            }
        }
    }

    /** @return array<int, Request> */
    private function late(float $now): array
    {
        return array_filter($this->underWay, static fn (Request $request): bool => self::patience($request) <= $now);
    }

    /** Until when an answer is waited for. */
    private static function patience(Request $request): float
    {
        return $request->deadline + ($request->connection === null ? 0 : self::GRACE);
    }

    private function lateness(Request $request): \Throwable
    {
        return $request->connection === null
            ? $this->session->lost()
            : new DeadlineException('imattrd has not answered in time');
    }
}
