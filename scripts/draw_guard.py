"""Draw docs/guard.svg: a good and a bad deployment, promoted with the same guard.

The picture shows two real runs against the fake, in virtual time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import looptime
from attrs import frozen

from aiobaseten import Guard, error_rate, latency
from aiobaseten.errors import GuardBreachedError
from aiobaseten.events import Measured
from aiobaseten.testing import FakeBaseten
from draw_promotion import STYLE, text

TARGET = Path(__file__).parent.parent / "docs" / "guard.svg"
# So narrow that a phone shows it whole.
WIDTH, LEFT, RIGHT, HIGH = 400, 56, 388, 84
LETTER = 6.2  # approximate width of a letter, in pixels
STEPS = (25, 50, 75, 100)


@frozen
class Run:
    """One promotion.

    Attributes:
        traffic: Times in seconds, and the percentage of traffic from then on.
        verdicts: Times of measurements, and whether all checks passed.
        ended: The time at which the wait ended.
    """

    traffic: Sequence[tuple[float, int]]
    verdicts: Sequence[tuple[float, bool]]
    ended: float


def run(error_share: float) -> Run:
    """Promote a deployment that answers that share of its requests 500 from 25 % on."""

    async def main() -> Run:
        fake = FakeBaseten()
        model = fake.model("m")
        model.deployment("v1")
        model.deployment("v2").answers(error_share=error_share, from_percent=25)
        environment = model.environment("production", current="v1", rolling=True)
        environment.receives(requests_per_second=10)
        guard = Guard(error_rate(at_most=0.02), latency("p95", at_most=1.5))
        seen: dict[float, bool] = {}
        async with fake.client() as baseten:
            promotion = (
                await baseten.model("m").environment("production").promote("v2", guard=guard)
            )
            try:
                async with promotion.events(timeout=20_000) as events:
                    async for event in events:
                        if isinstance(event, Measured):
                            passed = event.verdict.outcome == "pass"
                            seen[event.at] = seen.get(event.at, True) and passed
            except GuardBreachedError:
                pass
        if environment.promotion is None:
            raise SystemExit("nothing was promoted")
        traffic = [(one.at, one.percent) for one in environment.promotion.history]
        return Run(traffic, [*seen.items()], fake.now)

    with asyncio.Runner(loop_factory=looptime.new_event_loop) as runner:
        return runner.run(main())


def panel(one: Run, top: float, lasts: float, title: str, end: str, kind: str) -> list[str]:
    """The share of traffic as an area, and a mark for each measurement."""

    def across(at: float) -> float:
        return round(LEFT + at / lasts * (RIGHT - LEFT), 1)

    floor = top + HIGH
    until = lasts if one.traffic[-1][1] else one.ended
    drawn = [text(16, top - 12, title)]
    for percent in STEPS:
        y = floor - percent / 100 * HIGH
        drawn.append(f'<path class="grid" d="M{LEFT} {y:g}H{RIGHT}"/>')
        drawn.append(text(LEFT - 8, y + 4, f"{percent} %", "faint end"))
    path = f"M{LEFT} {floor:g}"
    for at, percent in one.traffic:
        path += f"H{across(at):g}V{floor - percent / 100 * HIGH:g}"
    drawn.append(f'<path class="traffic" d="{path}H{across(until):g}V{floor:g}Z"/>')
    for at, passed in one.verdicts:
        then = max((p for since, p in one.traffic if since <= at), default=0)
        y = floor - then / 100 * HIGH
        shape, colour = ("M-6 0L-2 5L6 -5", "good") if passed else ("M-5 -5L5 5M5 -5L-5 5", "bad")
        place = f'transform="translate({across(at):g} {y - 10:g})"'
        drawn.append(f'<path class="mark {colour}" d="{shape}" {place}/>')
        if not passed:
            said = f"breach after {at / 60:.0f} minutes: cancelled"
            drawn.append(text(across(at) + 14, y - 6, said, "bad"))
    x = max(across(one.ended), LEFT + len(end) * LETTER)
    drawn.append(text(x, floor + 18, end, f"{kind} end"))
    return drawn


def picture() -> str:
    """The picture, as SVG."""
    good, bad = run(0.0), run(0.08)
    lasts = good.ended * 1.04
    well = f"v2 serves, after {good.ended / 60:.0f} minutes"
    badly = f"v1 has all traffic again, after {bad.ended / 60:.0f} minutes"
    body = panel(good, 40, lasts, "v2 is good: traffic to v2", well, "good")
    body += panel(bad, 190, lasts, "v2 fails 8 % of its requests: traffic to v2", badly, "bad")
    size = f'viewBox="0 0 {WIDTH} 306" width="{1.25 * WIDTH:g}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n'
        "<title>A good and a bad deployment, promoted with the same guard</title>\n"
        f"<style>{STYLE}</style>\n"
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="305" rx="8"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def main() -> None:
    """Write the picture to docs/."""
    TARGET.write_text(picture(), encoding="utf-8")
    print(f"docs/{TARGET.name}: {TARGET.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
