<?php

declare(strict_types=1);

namespace IMAttr\Exception;

use stdClass;

/**
 * No answer came in time. If the daemon said so, `getCode()` is -32001, and the fields are those of its answer; if it said nothing
 * at all within the call's time and one second, `getCode()` is 0, and the fields are null.
 */
final class DeadlineException extends IMAttrException
{
    use Answered;

    public const CODE = -32001;

    /** @param ?stdClass $error What the daemon answered, if it did. */
    public function __construct(string $message, ?stdClass $error = null)
    {
        parent::__construct($message, retryable: true, code: $error->code ?? 0);
        $this->keepData(($error->data ?? null) instanceof stdClass ? $error->data : new stdClass());
    }
}
