"""Run the benchmark, and compare the figures with their limits: `make bench`."""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

from attrs import asdict, frozen

from . import fleets, imports, parked, process, schedules
from .timing import Spread

ROOT = Path(__file__).resolve().parents[2]
SCRATCH = ROOT / "build" / "bench"
RESULT = ROOT / "build" / "bench.json"


@frozen
class Figure:
    """A line of the table.

    Attributes:
        what: The name of the measurement.
        value: The figure.
        least: The limit: the figure must not exceed it.
        aim: The aim: the figure should not exceed it.
        unit: The unit of all three.
        note: Details.
    """

    what: str
    value: float
    least: float | None = None
    aim: float | None = None
    unit: str = ""
    note: str = ""

    @property
    def verdict(self) -> str:
        """``aim``, ``ok`` or ``MISSED``; empty without a limit."""
        if self.least is None or self.aim is None:
            return ""
        if self.value <= self.aim:
            return "aim"
        return "ok" if self.value <= self.least else "MISSED"


Part = Callable[[int], tuple[list[Figure], Any]]


def of(spread: Spread) -> str:
    """The quartiles, for a note."""
    return f"half of the rounds between {spread.low:.2f} and {spread.high:.2f}"


def one_call(rounds: int) -> tuple[list[Figure], Any]:
    """CPU time of calls and looks in the client."""
    from . import calls  # imported here: other parts do not need the packages that it compares with

    costs = calls.measure(SCRATCH / "generated_default", rounds=rounds)
    figures = []
    for cost in costs:
        where = f"{cost.over}, {cost.chainlets} chainlet{'s' * (cost.chainlets > 1)}"
        call, look = cost.call_over, cost.look_over
        figures += [
            Figure(
                f"get() / httpx, {where}",
                call[calls.RAW].median,
                1.0,
                0.9,
                note=of(call[calls.RAW]),
            ),
            Figure(
                f"get() / baseten, {where}",
                call[calls.SDK].median,
                0.85,
                0.7,
                note=of(call[calls.SDK]),
            ),
            Figure(
                f"a look / httpx at its pace, {where}",
                look[calls.PACED].median,
                1.05,
                0.9,
                note=f"{look[calls.RAW].median:.2f} of httpx without a pause",
            ),
        ]
        if cost.aiohttp_call_over:
            call, look = cost.aiohttp_call_over, cost.aiohttp_look_over
            figures += [
                Figure(
                    f"get() over aiohttp / httpx, {where}",
                    call[calls.RAW].median,
                    0.4,
                    0.3,
                    note=of(call[calls.RAW]),
                ),
                Figure(
                    f"a look over aiohttp / httpx at its pace, {where}",
                    look[calls.PACED].median,
                    0.6,
                    0.48,
                    note=of(look[calls.PACED]),
                ),
            ]
            call = cost.call_over
        figures += [
            Figure(f"get() / {name}, {where}", call[name].median, note=of(call[name]))
            for name in (calls.GENERATED, calls.AIOHTTP)
            if name in call
        ]
        if calls.GUEST in call:
            guest = cost.microseconds[calls.GUEST] / cost.microseconds[calls.RAW]
            figures.append(
                Figure(f"get() through the caller's httpx client / httpx, {where}", guest)
            )
    return figures, [asdict(cost) for cost in costs]


def whole_process(rounds: int) -> tuple[list[Figure], Any]:
    """CPU time and memory of whole processes."""
    found = process.measure(rounds)
    names = {process.OURS: "a process of aiobaseten", process.OVER_AIOHTTP: "the same over aiohttp"}
    figures = []
    for kind, name in names.items():
        spread, size = found.over_httpx[kind], found.megabytes[kind]
        figures += [
            Figure(
                f"CPU of {name} with {process.REQUESTS} reads / of httpx",
                spread.median,
                note=of(spread),
            ),
            Figure(f"RSS of {name}", size, unit="MB", note=f"httpx: {found.megabytes['raw']:.0f}"),
        ]
    return figures, asdict(found)


def importing(rounds: int) -> tuple[list[Figure], Any]:
    """CPU time of imports."""
    found = imports.measure(ROOT, SCRATCH, rounds=rounds)
    bounds = {
        "import aiobaseten / import httpx": (0.25, 0.2),
        "import aiobaseten / import baseten.client": (0.05, 0.02),
        "from aiobaseten import Baseten / import httpx": (1.8, 1.6),
        "from aiobaseten import Baseten / import baseten.client": (0.25, 0.2),
    }
    figures = [
        Figure(what, found[what].median, *bounds[what], note=of(found[what])) for what in bounds
    ]
    return figures, {what: asdict(spread) for what, spread in found.items()}


