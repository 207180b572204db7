<?php

declare(strict_types=1);

namespace IMAttr\Internal;

use IMAttr\Attributes;
use IMAttr\Exception\DeadlineException;
use IMAttr\Exception\IMAttrException;
use IMAttr\Exception\ProtocolException;
use IMAttr\Exception\RefusedException;
use IMAttr\Failure;
use IMAttr\User;
use stdClass;

/** @internal Reads what the daemon says. */
final class Answer
{
    /**
     * What JSON allows and PHP's reader refuses: half of a surrogate pair, and a name that begins with U+0000. It must not
     * cost the accounts beside it, so it gets U+FFFD in its place. Pairs and other escapes are passed over.
     */
    private const MENDS = [
        JSON_ERROR_UTF16 => [
            '/\\\\u[dD][89abAB]..\\\\u[dD][c-fC-F]..(*SKIP)(*FAIL)|\\\\u[dD][89a-fA-F]..|\\\\.(*SKIP)(*FAIL)/s',
            '\\ufffd',
        ],
        JSON_ERROR_INVALID_PROPERTY_NAME => [
            '/\\\\.(*SKIP)(*FAIL)|"\\\\u0000(?=[^"\\\\]*+(?:\\\\.[^"\\\\]*+)*+"\s*:)/s',
            '"\\ufffd',
        ],
    ];

    /**
     * Reads a line: an answer of JSON-RPC 2.0, with either `result` or `error`.
     *
     * @throws ProtocolException if it is none.
     */
    public static function read(string $line): stdClass
    {
        $answer = self::decode($line);
        if (!$answer instanceof stdClass || ($answer->jsonrpc ?? null) !== '2.0' || !property_exists($answer, 'id')) {
            throw new ProtocolException('not an answer of JSON-RPC 2.0: ' . self::excerpt($line));
        }
        $hasResult = property_exists($answer, 'result');
        if ($hasResult === property_exists($answer, 'error')) {
            throw new ProtocolException('an answer that has not either a result or an error: ' . self::excerpt($line));
        }
        if ($hasResult ? $answer->id === null : !self::isError($answer->error)) {
            throw new ProtocolException('an answer of another shape: ' . self::excerpt($line));
        }
        return $answer;
    }

    private static function decode(string $line): mixed
    {
        $value = json_decode($line, flags: JSON_BIGINT_AS_STRING);
        for ($mended = 0; json_last_error() !== JSON_ERROR_NONE; $mended++) {
            if ($mended === count(self::MENDS) || !isset(self::MENDS[json_last_error()])) {
                throw new ProtocolException('an answer that is not JSON: ' . json_last_error_msg() . ': ' . self::excerpt($line));
            }
            [$pattern, $replacement] = self::MENDS[json_last_error()];
            $line = preg_replace($pattern, $replacement, $line) ?? $line;
            $value = json_decode($line, flags: JSON_BIGINT_AS_STRING);
        }
        return $value;
    }

    private static function isError(mixed $error): bool
    {
        return $error instanceof stdClass && is_int($error->code ?? null) && is_string($error->message ?? null);
    }

    private static function excerpt(string $line): string
    {
        $begin = strlen($line) > 80 ? substr($line, 0, 80) . '…' : $line;
        return json_encode($begin, JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
    }

    /** The error that the daemon answered. */
    public static function refusal(stdClass $error): IMAttrException
    {
        return $error->code === DeadlineException::CODE
            ? new DeadlineException($error->message, $error)
            : new RefusedException($error);
    }

    /** The result of `getAttrs` with `partial`. A daemon that does not know of `failed` has failed no account. */
    public static function partialAttributes(mixed $result): Attributes
    {
        $answer = self::attributes($result);
        $failed = $result->failed ?? [];
        self::check(self::areAboutAccounts($failed) && array_filter($failed, self::isFailure(...)) === $failed, 'failed');
        $failures = array_map(static fn (stdClass $entry): Failure => self::failure(
            $entry->To_Account,
            new RefusedException((object) ['code' => $entry->code, 'message' => $entry->message, 'data' => $entry]),
        ), $failed);
        return new Attributes($answer->UserAttrs, $answer->missing, $answer->ErrorList, $failures);
    }

    private static function isFailure(stdClass $entry): bool
    {
        return self::isError($entry) && is_bool($entry->retryable ?? null);
    }

    /**
     * The answer to a request that has failed wholly, if the error is one of its accounts.
     *
     * @param list<string> $accounts
     */
    public static function allFailed(array $accounts, \Throwable $error): ?Attributes
    {
        if (!self::isAboutAccounts($error)) {
            return null;
        }
        $failures = array_map(static fn (string $account): Failure => self::failure($account, $error), Arguments::distinct($accounts));
        return new Attributes([], [], null, $failures);
    }

    private static function isAboutAccounts(\Throwable $error): bool
    {
        $code = $error->getCode();
        return $error instanceof DeadlineException
            || ($error instanceof RefusedException && (in_array($code, [-32000, -32002], true) || $code < -32768 || $code > -32000));
    }

    private static function failure(string $account, DeadlineException|RefusedException $error): Failure
    {
        $code = $error instanceof DeadlineException ? DeadlineException::CODE : $error->getCode();
        $fields = [$error->ErrorInfo, $error->retryAfterMs, $error->callId];
        return new Failure($account, $code, $error->getMessage(), $error->retryable, ...$fields);
    }

    /** The result of `getAttrs`. */
    public static function attributes(mixed $result): Attributes
    {
        $users = $result->UserAttrs ?? null;
        $missing = $result->missing ?? null;
        $errors = $result->ErrorList ?? null;
        self::check(self::areAboutAccounts($users), 'UserAttrs');
        self::check(is_array($missing) && array_filter($missing, is_string(...)) === $missing, 'missing');
        self::check($errors === null || self::areAboutAccounts($errors), 'ErrorList');
        foreach ($users as &$user) {
            self::check(($user->Attrs ?? null) instanceof stdClass, 'UserAttrs');
            $user = new User($user->To_Account, $user->Attrs);
        }
        return new Attributes($users, $missing, $errors);
    }

    private static function areAboutAccounts(mixed $entries): bool
    {
        if (!is_array($entries)) {
            return false;
        }
        foreach ($entries as $entry) {
            if (!is_string($entry->To_Account ?? null)) {
                return false;
            }
        }
        return true;
    }

    /** The result of `ping`. */
    public static function pong(mixed $result): string
    {
        return $result === 'pong' ? $result : throw new ProtocolException('an answer to ping that is not pong');
    }

    /** The result of `getStatus`. */
    public static function status(mixed $result): stdClass
    {
        return $result instanceof stdClass ? $result : throw new ProtocolException('a status that is no object');
    }

    private static function check(bool $isRight, string $field): void
    {
        if (!$isRight) {
            throw new ProtocolException("a result of getAttrs whose $field has another shape");
        }
    }
}
