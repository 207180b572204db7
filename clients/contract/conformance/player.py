"""Plays a transcript to a driver: one thread, one loop that takes in what the client does."""

import re
import select
import time

from .driver import Driver, DriverFailure, parsed
from .matching import complaint, shown
from .stage import NoRequest, Stage
from .steps import POSITIONS, Failure, Steps

STEP_PATIENCE = 25.0  # seconds for what a step waits for
PENDING_PATIENCE = 6.0  # the same when something else has come instead
SYSTEM_PATH = "/run/imattrd/imattrd.sock"


class Player(Steps):
    """What waits and compares; the steps themselves are in Steps."""

    def __init__(self, transcript, command, folder, features):
        self.transcript = transcript
        self.features = features
        self.folder = folder
        self.stage = Stage(folder / "daemon.sock")
        self.names = {}  # connections
        self.current = None
        self.ids = {}  # name of a request: (id, connection)
        self.log = []
        self.begin = time.monotonic()
        self.step_began = self.begin
        self.position = 1
        self.driver = None
        self.command = command
        accepts = [step for step in transcript.steps if "accept" in step]
        self.reading = [step.get("reading", True) for step in accepts]

    @staticmethod
    def patience():
        """Seconds for what a step waits for."""
        return STEP_PATIENCE

    # The whole of it

    def play(self):
        """Raises Failure; what was said is in `log`."""
        try:
            self._set_up_socket()
            with Driver(self.command, self.folder, self._environment(), obeys_modes=True) as self.driver:
                try:
                    self.driver.hello()
                    for self.position, step in enumerate(self.transcript.steps, 2):
                        kind = self.transcript.kind(step)
                        getattr(self, f"_step_{kind}")(step)
                        self.step_began = time.monotonic()
                    self.position = None
                    self._finish()
                except (DriverFailure, NoRequest) as error:
                    raise Failure(str(error)) from None
                except Failure as failure:
                    raise Failure(f"{failure}{self.driver.complaints()}") from None
        finally:
            self.stage.end()

    def _set_up_socket(self):
        state = self.transcript.header.get("socket", "listening")
        {
            "listening": self.stage.listen,
            "absent": self.stage.vanish,
            "refusing": self.stage.refuse,
            "forbidden": self.stage.forbid,
            "full": self.stage.fill,
        }[state]()

    def _environment(self):
        return {"set": self.stage.path, "empty": "", "unset": None}[self.transcript.header.get("environment", "set")]

    def _finish(self):
        """The end: no more input, no more output, exit 0."""
        self.driver.end_input()
        deadline = time.monotonic() + STEP_PATIENCE
        while not self.driver.ended:
            if not self._pump(deadline):
                raise Failure("the driver did not end after the end of its input")
        self._nothing_left()
        status = self.driver.child.wait(STEP_PATIENCE)
        if status != 0:
            raise Failure(f"the driver exited {status}")

    # What comes in

    def _note(self, who, what):
        text = what if isinstance(what, str) else what.decode("utf-8", "backslashreplace")
        cut = text[:400] + ("…" if len(text) > 400 else "")
        self.log.append(f"{time.monotonic() - self.begin:8.3f} s  {who:<9} {cut.rstrip()}")

    def _pump(self, deadline):
        """Waits for something to come and takes it in; False if nothing came until the deadline."""
        sources = self.stage.descriptors()
        if not self.driver.ended:
            sources.append(self.driver)
        readable, _, _ = select.select(sources, [], [], max(0, deadline - time.monotonic()))
        self._take_in()
        return bool(readable)

    def _take_in(self):
        number = len(self.stage.connections)
        self.stage.read(self.reading[number] if number < len(self.reading) else True)
        self.driver.read()

    def _tick(self, seconds=0.002):
        self._pump(time.monotonic() + seconds)

    def _next_event(self):
        """The driver's next line, None if there is none yet."""
        if not self.driver.lines:
            return None
        line = self.driver.lines.popleft()
        self._note("client →", line)
        return parsed(line)

    def _next_request(self, connection):
        """(line, method, params, id) of a connection, None if there is none yet."""
        if not connection.lines:
            return None
        line = connection.lines.popleft()
        self._note(f"request {connection.number}", line)
        return (line, *connection.request(line))

    def _pending(self):
        """What has come and was not expected yet, for a message."""
        found = [f"the driver said {shown(line.decode('utf-8', 'replace'))}" for line in list(self.driver.lines)[:2]]
        found += ["a new connection came" for _ in list(self.stage.arrived)[:1]]
        for connection in self.stage.connections:
            if not connection.closed:
                for line in list(connection.lines)[:2]:
                    found.append(f"connection {connection.number}: {shown(line.decode('utf-8', 'replace'))}")
                if connection.ended:
                    found.append(f"the client has closed connection {connection.number}")
        return found

    def _unexpected(self):
        """As _pending, without the connections that were closed, which is no surprise."""
        return [text for text in self._pending() if not text.startswith("the client has closed")]

    def _nothing_left(self):
        if found := self._unexpected():
            raise Failure(f"something more than the transcript says: {'; '.join(found)}")

    # Waiting for several things

    def _await(self, members):
        """Waits until each member (`says`, `gets`, `notified`, `gone`) has come, in any order."""
        open_members = list(members)
        deadline = time.monotonic() + STEP_PATIENCE
        while open_members:
            if self._progress(open_members):
                continue
            limit = self._limit(deadline, self._unexpected())
            if self.driver.ended and not self.driver.lines:
                status = self.driver.child.wait(5)
                raise Failure(f"the driver ended (status {status}); expected {shown(open_members[0])}")
            if not self._pump(limit):
                raise Failure(self._timed_out(open_members[0]))

    def _limit(self, deadline, others):
        """Until when to wait if other things have come than what is waited for."""
        return min(deadline, self.step_began + PENDING_PATIENCE) if others else deadline

    def _timed_out(self, member):
        got = "; ".join(self._pending()) or "nothing"
        return f"expected {shown(member)}; got {got} within {time.monotonic() - self.step_began:.0f} s"

    def _progress(self, members):
        """Takes one thing in that a member waits for; False if there is none."""
        says = [member for member in members if "says" in member]
        if says and (event := self._next_event()) is not None:
            members.remove(self._which(says, lambda member: self._event_complaint(member["says"], event)))
            return True
        for member in [member for member in members if "gone" in member]:
            connection = self._connection(member["gone"])
            if connection.ended and not connection.lines:
                members.remove(member)
                return True
        if "reconnect" not in self.features and self._withdrawn_by_closing(members):
            return True
        wanted = [member for member in members if "gets" in member or "notified" in member]
        return self._progress_of_requests(wanted, members)

    def _withdrawn_by_closing(self, members):
        """A client that keeps no connection may withdraw a request by closing it."""
        for member in members:
            if "notified" in member and member["notified"]["method"] == "$/cancelRequest":
                connection = self._connection(member.get("on"))
                if connection.ended and not connection.lines:
                    members.remove(member)
                    return True
        return False

    def _progress_of_requests(self, wanted, members):
        for name in dict.fromkeys(member.get("on") for member in wanted):
            connection = self._connection_for_request(name)
            if connection is None or (came := self._next_request(connection)) is None:
                continue
            of_connection = [member for member in wanted if member.get("on") == name]
            member = self._which(of_connection, lambda member: self._request_complaint(member, *came[1:]))
            if "gets" in member:
                self.ids[member.get("id", "")] = (came[3], connection)
            members.remove(member)
            return True
        return False

    def _which(self, members, complaint_of):
        """The first member without a complaint."""
        complaints = []
        for member in members:
            found = complaint_of(member)
            if found is None:
                return member
            complaints.append(found)
        raise Failure(complaints[0] if len(complaints) == 1 else f"fits none of {len(complaints)}: {complaints[0]}")

    def _event_complaint(self, pattern, event):
        pattern = self._substituted(pattern)
        # A message is for people: each error may have one, whether or not the pattern names it.
        if isinstance(event, dict) and isinstance(event.get("error"), dict) and isinstance(pattern, dict):
            wanted = pattern.get("error")
            if isinstance(wanted, dict) and "kind" in wanted and "message" not in wanted:
                pattern = {**pattern, "error": {**wanted, "message": {"$absentOr": {"$contains": ""}}}}
        return complaint(pattern, event)

    def _request_complaint(self, member, method, params, number):
        wanted = self._substituted(member.get("gets") or member.get("notified"))
        if ("gets" in member) != (number is not None):
            kind = "a request" if "gets" in member else "a notification"
            return f"expected {kind} {wanted['method']}, got {method} with id {number}"
        if method != wanted["method"]:
            return f"method: expected {wanted['method']!r}, got {method!r}"
        if method == "getAttrs":
            if isinstance(params, list) and len(params) <= len(POSITIONS):
                params = dict(zip(POSITIONS, params))
            defaults = {"timeoutMs": {"$between": [1, 30000]}, "maxAgeMs": {"$absentOr": 0}}
            defaults["partial"] = {"$absentOr": False}
            return complaint({**defaults, **wanted.get("params", {})}, params, "params")
        if "params" not in wanted:
            return None if params in (None, {}, []) else f"expected no params, got {shown(params)}"
        return complaint(wanted["params"], params, "params")

    def _substituted(self, value):
        """The pattern with `${socket}` and `${NAME of a request}` put in."""
        if isinstance(value, str) and "${" in value:
            whole = re.fullmatch(r"\$\{(\w+)\}", value)
            if whole and whole[1] in self.ids:
                return self.ids[whole[1]][0]
            return self._filled(value)
        if isinstance(value, list):
            return [self._substituted(element) for element in value]
        if isinstance(value, dict):
            return {key: self._substituted(inner) for key, inner in value.items()}
        return value

    def _filled(self, text):
        def known(found):
            name = found[1]
            if name == "socket":
                return self.stage.path
            return str(self.ids[name][0]) if name in self.ids else found[0]

        return re.sub(r"\$\{(\w+)\}", known, text)

    # Connections

    def _connection(self, name=None):
        connection = self.current if name in (None, True) else self.names.get(name)
        if connection is None:
            raise Failure(f"the transcript speaks of a connection {name!r} that was not accepted")
        return connection

    def _connection_for_request(self, name):
        if name is not None:
            return self._connection(name)
        # The first connection need not be accepted by a step. A client that keeps none makes one for each request.
        replaceable = self.current is None or ("reconnect" not in self.features and self.current.ended)
        if replaceable and self.stage.arrived and not (self.current and self.current.lines):
            self.current = self.stage.arrived.popleft()
        return self.current

    def _send(self, connection, data):
        """Writes while taking in what the client does."""
        self._note(f"answer {connection.number}", data if len(data) < 1000 else data[:1000])
        return connection.write(data, self._tick)
