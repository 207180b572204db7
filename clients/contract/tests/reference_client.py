"""A client that keeps to README.md, to try the transcripts on, and the mistakes that it can be told to make.

It is no library: one thread, no packaging, no kindness. What it is told to do wrong are mistakes that clients really make;
MISTAKES says which transcripts must find each.
"""

import asyncio
import errno
import json
import os
import random
import select
import socket
import time

MAX_LINE = 256 << 20
FAILED = {"To_Account": str, "code": int, "message": str, "retryable": bool}  # and, where they apply:
FAILED_FIELDS = ["ErrorInfo", "retryAfterMs", "callId"]
ABOUT_ACCOUNTS = (-32000, -32001, -32002)
FIELDS = [
    *("source", "retryable", "retryAfterMs", "ErrorInfo", "attempts", "path", "limit", "limitName", "fetched"),
    *("failed", "callId", "clockSkewSeconds"),
]

FIRST_PAUSE = 0.05  # seconds


class ClientError(Exception):
    def __init__(self, kind, **fields):
        super().__init__(kind)
        self.fields = {"kind": kind, **fields}


class ConnectionEnded(Exception):
    pass


class Connection:
    """A connection by plain sockets: asyncio's streams throw away what can be read once a write has failed."""

    def __init__(self, client, connected):
        self.client = client
        self.socket = connected
        self.unsent = bytearray()
        self.sender = None
        self.waiting = {}
        self.next_id = 1
        self.answered = False
        self.usable = True
        self.wrote = asyncio.Event()
        self.task = asyncio.ensure_future(self._read())

    async def _read(self):
        mistakes = self.client.mistakes
        rest = self.client.unfinished if "buffer-outlives-connection" in mistakes else []
        size = 0
        why = ConnectionEnded()
        if "reads-after-writing" in mistakes:
            await self.wrote.wait()
        try:
            while True:
                chunk = await asyncio.get_running_loop().sock_recv(self.socket, 1 << 18)
                if not chunk:
                    break
                *whole, last = chunk.split(b"\n")
                for line in whole:
                    line = b"".join(rest) + line
                    rest = []
                    size = 0
                    if line.strip() or "blank-line-is-fatal" in mistakes:
                        self._take(line)
                rest.append(last)
                size += len(last)
                if "decodes-pieces" in mistakes:
                    rest[-1] = rest[-1].decode("utf-8", "replace").encode()
                if "lines-of-64-kib" in mistakes and size > 1 << 16:
                    raise ClientError("protocol", message="a long line")
                if size > MAX_LINE and "endless-line" not in self.client.mistakes:
                    raise ClientError("protocol", message="a line of more than 256 MiB")
        except (ConnectionResetError, BrokenPipeError) as error:
            if "reset-is-fatal" in self.client.mistakes:
                why = ClientError("lost", message=str(error))
        except ClientError as error:
            why = error
        self._end(why)

    def _end(self, why):
        self.usable = False
        if self.client.connection is self:
            self.client.connection = None
        if not self.answered:
            self.client.failures += 1
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(why)
        self.waiting = {}
        if "keeps-bad-connection" not in self.client.mistakes:
            self.close()

    def close(self):
        """Ends reading and writing; what waits is told by the reader."""
        if self.socket.fileno() >= 0:
            self.task.cancel()
            if self.sender:
                self.sender.cancel()
            self.socket.close()

    def _take(self, line):
        mistakes = self.client.mistakes
        try:
            text = line.decode("utf-8")
            if "splitlines" in mistakes and len(text.splitlines()) > 1:
                raise ValueError("more than one line")
            answer = json.loads(text, parse_int=float if "integers-are-doubles" in mistakes else None)
        except ValueError as error:
            raise ClientError("protocol", message=f"not JSON: {error}") from None
        if "cr-lf-is-fatal" in mistakes and text.endswith("\r"):
            raise ClientError("protocol", message="a line that ends in CR")
        strict = "trusts-any-json" not in mistakes
        if strict and (not isinstance(answer, dict) or answer.get("jsonrpc") != "2.0" or "id" not in answer):
            raise ClientError("protocol", message="no answer of JSON-RPC 2.0")
        if strict and ("result" in answer) == ("error" in answer):
            raise ClientError("protocol", message="no answer of JSON-RPC 2.0")
        if "unknown-member-is-fatal" in mistakes and set(answer) - {"jsonrpc", "id", "result", "error"}:
            raise ClientError("protocol", message="unknown member")
        self._settle(answer)

    def _settle(self, answer):
        mistakes = self.client.mistakes
        error = self._refusal(answer["error"]) if "error" in answer else None
        number = answer.get("id")
        if "integers-are-doubles" in mistakes and isinstance(number, float):
            number = int(number)
        if "null-is-no-result" in mistakes and not error and answer["result"] in (None, False, 0):
            raise ClientError("protocol", message="no result")
        if number is None:
            if "ignores-null-id" in mistakes:
                return
            raise error or ClientError("protocol", message="a result whose id is null")
        if isinstance(number, bool) or not isinstance(number, int):
            raise ClientError("protocol", message="an id that is no integer")
        if "first-come" in mistakes and self.waiting:
            number = next(iter(self.waiting))
        if number not in self.waiting and "unknown-id-is-fatal" in mistakes:
            raise ClientError("protocol", message="unknown id")
        future = self.waiting.pop(number, None)
        self.answered = True
        self.client.failures = 0
        if future and not future.done():
            if error:
                future.set_exception(error)
            else:
                future.set_result(answer["result"])

    def _refusal(self, error):
        code = error.get("code") if isinstance(error, dict) else None
        if isinstance(code, bool) or not isinstance(code, int) or not isinstance(error.get("message"), str):
            raise ClientError("protocol", message="an error without code or message")
        data = error.get("data") if isinstance(error.get("data"), dict) else {}
        kept = {} if "drops-data" in self.client.mistakes else {key: data[key] for key in FIELDS if key in data}
        kind = "deadline" if code == -32001 and "refuses-deadlines" not in self.client.mistakes else "refused"
        return ClientError(kind, code=code, message=error["message"], **kept)

    async def read_what_has_arrived(self):
        """Our time is over, but answers may have come while this process did not run."""
        while self.usable and select.select([self.socket], [], [], 0)[0]:
            await asyncio.sleep(0)
        await asyncio.sleep(0)

    def end_by_us(self, why=None):
        self.close()
        self._end(why or ConnectionEnded())

    def send(self, method, params):
        number = self.next_id
        if "constant-id" not in self.client.mistakes:
            self.next_id += 1
        if "string-ids" in self.client.mistakes:
            number = str(number)
        future = asyncio.get_running_loop().create_future()
        self.waiting[number] = future
        request = {"jsonrpc": "2.0", "id": number, "method": method}
        if params is not None:
            request["params"] = params
        self._write(request)
        return number, future

    def withdraw(self, number):
        if self.waiting.pop(number, None) is not None and self.usable and "no-cancel" not in self.client.mistakes:
            key = "requestId" if "wrong-cancel" in self.client.mistakes else "id"
            self._write({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {key: number}})

    def _write(self, message):
        self.unsent += json.dumps(message, separators=(",", ":")).encode("utf-8") + b"\n"
        if self.sender is None or self.sender.done():
            self.sender = asyncio.ensure_future(self._send_unsent())

    async def _send_unsent(self):
        try:
            while self.unsent:
                data, self.unsent = self.unsent, bytearray()
                await asyncio.get_running_loop().sock_sendall(self.socket, data)
        except (ConnectionResetError, BrokenPipeError):
            if "reads-after-writing" in self.client.mistakes:
                self.end_by_us()
            # Else what can be read is read first.
        self.wrote.set()


