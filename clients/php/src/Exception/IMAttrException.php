<?php

declare(strict_types=1);

namespace IMAttr\Exception;

/** What every exception of this library is. */
abstract class IMAttrException extends \RuntimeException
{
    public function __construct(
        string $message,
        /** Whether the same call may succeed later. */
        public readonly bool $retryable = false,
        int $code = 0,
        ?\Throwable $previous = null,
    ) {
        parent::__construct($message, $code, $previous);
    }
}