def when_to_look(rounds: int) -> tuple[list[Figure], Any]:
    """Schedules, simulated."""
    found = schedules.compare(4000 if rounds > 5 else 1000)
    figures = [
        Figure(
            "requests / best fixed interval with the same p99",
            found.ours.requests / found.fixed.requests,
            0.55,
            0.45,
            note=f"{found.ours.requests:.1f} requests, p99 {found.ours.p99:.2f} s, mean "
            f"{found.ours.mean:.2f} s; every {found.interval:.2f} s takes {found.fixed.requests:.1f}; "
            f"the lower bound without the status is {found.bound:.1f}",
        ),
        Figure(
            "the same if one in ten goes from BUILDING directly to ACTIVE",
            found.skipping.requests / found.fixed.requests,
            note=f"p99 {found.skipping.p99:.1f} s",
        ),
    ]
    return figures, asdict(found)


def sharing(rounds: int) -> tuple[list[Figure], Any]:
    """A thousand waits on forty environments."""
    figures, data = [], []
    for rate in (fleets.RATE, 5.0):
        found = fleets.shared(rate, times=8 if rounds > 5 else 2)
        data.append(asdict(found))
        peers = ", ".join(
            f"{name}: {found.requests / sent:.3f} (p99 {late:.1f} s)"
            for name, (sent, late) in found.peers.items()
        )
        figures.append(
            Figure(
                f"requests / a loop for each wait with the same p99, {rate:g} looks a second",
                found.requests / found.loops,
                0.05,
                0.03,
                note=f"{found.requests:.0f} requests, p99 {found.late.p99:.1f} s; over loops {peers}",
            )
        )
    return figures, data


def weight(rounds: int) -> tuple[list[Figure], Any]:
    """Memory of a parked wait."""
    bounds: dict[str, tuple[float | None, float | None]] = {
        "shared": (2.2, 1.6),
        "own": (3.6, 3.0),
        "bare": (None, None),
    }
    said = {
        "shared": "a wait that shares its resource with nine",
        "own": "a wait on its own resource",
        "bare": "a bare task on a bare future",
    }
    data = {
        kind: [_in_a_process("bench.memory", kind, "rss") / 1000 for _ in range(2)]
        for kind in bounds
    }
    floor = f"RSS, two processes; a bare task takes {median(data['bare']):.2f} kB of it"
    figures = [
        Figure(
            said[kind],
            median(data[kind]),
            *bounds[kind],
            unit="kB",
            note="RSS, two processes" if kind == "bare" else floor,
        )
        for kind in bounds
    ]
    return figures, data


def crowd(rounds: int) -> tuple[list[Figure], Any]:
    """Ten thousand waits and a rate limit."""
    found = fleets.crowded(10_000 if rounds > 5 else 2000)
    where = f"{found.waits} waits, {fleets.LIMIT}/s allowed"
    figures = [
        Figure(f"answers 429, {where}", found.refused, 0, 0, note=f"of {found.requests}"),
        Figure(
            f"p99 staleness / (N/R), {where}",
            found.stale[1] / found.floor,
            1.5,
            1.2,
            note=f"a look every {found.stale[1]:.0f} s; delay of the result: p99 "
            f"{found.late[1]:.0f} s, p50 {found.late[0]:.0f} s",
        ),
    ]
    return figures, asdict(found)


def outage(rounds: int) -> tuple[list[Figure], Any]:
    """An outage of one minute."""
    found = fleets.outage(times=15 if rounds > 5 else 3)
    loops = fleets.loops_in_an_outage(found.waits)
    peers = ", ".join(f"{name}: {sent:.0f}" for name, sent in loops.items())
    figures = [
        Figure(
            f"requests into a {fleets.OUTAGE_S:.0f} s outage, {found.waits} waits",
            found.into_it.median,
            50,
            15,
            note=f"a loop for each wait sends {peers}; answers 429: {found.refused}",
        ),
        Figure(
            "until all have had an answer / (N/R)",
            found.recovered.median / found.floor,
            1.5,
            1.2,
            note=f"{found.recovered.median:.1f} s at {found.rate:g} looks a second; "
            f"half of {15 if rounds > 5 else 3} outages "
            f"between {found.recovered.low:.1f} and {found.recovered.high:.1f} s",
        ),
    ]
    return figures, {**asdict(found), "loops": loops}


