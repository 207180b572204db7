"""Answers in which every account's attributes say whose they are, and the check that each came once, to the right one."""

import json

LISTED, MISSING = "listed-", "missing-"  # accounts that begin so are missing, the former with an entry in ErrorList


def echoed(accounts):
    """The result of getAttrs for accounts; those that begin with LISTED or MISSING are missing."""
    distinct = list(dict.fromkeys(accounts))
    missing = [account for account in distinct if account.startswith((LISTED, MISSING))]
    result = {
        "UserAttrs": [
            {"To_Account": account, "Attrs": {"account": account}}
            for account in distinct
            if not account.startswith((LISTED, MISSING))
        ],
        "missing": missing,
    }
    if listed := [listed_error(account) for account in missing if account.startswith(LISTED)]:
        result["ErrorList"] = listed
    return result


def listed_error(account):
    return {"To_Account": account, "ErrorCode": 70107, "ErrorInfo": "account is not imported"}


class EchoCount:
    """Counts the accounts P0…P(N-1) that a stream yields; each must come once, with its own attributes."""

    def __init__(self, prefix, count):
        self.prefix = prefix
        self.count = count
        self.seen = bytearray(count)
        self.answered = 0

    def take(self, event):
        """What is wrong with a line `{"call":…,"user":…}` of the driver; None if nothing is."""
        user = event.get("user")
        if not isinstance(user, dict):
            return f"not answered with attributes: {json.dumps(event)[:300]}"
        account = user.get("To_Account")
        if user.get("Attrs") != {"account": account}:
            return f"attributes of another account: {json.dumps(user)[:300]}"
        number = self._number(account)
        if number is None:
            return f"an account that was not asked for: {account!r}"
        if self.seen[number]:
            return f"{account} a second time"
        self.seen[number] = 1
        self.answered += 1
        return None

    def _number(self, account):
        digits = account[len(self.prefix) :] if account.startswith(self.prefix) else ""
        number = int(digits) if digits.isascii() and digits.isdigit() else -1
        return number if 0 <= number < self.count and account == f"{self.prefix}{number}" else None

    def lack(self):
        """What is still missing; None if nothing is."""
        if self.answered == self.count:
            return None
        first = f"{self.prefix}{self.seen.index(0)}"
        return f"{self.count - self.answered} of {self.count} accounts did not come; first {first}"


class EchoService:
    """Answers the requests of a connection, some held back, and watches the client's window."""

    def __init__(self, settings):
        self.hold = settings.get("hold", 1)
        self.reverse = settings.get("reversed", False)
        self.batch = settings.get("batch", 500)
        self.in_flight = settings.get("inFlight", 32)
        self.reaches = settings.get("reaches", 0)
        self.shrinks_by = settings.get("delayMs", 0) if settings.get("shrinks") else 0
        self.held = []
        self.most = 0
        self.timeouts = []

    def take(self, accounts, timeout, number):
        """A request came; what is wrong with it."""
        self.timeouts.append(timeout)
        if not 1 <= len(accounts) <= self.batch:
            return f"a request of {len(accounts)} accounts; {self.batch} are the most"
        self.held.append((accounts, number))
        self.most = max(self.most, len(self.held))
        if len(self.held) > self.in_flight:
            return f"{len(self.held)} requests in flight; {self.in_flight} are the most"
        return None

    def final_complaint(self):
        """What is wrong with all requests together."""
        if self.most < self.reaches:
            return f"at most {self.most} requests were in flight at once; {self.reaches} would fit"
        if min(self.timeouts) > max(self.timeouts) - self.shrinks_by:
            return f"timeoutMs was {min(self.timeouts)} at least, though {self.shrinks_by} ms were over by then"
        return None

    def answers(self, idle):
        """The lines to send now. `idle`: nothing has come for a while, so that no more is waited for."""
        if len(self.held) < self.hold and not idle:
            return []
        held, self.held = self.held, []
        if self.reverse:
            held.reverse()
        return [
            compact({"jsonrpc": "2.0", "id": number, "result": echoed(accounts)}) for accounts, number in held
        ]


def compact(answer):
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"
