"""Notices: each transition as one JSON to an address. They neither delay nor fail a wait."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from queue import Empty, Full, Queue
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from .. import Clock, __version__
from ..events import Event, Finished, HoldExtended, LookFailed, Measured, StartupProgressed
from . import _stdio
from ._addresses import is_loopback
from ._invocations import Default
from ._jobs import Ending, Job, Result, ShownEnvironment, ShownTargets
from ._json import event_object, job_object, outcome_object, record, target_object

#: Seconds after which a receiver that does not answer is given up, and for which the end of the
#: command waits for the last notices.
LIMIT_S = 5.0
# Notices that wait for a slow receiver; more are dropped.
_MOST_WAITING = 200
# These say how a wait goes on, not that something has changed.
_NO_TRANSITIONS = (LookFailed, Measured, StartupProgressed, HoldExtended)


class NotifyView:
    """Posts what `--json` would print of each transition, without lines of a log."""

    def __init__(self, notices: Notices, clock: Clock, label: str | None = None) -> None:
        """Prepare.

        Args:
            notices: Posts them.
            clock: The clock of the waits.
            label: The target, if it is one of several.
        """
        self._notices = notices
        self._clock = clock
        self._label = label
        self._job: Job | None = None

    def note(self, text: str) -> None:
        """Do nothing: notes are for people."""

    def begin(self, job: Job) -> None:
        """Post the subject, with its token."""
        self._job = job
        self._post("began", job_object(job))

    def event(self, event: Event) -> None:
        """Post a transition. `end` posts the end of the wait."""
        if not isinstance(event, (Finished, *_NO_TRANSITIONS)):
            self._post("event", event_object(event))

    def look(self, shown: ShownEnvironment, at: float) -> None:
        """Do nothing: nobody promotes through this command."""

    def defaults(self, defaults: Sequence[Default]) -> None:
        """Do nothing."""

    def result(self, result: Result) -> None:
        """Post the targets that have not ended."""
        if isinstance(result, ShownTargets):
            for row in result.rows:
                if not row.is_ended:
                    self._post("target", target_object(row))

    def members(self, labels: Sequence[str]) -> Sequence[NotifyView]:
        """Views whose notices name the target."""
        return [NotifyView(self._notices, self._clock, label) for label in labels]

    def end(self, ending: Ending) -> None:
        """Post the outcome; at the end of the command, wait a moment until everything is sent."""
        content = outcome_object(ending, ending.job or self._job)
        content["log"] = []
        if self._label is not None:
            self._post("target", content)
            return
        self._post("outcome", content)
        lost = self._notices.finish()
        if lost:
            _stdio.complain(f"--notify: {lost} of {self._notices.count} notices did not arrive")

    def close(self) -> None:
        """Do nothing: `end` has sent everything."""

    def _post(self, kind: str, content: Mapping[str, Any]) -> None:
        whose = {} if self._label is None else {"target": self._label}
        self._notices.post(record(kind, {**whose, **content}, self._clock.utcnow()))


class Notices:
    """Posts objects from a thread of its own, one after the other, each at most once."""

    def __init__(self, address: str, limit: float = LIMIT_S) -> None:
        """Prepare; the first notice starts the thread.

        Args:
            address: Where to.
            limit: Seconds, see `LIMIT_S`.
        """
        self.count = 0
        self._address = address
        self._limit = limit
        self._arrived = 0
        self._is_over = False
        self._waiting: Queue[bytes | None] = Queue(_MOST_WAITING)
        # The process does not wait for it when it ends.
        self._thread = threading.Thread(target=self._send_all, name="notices", daemon=True)

    def post(self, content: Mapping[str, Any]) -> None:
        """Post an object as soon as those before are posted. Returns at once."""
        self.count += 1
        if self.count == 1:
            self._thread.start()
        self._put(json.dumps(content).encode())

    def finish(self) -> int:
        """Wait a moment for the last notices. Returns how many did not arrive."""
        if self.count:
            self._put(None)
            self._thread.join(self._limit)
            self._is_over = True
        return self.count - self._arrived

    def _put(self, body: bytes | None) -> None:
        while True:
            try:
                return self._waiting.put_nowait(body)
            except Full:
                with suppress(Empty):
                    self._waiting.get_nowait()  # the newest matter more

    def _send_all(self) -> None:
        opener = _opener(self._address)
        while (body := self._waiting.get()) is not None and not self._is_over:
            self._arrived += self._send(opener, body)

    def _send(self, opener: OpenerDirector, body: bytes) -> bool:
        headers = {"Content-Type": "application/json", "User-Agent": f"aiobaseten/{__version__}"}
        request = Request(self._address, body, headers, method="POST")  # noqa: S310 - it was checked
        try:
            with opener.open(request, timeout=self._limit):
                return True
        except (OSError, HTTPException, ValueError):
            return False


class _NoRedirects(HTTPRedirectHandler):
    """A redirect is a failure: the address was checked, and the next one was not."""

    def http_error_302(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any) -> None:
        """Leave it to the next handler, which raises an error."""

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _opener(address: str) -> OpenerDirector:
    """Loopback is reached directly, whatever the proxies of the environment are."""
    direct = is_loopback(urlsplit(address).hostname or "")
    return build_opener(ProxyHandler({} if direct else None), _NoRedirects)
