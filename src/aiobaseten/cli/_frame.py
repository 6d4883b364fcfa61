"""The live view's frame: a picture as lines that fit a terminal. What matters comes first.

A name or a bar may become shorter, but a sentence is never cut: it is wrapped, or left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, get_args

from attrs import evolve, frozen
from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Group
from rich.text import Text

from .. import Phase
from ..errors import Startup
from ._picture import CheckRow, Picture, Row, SeveralPicture, Standing, TargetPicture
from ._text import elapsed_time, one_line

_WIDEST_BAR = 40
_PHASE_BAR = 12
_WIDEST_CHECK = 30
# So many names of a sentence fit a line.
_NAMES_IN_A_LINE = 3
_VERDICTS: Mapping[str, str] = {"pass": "green", "unavailable": "yellow", "breach": "bold red"}
_STYLES = {
    Phase.PENDING: "cyan",
    Phase.READY: "green",
    Phase.ASLEEP: "yellow",
    Phase.UNHEALTHY: "yellow",
    Phase.STOPPED: "red",
    Phase.FAILED: "bold red",
}
_URGENCY = {Phase.FAILED: 0, Phase.STOPPED: 0, Phase.UNHEALTHY: 1, Phase.READY: 3}
_TARGETS: Mapping[Standing, tuple[int, str]] = {
    "failed": (0, "bold red"),
    "under way": (1, "cyan"),
    "not begun": (2, "dim"),
    "done": (3, "green"),
}

Lines: TypeAlias = list[Text]


@frozen(kw_only=True)
class _Part:
    """Lines that stay together.

    Attributes:
        lines: The lines.
        urgency: Parts with a smaller number stay when there is no room for all.
        kind: What it is counted as if it is left out.
    """

    lines: Lines
    urgency: int
    kind: str


def frame(
    picture: Picture, elapsed: float, *, width: int, height: int, ascii_only: bool = False
) -> Group:
    """The picture for rich to draw.

    Args:
        picture: The picture.
        elapsed: Seconds since the wait began.
        width: Columns of the terminal.
        height: Lines of the terminal. A frame has at most so many.
        ascii_only: Whether to use only ASCII.
    """
    said = _with_short_names(picture, max(width // _NAMES_IN_A_LINE, 8))
    top = _sentence(f"{one_line(said.job)}  {elapsed_time(elapsed)}", width, "bold")
    if picture.percent is not None or picture.promotion is not None:
        top.append(_traffic(picture, width, ascii_only=ascii_only))
    bottom: Lines = []
    if not picture.is_over:
        bottom = _sentence(f"waiting for {one_line(said.waiting_for())}", width, "dim")
    if len(top) + len(bottom) >= height:
        bottom = []
    room = height - len(top) - len(bottom)

    failure = _failure(picture, elapsed, width, room)
    room -= len(failure)
    rows, checks = _rows(picture.rows, elapsed, width), _checks(picture.checks, width)
    shown_rows = _fitting(rows, room - (1 if checks else 0), width)
    room -= len(shown_rows)
    shown_checks = _fitting(checks, room, width)
    room -= len(shown_checks)
    phases: Lines = []
    if picture.startup is not None and not picture.is_over:
        at, startup = picture.startup
        since = max(elapsed - at, 0.0)
        phases = _phases(startup, since, width, ascii_only=ascii_only)
        estimate = _estimate(startup, since)
        if estimate:
            phases += _sentence(estimate, width, "dim", "  ")
    if len(phases) > room:
        phases = []
    return _group([*top, *shown_rows, *phases, *shown_checks, *bottom, *failure], width, height)


def _with_short_names(picture: Picture, most: int) -> Picture:
    """The picture for its sentences, in which long names leave room for the words."""
    job, its = picture.job, picture.job.resource
    is_id = its.word in (its.id, f"id:{its.id}")
    resource_id = _short(its.id, most)
    job = evolve(
        job,
        resource=evolve(its, id=resource_id, word=resource_id if is_id else _short(its.word, most)),
        environment=job.environment and _short(job.environment, most),
        deployment=job.deployment and _short(job.deployment, most),
    )
    rows = tuple(evolve(row, name=_short(row.name, most)) for row in picture.rows)
    return evolve(picture, job=job, rows=rows)


def _short(name: str, most: int) -> str:
    text = one_line(name)
    return text if cell_len(text) <= most else f"{set_cell_size(text, most - 1)}…"


def frame_of_several(picture: SeveralPicture, elapsed: float, *, width: int, height: int) -> Group:
    """The picture of several targets, for rich to draw; arguments as for `frame`."""
    counts = Counter(one.standing for one in picture.targets)
    said = ", ".join(f"{counts[name]} {name}" for name in get_args(Standing) if counts[name])
    title = f"{len(picture.targets)} targets: {said}  {elapsed_time(elapsed)}"
    top = _sentence(title, width, "bold")
    bottom = _sentence(one_line(picture.note), width, "dim") if picture.note else []
    parts = _targets(picture.targets, elapsed, width)
    shown = _fitting(parts, height - len(top) - len(bottom), width)
    return _group([*top, *shown, *bottom], width, height)


def _group(lines: Lines, width: int, height: int) -> Group:
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return Group(*lines[:height])


def _sentence(text: str, width: int, style: str = "", indent: str = "") -> Lines:
    """A sentence in as many lines as it needs. Some characters take two columns, some none."""
    room = max(width - len(indent), 2)
    lines: list[str] = []
    for word in text.split(" "):
        for piece in chop_cells(word, room) or [""]:
            if lines and cell_len(lines[-1]) + 1 + cell_len(piece) <= room:
                lines[-1] += f" {piece}"
            else:
                lines.append(piece)
    return [Text(f"{indent}{line.rstrip()}", style=style, no_wrap=True) for line in lines if line]


def _fitting(parts: Sequence[_Part], room: int, width: int) -> Lines:
    """The parts if there is room for them, or else the most urgent and a count of the others."""
    if sum(len(part.lines) for part in parts) <= room:
        return [line for part in parts for line in part.lines]
    if room < 1:
        return []
    shown: Lines = []
    left = sorted(parts, key=lambda part: part.urgency)
    while left and len(shown) + len(left[0].lines) < room:
        shown += left.pop(0).lines
    kinds = Counter(part.kind for part in left)
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    more = f"  and {len(left)} more"
    whole = f"{more}: {counted}"
    return [*shown, Text(whole if cell_len(whole) <= width else more, style="dim", no_wrap=True)]


def _failure(picture: Picture, elapsed: float, width: int, room: int) -> Lines:
    """How looks have failed: with the last message, if there is room for all of it."""
    if picture.last_failure is None:
        return []
    at, message = picture.last_failure
    looks = "1 look" if picture.failures == 1 else f"{picture.failures} looks"
    said = f"{looks} failed, the last {elapsed_time(max(elapsed - at, 0.0))} ago"
    whole = _sentence(f"{said}: {message}", width, "yellow")
    if len(whole) <= max(room // 2, room - len(picture.rows) - len(picture.checks)):
        return whole
    short = _sentence(said, width, "yellow")
    return short if len(short) <= room else []


def _traffic(picture: Picture, width: int, *, ascii_only: bool) -> Text:
    percent = picture.percent or 0
    text = f"{percent:3} %  {one_line(picture.promotion or '')}".rstrip()
    # On a narrow terminal the bar is shorter, because the text says the same.
    room = max(min(width - len(f"traffic  {text}"), _WIDEST_BAR), 0)
    filled = round(room * percent / 100)
    full, empty = "#-" if ascii_only else "█░"
    return Text.assemble(
        "traffic ",
        (full * filled, "green"),
        (empty * (room - filled), "dim"),
        (f" {text}", "yellow" if picture.is_paused else ""),
        no_wrap=True,
    )


def _phases(startup: Startup, since: float, width: int, *, ascii_only: bool) -> Lines:
    """The phases of a startup: bars that are full after the usual time.

    Args:
        startup: The startup.
        since: Seconds since it was read.
        width: Columns of the terminal.
        ascii_only: Whether to use only ASCII.
    """
    full, empty = "#-" if ascii_only else "█░"
    cells: list[tuple[str, float, str]] = []
    for phase in startup.phases:
        goes_on = not phase.is_over and not startup.has_failed
        seconds = phase.seconds + (since if goes_on else 0.0)
        share = 1.0 if phase.is_over else 0.0 if not phase.usual else min(seconds / phase.usual, 1)
        usually = "" if phase.usual is None else f"usually {elapsed_time(phase.usual)}"
        name = one_line(phase.name.replace("_", " ").lower())
        cells.append((name, share, f"{elapsed_time(seconds)}  {usually}".rstrip()))
    times = max((cell_len(times) for _, _, times in cells), default=0)
    # The times say the same as the bar.
    bar = _PHASE_BAR if width >= 2 + 8 + 2 + _PHASE_BAR + 2 + times else 0
    names = _column([name for name, _, _ in cells], width - 4 - times - (bar and bar + 2))
    lines: Lines = []
    for name, (_, share, text) in zip(names, cells, strict=True):
        filled = round(bar * share)
        lines.append(
            Text.assemble(
                f"  {name}  ",
                (full * filled, "green"),
                (empty * (bar - filled), "dim"),
                (f"  {text}" if bar else text, "dim"),
                no_wrap=True,
            )
        )
    return lines


def _estimate(startup: Startup, since: float) -> str:
    """When the replica may be ready, from earlier startups; empty if that is not known."""
    seconds, half, most = startup.seconds + since, startup.usual, startup.usual_at_most
    if startup.has_failed or half is None:
        return ""
    if seconds < half:
        return f"usually ready in about {elapsed_time(half - seconds)}"
    if most is not None and seconds < most:
        return f"later than usual; nine of ten were ready within {elapsed_time(most)}"
    return f"later than usual: {elapsed_time(half)}"


def _checks(rows: Sequence[CheckRow], width: int) -> list[_Part]:
    names = _column([f"check {one_line(row.name)}" for row in rows], min(_WIDEST_CHECK, width))
    percents = _column([f"{row.percent} %" for row in rows], 5, right=True)
    outcomes = _column([row.outcome for row in rows], width)
    parts: list[_Part] = []
    for row, name, percent, outcome in zip(rows, names, percents, outcomes, strict=True):
        line = Text.assemble(
            f"{name}  {percent}  ", (outcome, _VERDICTS[row.outcome]), no_wrap=True
        )
        reason = one_line(row.reason)
        if line.cell_len + 2 + cell_len(reason) <= width:
            line.append(f"  {reason}", style="dim")
            lines = [line]
        else:
            lines = [line, *_sentence(reason, width, "dim", "    ")]
        urgency = 1 if row.outcome == "pass" else 0
        parts.append(_Part(lines=lines, urgency=urgency, kind=row.outcome))
    return parts


def _rows(rows: Sequence[Row], elapsed: float, width: int) -> list[_Part]:
    statuses = _column([one_line(row.status) for row in rows], width)
    times = _column(
        [elapsed_time(max(elapsed - row.since, 0.0)) for row in rows], width, right=True
    )
    room = width - 4 - sum(cell_len(column[0]) for column in (statuses, times) if column)
    names = _column(
        [f"{'  ' if _is_chainlet(row) else ''}{row.subject} {one_line(row.name)}" for row in rows],
        room,
    )
    return [
        _Part(
            lines=[
                Text.assemble(
                    f"{name}  ", (status, _STYLES[row.phase]), ("  " + time, "dim"), no_wrap=True
                )
            ],
            urgency=_URGENCY.get(row.phase, 2) if _is_chainlet(row) else -1,
            kind=one_line(row.status),
        )
        for row, name, status, time in zip(rows, names, statuses, times, strict=True)
    ]


def _is_chainlet(row: Row) -> bool:
    return row.subject == "chainlet"


def _targets(targets: Sequence[TargetPicture], elapsed: float, width: int) -> list[_Part]:
    headlines = _column([one_line(one.headline()) for one in targets], width // 2)
    times = _column(
        ["" if one.since is None else elapsed_time(max(elapsed - one.since, 0)) for one in targets],
        width,
        right=True,
    )
    room = width - 4 - sum(cell_len(column[0]) for column in (headlines, times) if column)
    labels = _column([one_line(one.label) for one in targets], room)
    parts: list[_Part] = []
    for one, label, headline, time in zip(targets, labels, headlines, times, strict=True):
        urgency, style = _TARGETS[one.standing]
        line = Text.assemble(f"{label}  ", (headline, style), ("  " + time, "dim"), no_wrap=True)
        parts.append(_Part(lines=[line], urgency=urgency, kind=one.standing))
    return parts


def _column(cells: Iterable[str], room: int, *, right: bool = False) -> list[str]:
    """The cells of a column, all as wide as the widest; a longer one than *room* is shortened."""
    texts = list(cells)
    widest = max(min(max(map(cell_len, texts), default=0), room), 1)
    column: list[str] = []
    for text in texts:
        if cell_len(text) > widest:
            column.append(f"{set_cell_size(text, widest - 1)}…")
        else:
            space = " " * (widest - cell_len(text))
            column.append(space + text if right else text + space)
    return column