class Client:
    def __init__(self, path=None, mistakes=()):
        self.mistakes = mistakes
        default = "/run/imattrd/imattrd.sock"
        if "empty-is-a-path" in mistakes:
            self.path = path or os.environ.get("IMATTRD_SOCKET", default)
        elif "ignores-path" in mistakes:
            self.path = os.environ.get("IMATTRD_SOCKET") or default
        else:
            self.path = path or os.environ.get("IMATTRD_SOCKET") or default
        self.connection = None
        self.was_connected = False
        self.failures = 0
        self.lock = asyncio.Lock()
        self.unfinished = []

    # One request

    async def request(self, method, params, timeout_ms, sends_timeout=False):
        begin = time.monotonic()
        deadline = begin + timeout_ms / 1000
        while True:
            connection = await self._connect(deadline)
            if sends_timeout:
                left = timeout_ms if "same-timeout" in self.mistakes else (deadline - time.monotonic()) * 1000
                params = {**params, "timeoutMs": max(1, int(left / 1000 if "seconds" in self.mistakes else left))}
                if "no-timeout" in self.mistakes:
                    del params["timeoutMs"]
            try:
                return await self._exchange(connection, method, params, deadline)
            except ConnectionEnded:
                if "no-repeat" in self.mistakes:
                    raise ClientError("lost", message="the connection ended") from None
            except ClientError as error:
                await self._wait_to_repeat(error, connection, deadline)

    async def _exchange(self, connection, method, params, deadline):
        number, future = connection.send(method, params)
        grace = 3600 if "no-own-deadline" in self.mistakes else 1
        try:
            limit = deadline + grace
            await asyncio.wait([future], timeout=max(0, limit - time.monotonic()))
            looks_at_the_clock_first = "gives-up-first" in self.mistakes and time.monotonic() >= limit
            if not future.done():
                await connection.read_what_has_arrived()
            if future.done() and not looks_at_the_clock_first:
                return future.result()
            connection.withdraw(number)
            raise ClientError("deadline", message="no answer in time")
        except asyncio.CancelledError:
            connection.withdraw(number)
            raise

    async def _wait_to_repeat(self, error, connection, deadline):
        """Returns when a refusal because of the daemon's end may be repeated; raises it if it is another."""
        repeats_all = "repeats-everything" in self.mistakes and error.fields.get("retryable")
        if error.fields.get("code") != -32004 and not repeats_all or "no-repeat-32004" in self.mistakes:
            raise error
        if self.connection is connection and "same-connection" not in self.mistakes:
            self.connection = None
            connection.usable = False
            if "drops-others" in self.mistakes:
                connection.end_by_us()
        pause = error.fields.get("retryAfterMs", 0) / 1000
        if "ignores-retry-after" in self.mistakes:
            pause = 0
        if "storm" not in self.mistakes:
            pause = max(pause, FIRST_PAUSE)
        if time.monotonic() + pause > deadline:
            raise ClientError("lost", message="the daemon is going away")
        await asyncio.sleep(pause)

    async def _connect(self, deadline):
        async with self.lock:
            if "connection-per-call" in self.mistakes:
                self.connection = None
            if self.connection is not None and (self.connection.usable or "keeps-bad-connection" in self.mistakes):
                return self.connection
            while True:
                if self.failures and "storm" not in self.mistakes:
                    await self._back_off(deadline)
                try:
                    connected = await self._connected_socket()
                except OSError as error:
                    await self._connect_failed(error, deadline)
                    continue
                self.was_connected = True
                self.connection = Connection(self, connected)
                return self.connection

    async def _connected_socket(self):
        connected = socket.socket(socket.AF_UNIX)
        connected.setblocking(False)
        try:
            connected.connect(self.path)
        except OSError:
            connected.close()
            raise
        return connected

    async def _connect_failed(self, error, deadline):
        name = errno.errorcode.get(error.errno, str(error.errno))
        again = self.was_connected and error.errno in (errno.ENOENT, errno.ECONNREFUSED)
        if "waits-for-first" in self.mistakes:
            again = error.errno != errno.EACCES
        if "gives-up-reconnecting" in self.mistakes:
            again = False
        if not again and error.errno != errno.EAGAIN:
            message = f"{self.path}: {error.strerror}"
            if error.errno == errno.EACCES and "no-group-hint" not in self.mistakes:
                message += " (are you in the group imattr?)"
            raise ClientError("unreachable", path=self.path, errno=name, message=message)
        self.failures += 1
        if "storm" in self.mistakes:
            await asyncio.sleep(0.001)
        if time.monotonic() >= deadline:
            raise ClientError("lost", message="the daemon did not come back")

    async def _back_off(self, deadline):
        pause = min(1, FIRST_PAUSE * 2 ** min(self.failures - 1, 10)) * random.uniform(1, 1.3)
        left = deadline - time.monotonic()
        if pause >= left:
            await asyncio.sleep(max(0, left))
            raise ClientError("lost", message="the daemon did not come back")
        await asyncio.sleep(pause)

    # getAttrs and its kin

    async def get_attrs_request(self, accounts, timeout_ms, max_age_ms, partial=False):
        params = {"To_Account": accounts}
        if partial and "no-partial" not in self.mistakes:
            params["partial"] = True
        if max_age_ms is not None and "no-max-age" not in self.mistakes:
            params["maxAgeMs"] = max_age_ms
        result = await self.request("getAttrs", params, timeout_ms, sends_timeout=True)
        if "trusts-any-json" not in self.mistakes:
            check_shape(result, self.connection, partial)
        result["failed"] = [failed_entry(entry) for entry in result.get("failed", [])] if partial else []
        return result

    async def partial_request(self, accounts, timeout_ms, max_age_ms):
        """The same with `partial`; (result, error): an error about accounts is that of each, and beside them."""
        try:
            return await self.get_attrs_request(accounts, timeout_ms, max_age_ms, True), None
        except ClientError as error:
            if not about_accounts(error.fields) or "partial-ends-with-a-request" in self.mistakes:
                raise
            entries = [failed_entry({**error.fields, "To_Account": account}) for account in dict.fromkeys(accounts)]
            return {"UserAttrs": [], "missing": [], "failed": entries}, error

    async def get_attrs(self, accounts, timeout_ms=30000, max_age_ms=None, partial=False):
        self.check_arguments(accounts, timeout_ms, max_age_ms, partial)
        merged = {"UserAttrs": [], "missing": []}
        found, missing, failed, listed, errors = {}, {}, {}, [], []
        size = 10000 if "no-split" in self.mistakes else 500
        batches = [accounts[start : start + size] for start in range(0, len(accounts), size)]
        if not accounts and "asks-for-nothing" in self.mistakes:
            batches = [[]]
        window = asyncio.Semaphore({"sequential": 1, "no-window": 1000}.get(next(iter(self.mistakes), ""), 32))
        deadline = time.monotonic() + timeout_ms / 1000

        async def one(batch):
            async with window:
                left = max(1, min(timeout_ms, int((deadline - time.monotonic()) * 1000)))
                if partial:
                    return await self.partial_request(batch, left, max_age_ms)
                return await self.get_attrs_request(batch, left, max_age_ms), None

        if "deadline-of-each-request" in self.mistakes:
            deadline = time.monotonic() + 1e6
        for result, error in await all_or_first_error([one(batch) for batch in batches], self.mistakes):
            errors += [error] if error else []
            failed.update({entry["To_Account"]: entry for entry in result["failed"]})
            for user in result["UserAttrs"]:
                found.setdefault(self._key(user["To_Account"]), user)
            for account in result["missing"]:
                missing.setdefault(self._key(account), account)
            listed += result.get("ErrorList", [])
        if "order-of-answers" in self.mistakes:
            merged["UserAttrs"], merged["missing"] = sorted(found.values(), key=str), sorted(missing.values())
        elif "keeps-duplicates" in self.mistakes and len(batches) > 1:
            merged["UserAttrs"] = [found[self._key(account)] for account in accounts if self._key(account) in found]
            merged["missing"] = [account for account in accounts if self._key(account) in missing]
        else:
            merged["UserAttrs"], merged["missing"] = list(found.values()), list(missing.values())
        if listed and "drops-error-list" not in self.mistakes:
            merged["ErrorList"] = listed
        if errors and not found and not missing:
            raise errors[0]
        if partial and "drops-failed" not in self.mistakes:
            merged["failed"] = [entry for account, entry in failed.items() if account not in {**found, **missing}]
        return merged

    def _key(self, account):
        import unicodedata

        return unicodedata.normalize("NFC", account) if "normalizes" in self.mistakes else account

    def check_arguments(self, accounts, timeout_ms, max_age_ms=None, partial=False, batch=1, in_flight=1):
        if "no-argument-check" in self.mistakes:
            return
        if "no-type-check" not in self.mistakes:
            check_type("accounts", not isinstance(accounts, str) and hasattr(accounts, "__iter__"))
            check_type("timeout", is_integer(timeout_ms))
            check_type("maxAge", max_age_ms is None or is_integer(max_age_ms))
            check_type("partial", isinstance(partial, bool))
            check_type("batch", is_integer(batch) and 1 <= batch <= 10000)
            check_type("inFlight", is_integer(in_flight) and 1 <= in_flight <= 1024)
        for index, account in enumerate(accounts):
            self.check_account(account, index)
        for name, value, low, high in (("timeout", timeout_ms, 1, 600000), ("maxAge", max_age_ms, 0, 3600000)):
            if value is not None and not low <= value <= high:
                raise ClientError("argument", message=f"{name}: {value} ms is not from {low} to {high} ms")

    def check_account(self, account, index):
        size = -1
        if isinstance(account, str):
            try:
                size = len(account) if "counts-characters" in self.mistakes else len(account.encode("utf-8"))
            except UnicodeEncodeError:
                pass
        if not 1 <= size <= 255:
            place = "" if "no-index" in self.mistakes else f" {index}"
            raise ClientError("argument", message=f"account{place} is no text of 1 to 255 bytes of UTF-8")

    async def ping(self):
        result = await self.request("ping", None, 30000)
        if result != "pong" and "trusts-any-json" not in self.mistakes:
            self.drop()
            raise ClientError("protocol", message="ping got something else than pong")
        return result

    def drop(self):
        connection, self.connection = self.connection, None
        if connection:
            connection.end_by_us()

    async def close(self):
        if self.connection:
            connection, self.connection = self.connection, None
            connection.end_by_us(ClientError("cancelled", message="the client was closed"))


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def check_type(name, is_good):
    if not is_good:
        raise ClientError("argument", message=f"{name} is of a wrong type, or out of range")


