<?php

declare(strict_types=1);

namespace IMAttr;

use Closure;
use IMAttr\Exception\ArgumentException;
use IMAttr\Exception\IMAttrException;
use IMAttr\Internal\Answer;
use IMAttr\Internal\Arguments;
use IMAttr\Internal\Batches;
use IMAttr\Internal\Job;
use IMAttr\Internal\Session;
use stdClass;

/**
 * A client of imattrd.
 *
 * It connects when it is first used, and keeps the connection. A connection that is lost is replaced, and what it has not
 * answered is asked again within the call's time. Every call throws an IMAttrException.
 */
final class Client
{
    private const DEFAULT_PATH = '/run/imattrd/imattrd.sock';
    private const BATCH = 500;
    private const IN_FLIGHT = 32;

    private readonly Session $session;

    /**
     * @param ?string $socketPath The daemon's socket. Default: IMATTRD_SOCKET if that is set and not empty, else
     *     /run/imattrd/imattrd.sock.
     * @throws ArgumentException if it is no path.
     */
    public function __construct(?string $socketPath = null)
    {
        $path = $socketPath ?? (getenv('IMATTRD_SOCKET') ?: self::DEFAULT_PATH);
        Arguments::checkPath($path);
        $this->session = new Session($path);
    }

    /**
     * Fetches the attributes of any number of accounts.
     *
     * They are asked for in requests of up to 500, with up to 32 of them in flight. The first error ends the call.
     *
     * @param iterable<string> $accounts Each 1 to 255 bytes of UTF-8.
     * @param float $timeout The whole time of the call in seconds, 0.001 to 600.
     * @param ?float $maxAge Accept what the daemon already holds if it is at most this old, in seconds, 0 to 3600.
     *     Default: 0, ask upstream.
     * @throws IMAttrException
     */
    public function getAttrs(iterable $accounts, float $timeout = 30.0, ?float $maxAge = null): Attributes
    {
        Arguments::checkTimeout($timeout);
        Arguments::checkMaxAge($maxAge);
        $batches = array_chunk(Arguments::distinct($accounts), self::BATCH);
        $job = new Job($this->session, self::IN_FLIGHT);
        $deadline = $job->now() + $timeout;
        $results = [];
        try {
            for ($next = 0; $next < count($batches) || !$job->isDone();) {
                while ($next < count($batches) && $job->hasRoom()) {
                    $job->start(self::getAttrsText($batches[$next], $maxAge), $deadline, Answer::attributes(...), $next);
                    $next++;
                }
                [$mark, $result] = $job->take();
                $results[$mark] = $result;
            }
        } finally {
            $job->end();
        }
        ksort($results);
        return self::joined($results);
    }

    /**
     * Fetches the attributes of any number of accounts in bounded memory, and yields each account as its answer arrives:
     * those of one request in their order and then its missing ones; requests in any order. An account that is repeated
     * in another request is yielded again.
     *
     * At most `batch` x `inFlight` accounts are read ahead, and only while something is being waited for. The first error
     * ends it, after all that was answered before it has been yielded. Leaving the loop withdraws what is in flight, once nothing
     * refers to the generator any more. While the loop's body runs, the time of the requests stands still.
     *
     * @param iterable<string> $accounts Each 1 to 255 bytes of UTF-8.
     * @param int $batch Accounts in a request, at least 1; the daemon takes 10000 unless configured otherwise.
     * @param int $inFlight Requests under way at once, at least 1.
     * @param float $timeout The time of each request in seconds, 0.001 to 600.
     * @param ?float $maxAge As for getAttrs.
     * @return \Generator<int, User>
     * @throws ArgumentException at once if anything but an account is wrong; the loop throws any IMAttrException.
     */
    public function stream(
        iterable $accounts,
        int $batch = self::BATCH,
        int $inFlight = self::IN_FLIGHT,
        float $timeout = 30.0,
        ?float $maxAge = null,
    ): \Generator {
        Arguments::checkCount('batch', $batch);
        Arguments::checkCount('inFlight', $inFlight);
        Arguments::checkTimeout($timeout);
        Arguments::checkMaxAge($maxAge);
        return $this->users(new Batches($accounts, $batch), $inFlight, $timeout, $maxAge);
    }

