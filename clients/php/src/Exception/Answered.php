<?php

declare(strict_types=1);

namespace IMAttr\Exception;

use stdClass;

/** What an error that the daemon answered has; null for what it did not say. */
trait Answered
{
    /** Who refused: `daemon` or `upstream`. */
    public readonly ?string $source;
    /** When to try again, in ms. */
    public readonly ?int $retryAfterMs;
    /** What upstream said. */
    public readonly ?string $ErrorInfo;
    /** Calls that the daemon made upstream. */
    public readonly ?int $attempts;
    /** The param that is wrong, as `To_Account[3]`. */
    public readonly ?string $path;
    /** The limit that was met, and its name in the daemon's configuration. */
    public readonly int|float|null $limit;
    public readonly ?string $limitName;
    /** Accounts that were fetched all the same: with `maxAge`, a repeated call asks only for the others. */
    public readonly ?int $fetched;
    /** @var ?list<stdClass> Accounts that were not (To_Account, ErrorCode, ErrorInfo), up to 100 of them. */
    public readonly ?array $failed;
    /** The call's name in the daemon's log. */
    public readonly ?string $callId;
    /** The daemon's clock against upstream's. */
    public readonly int|float|null $clockSkewSeconds;

    private function keepData(stdClass $data): void
    {
        foreach (['source', 'ErrorInfo', 'path', 'limitName', 'callId'] as $name) {
            $this->$name = is_string($data->$name ?? null) ? $data->$name : null;
        }
        foreach (['retryAfterMs', 'attempts', 'fetched'] as $name) {
            $this->$name = is_int($data->$name ?? null) ? $data->$name : null;
        }
        foreach (['limit', 'clockSkewSeconds'] as $name) {
            $this->$name = is_int($data->$name ?? null) || is_float($data->$name ?? null) ? $data->$name : null;
        }
        $this->failed = is_array($data->failed ?? null) ? $data->failed : null;
    }
}
