<?php

declare(strict_types=1);

namespace IMAttr\Exception;

use stdClass;

/**
 * The daemon answered an error; but that of a deadline is DeadlineException. `getCode()` is Tencent's own ErrorCode if upstream
 * refused, else a code of JSON-RPC or of the daemon, which is below 0.
 */
final class RefusedException extends IMAttrException
{
    use Answered;

    public function __construct(stdClass $error)
    {
        $data = ($error->data ?? null) instanceof stdClass ? $error->data : new stdClass();
        parent::__construct($error->message, ($data->retryable ?? false) === true, $error->code);
        $this->keepData($data);
    }
}