    /**
     * Asks whether the daemon is there and answers.
     *
     * @return string `pong`
     * @throws IMAttrException
     */
    public function ping(float $timeout = 30.0): string
    {
        return $this->ask('ping', null, $timeout, Answer::pong(...));
    }

    /**
     * The daemon's state, limits and counters.
     *
     * @throws IMAttrException
     */
    public function getStatus(float $timeout = 30.0): stdClass
    {
        return $this->ask('getStatus', null, $timeout, Answer::status(...));
    }

    /**
     * Calls any method.
     *
     * @param array|object|null $params What json_encode makes a JSON object or array of; null for none.
     * @return mixed The result, as json_decode gives it, with objects of stdClass.
     * @throws IMAttrException
     */
    public function call(string $method, array|object|null $params = null, float $timeout = 30.0): mixed
    {
        return $this->ask($method, $params, $timeout, static fn (mixed $result): mixed => $result);
    }

    public function __destruct()
    {
        $this->close();
    }

    /** Closes the connection. What waits (a stream), and every later call, throws CancelledException. */
    public function close(): void
    {
        $this->session->close();
    }

    private function ask(string $method, array|object|null $params, float $timeout, Closure $read): mixed
    {
        Arguments::checkTimeout($timeout);
        $text = '"method":' . Arguments::json($method) . ($params === null ? '' : ',"params":' . Arguments::json($params));
        $job = new Job($this->session, 1);
        try {
            $job->start(static fn (): string => $text, $job->now() + $timeout, $read);
            return $job->take()[1];
        } finally {
            $job->end();
        }
    }

    private function users(Batches $batches, int $inFlight, float $timeout, ?float $maxAge): \Generator
    {
        $job = new Job($this->session, $inFlight);
        try {
            self::startBatches($job, $batches, $timeout, $maxAge);
            while (!$job->isDone()) {
                [, $answer] = $job->take();
                $job->pause();
                foreach ($answer->UserAttrs as $user) {
                    yield $user;
                }
                foreach (self::missingUsers($answer) as $user) {
                    yield $user;
                }
                $job->resume();
                self::startBatches($job, $batches, $timeout, $maxAge);
            }
        } finally {
            $job->end();
        }
    }

    /** Keeps as many requests under way as the job has room for, as far as the input gives accounts. */
    private static function startBatches(Job $job, Batches $batches, float $timeout, ?float $maxAge): void
    {
        try {
            while ($job->hasRoom() && ($batch = $batches->next()) !== null) {
                $job->start(self::getAttrsText($batch, $maxAge), $job->now() + $timeout, Answer::attributes(...));
            }
        } catch (\Throwable $error) {
            $job->failed(null, $error);
        }
    }

    /** What a request for these accounts says, from the time that is left. */
    private static function getAttrsText(array $accounts, ?float $maxAge): Closure
    {
        $begin = '"method":"getAttrs","params":{"To_Account":' . Arguments::json($accounts) . ',"timeoutMs":';
        $end = $maxAge === null ? '}' : ',"maxAgeMs":' . (int) round($maxAge * 1000) . '}';
        return static fn (int $leftMs): string => $begin . $leftMs . $end;
    }

    /**
     * The missing accounts, with what was said of them.
     *
     * @return list<User>
     */
    private static function missingUsers(Attributes $answer): array
    {
        $errors = array_column($answer->ErrorList ?? [], null, 'To_Account');
        $users = [];
        foreach ($answer->missing as $account) {
            $code = $errors[$account]->ErrorCode ?? null;
            $info = $errors[$account]->ErrorInfo ?? null;
            $users[] = new User($account, null, is_int($code) ? $code : null, is_string($info) ? $info : null);
        }
        return $users;
    }

    /**
     * One result of those of several requests. The accounts of each come after those of the one before.
     *
     * @param array<int, Attributes> $results
     */
    private static function joined(array $results): Attributes
    {
        $lists = array_filter(array_column($results, 'ErrorList'), is_array(...));
        return new Attributes(
            array_merge(...array_column($results, 'UserAttrs')),
            array_merge(...array_column($results, 'missing')),
            $lists === [] ? null : array_merge(...$lists),
        );
    }
}
