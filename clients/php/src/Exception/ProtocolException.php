<?php

declare(strict_types=1);

namespace IMAttr\Exception;

/** What listens there does not speak imattrd's protocol. */
final class ProtocolException extends IMAttrException
{
}
