"""User attributes of Tencent Chat, asked of imattrd.

    import imattr

    for account, attrs in imattr.get_attrs(["Zhang Xiaohong", "abc"]).user_attrs.items():
        print(account, attrs)

The functions here use one `Client` for the whole program. `imattr.aio` has the client for asyncio.
"""

from __future__ import annotations

import atexit

from ._cancellation import Cancellation
from ._client import Client
from ._errors import (
    ArgumentError,
    CancelledError,
    DeadlineError,
    Error,
    LostError,
    ProtocolError,
    RefusedError,
    UnreachableError,
)
from ._results import FailedAccount, GetAttrsResult, User

__version__ = "0.1.0"

__all__ = [
    "ArgumentError",
    "CancelledError",
    "Cancellation",
    "Client",
    "DeadlineError",
    "Error",
    "FailedAccount",
    "GetAttrsResult",
    "LostError",
    "ProtocolError",
    "RefusedError",
    "UnreachableError",
    "User",
    "__version__",
    "call",
    "get_attrs",
    "get_status",
    "ping",
    "stream",
]

# It costs nothing until the first call connects it.
_shared = Client()
atexit.register(_shared.close)

get_attrs = _shared.get_attrs
stream = _shared.stream
ping = _shared.ping
get_status = _shared.get_status
call = _shared.call

for _public in (Cancellation, Client, FailedAccount, GetAttrsResult, User, Error, *Error.__subclasses__()):
    _public.__module__ = __name__  # So that they are shown, and pickled, under their public names.
