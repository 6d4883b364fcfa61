"""Format a rated spec change for a terminal, a pull request or a program."""

from __future__ import annotations

import json
from collections.abc import Sequence

from spec.node import Json
from spec.rating import Rated, Rating

_TITLES = {
    Rating.BREAKING: "Breaking",
    Rating.DECISION: "Needs a decision",
    Rating.SAFE: "Safe",
    Rating.PROSE: "Prose only",
}
NOTHING = "No change that users of the facade can notice."


def as_text(changes: Sequence[Rated]) -> str:
    """For a terminal."""
    lines = [NOTHING] if not changes else [_count(changes)]
    for rating, group in _groups(changes):
        lines += ["", f"{_TITLES[rating]}"]
        if rating is Rating.PROSE:
            lines += [f"  {_places(group)}"]
            continue
        for one in group:
            lines += [f"  {one.change.place}: {_what(one)}", f"      {one.because}"]
            if one.change.operations:
                lines += [f"      {_operations(one)}"]
    return "\n".join(lines) + "\n"


def as_markdown(changes: Sequence[Rated]) -> str:
    """For a pull request."""
    lines = [NOTHING] if not changes else [_count(changes)]
    for rating, group in _groups(changes):
        lines += ["", f"## {_TITLES[rating]}", ""]
        if rating is Rating.PROSE:
            lines += [_escaped(_places(group))]
            continue
        lines += [
            "| where | what | meaning and next step | operations |",
            "|---|---|---|---|",
        ]
        for one in group:
            cells = (f"`{one.change.place}`", _what(one), one.because, _operations(one))
            lines += [f"| {' | '.join(_escaped(cell) for cell in cells)} |"]
    return "\n".join(lines) + "\n"


def as_json(changes: Sequence[Rated]) -> str:
    """For programs."""
    found: list[dict[str, object]] = []
    for one in changes:
        entry: dict[str, object] = {
            "rating": one.rating.name.lower(),
            "kind": one.change.kind,
            "place": one.change.place,
            "before": one.change.before,
            "after": one.change.after,
            "because": one.because,
            "directions": sorted(one.change.directions),
            "operations": list(one.change.operations),
        }
        found.append(entry)
    worst = max((one.rating for one in changes), default=Rating.PROSE)
    document = {"worst": worst.name.lower(), "changes": found}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _groups(changes: Sequence[Rated]) -> list[tuple[Rating, list[Rated]]]:
    groups = [(rating, [one for one in changes if one.rating is rating]) for rating in _TITLES]
    return [(rating, group) for rating, group in groups if group]


def _count(changes: Sequence[Rated]) -> str:
    counts = [f"{_TITLES[rating].lower()}: {len(group)}" for rating, group in _groups(changes)]
    return f"{', '.join(counts)}.".capitalize()


def _what(one: Rated) -> str:
    change = one.change
    if change.before is None and change.after is None:
        return change.kind
    if change.kind in ("enum value added", "field added", "required field added"):
        return f"{change.kind}: {_short(change.after)}"
    if change.kind in ("enum value removed", "field removed"):
        return f"{change.kind}: {_short(change.before)}"
    return f"{change.kind}: {_short(change.before)} → {_short(change.after)}"


def _operations(one: Rated) -> str:
    names = one.change.operations
    if len(names) <= 3:
        return ", ".join(names)
    return f"{', '.join(names[:2])} and {len(names) - 2} more"


def _places(group: Sequence[Rated]) -> str:
    return ", ".join(dict.fromkeys(one.change.place.partition(": ")[0] for one in group))


def _short(value: Json, limit: int = 80) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _escaped(text: str) -> str:
    # Baseten's text must not leave its cell, and must not become markup or a mention.
    for mark, harmless in (("&", "&amp;"), ("<", "&lt;"), ("|", "&#124;"), ("@", "&#64;")):
        text = text.replace(mark, harmless)
    return " ".join(text.split())
