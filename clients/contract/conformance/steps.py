"""The steps of transcripts, each a method."""

import json
import time

from .echo import EchoCount, EchoService

IDLE = 0.4  # seconds without a request after which a held answer is not held any longer
POSITIONS = ["To_Account", "timeoutMs", "maxAgeMs", "partial"]  # of the params of getAttrs


class Failure(Exception):
    """The client did not do what the transcript says."""


class Steps:
    """What is done for each kind of step; Player has what waits, compares and keeps the log."""

    def _step_note(self, step):
        pass

    def _step_do(self, step):
        command = self._substituted(step)
        self._note("client ←", json.dumps(command, ensure_ascii=False))
        self.driver.say(command)

    def _step_says(self, step):
        self._await([step])

    def _step_gets(self, step):
        self._await([step])

    def _step_notified(self, step):
        self._await([step])

    def _step_gone(self, step):
        self._await([step])

    def _step_inAnyOrder(self, step):
        members = []
        for member in step["inAnyOrder"]:
            members += self._yields(member) if "yields" in member else [member]
        self._await(members)

    def _step_yields(self, step):
        for member in self._yields(step):
            self._await([member])

    @staticmethod
    def _yields(step):
        """A `says` for each account that a stream is to yield."""
        events = [{"call": step["yields"], "user": user} for user in step.get("users", [])]
        events += [{"call": step["yields"], "missing": entry} for entry in step.get("missing", [])]
        events += [{"call": step["yields"], "failed": entry} for entry in step.get("failed", [])]
        return [{"says": event} for event in events]

    def _step_accept(self, step):
        deadline = time.monotonic() + self.patience()
        while not self.stage.arrived:
            limit = self._limit(deadline, self._unexpected())
            if not self._pump(limit):
                raise Failure(f"expected a new connection; got {'; '.join(self._pending()) or 'nothing'}")
        self.current = self.stage.arrived.popleft()
        self.names[step["accept"]] = self.current
        self._note("accepted", f"connection {self.current.number}")

    def _step_answers(self, step):
        number, connection = self.ids[step["answers"]]
        answer = {"jsonrpc": "2.0", "id": number}
        answer.update({key: step[key] for key in ("result", "error") if key in step})
        answer.update(step.get("extra", {}))
        data = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode() + step.get("ending", "\n").encode()
        size = step.get("bytesAtATime", len(data))
        for start in range(0, len(data), size):
            self._send(connection, data[start : start + size])
            if size < len(data):
                connection.wait_until_read(self._tick)

    def _step_sends(self, step):
        connection = self._connection(step.get("on"))
        pieces = step["sends"] if isinstance(step["sends"], list) else [step["sends"]]
        for piece in pieces:
            self._send(connection, self._filled(piece).encode())
            if len(pieces) > 1:
                connection.wait_until_read(self._tick)

    def _step_sendsHex(self, step):
        text = self._filled(step["sendsHex"])
        self._send(self._connection(step.get("on")), bytes.fromhex(text))

    def _step_floods(self, step):
        connection = self._connection(step.get("on"))
        chunk = b"x" * (1 << 20)
        for _ in range(step["floods"] >> 20):
            if not connection.write(chunk, self._tick):
                return

    def _step_stopsReading(self, step):
        self._connection(step["stopsReading"]).reading = False

    def _step_reads(self, step):
        self._connection(step["reads"]).reading = True

    def _step_refusesData(self, step):
        self._connection(step["refusesData"]).refuse_data()

    def _step_closes(self, step):
        connection = self._connection(step["closes"])
        connection.close()
        self._note("closed", f"connection {connection.number}")

    def _step_resets(self, step):
        connection = self._connection(step["resets"])
        connection.reset(time.monotonic() + self.patience())
        self._note("reset", f"connection {connection.number}")

    def _step_vanishes(self, step):
        self.stage.vanish()
        self._note("socket", "is gone")

    def _step_refuses(self, step):
        self.stage.refuse()
        self._note("socket", "refuses connections")

    def _step_listens(self, step):
        self.stage.listen()
        self._note("socket", "accepts connections")

    def _step_forbids(self, step):
        self.stage.forbid()
        self._note("socket", "may not be connected to")

    def _step_frees(self, step):
        self.stage.free()
        self._note("socket", "accepts connections")

    def _step_pauses(self, step):
        end = time.monotonic() + step["pauses"] / 1000
        while time.monotonic() < end:
            self._pump(end)

    def _step_stops(self, step):
        self.driver.child.suspend()
        self._note("client", "is stopped")

    def _step_continues(self, step):
        self.driver.child.resume()
        self._note("client", "continues")

    def _step_nothing(self, step):
        self._step_pauses({"pauses": step["nothing"]})
        if "unlessGone" not in step or not self._connection(step["unlessGone"]).is_given_up():
            self._nothing_left()

    def _step_serves(self, step):
        settings = step["serves"]
        service = EchoService(settings)
        stream = step.get("stream")
        count = EchoCount(stream["prefix"], stream["count"]) if stream else None
        last = time.monotonic()
        while True:
            if time.monotonic() - last > self.patience():
                raise Failure(self._timed_out({"says": step["until"]}))
            if self._serve_events(step["until"], stream, count):
                break
            if self._serve_requests(service, settings.get("timeoutMs", 30000)):
                last = time.monotonic()
            answers = service.answers(idle=time.monotonic() - last > IDLE)
            if answers:
                self._step_pauses({"pauses": settings.get("delayMs", 0)})
            for line in answers:
                self._send(self._connection(), line)
            self._pump(time.monotonic() + IDLE / 4)
        if count and (lack := count.lack()):
            raise Failure(lack)
        if wrong := service.final_complaint():
            raise Failure(wrong)

    def _serve_events(self, until, stream, count):
        """Takes the driver's lines in; True when the last one has come."""
        while (event := self._next_event()) is not None:
            if stream and event.get("call") == stream["call"] and ("user" in event or "missing" in event):
                if wrong := count.take(event):
                    raise Failure(wrong)
            elif wrong := self._event_complaint(until, event):
                raise Failure(wrong)
            else:
                return True
        if self.driver.ended:
            raise Failure("the driver ended")
        return False

    def _serve_requests(self, service, longest):
        connection = self._connection_for_request(None)
        took = False
        while connection and (came := self._next_request(connection)) is not None:
            took = True
            params = {"To_Account": {"$any": True}, "timeoutMs": {"$between": [1, longest]}}
            wanted = {"gets": {"method": "getAttrs", "params": params}}
            if wrong := self._request_complaint(wanted, *came[1:]) or service.take(*self._asked(came[2]), came[3]):
                raise Failure(wrong)
        return took

    @staticmethod
    def _asked(params):
        """(accounts, timeoutMs) of the params of getAttrs."""
        params = dict(zip(POSITIONS, params)) if isinstance(params, list) else params
        return params["To_Account"], params["timeoutMs"]

    def _step_slams(self, step):
        settings = step["slams"]
        after = settings["after"]
        closed = 0
        waiting = []
        deadline = time.monotonic() + self.patience()
        while True:
            while self.stage.arrived:
                waiting.append(self.stage.arrived.popleft())
            for connection in [one for one in waiting if one.lines or one.ended or after == "accept"]:
                waiting.remove(connection)
                if after == "refusal" and (came := self._next_request(connection)) is not None:
                    error = {"code": -32004, "message": "the daemon is shutting down"}
                    answer = {"jsonrpc": "2.0", "id": came[3], "error": error}
                    self._send(connection, json.dumps(answer).encode() + b"\n")
                connection.close()
                closed += 1
            if closed > settings["atMost"]:
                raise Failure(f"{closed} connections; at most {settings['atMost']} were expected with back-off")
            if (event := self._next_event()) is not None:
                break
            if not self._pump(deadline):
                raise Failure(self._timed_out({"says": step["until"]}))
        if wrong := self._event_complaint(step["until"], event):
            raise Failure(wrong)
        if closed < settings.get("atLeast", 1):
            raise Failure(f"{closed} connections; at least {settings['atLeast']} were expected")
