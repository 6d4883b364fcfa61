"""One span of OpenTelemetry for each wait, with its events, if the program uses OpenTelemetry.

It is looked up among the modules that are loaded: whoever wants spans has loaded it, and nobody
else pays for it.
"""

from __future__ import annotations

import sys
from typing import Any

from attrs import fields

from .._version import __version__
from ..events import Event


class WaitSpan:
    """The span of a wait, from its beginning on. Does nothing without OpenTelemetry.

    It is not the current span of anybody: looks serve many waits, and belong to none.
    """

    __slots__ = ("_span", "_trace")

    def __init__(self, trace: Any, span: Any) -> None:
        """Store the module and its span, or ``None`` for both."""
        self._trace = trace
        self._span = span

    def add(self, events: tuple[Event, ...]) -> None:
        """Add what the wait has seen."""
        if self._span is None:
            return
        for event in events:
            values = {one.name: getattr(event, one.name) for one in fields(type(event))}
            self._span.add_event(
                type(event).__name__,
                {
                    f"aiobaseten.{name}": value
                    for name, value in values.items()
                    if isinstance(value, str | int | float)
                },
            )

    def end(self, error: BaseException | None) -> None:
        """End it, with the error of the wait if there is one. Safe to call twice."""
        if self._span is None:
            return
        if error is not None:
            status = self._trace.Status(self._trace.StatusCode.ERROR, str(error))
            self._span.record_exception(error)
            self._span.set_status(status)
        self._span.end()
        self._span = None


_NO_SPAN = WaitSpan(None, None)


def start_span(subject: str) -> WaitSpan:
    """Start the span of a wait, as a child of the caller's span.

    Args:
        subject: What is waited for.
    """
    trace: Any = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return _NO_SPAN
    tracer = trace.get_tracer("aiobaseten", __version__)
    attributes = {"aiobaseten.subject": subject}
    return WaitSpan(trace, tracer.start_span("aiobaseten.wait", attributes=attributes))
