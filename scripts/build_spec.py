"""Build openapi/baseten.json from the rest of openapi/, or check that it is up to date."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

from spec.document import build_document
from spec.node import SpecError

OPENAPI = Path(__file__).resolve().parent.parent / "openapi"
DOCUMENT = OPENAPI / "baseten.json"


def document_text(files: Mapping[str, str], overlay: tuple[str, str]) -> str:
    """The document as it is committed: valid, sorted, and the same for any order of *files*."""
    document = build_document(files, overlay)
    if error := next(OpenAPIV31SpecValidator(document).iter_errors(), None):
        raise SpecError(f"what came out is not OpenAPI 3.1: {error.json_path}: {error.message}")
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def read_openapi(folder: Path) -> tuple[dict[str, str], tuple[str, str]]:
    """The text of every file that the document is built from, and the overlay."""
    files = [folder / "components.yaml", *(folder / "endpoints").iterdir()]
    texts = {file.relative_to(folder).as_posix(): file.read_text("utf-8") for file in files}
    return texts, ("overlay.yaml", (folder / "overlay.yaml").read_text("utf-8"))


def main(arguments: Sequence[str]) -> int:
    """Build or check; 0 is good."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if it is stale")
    check = parser.parse_args(arguments).check
    try:
        text = document_text(*read_openapi(OPENAPI))
    except SpecError as error:
        print(error, file=sys.stderr)
        return 1
    if DOCUMENT.exists() and DOCUMENT.read_text("utf-8") == text:
        return 0
    if check:
        print(
            "openapi/baseten.json is not what the rest of openapi/ builds. Run `make generate`, "
            "look at what changed, and commit it.",
            file=sys.stderr,
        )
        return 1
    DOCUMENT.write_text(text, "utf-8", newline="\n")
    print("openapi/baseten.json is new.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
