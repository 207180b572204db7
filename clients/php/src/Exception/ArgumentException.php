<?php

declare(strict_types=1);

namespace IMAttr\Exception;

/** The call cannot be made as it was asked for; nothing was sent. */
final class ArgumentException extends IMAttrException
{
}
