"""Faults: errors between a client and Baseten, on demand."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal, TypedDict, Unpack

from .timelines import moment

Break = Literal["reset", "cut", "hang", "refuse", "noise"]


class When(TypedDict, total=False):
    """The requests that a fault hits, and when. All is optional; seconds are the fake's.

    Attributes:
        times: Number of requests (default: 1, or no limit with *lasting*).
        lasting: Seconds, from now, after which it hits no more requests (default: no limit).
        after: Number of matching requests to let pass first (default: 0).
        route: Which requests match: ``"GET"``, or ``"GET /v1/chains/{chain_id}"``, or the same with
            real ids (default: every request).
        acts: Whether the request takes effect although its response is lost (default: no; for
            `Faults.delay` and `Faults.cut`: yes).
        delay: Seconds before the response, or before the connection breaks (default: 0).
    """

    times: int | None
    lasting: float | None
    after: int
    route: str | None
    acts: bool
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """The effect of a fault on one response.

    Attributes:
        name: The name of the fault, for messages.
        status: The HTTP status of the response; None keeps the real response.
        body: Its body: bytes unchanged, anything else as JSON.
        content_type: Its media type.
        headers: Its additional headers.
        breaks: How the connection breaks; None if it does not.
        acts: Whether the request takes effect.
        delay: Seconds before the response, or before the connection breaks.
    """

    name: str
    status: int | None = None
    body: Any = None
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    breaks: Break | None = None
    acts: bool = False
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Pause:
    """The effect of a rate limit that holds: all matching requests get 429 until it ends.

    Attributes:
        seconds: Its length, from the request that begins it.
        header: Whether the 429 has a Retry-After header.
    """

    seconds: int
    header: bool


class Fault:
    """A fault that waits for requests. Made by the methods of `Faults`.

    Attributes:
        damage: Its effect on a response.
        hits: Number of requests that it has hit.
    """

    def __init__(
        self,
        damage: Damage,
        *,
        target: tuple[str | None, str | None],
        times: int | None,
        until: float,
        after: int,
        pause: Pause | None = None,
    ) -> None:
        self.damage = damage
        self.hits: int = 0
        self._method, self._path = target
        self._left = times
        self._until = until
        self._after = after
        self._pause = pause
        self._paused_until = -math.inf

    def __repr__(self) -> str:
        target = " ".join(part for part in (self._method, self._path) if part) or "any request"
        left = "" if self._left is None else f", {self._left} left"
        return f"<{self.damage.name} for {target}: {self.hits} hit{left}>"

    def remove(self) -> None:
        """Remove it: it hits no more requests, and is not left over."""
        self._left, self.hits = 0, max(self.hits, 1)
        self._paused_until = -math.inf

    @property
    def left_over(self) -> bool:
        """Whether some of its requests never came."""
        return self.hits == 0 if self._left is None else self._left > 0

    def takes(self, method: str, path: str, template: str | None, now: float) -> bool:
        """Whether it hits this request; counts the hit."""
        if not self._matches(method, path, template):
            return False
        if now < self._paused_until:
            self.hits += 1
            return True
        if self._left == 0 or now >= self._until:
            return False
        if self._after > 0:
            self._after -= 1
            return False
        self.hits += 1
        if self._left is not None:
            self._left -= 1
        if self._pause is not None:
            self._paused_until = moment(now + self._pause.seconds)
        return True

    def damage_at(self, now: float) -> Damage:
        """Its effect on a response at that time: a pause gets shorter."""
        if self._pause is None:
            return self.damage
        left = math.ceil(self._paused_until - now)
        return _rate_limit(left, str(left) if self._pause.header else None, self.damage)

    def _matches(self, method: str, path: str, template: str | None) -> bool:
        if self._method not in (None, method):
            return False
        return self._path is None or self._path in (path, template and plain(template))


class Faults:
    """The faults of a fake. Each method adds one; all take the options of `When`.

    At most one fault hits a request: the oldest that matches.

    Raises:
        TypeError: An option that `When` does not have.
        ValueError: A route that the fake does not have, or an impossible number.
    """

    def __init__(self, routes: Iterable[tuple[str, str]], now: Callable[[], float]) -> None:
        self._routes = tuple(routes)
        self._now = now
        self._faults: list[Fault] = []

    def __repr__(self) -> str:
        return f"<Faults {self._faults}>"

    def status(
        self,
        status: int,
        *,
        body: Any = None,
        headers: Iterable[tuple[str, str]] = (),
        **when: Unpack[When],
    ) -> Fault:
        """Respond with this status. *body* is sent as JSON, bytes unchanged."""
        shown = {"error": f"Fault {status}."} if body is None else body
        return self._add(
            Damage(name=f"status {status}", status=status, body=shown, headers=tuple(headers)), when
        )

    def rate_limited(
        self,
        *,
        retry_after: int | None = 1,
        header: str | None = None,
        holds: bool = False,
        **when: Unpack[When],
    ) -> Fault:
        """Respond with 429 as Baseten does.

        Args:
            retry_after: The seconds to wait, in the body; None leaves them out.
            header: The value of a Retry-After header, which adds one.
            holds: Whether the limit holds, as a real one does: all matching requests get 429 until
                *retry_after* seconds after the first, with the seconds that are left. A *header*
                then has these seconds too. ``times`` is the number of such pauses.
            when: The options of `When`.

        Raises:
            ValueError: A limit that holds has no *retry_after* above 0.
        """
        limit = Damage(name="rate limit")
        if not holds:
            return self._add(_rate_limit(retry_after, header, limit), when)
        if not retry_after or retry_after < 0:
            raise ValueError("a limit that holds needs retry_after: seconds above 0")
        return self._add(limit, when, Pause(retry_after, header is not None))

    def html(self, status: int = 502, **when: Unpack[When]) -> Fault:
        """Respond with an HTML page, as a proxy does."""
        page = f"<html><head><title>{status}</title></head><body>Fault {status}</body></html>\n"
        return self._add(_text(f"HTML page {status}", status, page.encode(), "text/html"), when)

    def empty(self, status: int = 200, **when: Unpack[When]) -> Fault:
        """Respond with a status and no body."""
        return self._add(_text(f"empty response {status}", status, b"", "application/json"), when)

    def garbage(
        self, body: bytes = b'{"id": ', *, status: int = 200, **when: Unpack[When]
    ) -> Fault:
        """Respond with a body that the client does not expect (default: broken JSON)."""
        return self._add(_text(f"garbage {status}", status, body, "application/json"), when)

    def delay(self, seconds: float, **when: Unpack[When]) -> Fault:
        """Let the request take effect, and send the real response late."""
        return self._add(Damage(name="delay"), {"acts": True, **when, "delay": seconds})

    def reset(self, **when: Unpack[When]) -> Fault:
        """Reset the connection instead of responding."""
        return self._add(Damage(name="reset", breaks="reset"), when)

    def cut(self, **when: Unpack[When]) -> Fault:
        """Send half of the real response's body, and close. The request takes effect."""
        return self._add(Damage(name="cut response", breaks="cut"), {"acts": True, **when})

    def hang(self, **when: Unpack[When]) -> Fault:
        """Never respond."""
        return self._add(Damage(name="hang", breaks="hang"), when)

    def noise(self, **when: Unpack[When]) -> Fault:
        """Respond with bytes that are not HTTP."""
        return self._add(Damage(name="noise", breaks="noise"), when)

    def refuse(self, **when: Unpack[When]) -> Fault:
        """Refuse the connection before anything is sent. Over a socket, reset it instead."""
        return self._add(Damage(name="refused connection", breaks="refuse"), when)

    def take(self, method: str, path: str, template: str | None, now: float) -> Damage | None:
        """The damage for this request if a fault hits it, else None."""
        for fault in self._faults:
            if fault.takes(method, path, template, now):
                return fault.damage_at(now)
        return None

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def left_over(self) -> Sequence[Fault]:
        """The faults of whose requests some never came."""
        return [fault for fault in self._faults if fault.left_over]

    def _add(self, damage: Damage, when: When, pause: Pause | None = None) -> Fault:
        unknown = when.keys() - When.__annotations__.keys()
        if unknown:
            raise TypeError(f"faults do not take {min(unknown)!r}: see aiobaseten.testing.When")
        lasting, after = when.get("lasting"), when.get("after", 0)
        times = when.get("times", 1 if lasting is None else None)
        delay = when.get("delay", 0.0)
        for name, value, least in (("times", times, 1), ("after", after, 0)):
            if value is not None and not (isinstance(value, int) and value >= least):
                raise ValueError(f"{name} is a number of requests from {least} up, not {value!r}")
        for name, seconds in (("delay", delay), ("lasting", lasting)):
            if seconds is not None and not 0 <= seconds < math.inf:
                raise ValueError(f"{name} is seconds from 0 up, not {seconds!r}")
        fault = Fault(
            replace(damage, acts=when.get("acts", False), delay=delay),
            target=self._target(when.get("route")),
            times=times,
            until=math.inf if lasting is None else moment(self._now() + lasting),
            after=after,
            pause=pause,
        )
        self._faults.append(fault)
        return fault

    def _target(self, route: str | None) -> tuple[str | None, str | None]:
        """The method and the path template of *route*; None for any."""
        if route is None:
            return None, None
        method, _, path = route.partition(" ")
        known = [template for verb, template in self._routes if verb == method]
        if known and not path:
            return method, None
        if any(plain(path) == plain(template) or fits(path, template) for template in known):
            return method, plain(path)
        every = [f"{verb} {template}" for verb, template in self._routes]
        close = ", ".join(get_close_matches(route, every, n=3, cutoff=0))
        raise ValueError(f"the fake has no route {route!r}; the nearest are: {close}")


def plain(template: str) -> str:
    """A path template without the names of its parameters, which do not matter."""
    return re.sub(r"\{[^}]*\}", "{}", template)


def fits(path: str, template: str) -> bool:
    """Whether *path* matches *template*."""
    pattern = re.escape(plain(template)).replace(re.escape("{}"), "[^/]+")
    return re.fullmatch(pattern, path) is not None


def _rate_limit(retry_after: int | None, header: str | None, damage: Damage) -> Damage:
    """The same fault with the response that Baseten sends above a rate limit."""
    body: dict[str, Any] = {"error": "Rate limit exceeded. Please try again later."}
    if retry_after is not None:
        body["retry_after"] = retry_after
    headers = () if header is None else (("retry-after", header),)
    return replace(damage, status=429, body=body, headers=headers)


def _text(name: str, status: int, body: bytes, content_type: str) -> Damage:
    return Damage(name=name, status=status, body=body, content_type=content_type)
