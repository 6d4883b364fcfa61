"""Numbers in sentences for people."""

from __future__ import annotations

import math


def in_seconds(value: float) -> str:
    """A time with at most three digits, or in whole seconds: ``0.25 s``, ``10.5 s``, ``3600 s``."""
    return f"{value:.0f} s" if value >= 100 else f"{float(f'{value:.3g}'):g} s"


def in_requests(value: float) -> str:
    """A number of requests, which metrics may give in fractions.

    Rounded down, so that it is not shown as enough if it is not.
    """
    return f"{math.floor(value)} requests"
