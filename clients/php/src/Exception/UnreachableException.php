<?php

declare(strict_types=1);

namespace IMAttr\Exception;

/** There is no connection to be had. `getCode()` is the system's error number. */
final class UnreachableException extends IMAttrException
{
    private const NAMES = [
        1 => 'EPERM', 2 => 'ENOENT', 11 => 'EAGAIN', 13 => 'EACCES', 20 => 'ENOTDIR', 23 => 'ENFILE', 24 => 'EMFILE',
        36 => 'ENAMETOOLONG', 91 => 'EPROTOTYPE', 111 => 'ECONNREFUSED',
    ];

    /** The system's error by its name, as `ENOENT`. */
    public readonly string $errno;

    public function __construct(
        /** The socket's path. */
        public readonly string $path,
        int $errno,
        string $reason,
    ) {
        $this->errno = self::NAMES[$errno] ?? "errno $errno";
        $advice = match ($errno) {
            2 => '; is imattrd.socket started, or IMATTRD_SOCKET wrong?',
            13 => '; is this user in the group imattr?',
            36 => '; the path of a Unix socket has at most 107 bytes',
            111 => '; is imattrd running?',
            default => '',
        };
        parent::__construct("cannot connect to imattrd at $path: $reason ({$this->errno})$advice", code: $errno);
    }
}
