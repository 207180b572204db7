<?php

declare(strict_types=1);

namespace IMAttr\Exception;

/** No answer came within the call's time and one second. */
final class DeadlineException extends IMAttrException
{
    public function __construct(string $message)
    {
        parent::__construct($message, retryable: true);
    }
}