def about_accounts(error):
    code = error.get("code")
    return code in ABOUT_ACCOUNTS or code is not None and not -32768 <= code <= -32000 or error["kind"] == "deadline"


def failed_entry(fields):
    """What is known of an account that failed, from an entry of `failed` or an error."""
    fields = {"code": -32001, "retryable": True, **fields}
    return {key: fields[key] for key in [*FAILED, *FAILED_FIELDS] if key in fields}


def check_shape(result, connection, partial):
    texts = lambda values: isinstance(values, list) and all(isinstance(value, str) for value in values)
    users = result.get("UserAttrs") if isinstance(result, dict) else None
    good = isinstance(users, list) and texts(result.get("missing")) and isinstance(result.get("ErrorList", []), list)
    failed = result.get("failed", []) if good and partial else []
    good = good and isinstance(failed, list) and all(is_failed_account(entry) for entry in failed)
    good = good and all(
        isinstance(user, dict) and isinstance(user.get("To_Account"), str) and isinstance(user.get("Attrs"), dict)
        for user in users
    )
    if not good:
        if connection:
            connection.client.drop()
        raise ClientError("protocol", message="a result of getAttrs of another shape")


def is_failed_account(entry):
    return isinstance(entry, dict) and all(isinstance(entry.get(key), kind) for key, kind in FAILED.items())


