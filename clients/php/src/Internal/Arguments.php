<?php

declare(strict_types=1);

namespace IMAttr\Internal;

use IMAttr\Exception\ArgumentException;

/** @internal What calls are given, before anything is sent. */
final class Arguments
{
    private const MAX_ACCOUNT_BYTES = 255;
    private const MAX_TIMEOUT = 600;
    private const MAX_AGE = 3600;

    public static function checkAccount(mixed $account, int $index): void
    {
        if (!is_string($account)) {
            throw new ArgumentException("accounts[$index] is " . self::describe($account) . '; an account is a string');
        }
        $bytes = strlen($account);
        if ($bytes < 1 || $bytes > self::MAX_ACCOUNT_BYTES) {
            $most = self::MAX_ACCOUNT_BYTES;
            throw new ArgumentException("accounts[$index] has $bytes bytes; an account has 1 to $most of UTF-8");
        }
        if (preg_match('//u', $account) !== 1) {
            throw new ArgumentException("accounts[$index] is not UTF-8: 0x" . bin2hex($account));
        }
    }

    /**
     * The distinct accounts, in the order of their first mention.
     *
     * @return list<string>
     */
    public static function distinct(iterable $accounts): array
    {
        $distinct = [];
        $index = 0;
        foreach ($accounts as $account) {
            self::checkAccount($account, $index++);
            // As a key, "7" is an integer.
            $distinct[$account] = $account;
        }
        return array_values($distinct);
    }

    public static function checkTimeout(float $timeout): void
    {
        if (!($timeout >= 0.001 && $timeout <= self::MAX_TIMEOUT)) {
            throw new ArgumentException("timeout is $timeout; it must be 0.001 to " . self::MAX_TIMEOUT . ' seconds');
        }
    }

    public static function checkMaxAge(?float $maxAge): void
    {
        if ($maxAge !== null && !($maxAge >= 0 && $maxAge <= self::MAX_AGE)) {
            throw new ArgumentException("maxAge is $maxAge; it must be 0 to " . self::MAX_AGE . ' seconds');
        }
    }

    public static function checkCount(string $name, int $value, int $most): void
    {
        if ($value < 1 || $value > $most) {
            throw new ArgumentException("$name is $value; it must be 1 to $most");
        }
    }

    /** PHP itself ignores arguments that a function does not have, but for named ones. */
    public static function checkNoMore(int $given, int $known): void
    {
        if ($given > $known) {
            throw new ArgumentException("$given arguments were given; there are $known");
        }
    }

    public static function checkPath(string $path): void
    {
        if ($path === '' || str_contains($path, "\0")) {
            throw new ArgumentException('socketPath is ' . json_encode($path) . '; it must be the path of a socket');
        }
    }

    /** The JSON text of anything that a request holds. */
    public static function json(mixed $value): string
    {
        try {
            return json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
        } catch (\JsonException $error) {
            throw new ArgumentException("params cannot be written as JSON: {$error->getMessage()}", previous: $error);
        }
    }

    private static function describe(mixed $value): string
    {
        return is_scalar($value) ? json_encode($value) : 'of type ' . get_debug_type($value);
    }
}
