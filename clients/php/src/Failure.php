<?php

declare(strict_types=1);

namespace IMAttr;

/** Why an account has no answer, of a call with `partial`. The last three are null where they do not apply. */
final class Failure
{
    public function __construct(
        public readonly string $To_Account,
        /** Tencent's own ErrorCode if upstream refused, else a code of the daemon, which is below 0. */
        public readonly int $code,
        public readonly string $message,
        /** Whether asking again later may succeed. */
        public readonly bool $retryable,
        /** What upstream said. */
        public readonly ?string $ErrorInfo = null,
        /** When to try again, in ms. */
        public readonly ?int $retryAfterMs = null,
        /** The call's name in the daemon's log. */
        public readonly ?string $callId = null,
    ) {
    }
}
