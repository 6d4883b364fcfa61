"""Operations of each kind, generated from another document, and sent over real sockets."""

from __future__ import annotations

import copy
import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import generate
import vendor
from aiobaseten import Baseten, RetryPolicy
from aiobaseten.errors import BadRequestError, ConfigurationError, ServerError
from spec.naming import check_names
from spec.node import Node, SpecError

from . import many_kinds
from .many_kinds import BARE, Server

Module = Callable[[str], Any]
RUN = UUID("00000000-0000-4000-8000-000000000001")
WHEN = datetime(2026, 8, 22, 10, tzinfo=UTC)
BUILD, TEST = {"kind": "BUILD", "image": "i"}, {"kind": "TEST", "command": "c"}
JOB = {"id": "j1", "state": "RUNNING", "steps": [TEST, BUILD], "note": None}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("kinds")
    (root / "spec.json").write_text(json.dumps(many_kinds.DOCUMENT), "utf-8")
    vendor.vendor(str(root / "spec.json"), "our_jobs", root, [])
    return root / "our_jobs"


@pytest.fixture
def module(package: Path, monkeypatch: pytest.MonkeyPatch) -> Module:
    monkeypatch.syspath_prepend(str(package.parent))
    return lambda name: importlib.import_module(f"our_jobs.{name}")


@dataclass(frozen=True)
class Story:
    """An operation, what it sends, and what it gets."""

    name: str
    arguments: Callable[[Any], tuple[tuple[Any, ...], dict[str, Any]]]
    sends: tuple[str, str, Any]
    gets: tuple[int, Any]


def given(*positional: Any, **named: Any) -> Callable[[Any], Any]:
    return lambda models: (positional, named)


STORIES = [
    Story(
        "jobs.get_jobs",
        lambda models: (
            (),
            {
                "state": [models.State.RUNNING, models.State("NEW")],
                "tag": ["a&b", "c"],
                "deep": True,
                "since": WHEN,
                "limit": 5,
            },
        ),
        (
            "GET",
            "/v1/jobs?state=RUNNING&state=NEW&tag=a%26b&tag=c&deep=true"
            "&since=2026-08-22T10%3A00%3A00%2B00%3A00&limit=5",
            None,
        ),
        (200, [JOB, {"id": "j2", "state": "LATER", "added": 1}]),
    ),
    Story("jobs.get_jobs", given(), ("GET", "/v1/jobs", None), (200, [])),
    Story(
        "jobs.post_jobs",
        lambda models: ((), {"body": models.Job("j1", state=models.State.RUNNING)}),
        ("POST", "/v1/jobs", {"id": "j1", "state": "RUNNING"}),
        (201, JOB),
    ),
    Story(
        "jobs.put_jobs_job_id",
        lambda models: (
            ("a b?",),
            {"body": models.Job("j1", steps=[models.Test("TEST", "c"), models.Build("BUILD")])},
        ),
        ("PUT", "/v1/jobs/a%20b%3F", {"id": "j1", "steps": [TEST, {"kind": "BUILD"}]}),
        (200, JOB),
    ),
    Story(
        "jobs.put_jobs_job_id",
        given("j1", body=None),
        ("PUT", "/v1/jobs/j1", None),
        (200, JOB),
    ),
    Story("jobs.put_jobs_job_id", given("j1"), ("PUT", "/v1/jobs/j1", None), (200, JOB)),
    Story(
        "jobs.patch_jobs_job_id",
        lambda models: (
            ("j1",),
            {"body": models.PatchJobsJobIdBody.from_dict({"team": "a"})},
        ),
        ("PATCH", "/v1/jobs/j1", {"team": "a"}),
        (200, JOB),
    ),
    Story("jobs.delete_jobs_job_id", given("j1"), ("DELETE", "/v1/jobs/j1", None), (204, None)),
    Story(
        "jobs.post_jobs_job_id_stop",
        given("j1"),
        ("POST", "/v1/jobs/j1/stop", None),
        (202, JOB),
    ),
    Story(
        "jobs.get_jobs_number_runs_run_is_last_since_state",
        lambda models: ((7, RUN, False, WHEN, models.State.DONE), {}),
        ("GET", f"/v1/jobs/7/runs/{RUN}/false/2026-08-22T10%3A00%3A00%2B00%3A00/DONE", None),
        (200, {"a": BUILD, "b": TEST}),
    ),
    Story(
        "steps.post_steps",
        lambda models: ((), {"body": models.Test("TEST", command="c")}),
        ("POST", "/v1/steps", TEST),
        (200, BUILD),
    ),
    *(
        Story(f"bare.get_bare_{name}", given(), ("GET", f"/v1/bare/{name}", None), (200, value))
        for name, (_, value) in BARE.items()
    ),
]