def parking(rounds: int) -> tuple[list[Figure], Any]:
    """Parked waits for an hour."""
    found = parked.parked(50_000 if rounds > 5 else 5000)
    figure = Figure(
        f"CPU of an hour of {found.waits} waits beyond their looks / the looks",
        found.beyond,
        0.3,
        0.1,
        note=f"{found.looks} looks: {1e6 * found.looks_alone / found.looks:.0f} us each alone, "
        f"{1e6 * found.hour / found.looks:.0f} us with the waits",
    )
    return [figure], asdict(found)


def joining(rounds: int) -> tuple[list[Figure], Any]:
    """A hundred thousand waits on one environment."""
    few, many = parked.together(1000), parked.together(100_000 if rounds > 5 else 10_000)
    alone = parked.together(1)
    figures = [
        Figure(
            f"requests of {many.waits} waits on one environment / of one wait",
            many.requests / alone.requests,
            1.1,
            1.0,
            note=f"{many.requests} requests",
        ),
        Figure(
            f"CPU of each of {many.waits} waits on one environment / of each of {few.waits}",
            many.each / few.each,
            1.5,
            1.1,
            note=f"{many.each:.0f} us, from joining to the result; {few.each:.0f} us",
        ),
    ]
    return figures, {"alone": asdict(alone), "few": asdict(few), "many": asdict(many)}


def cancelling(rounds: int) -> tuple[list[Figure], Any]:
    """Cancelling ten thousand waits."""
    found = parked.cancelled(times=rounds)
    figures = [
        Figure(
            f"cancelling {found.waits} waits / bare tasks",
            found.over_bare.median,
            3.0,
            1.5,
            note=of(found.over_bare),
        ),
        Figure("left behind", found.left, 0, 0, note="tasks, waits, polls, timers and entries"),
    ]
    return figures, asdict(found)


PARTS: dict[str, Part] = {
    "calls": one_call,
    "imports": importing,
    "process": whole_process,
    "schedules": when_to_look,
    "sharing": sharing,
    "memory": weight,
    "crowd": crowd,
    "outage": outage,
    "parked": parking,
    "joining": joining,
    "cancelling": cancelling,
}


def _in_a_process(module: str, *arguments: str) -> float:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def _lines(figures: Sequence[Figure]) -> Iterator[str]:
    for one in figures:
        bounds = "" if one.least is None else f"<= {one.least:g}"
        aim = "" if one.aim is None else f"<= {one.aim:.3g}"
        value = f"{one.value:.3g}{' ' + one.unit if one.unit else ''}"
        yield f"{one.what:<72} {value:>8} {bounds:>9} {aim:>9}  {one.verdict:<6}  {one.note}"


def _earlier(output: Path) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Any]]:
    """The earlier results: figures and details, by part."""
    result = json.loads(output.read_text())
    return result["figures"], result["details"]


def main(arguments: Sequence[str]) -> int:
    """Measure the named parts, or all."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument(
        "--output", type=Path, default=RESULT, help="the JSON file with the results"
    )
    parser.add_argument("--rounds", type=int, default=11, help="rounds of each timed comparison")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    # Keep the earlier results of parts that are not measured now.
    output = chosen.output
    figures, details = _earlier(output) if chosen.parts and output.exists() else ({}, {})
    print(f"{'':<72} {'figure':>8} {'limit':>9} {'aim':>9}")
    for name in chosen.parts or PARTS:
        found, details[name] = PARTS[name](chosen.rounds)
        for line in _lines(found):
            print(line, flush=True)
        figures[name] = [{**asdict(one), "verdict": one.verdict} for one in found]
    print(f"{time.monotonic() - began:.0f} s")
    installed = {found.metadata["Name"]: found.version for found in metadata.distributions()}
    result = {
        "python": platform.python_version(),
        "versions": {
            name: installed.get(name) for name in ("httpx", "baseten", "aiohttp", "attrs")
        },
        "figures": {name: figures[name] for name in PARTS if name in figures},
        "details": details,
    }
    output.parent.mkdir(exist_ok=True)
    output.write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
