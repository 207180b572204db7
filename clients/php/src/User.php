<?php

declare(strict_types=1);

namespace IMAttr;

use stdClass;

/** An account: with its attributes, or missing, or (with `partial`) failed. */
final class User
{
    public function __construct(
        public readonly string $To_Account,
        /** As upstream has them; null if the account is missing or failed. */
        public readonly ?stdClass $Attrs,
        /** What upstream said of a missing account, if it did; only `Client::stream` tells it here. */
        public readonly ?int $ErrorCode = null,
        public readonly ?string $ErrorInfo = null,
        /** Why the account has no answer; null unless it failed. */
        public readonly ?Failure $failure = null,
    ) {
    }
}
