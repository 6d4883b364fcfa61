"""One state of openapi/, to compare with another: with our decisions, and without them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from spec.comparing import compare
from spec.document import OURS, build_with, published_document, published_subjects
from spec.leaning import Leaning
from spec.neighbours import new_neighbours
from spec.node import JsonObject
from spec.overlay import Overlay
from spec.pins import Subject, changed_under, todo
from spec.rating import Rated, Rating, rate
from spec.schema_changes import Change
from spec.sources import Sources, dates_in

_PART = "Decide it together with {}."
_REPLACED = "openapi/overlay.yaml replaces this part or leaves it out. Users do not see the change."
_UNPINNED_SECURITY = (
    "Check that the `security` entry of openapi/overlay.yaml is still right, and write under "
    "`about` which state it is about: `make check` fails without."
)


@dataclass(frozen=True)
class Edition:
    """One state of openapi/.

    Attributes:
        document: With our decisions.
        published: Without them; ``None`` if only the document is known.
        subjects: The published states that the entries of the overlay are about.
        open: Those that Baseten changed since somebody decided about them.
        sources: The source and date of each file.
        neighbours: The operations next to ours, as "method /path"; ``None`` if they are not known.
    """

    document: JsonObject
    published: JsonObject | None = None
    subjects: tuple[Subject, ...] = ()
    open: tuple[Subject, ...] = ()
    sources: Mapping[str, Mapping[str, str]] | None = None
    neighbours: tuple[str, ...] | None = None


def edition(
    texts: Mapping[str, str],
    overlay: Overlay,
    sources: Sources,
    neighbours: tuple[str, ...] | None,
    document: JsonObject | None = None,
) -> Edition:
    """The edition of the files of openapi/.

    Args:
        texts: By name.
        overlay: Our decisions.
        sources: The source and date of each file.
        neighbours: The operations next to ours.
        document: The built document; built from the files if it is not known.

    Raises:
        SpecError: The document cannot be built.
    """
    dates = dates_in(sources)
    vendored = {name for name, entry in sources.items() if "sha256" in entry}
    subjects = tuple(published_subjects(texts, overlay, dates))
    return Edition(
        document=document or build_with(texts, overlay, dates),
        published=published_document(texts, overlay, dates),
        subjects=subjects,
        open=tuple(changed_under(subjects, vendored)),
        sources=sources,
        neighbours=neighbours,
    )


def without_published(texts: Mapping[str, str], overlay: Overlay) -> dict[str, str]:
    """The files that the published spec does not replace."""
    ours = {entry["id"].text() for entry in overlay.operations.values() if "ours" in entry}
    kept = {*ours, PurePosixPath(OURS).stem}
    return {name: text for name, text in texts.items() if PurePosixPath(name).stem in kept}


def describe_editions(old: Edition, new: Edition, leaning: Leaning) -> list[Rated]:
    """All changes between two editions with their ratings, the worst first."""
    changes = compare(old.document, new.document)
    found = rate(changes, leaning)
    found += _under_entries(old, new)
    found += _hidden(old, new, changes)
    found += [
        Rated(
            Change("new operation next to ours", key),
            Rating.DECISION,
            "Do users of the facade need it? If they do, see Adding an endpoint in "
            "CONTRIBUTING.md. It is reported once.",
        )
        for key in new_neighbours(old.neighbours, new.neighbours)
    ]
    return sorted(found, key=lambda one: (-one.rating, one.change.place, one.change.kind))


def _under_entries(old: Edition, new: Edition) -> Iterable[Rated]:
    told = {(subject.name, subject.state) for subject in old.open}
    before = {subject.name: subject.state for subject in old.subjects}
    for subject in new.open:
        if (subject.name, subject.state) not in told:
            kind = "changed under an entry of the overlay"
            sides = (before.get(subject.name, "unknown"), subject.state)
            change = Change(kind, subject.name, *sides)
            yield Rated(change, Rating.DECISION, todo(subject, new.sources or {}))


def _plain(change: Change) -> str:
    """Its kind. Our decisions make some fields optional: that is no second change."""
    return change.kind.removeprefix("required ")


def _hidden(old: Edition, new: Edition, seen: Iterable[Change]) -> Iterable[Rated]:
    """The changes of the published spec that our decisions hide from users."""
    if old.published is None or new.published is None:
        return
    told = {(_plain(change), change.place) for change in seen}
    under = {subject.name.removeprefix("schemas/") for subject in new.open}
    pinned = {subject.name for subject in new.subjects if subject.about}
    for change in compare(old.published, new.published):
        place = change.place.partition(": ")[0]
        is_asked = place in under or (change.kind == "security changed" and "security" in pinned)
        if change.kind == "prose" or (_plain(change), change.place) in told or is_asked:
            continue
        component, operations = place.partition(".")[0], set(change.operations)
        if component in under:
            rating, because = Rating.DECISION, _PART.format(component)
        elif operations and operations <= under:  # it follows from another answer
            rating, because = Rating.DECISION, _PART.format(" and ".join(sorted(operations)))
        elif change.kind == "security changed":
            rating, because = Rating.DECISION, _UNPINNED_SECURITY
        else:
            rating, because = Rating.SAFE, _REPLACED
        yield Rated(change, rating, because)
