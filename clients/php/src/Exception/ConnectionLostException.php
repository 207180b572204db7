<?php

declare(strict_types=1);

namespace IMAttr\Exception;

/** The daemon went away, and did not come back within the call's time. */
final class ConnectionLostException extends IMAttrException
{
    public function __construct(string $message, ?\Throwable $previous = null)
    {
        parent::__construct($message, retryable: true, previous: $previous);
    }
}