def plain(value: Any) -> Any:
    """A result as the JSON that it came from."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.to_dict() if hasattr(value, "to_dict") else value


async def test_operations_of_each_kind_are_sent_and_their_answers_decoded(module: Module) -> None:
    models, server = module("models"), Server()
    server.answers = [story.gets for story in STORIES]
    results = []

    async with server.serving() as url, Baseten(api_key="test-key", base_url=url) as baseten:
        for story in STORIES:
            positional, named = story.arguments(models)
            made = module(f"api.{story.name}").operation(*positional, **named)
            results.append(await baseten.send(made))

    assert server.requests == [story.sends for story in STORIES]
    assert [plain(result) for result in results] == [story.gets[1] for story in STORIES]
    assert all(b"authorization: api-key test-key" in head.lower() for head in server.heads)
    # By its constant, although the first alternative would fit, too.
    assert [type(one) for one in results[2].steps] == [models.Test, models.Build]
    assert isinstance(results[0][1].state, models.State)


async def test_a_vendored_operation_has_the_errors_and_retries_of_our_own(module: Module) -> None:
    server, jobs = Server(), module("api.jobs.get_jobs")
    stop = module("api.jobs.post_jobs_job_id_stop").operation
    refused = {"code": "BAD_REQUEST", "message": "No such state."}
    server.answers = [(503, {}), (200, []), (503, {}), (400, refused)]

    async with (
        server.serving() as url,
        Baseten(api_key="test-key", base_url=url, retry=RetryPolicy(first_delay=0.001)) as baseten,
    ):
        assert await baseten.send(jobs.operation()) == []
        with pytest.raises(ServerError):
            await baseten.send(stop("j1"))
        with pytest.raises(BadRequestError, match="No such state"):
            await baseten.send(jobs.operation())
        with pytest.raises(ConfigurationError, match="job_id"):
            await baseten.send(stop(".."))

    assert [method for method, _, _ in server.requests] == ["GET", "GET", "POST", "GET"]


def test_an_argument_that_cannot_be_in_a_path_is_no_other_request(module: Module) -> None:
    run = module("api.jobs.get_jobs_number_runs_run_is_last_since_state").operation

    with pytest.raises(TypeError):
        run(None, RUN, False, WHEN, "DONE")


@pytest.mark.thorough
def test_a_package_of_each_kind_passes_strict_type_checks(package: Path) -> None:
    generate.prove(package)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a list as a body": (
        many_kinds.body({"type": "array", "items": many_kinds.STRING}),
        "a body of type array is not supported",
    ),
    "perhaps text as a body": (
        many_kinds.body({"anyOf": [many_kinds.reference("JobV1"), many_kinds.STRING]}),
        "a body of type string is not supported",
    ),
    "an enum as a body": (
        many_kinds.body(many_kinds.reference("StateV1")),
        "a body of type string is not supported",
    ),
    "a list in the path": (
        {"parameters": [many_kinds.inside("job_id", {"type": "array"})]},
        "an array in a path is not supported",
    ),
    "a name that the function uses": (
        {"parameters": [many_kinds.query("params", many_kinds.STRING)]},
        "post /v1/jobs/{job_id}/stop: params: the generator cannot take this name",
    ),
    "names that are equal in Python": (
        {"parameters": [many_kinds.query(name, many_kinds.STRING) for name in ("a-b", "a_b")]},
        "a_b: the generator cannot take this name: in Python it would be the same as a-b",
    ),
    "a required header": (
        {"parameters": [{"name": "X", "in": "header", "required": True, "schema": {}}]},
        "required parameters in 'header' are not supported",
    ),
}


@pytest.mark.parametrize(("part", "said"), WRONG.values(), ids=WRONG)
def test_an_operation_that_cannot_be_sent_is_refused_with_its_place(
    part: dict[str, Any], said: str
) -> None:
    document = copy.deepcopy(many_kinds.DOCUMENT)
    document["paths"]["/v1/jobs/{job_id}/stop"]["post"] |= part

    with pytest.raises(SpecError) as caught:
        check_names(vendor.document_of_all(Node("spec.json", document), []))

    assert said in str(caught.value)
