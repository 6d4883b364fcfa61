"""Pages as people have them: a whole site of documentation, other ends of lines, other vintages."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import build_spec
import refresh_spec
from spec.document import build_document
from spec.reading import described, read_pages
from spec.sources import read_sources

from .frozen_spec import frozen

Status = Callable[[], str]
PAGE = (frozen.ENDPOINTS / "cancel_promotion.md").read_text("utf-8").rstrip("\n") + "\n"
FENCE = "````yaml get /v1/other\nopenapi: [not, readable\n````\n"

pytestmark = pytest.mark.usefixtures("quick", "repository")


def test_a_whole_site_of_documentation_is_a_source(status: Status, tmp_path: Path) -> None:
    """With pages about everything, in every state."""
    site = tmp_path / "site"
    (site / "guides").mkdir(parents=True)
    for page in frozen.ENDPOINTS.glob("*.md"):
        (site / page.name).write_text(page.read_text("utf-8") + "\n" + FENCE, "utf-8")
    (site / "guides" / "front.md").write_text("---\ntitle: Front\n---\nText", "utf-8")
    (site / "guides" / "html.md").write_text("<html></html>", "utf-8")
    (site / "guides" / "empty.md").write_text("", "utf-8")
    (site / "guides" / "latin.md").write_bytes("# Ü\n".encode("latin-1"))
    (site / "guides" / "yaml.md").write_text("# T\n```yaml\nmodel: [\n```\n", "utf-8")
    (site / "guides" / "other.md").write_text(f"# Other\n\n{FENCE}{FENCE}", "utf-8")

    assert refresh_spec.main([str(site)]) == 0

    # Only the second fence is new, and nobody reads it.
    changed = [line for line in status().splitlines() if "openapi/" in line]
    assert [line for line in changed if "endpoints" not in line] == [" M openapi/sources.yaml"]


def test_a_site_without_a_page_of_ours_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "other.md").write_text(f"# Other\n\n{FENCE}", "utf-8")

    assert refresh_spec.main([str(tmp_path / "site")]) == 1

    assert "No page describes an operation that" in capsys.readouterr().err


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_other_ends_of_lines_change_nothing(status: Status, tmp_path: Path, end: str) -> None:
    page = (frozen.ENDPOINTS / "cancel_promotion.md").read_text("utf-8")
    (tmp_path / "page.md").write_bytes(page.replace("\n", end).encode())

    assert refresh_spec.main([str(tmp_path / "page.md")]) == 0
    assert build_spec.main(["--check"]) == 0

    assert status() == ""


def test_a_page_may_begin_with_a_front_matter(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(f"---\ntitle: Cancel\n---\n{PAGE}", "utf-8")

    assert refresh_spec.main([str(tmp_path / "page.md")]) == 0


def test_the_fence_after_which_a_page_is_named_is_read() -> None:
    assert described(PAGE + FENCE)[-1] == "get /v1/other"
    (page,) = read_pages("page.md", FENCE + PAGE, {described(PAGE)[0]})

    assert page.path.endswith("/cancel_promotion")


def newer_page(whole: dict[str, Any]) -> str:
    """A page of today about one operation, in other words than our files."""
    path = "/v1/models/{model_id}/deployments/{deployment_id}"
    schemas = json.loads(json.dumps(whole["components"]["schemas"]))
    for schema in schemas.values():
        schema["description"] = f"Other words: {schema.get('description', '')}"
    schemas["DeploymentV1"]["properties"]["zone"] = {"type": "string"}
    document = {
        "openapi": "3.1.0",
        "servers": whole.get("servers", []),
        "paths": {path: {"get": whole["paths"][path]["get"]}},
        "components": whole["components"] | {"schemas": schemas},
    }
    return f"# Get a deployment\n\n````yaml get {path}\n{json.dumps(document)}\n````\n"


def test_of_a_page_only_the_operation_after_which_it_is_named_counts(whole: dict[str, Any]) -> None:
    """Another operation of ours on the same page has a page of its own."""
    texts, named = build_spec.read_openapi(frozen.OPENAPI)
    page = "endpoints/cancel_promotion.md"
    both = {**texts, page: texts[page] + "\n" + newer_page(whole)}

    assert build_document(both, named) == build_document(texts, named)


def test_a_newer_vintage_replaces_an_older_one(
    repository: Path, whole: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A definition of today wins against one of August, and other words are no contradiction."""
    (tmp_path / "page.md").write_text(newer_page(whole), "utf-8")

    assert refresh_spec.main([str(tmp_path / "page.md")]) == 0

    assert "DeploymentV1.zone: field added" in capsys.readouterr().out
    document = json.loads(build_spec.DOCUMENT.read_text("utf-8"))
    assert "zone" in document["components"]["schemas"]["DeploymentV1"]["properties"]
    sources = read_sources(
        "sources.yaml", (repository / "openapi" / "sources.yaml").read_text("utf-8")
    )
    assert "endpoints/get_deployment.md" in sources
    assert "endpoints/get_deployment.yaml" not in sources
