"""Build openapi/baseten.json from the rest of openapi/, or check that it is up to date."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

from spec.document import OURS, build_document, published_subjects
from spec.leaning import complaints, read_leaning
from spec.naming import check_names
from spec.node import JsonObject, SpecError
from spec.overlay import read_overlay
from spec.pins import asks, changed_under
from spec.sources import Sources, check_sources, dates_in, read_sources

OPENAPI = Path(__file__).resolve().parent.parent / "openapi"
DOCUMENT = OPENAPI / "baseten.json"


def document_text(
    files: Mapping[str, str], overlay: tuple[str, str], dates: Mapping[str, str] | None = None
) -> str:
    """The document to commit: valid, sorted, independent of the order of *files*."""
    document = build_document(files, overlay, dates)
    check_names(document)
    if error := first_error(document):
        raise SpecError(f"the built document is not valid OpenAPI 3.1: {error}")
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def first_error(document: JsonObject) -> str | None:
    """The first reason why a document is not valid; None if it is."""
    error = next(OpenAPIV31SpecValidator(document).iter_errors(), None)
    return f"{error.json_path}: {error.message}" if error else None


def read_openapi(folder: Path) -> tuple[dict[str, str], tuple[str, str]]:
    """The text of each source file of the document, by name, and the overlay."""
    files = [folder / "components.yaml", folder / OURS, *(folder / "endpoints").iterdir()]
    texts = {file.relative_to(folder).as_posix(): file.read_text("utf-8") for file in files}
    return texts, ("overlay.yaml", (folder / "overlay.yaml").read_text("utf-8"))


def read_valid(folder: Path) -> str:
    """Build a folder's document and return its text.

    Raises:
        SpecError: The document cannot be built, or a vendored file was edited.
    """
    texts, overlay = read_openapi(folder)
    sources = sources_of(folder)
    document = document_text(texts, overlay, dates_in(sources))
    check_sources({name: text for name, text in texts.items() if name != OURS}, sources)
    return document


def sources_of(folder: Path) -> Sources:
    """The source, date and hash of each file of a folder."""
    return read_sources("sources.yaml", (folder / "sources.yaml").read_text("utf-8"))


def decisions(folder: Path) -> list[str]:
    """One sentence for each entry of the overlay under which Baseten changed something."""
    texts, named = read_openapi(folder)
    sources = sources_of(folder)
    subjects = published_subjects(texts, read_overlay(*named), dates_in(sources))
    vendored = {name for name, entry in sources.items() if "sha256" in entry}
    return [asks(one, sources) for one in changed_under(subjects, vendored)]


def main(arguments: Sequence[str]) -> int:
    """Build or check. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if the result is out of date"
    )
    check = parser.parse_args(arguments).check
    try:
        text = read_valid(OPENAPI)
        leaning = read_leaning("leans-on.yaml", (OPENAPI / "leans-on.yaml").read_text("utf-8"))
    except SpecError as error:
        print(error, file=sys.stderr)
        return 1
    lost = [*decisions(OPENAPI), *complaints(json.loads(text), leaning)]
    if lost:
        print(*lost, sep="\n", file=sys.stderr)
    if DOCUMENT.exists() and DOCUMENT.read_text("utf-8") == text:
        return int(check and bool(lost))
    if check:
        print(
            "openapi/baseten.json is out of date. Run `make generate`, "
            "review the changes, and commit them.",
            file=sys.stderr,
        )
        return 1
    # Even if a field of the facade is gone: adapting the facade needs the new code.
    DOCUMENT.write_text(text, "utf-8", newline="\n")
    print("openapi/baseten.json was rebuilt.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
