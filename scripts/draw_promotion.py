"""Draw docs/promotion.svg: a healthy promotion, seen by three ways of waiting.

The picture shows real runs against the fake, in virtual time. The timeline is a published one. Two
of the ways are loops as people write them; the third is aiobaseten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

import httpx
import looptime
from attrs import frozen

from aiobaseten.testing import FakeBaseten, timelines

TARGET = Path(__file__).parent.parent / "docs" / "promotion.svg"

# Two official tools treat these as in progress; any other status ends their wait.
ON_ITS_WAY = {"BUILDING", "DEPLOYING", "LOADING_MODEL", "UPDATING"}
LOOP_INTERVAL_S = 2.0
LASTS_S = 790.0

WIDTH, LEFT, RIGHT = 760, 140, 748
# The beginning and the end are important, so they are drawn wider: (seconds, share of the width).
KNOTS = ((0.0, 0.0), (30.0, 0.49), (60.0, 0.54), (600.0, 0.65), (LASTS_S, 1.0))
TICKS = ((0, "0"), (10, "10 s"), (20, "20 s"), (30, "30 s"), (600, "10 min"),
         (660, "11 min"), (720, "12 min"), (780, "13 min"))  # fmt: skip
COLOURS = {"ACTIVE": "ready", "SUCCEEDED": "ready", "SCALED_TO_ZERO": "asleep"}
LETTER = 7.8  # approximate width of a letter in a label, in pixels

# No CSS variables: some programs that display SVG do not support them.
STYLE = """
text { font: 12px ui-sans-serif, system-ui, sans-serif; fill: #1f2328; }
.label { text-anchor: middle; } .end { text-anchor: end; }
.card { fill: #ffffff; stroke: #d1d9e0; } .grid { stroke: #d1d9e0; } .faint { fill: #59636e; }
.way { fill: #b6d4fe; } .asleep { fill: #e2c5ff; } .ready { fill: #a6e3b4; }
.traffic { fill: #2da44e; fill-opacity: .55; } .look { fill: #59636e; }
.bad { fill: #cf222e; } .good { fill: #1a7f37; }
.mark { fill: none; stroke-width: 2.5; }
.mark.bad { stroke: #cf222e; } .mark.good { stroke: #1a7f37; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.card { fill: #161b22; stroke: #3d444d; } .grid { stroke: #3d444d; } .faint { fill: #9da7b3; }
.way { fill: #1f4b8e; } .asleep { fill: #5d3a86; } .ready { fill: #1c6b33; }
.look { fill: #9da7b3; }
.bad { fill: #ff7b72; } .good { fill: #3fb950; }
.mark { fill: none; } .mark.bad { stroke: #ff7b72; } .mark.good { stroke: #3fb950; }
}
"""


@frozen
class Run:
    """One run of one way of waiting.

    Attributes:
        fake: The fake that it looked at.
        looks: The times of its looks, in seconds.
        ended: The time of its result, in seconds.
    """

    fake: FakeBaseten
    looks: Sequence[float]
    ended: float


def furnished() -> FakeBaseten:
    """A model with a deployment that follows the published timeline."""
    fake = FakeBaseten()
    model = fake.model("m")
    model.deployment("before")
    model.deployment("d", on_promote=timelines.SCALED_TO_ZERO_ON_THE_WAY)
    model.environment("production", current="before", rolling=True)
    return fake


async def loop(fake: FakeBaseten, done: Callable[[str], bool]) -> None:
    """Wait with a simple loop: read the deployment's status until *done* accepts it."""
    fake.model("m").environment("production").promote("d")
    key = {"Authorization": "Api-Key test-key"}
    async with httpx.AsyncClient(
        transport=fake.transport(), base_url="http://fake", headers=key
    ) as http:
        while True:
            shown = await http.get("/v1/models/m/deployments/d")
            if done(shown.json()["status"]):
                return
            await asyncio.sleep(LOOP_INTERVAL_S)


async def ours(fake: FakeBaseten) -> None:
    """Wait with aiobaseten."""
    async with fake.client() as baseten:
        promotion = await baseten.model("m").environment("production").promote("d")
        await promotion.wait()


def run(wait: Callable[[FakeBaseten], Awaitable[None]]) -> Run:
    """Run one way of waiting against its own fake."""

    async def main() -> Run:
        fake = furnished()
        await wait(fake)
        ended = fake.now
        looks = [one.at for one in fake.requests if one.method == "GET"]
        await asyncio.sleep(max(LASTS_S - ended, 0))
        fake.now  # noqa: B018 - brings the fake's state up to this time
        return Run(fake, looks, ended)

    with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
        return runner.run(main())


def across(at: float) -> float:
    """The position of a time, in pixels from the left."""
    for (start, left), (end, right) in pairwise(KNOTS):
        if at <= end:
            share = left + (at - start) / (end - start) * (right - left)
            return round(LEFT + share * (RIGHT - LEFT), 1)
    return RIGHT


def text(x: float, y: float, said: str, kind: str = "") -> str:
    """A line of text."""
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(said)}</text>'


def axis(top: float, bottom: float) -> list[str]:
    """The time axis, with a vertical line from *top* to *bottom* for each tick."""
    drawn: list[str] = []
    for at, said in TICKS:
        x = across(at)
        drawn.append(f'<path class="grid" d="M{x:g} {top:g}V{bottom:g}"/>')
        drawn.append(text(x, bottom + 16, said, "faint label"))
    return drawn


def bars(changes: Sequence[tuple[float, str]], y: float) -> list[str]:
    """One bar for each status, up to the time of the next one."""
    drawn: list[str] = []
    ends = [at for at, _ in changes[1:]] + [LASTS_S]
    for (at, status), end in zip(changes, ends, strict=True):
        x, wide = across(at), across(end) - across(at)
        kind = COLOURS.get(status, "way")
        drawn.append(
            f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{wide - 1:.1f}" height="32" rx="3"/>'
        )
        middle = x + wide / 2
        if len(status) * LETTER < wide:
            drawn.append(text(middle, y + 20, status, "label"))
        else:
            drawn.append(text(middle, y - 5, status, "faint label"))
    return drawn


def traffic(steps: Sequence[tuple[float, int]], y: float) -> list[str]:
    """The share of traffic, as an area 32 pixels high."""
    path = f"M{across(0):g} {y + 32:g}"
    for at, percent in steps:
        path += f"H{across(at):g}V{y + 32 - 0.32 * percent:g}"
    drawn = [f'<path class="traffic" d="{path}H{RIGHT}V{y + 32:g}Z"/>']
    first = next(at for at, percent in steps if percent)
    return [*drawn, text(across(first) - 8, y + 28, "25, 50, 75, 100 %", "faint label end")]


def looks(one: Run, y: float, verdict: str, kind: str) -> list[str]:
    """One dot for each look, and a mark with the verdict."""
    drawn = [f'<circle class="look" cx="{across(at):g}" cy="{y:g}" r="2"/>' for at in one.looks]
    x = across(one.ended)
    mark = "M-5 -5L5 5M5 -5L-5 5" if kind == "bad" else "M-6 0L-2 5L6 -5"
    drawn.append(f'<path class="mark {kind}" d="{mark}" transform="translate({x:g} {y:g})"/>')
    if x < (LEFT + RIGHT) / 2:
        return [*drawn, text(x + 14, y + 4, verdict, kind)]
    return [*drawn, text(x + 6, y - 12, verdict, f"{kind} end")]


def picture() -> str:
    """The picture, as SVG."""
    failure = run(lambda fake: loop(fake, lambda status: status not in ON_ITS_WAY))
    success = run(lambda fake: loop(fake, lambda status: status in {"ACTIVE", "SCALED_TO_ZERO"}))
    we = run(ours)
    environment = we.fake.model("m").environment("production")
    promotion = environment.promotion
    if promotion is None or environment.current is not promotion.candidate:
        raise SystemExit("the promotion did not follow the expected timeline")
    shown = [(one.at, one.status) for one in promotion.history]
    statuses = [each for i, each in enumerate(shown) if not i or shown[i - 1][1] != each[1]]
    live = promotion.history[-1].at
    early = promotion.candidate.history()[-1][0] - success.ended
    moved = [(one.at, one.percent) for one in promotion.history]
    wrong = f"“failed” at {failure.ended:.0f} s"
    gone_wrong = f"“live” at {success.ended:.0f} s, {early / 60:.0f} minutes too early"
    right = f"live, {we.ended - live:.0f} s after all traffic has moved"
    rows: list[tuple[str, str, list[str]]] = [
        ("deployment", "status", bars(promotion.candidate.history(), 50)),
        ("promotion", "in the environment", bars(statuses, 106)),
        ("traffic", "to the candidate", traffic(moved, 154)),
        ("simple loop:", "asleep = failed", looks(failure, 226, wrong, "bad")),
        ("simple loop:", "asleep = live", looks(success, 266, gone_wrong, "bad")),
        ("aiobaseten", "", looks(we, 312, right, "good")),
    ]
    tops = (62, 118, 166, 222, 262, 316)
    body = axis(34, 332)
    for top, (name, more, drawn) in zip(tops, rows, strict=True):
        body += [text(16, top, name), text(16, top + 15, more, "faint"), *drawn]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} 362" role="img">\n'
        "<title>A healthy promotion, seen by three ways of waiting</title>\n"
        f"<style>{STYLE}</style>\n"
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="361" rx="8"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def main() -> None:
    """Write the picture to docs/."""
    TARGET.write_text(picture(), encoding="utf-8")
    print(f"docs/{TARGET.name}: {TARGET.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
