<?php

declare(strict_types=1);

namespace IMAttr\Exception;

/** The client was closed. */
final class CancelledException extends IMAttrException
{
}
