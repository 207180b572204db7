<?php

declare(strict_types=1);

namespace IMAttr;

use stdClass;

/** The answer of `Client::getAttrs`. */
final class Attributes
{
    public function __construct(
        /** @var list<User> Each account that upstream answered, once, in the order of its first mention. */
        public readonly array $UserAttrs,
        /** @var list<string> The accounts that upstream left out of its answer, in the same order. */
        public readonly array $missing,
        /** @var ?list<stdClass> What upstream said of accounts (To_Account, ErrorCode, ErrorInfo), if it did. */
        public readonly ?array $ErrorList,
        /** @var list<Failure> With `partial`, the accounts that failed, in the same order. */
        public readonly array $failed = [],
    ) {
    }
}
