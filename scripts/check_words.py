"""Compare the files of openapi/ that we wrote with a spec that Baseten published.

SPEC is a whole spec, as a file or an address. Every difference is an error, except for words and
for all that an entry of openapi/overlay.yaml records with its reason. Nothing is written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

import build_spec
from fetching import FetchError, fetch
from spec.comparing import compare
from spec.document import published_document, published_subjects
from spec.edition import without_published
from spec.node import SpecError
from spec.overlay import read_overlay
from spec.pins import todo
from spec.reading import read_data
from spec.schema_changes import Change
from spec.sources import dates_in
from spec.whole import take


def main(arguments: Sequence[str]) -> int:
    """Compare. Returns the exit status: 0 if our words say the same as the published spec."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spec", metavar="SPEC")
    source = parser.parse_args(arguments).spec
    try:
        found = [
            sentence for one in fetch(source) for sentence in differences(one.source, one.text)
        ]
    except (SpecError, FetchError) as error:
        print(error, file=sys.stderr)
        return 1
    print(*found or ["Our words say the same as the published spec."], sep="\n")
    return int(bool(found))


def differences(name: str, text: str) -> list[str]:
    """One sentence for each difference between our files and a published spec."""
    ours, named = build_spec.read_openapi(build_spec.OPENAPI)
    overlay = read_overlay(*named)
    taken = take(read_data(name, text), overlay.published)
    theirs = {**without_published(ours, overlay), **taken.files}
    dates = dates_in(build_spec.sources_of(build_spec.OPENAPI))
    there = overlay.without(set(taken.missing))
    found = [f"{key}: {sentence}" for key, sentence in taken.missing.items()]
    found += [
        _sentence(change)
        for change in compare(
            published_document(ours, there, dates, is_masked=True),
            published_document(theirs, there, {}, is_masked=True),
        )
        if change.kind != "prose"
        and not (change.kind == "security changed" and change.place.startswith("security scheme"))
    ]
    found += [
        f"{subject.name}: no entry of overlay.yaml is about this. {todo(subject, {})}"
        for subject in published_subjects(theirs, there, {})
        if not subject.is_settled or not subject.about
    ]
    if taken.missing:
        found.append(
            "If this spec is older than the dates in openapi/sources.yaml, no decision is needed: "
            "our words describe the newer one."
        )
    return found


def _sentence(change: Change) -> str:
    if change.before is None and change.after is None:
        return f"{change.place}: {change.kind}"
    return (
        f"{change.place}: {change.kind}: we say {json.dumps(change.before)}, "
        f"Baseten {json.dumps(change.after)}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
