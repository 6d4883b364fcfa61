"""Describe what changed in Baseten's spec, and what each change means to users of the facade.

OLD and NEW are git revisions or files: a document built by `make spec`, or a whole spec. Of a whole
spec, only the operations that we use are compared.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import build_spec
from spec.comparing import compare
from spec.document import build_with
from spec.leaning import read_leaning
from spec.node import JsonObject, Node, SpecError
from spec.overlay import Overlay, read_overlay
from spec.rating import Rated, Rating, rate
from spec.reading import read_data
from spec.report import as_json, as_markdown, as_text
from spec.whole import take

FORMATS = {"text": as_text, "markdown": as_markdown, "json": as_json}
# With --severity, for CI. 1 and 2 are errors.
STATUS = {Rating.PROSE: 0, Rating.SAFE: 0, Rating.DECISION: 3, Rating.BREAKING: 4}


def main(arguments: Sequence[str]) -> int:
    """Describe. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", nargs="?", default="HEAD", help="default: HEAD")
    parser.add_argument("new", nargs="?", default=str(build_spec.OPENAPI / "baseten.json"))
    parser.add_argument("--format", choices=sorted(FORMATS), default="text")
    parser.add_argument(
        "--severity", action="store_true", help="exit with 3 for a decision, 4 for breaking"
    )
    chosen = parser.parse_args(arguments)
    try:
        changes = describe(document_of(chosen.old), document_of(chosen.new))
    except SpecError as error:
        print(error, file=sys.stderr)
        return 1
    print(FORMATS[chosen.format](changes), end="")
    worst = max((one.rating for one in changes), default=Rating.PROSE)
    return STATUS[worst] if chosen.severity else 0


def describe(old: JsonObject, new: JsonObject) -> list[Rated]:
    """All changes between two built documents with their ratings, the worst first."""
    leaning = read_leaning(
        "leans-on.yaml", (build_spec.OPENAPI / "leans-on.yaml").read_text("utf-8")
    )
    return rate(compare(old, new), leaning)


def document_of(source: str) -> JsonObject:
    """The document of a revision or a file."""
    file = Path(source)
    text = file.read_text("utf-8") if file.is_file() else _at_revision(source)
    node = read_data(file.name, text)
    overlay = read_overlay("overlay.yaml", (build_spec.OPENAPI / "overlay.yaml").read_text("utf-8"))
    fields = node.entries()
    if "info" in fields and fields["info"].entries()["title"].value == overlay.title:
        return {key: child.value for key, child in fields.items()}
    return document_of_whole(node, overlay)


def document_of_whole(whole: Node, overlay: Overlay) -> JsonObject:
    """Build the document from a whole spec like `make refresh-spec`, without missing operations."""
    taken = take(whole, overlay.published)
    texts, _ = build_spec.read_openapi(build_spec.OPENAPI)
    ours = {entry["id"].text() for entry in overlay.operations.values() if "ours" in entry}
    kept = {name: text for name, text in texts.items() if Path(name).stem in {*ours, "ours"}}
    return build_with({**kept, **taken.files}, overlay.without(set(taken.missing)))


def _at_revision(revision: str) -> str:
    name = f"{revision}:openapi/baseten.json"
    done = subprocess.run(
        ["git", "show", "--end-of-options", name],
        cwd=build_spec.OPENAPI.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if not revision or done.returncode != 0:
        raise SpecError(
            f"{revision} is neither a file nor a git revision with openapi/baseten.json"
        )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
