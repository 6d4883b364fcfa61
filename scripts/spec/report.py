"""Format a rated spec change for a terminal, a pull request or a program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from spec.node import Json
from spec.rating import Rated, Rating

_TITLES = {
    Rating.BREAKING: "Breaking",
    Rating.DECISION: "Needs a decision",
    Rating.SAFE: "Safe",
    Rating.PROSE: "Prose only",
}
# Characters of a value, places of prose, and values of one enum, that are shown. JSON has all.
_LENGTH = 80
_PLACES = 12
NOTHING = "No change that users of the facade can notice."


def as_text(changes: Sequence[Rated]) -> str:
    """For a terminal. Changes of the same meaning share its sentence."""
    lines = [NOTHING] if not changes else [_count(changes)]
    for rating, group in _groups(changes):
        lines += ["", f"{_TITLES[rating]}"]
        if rating is Rating.PROSE:
            lines += [f"  {_places(group)}"]
            continue
        for because, alike in _by_meaning(group):
            lines += [f"  {_place(same)}: {_what(same)}" for same in _by_place(alike)]
            lines += [f"      {because}"]
            # Nobody has to look at the operations of a safe change.
            if rating is not Rating.SAFE and (names := _operations(alike)):
                lines += [f"      {names}"]
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
        for because, alike in _by_meaning(group):
            for same in _by_place(alike):
                cells = (f"`{_place(same)}`", _what(same), because, _operations(same))
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


def _by_meaning(group: Sequence[Rated]) -> Iterable[tuple[str, list[Rated]]]:
    """Changes with the same next step, in the order of the first of each."""
    alike: dict[str, list[Rated]] = {}
    for one in group:
        alike.setdefault(one.because, []).append(one)
    return alike.items()


def _by_place(group: Sequence[Rated]) -> Iterable[list[Rated]]:
    """The values that one enum gained or lost are one line; every other change is its own."""
    found: dict[object, list[Rated]] = {}
    for number, one in enumerate(group):
        is_enum = one.change.kind in ("enum value added", "enum value removed")
        key = (one.change.place, one.change.kind) if is_enum else number
        found.setdefault(key, []).append(one)
    return found.values()


def _place(same: Sequence[Rated]) -> str:
    return same[0].change.place


def _what(same: Sequence[Rated]) -> str:
    change = same[0].change
    if len(same) > 1:
        values = [_short(one.change.after or one.change.before) for one in same]
        return f"{change.kind.replace('value', 'values')}: {_some(values, 'values')}"
    if change.kind == "other":
        return f"changed: {' → '.join(_sides(change.before, change.after))}"
    if change.before is None and change.after is None:
        return change.kind
    if change.kind in ("enum value added", "field added", "required field added"):
        return f"{change.kind}: {_short(change.after)}"
    if change.kind in ("enum value removed", "field removed"):
        return f"{change.kind}: {_short(change.before)}"
    return f"{change.kind}: {' → '.join(_sides(change.before, change.after))}"


def _operations(group: Sequence[Rated]) -> str:
    names = sorted({name for one in group for name in one.change.operations})
    if len(names) <= 3:
        return ", ".join(names)
    return f"{', '.join(names[:2])} and {len(names) - 2} more"


def _places(group: Sequence[Rated]) -> str:
    """The places of prose: after a first refresh there are hundreds, so then only the schemas."""
    places = [*dict.fromkeys(one.change.place.partition(": ")[0] for one in group)]
    if len(places) > _PLACES:
        places = [*dict.fromkeys(place.partition(".")[0] for place in places)]
    return _some(places, "places")


def _some(names: Sequence[str], unit: str) -> str:
    more = f" and {len(names) - _PLACES} more {unit}" if len(names) > _PLACES else ""
    return ", ".join(names[:_PLACES]) + more


def _sides(before: Json, after: Json) -> tuple[str, str]:
    """Both sides of a change. Of long ones, the part where the difference is."""
    sides = (_text(before), _text(after))
    pairs = enumerate(zip(*sides, strict=False))
    equal = next((place for place, (one, other) in pairs if one != other), min(map(len, sides)))
    if max(map(len, sides)) <= _LENGTH or equal <= _LENGTH // 2:
        return _short(before), _short(after)
    start = equal - _LENGTH // 4
    return _short(f"…{sides[0][start:]}"), _short(f"…{sides[1][start:]}")


def _short(value: Json) -> str:
    text = _text(value)
    return text if len(text) <= _LENGTH else f"{text[: _LENGTH - 1]}…"


def _text(value: Json) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _escaped(text: str) -> str:
    # Baseten's text must not leave its cell, and must not become markup or a mention.
    for mark, harmless in (("&", "&amp;"), ("<", "&lt;"), ("|", "&#124;"), ("@", "&#64;")):
        text = text.replace(mark, harmless)
    return " ".join(text.split())
