"""Fetch Baseten's current spec; build, check and describe the result.

FROM is a documentation page, a folder of pages, or a whole spec (JSON or YAML), as a file or as an
address. Everything happens in a copy: if any step fails, no file of the repository has changed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import build_spec
import generate
from describe_spec_change import NEIGHBOURS, edition_of, leaning
from fetching import FetchError, Text, fetch
from spec.edition import Edition, describe_editions
from spec.fragment import read_fragments
from spec.leaning import complaints
from spec.neighbours import neighbours, write_neighbours
from spec.node import SpecError
from spec.overlay import Overlay, read_overlay
from spec.reading import described, read_data
from spec.report import as_text
from spec.sources import Sources, digest, read_sources, write_sources
from spec.whole import take

PUBLISHED = "https://api.baseten.co/v1/spec"


def main(arguments: Sequence[str]) -> int:
    """Refresh. Returns the exit status: 0 if the tree is now up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", nargs="?", default=PUBLISHED, metavar="FROM")
    source = parser.parse_args(arguments).source or PUBLISHED
    try:
        _say(f"Reading {source} …")
        return _refresh(fetch(source))
    except (FetchError, SpecError, generate.GenerateError) as error:
        print(f"No file was changed. {error}", file=sys.stderr)
        return 1


def _refresh(texts: Sequence[Text]) -> int:
    root = build_spec.OPENAPI.parent
    (root / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root / "build", prefix="refresh-") as folder:
        scratch = Path(folder)
        copy = scratch / "openapi"
        shutil.copytree(build_spec.OPENAPI, copy)
        overlay = read_overlay("overlay.yaml", (copy / "overlay.yaml").read_text("utf-8"))
        before = edition_of(build_spec.OPENAPI)
        _put(copy, texts, overlay, before)
        _say("Building the document …")
        try:
            text = build_spec.read_valid(copy)
        except SpecError as error:
            raise _with_the_rest(error, copy, overlay.without(set()), before) from error
        (copy / "baseten.json").write_text(text, "utf-8", newline="\n")
        if generate.read_tree(copy) == generate.read_tree(build_spec.OPENAPI):
            _say("Nothing has changed.")
            return 0
        generate.check_names(json.loads(text), generate.PUBLIC.read_text("utf-8"))
        _say("Generating and checking the code …")
        (scratch / "code").mkdir()
        package = generate.generate(copy / "baseten.json", scratch / "code")
        generate.prove(package)
        _swap(copy, package, scratch)
    _tell(before, edition_of(build_spec.OPENAPI))
    return 0


def _put(folder: Path, texts: Sequence[Text], overlay: Overlay, before: Edition) -> None:
    """Write the fetched texts into a copy of openapi/."""
    missing: dict[str, str] = {}
    if all(one.is_page for one in texts):
        files = _pages(texts, overlay)
    else:
        (one,) = texts
        taken = take(read_data(one.source, one.text), overlay.published)
        missing = taken.missing
        _say(
            f"Taking {len(taken.files) - 1} of {len(taken.every)} operations, "
            f"and {taken.components} required components …"
        )
        files = {name: Text(one.source, text) for name, text in taken.files.items()}
        _note_neighbours(folder, neighbours(taken.every, overlay.published))
    sources = read_sources("sources.yaml", (folder / "sources.yaml").read_text("utf-8"))
    today = datetime.now(UTC).date().isoformat()
    for name, one in files.items():
        for other in (folder / name).parent.glob(f"{Path(name).stem}.*"):
            other.unlink()
        (folder / name).write_text(one.text, "utf-8", newline="")
    for name in missing:
        for other in (folder / "endpoints").glob(f"{name}.*"):
            other.unlink()
            sources.pop(f"endpoints/{other.name}")
    (folder / "sources.yaml").write_text(write_sources(noted(sources, files, today)), "utf-8")
    if missing:
        raise _with_the_rest(_missing(missing), folder, overlay.without(set(missing)), before)


def _note_neighbours(folder: Path, found: tuple[str, ...]) -> None:
    (folder / NEIGHBOURS).write_text(write_neighbours(found), "utf-8", newline="\n")


def noted(sources: Sources, files: Mapping[str, Text], today: str) -> Sources:
    """The new sources of all files. An unchanged file keeps its source and date."""
    stems = {name.rpartition(".")[0] for name in files}
    kept = {name: entry for name, entry in sources.items() if name.rpartition(".")[0] not in stems}
    for name, one in files.items():
        before = sources.get(name, {})
        if before.get("sha256") == digest(one.text):
            kept[name] = before
        else:
            kept[name] = {"source": one.source, "date": today, "sha256": digest(one.text)}
    return kept


def _pages(texts: Sequence[Text], overlay: Overlay) -> dict[str, Text]:
    """The pages of operations that we use, unchanged, each named after its operation."""
    found: dict[str, Text] = {}
    for one in texts:
        # Only the headings of the fences are read: a site has pages about everything.
        for key in described(one.text):
            if key in overlay.published:
                read_fragments(f"{one.source.removesuffix('.md')}.md", one.text, {key})
                found[f"endpoints/{overlay.published[key]}.md"] = one
    if not found:
        raise SpecError("No page describes an operation that openapi/overlay.yaml names.")
    _say(f"Taking {len(found)} of {len(texts)} pages …")
    return found


def _with_the_rest(error: SpecError, folder: Path, overlay: Overlay, before: Edition) -> SpecError:
    """*error*, after a description of all that can be described without it."""
    with contextlib.suppress(SpecError):
        _say(as_text(describe_editions(before, edition_of(folder, overlay), leaning())))
    return error


def _missing(missing: Mapping[str, str]) -> SpecError:
    listed = "\n".join(f"  {name}: {what}" for name, what in missing.items())
    return SpecError(
        f"Operations that src/aiobaseten needs are missing:\n{listed}\nIf one was moved, change "
        "its path in openapi/overlay.yaml. If it was removed, remove its entry there and its use "
        "in src/aiobaseten. If this spec is older than the dates in openapi/sources.yaml, get the "
        "newest one."
    )


def _swap(copy: Path, package: Path, scratch: Path) -> None:
    """Replace both folders, or neither."""
    generate.swap(copy, build_spec.OPENAPI, scratch / "old openapi")
    try:
        generate.swap(package, generate.TARGET, scratch / "old code")
    except OSError:
        generate.move(build_spec.OPENAPI, copy)
        generate.move(scratch / "old openapi", build_spec.OPENAPI)
        raise


def _tell(before: Edition, after: Edition) -> None:
    described = as_text(describe_editions(before, after, leaning()))
    _say(f"\nopenapi/ and generated/ are up to date.\n\n{described}")
    for complaint in complaints(after.document, leaning()):
        print(complaint, file=sys.stderr)
    _say("Next: run `make check`, and commit openapi/ and generated/ without other changes.")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