async def all_or_first_error(requests, mistakes=()):
    tasks = [asyncio.ensure_future(request) for request in requests]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        if "leaves-rest" not in mistakes:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def stream(client, accounts, batch, in_flight, timeout_ms, max_age_ms, partial, state):
    """Yields one event an account; `state["taken"]` counts what was taken from the iterator."""
    mistakes = client.mistakes
    iterator = iter(accounts)
    tasks = {}
    exhausted = False

    def fill():
        nonlocal exhausted
        limit = 10**9 if "reads-everything" in mistakes else in_flight
        while not exhausted and len(tasks) < limit:
            chunk = []
            for account in iterator:
                state["taken"] += 1
                client.check_account(account, state["taken"] - 1)
                chunk.append(account)
                if len(chunk) == batch:
                    break
            if not chunk:
                exhausted = True
                break
            ask = client.partial_request if partial else client.get_attrs_request
            tasks[asyncio.ensure_future(ask(chunk, timeout_ms, max_age_ms))] = None

    try:
        while True:
            fill()
            if not tasks:
                return
            if "in-order" in mistakes:
                done = [next(iter(tasks))]
                await asyncio.wait(done)
            else:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            # What was answered is yielded before an error ends it.
            for task in sorted(done, key=lambda task: task.exception() is not None):
                result = task.result()[0] if partial else task.result()
                if "frees-early" in mistakes:
                    del tasks[task]
                    fill()
                listed = {entry["To_Account"]: entry for entry in result.get("ErrorList", [])}
                if "missing-first" not in mistakes:
                    for user in result["UserAttrs"]:
                        yield {"user": {"To_Account": user["To_Account"], "Attrs": user["Attrs"]}}
                for account in result["missing"]:
                    entry = {} if "drops-error-list" in mistakes else listed.get(account, {})
                    extra = {key: entry[key] for key in ("ErrorCode", "ErrorInfo") if key in entry}
                    yield {"missing": {"To_Account": account, **extra}}
                if "drops-failed" not in mistakes:
                    for entry in result["failed"]:
                        yield {"failed": entry}
                if "missing-first" in mistakes:
                    for user in result["UserAttrs"]:
                        yield {"user": {"To_Account": user["To_Account"], "Attrs": user["Attrs"]}}
                tasks.pop(task, None)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
