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
    /** The version of this library. */
    public const VERSION = '0.1.0';

    private const DEFAULT_PATH = '/run/imattrd/imattrd.sock';
    private const BATCH = 500;
    private const IN_FLIGHT = 32;
    private const MAX_BATCH = 10_000;
    private const MAX_IN_FLIGHT = 1024;

    private readonly Session $session;

    /**
     * @param ?string $socketPath The daemon's socket. Default: IMATTRD_SOCKET if that is set and not empty, else
     *     /run/imattrd/imattrd.sock.
     * @throws ArgumentException if it is no path.
     */
    public function __construct(?string $socketPath = null)
    {
        Arguments::checkNoMore(func_num_args(), 1);
        $path = $socketPath ?? (getenv('IMATTRD_SOCKET') ?: self::DEFAULT_PATH);
        Arguments::checkPath($path);
        $this->session = new Session($path);
    }

    /**
     * Fetches the attributes of any number of accounts.
     *
     * They are asked for in requests of up to 500, with up to 32 of them in flight. The first error ends the call, unless it
     * has `partial`.
     *
     * @param iterable<string> $accounts Each 1 to 255 bytes of UTF-8.
     * @param float $timeout The whole time of the call in seconds, 0.001 to 600.
     * @param ?float $maxAge Accept what the daemon already holds if it is at most this old, in seconds, 0 to 3600.
     *     Default: 0, ask upstream.
     * @param bool $partial Accounts that fail are in `failed` beside those that were answered; it throws only if no account was
     *     answered at all.
     * @throws IMAttrException
     */
    public function getAttrs(
        iterable $accounts,
        float $timeout = 30.0,
        ?float $maxAge = null,
        bool $partial = false,
    ): Attributes {
        Arguments::checkNoMore(func_num_args(), 4);
        Arguments::checkTimeout($timeout);
        Arguments::checkMaxAge($maxAge);
        $batches = array_chunk(Arguments::distinct($accounts), self::BATCH);
        $job = new Job($this->session, self::IN_FLIGHT);
        $deadline = $job->now() + $timeout;
        $results = [];
        $errors = [];
        try {
            for ($next = 0; $next < count($batches) || !$job->isDone();) {
                while ($next < count($batches) && $job->hasRoom()) {
                    self::startBatch($job, $batches[$next], $deadline, $maxAge, $partial, $next, $errors);
                    $next++;
                }
                [$mark, $result] = $job->take();
                $results[$mark] = $result;
            }
        } finally {
            $job->end();
        }
        ksort($results);
        ksort($errors);
        return self::joined($results, $errors);
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
     * @param int $batch Accounts in a request, 1 to 10000; the daemon may be configured to take less.
     * @param int $inFlight Requests in flight at once, 1 to 1024.
     * @param float $timeout The time of each request in seconds, 0.001 to 600.
     * @param ?float $maxAge As for getAttrs.
     * @param bool $partial An account that fails is yielded with its `failure`, after the missing ones of its request, and the
     *     stream goes on.
     * @return \Generator<int, User>
     * @throws ArgumentException at once if anything but an account is wrong; the loop throws any IMAttrException.
     */
    public function stream(
        iterable $accounts,
        int $batch = self::BATCH,
        int $inFlight = self::IN_FLIGHT,
        float $timeout = 30.0,
        ?float $maxAge = null,
        bool $partial = false,
    ): \Generator {
        Arguments::checkNoMore(func_num_args(), 6);
        Arguments::checkCount('batch', $batch, self::MAX_BATCH);
        Arguments::checkCount('inFlight', $inFlight, self::MAX_IN_FLIGHT);
        Arguments::checkTimeout($timeout);
        Arguments::checkMaxAge($maxAge);
        return $this->users(new Batches($accounts, $batch), $inFlight, $timeout, $maxAge, $partial);
    }

    /**
     * Asks whether the daemon is there and answers.
     *
     * @return string `pong`
     * @throws IMAttrException
     */
    public function ping(float $timeout = 30.0): string
    {
        Arguments::checkNoMore(func_num_args(), 1);
        return $this->ask('ping', null, $timeout, Answer::pong(...));
    }

    /**
     * The daemon's state, limits and counters.
     *
     * @throws IMAttrException
     */
    public function getStatus(float $timeout = 30.0): stdClass
    {
        Arguments::checkNoMore(func_num_args(), 1);
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
        Arguments::checkNoMore(func_num_args(), 3);
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

    private function users(Batches $batches, int $inFlight, float $timeout, ?float $maxAge, bool $partial): \Generator
    {
        $job = new Job($this->session, $inFlight);
        try {
            self::startBatches($job, $batches, $timeout, $maxAge, $partial);
            while (!$job->isDone()) {
                [, $answer] = $job->take();
                $job->pause();
                foreach ($answer->UserAttrs as $user) {
                    yield $user;
                }
                foreach (self::missingUsers($answer) as $user) {
                    yield $user;
                }
                foreach ($answer->failed as $failure) {
                    yield new User($failure->To_Account, null, failure: $failure);
                }
                $job->resume();
                self::startBatches($job, $batches, $timeout, $maxAge, $partial);
            }
        } finally {
            $job->end();
        }
    }

    /** Keeps as many requests in flight as the job has room for, as far as the input gives accounts. */
    private static function startBatches(
        Job $job,
        Batches $batches,
        float $timeout,
        ?float $maxAge,
        bool $partial,
    ): void {
        $errors = [];
        try {
            while ($job->hasRoom() && ($batch = $batches->next()) !== null) {
                self::startBatch($job, $batch, $job->now() + $timeout, $maxAge, $partial, 0, $errors);
            }
        } catch (\Throwable $error) {
            $job->failed(null, $error);
        }
    }

    /** Sends a request for these accounts. `errors` gets what all of them have failed with, under the mark. */
    private static function startBatch(
        Job $job,
        array $accounts,
        float $deadline,
        ?float $maxAge,
        bool $partial,
        int $mark,
        array &$errors,
    ): void {
        $text = self::getAttrsText($accounts, $maxAge, $partial);
        if (!$partial) {
            $job->start($text, $deadline, Answer::attributes(...), $mark);
            return;
        }
        $recover = static function (\Throwable $error) use ($accounts, $mark, &$errors): ?Attributes {
            $errors[$mark] = $error;
            return Answer::allFailed($accounts, $error);
        };
        $job->start($text, $deadline, Answer::partialAttributes(...), $mark, $recover);
    }

    /** What a request for these accounts says, from the time that is left. */
    private static function getAttrsText(array $accounts, ?float $maxAge, bool $partial): Closure
    {
        $begin = '"method":"getAttrs","params":{"To_Account":' . Arguments::json($accounts) . ',"timeoutMs":';
        $end = $maxAge === null ? '' : ',"maxAgeMs":' . (int) round($maxAge * 1000);
        $end .= $partial ? ',"partial":true}' : '}';
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
     * @param array<int, \Throwable> $errors What whole requests have failed with.
     * @throws \Throwable the first of these if no account was answered at all.
     */
    private static function joined(array $results, array $errors): Attributes
    {
        $lists = array_filter(array_column($results, 'ErrorList'), is_array(...));
        $users = array_merge(...array_column($results, 'UserAttrs'));
        $missing = array_merge(...array_column($results, 'missing'));
        if ($users === [] && $missing === [] && $errors !== []) {
            throw reset($errors);
        }
        $errorList = $lists === [] ? null : array_merge(...$lists);
        return new Attributes($users, $missing, $errorList, array_merge(...array_column($results, 'failed')));
    }
}
