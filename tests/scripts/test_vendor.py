"""A package for `Baseten.send`, generated from another document."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

import generate
import vendor
from aiobaseten import Baseten, Operation
from spec.naming import check_names
from spec.node import SpecError

REFERENCE = "#/components/schemas/"
PATH = "/v1/training/{job_id}/checkpoints"
CONFIG = "/v1/models/{model_id}/deployments/{deployment_id}/config"
PAGE = Path(__file__).parents[2] / "docs" / "whole-api.md"


def document() -> dict[str, Any]:
    """With what a spec of Baseten's has and our own package does not: constants, and unions."""

    def kind(name: str, **fields: Any) -> dict[str, Any]:
        constant = {"const": name, "type": "string", "default": name}
        return {"type": "object", "properties": {"type": constant, **fields}}

    union = {
        "oneOf": [{"$ref": f"{REFERENCE}FullV1"}, {"$ref": f"{REFERENCE}PartialV1"}],
        "discriminator": {
            "propertyName": "type",
            "mapping": {"FULL": f"{REFERENCE}FullV1", "PARTIAL": f"{REFERENCE}PartialV1"},
        },
    }
    page = {"type": "object", "properties": {"checkpoints": {"type": "array", "items": union}}}
    answer = {"content": {"application/json": {"schema": {"$ref": f"{REFERENCE}PageV1"}}}}
    config = {"content": {"application/json": {"schema": {"$ref": f"{REFERENCE}ConfigV1"}}}}
    job, model, deployment = (
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in ("job_id", "model_id", "deployment_id")
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Trainings", "version": "1"},
        "servers": [{"url": "https://api.baseten.co"}],
        "security": [{"BearerAuth": []}],
        "paths": {
            PATH: {
                "parameters": [job],
                "get": {"responses": {"200": {"description": "", **answer}}},
                "post": {
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"$ref": f"{REFERENCE}FullV1"}}},
                    },
                    "responses": {"200": {"description": "", **answer}},
                },
            },
            CONFIG: {
                "parameters": [model, deployment],
                "get": {"responses": {"200": {"description": "", **config}}},
            },
            "/v1/secrets": {"get": {"responses": {"200": {"description": "", **answer}}}},
        },
        "components": {
            "schemas": {
                "FullV1": kind("FULL", size={"type": "integer"}),
                "PartialV1": kind("PARTIAL", of={"type": "string"}),
                "PageV1": page,
                "ConfigV1": {"type": "object"},
            },
            "securitySchemes": {"BearerAuth": {"type": "http", "scheme": "bearer"}},
        },
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the package our_baseten."""
    root = tmp_path_factory.mktemp("vendored")
    (root / "spec.json").write_text(json.dumps(document()), "utf-8")
    assert vendor.main([str(root / "spec.json"), "--package=our_baseten", f"--into={root}"]) == 0
    return root


@pytest.fixture(scope="module")
def checkpoints(folder: Path) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        return importlib.import_module("our_baseten.api.training.get_training_job_id_checkpoints")


async def test_a_vendored_operation_is_sent_by_the_same_client(checkpoints: ModuleType) -> None:
    full, partial = {"type": "FULL", "size": 3}, {"type": "PARTIAL", "of": "c1"}
    other = {"type": "OTHER"}

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == PATH.format(job_id="j1")
        return httpx.Response(200, json={"checkpoints": [partial, full, other]})

    made = checkpoints.operation("j1")
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        page = await baseten.send(made)

    assert isinstance(made, Operation)
    # By its constant, although all fields of the first would be optional.
    assert [type(one).__name__ for one in page.checkpoints] == ["Partial", "Full", "dict"]
    assert page.to_dict() == {"checkpoints": [partial, full, other]}


async def test_the_documented_example_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(folder))
    (example,) = re.findall(
        r"```python\n(from our_baseten.*?)```", PAGE.read_text("utf-8"), re.DOTALL
    )
    lines = [*example.splitlines(), "return config"]
    program = "async def main(baseten):\n" + "\n".join(f"    {line}" for line in lines)
    names: dict[str, Any] = {}
    exec(program, names)

    async with (
        httpx.AsyncClient(
            transport=httpx.MockTransport(lambda request: httpx.Response(200, json={"a": 1}))
        ) as http,
        Baseten(api_key="test-key", http_client=http) as baseten,
    ):
        config = await names["main"](baseten)

    assert config.to_dict() == {"a": 1}


def test_importing_one_operation_imports_only_its_models(folder: Path) -> None:
    code = (
        "import sys, our_baseten.api.secrets.get_secrets\n"
        "print([n for n in sys.modules if n.startswith('our_baseten.api.training')])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


def test_only_operations_below_a_path_are_taken(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Into the current folder, if no other is given."""
    monkeypatch.chdir(tmp_path)

    def generated(document: Any, scratch: Path, *_: Any, name: str, **__: Any) -> Path:
        (scratch / name).mkdir()
        (scratch / name / "paths.json").write_text(json.dumps([*document["paths"]]))
        return scratch / name

    monkeypatch.setattr(generate, "generate_package", generated)

    number = vendor.vendor(str(folder / "spec.json"), "some_baseten", Path(), ["/v1/secrets"])

    assert number == 1
    assert json.loads((tmp_path / "some_baseten" / "paths.json").read_text()) == ["/v1/secrets"]


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ("aiobaseten", "is taken"),
        ("json", "is taken"),
        ("Upper", "cannot be the name"),
        ("../x", "cannot be the name"),
        ("class", "cannot be the name"),
        ("mine", "was not generated by this command"),
    ],
)
def test_a_folder_that_is_not_ours_is_never_replaced(
    package: str, said: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.py").write_text("")

    source = str(folder / "spec.json")
    assert vendor.main([source, f"--package={package}", f"--into={tmp_path}"]) == 1

    assert said in capsys.readouterr().err
    assert [file.name for file in tmp_path.rglob("*")] == ["mine", "work.py"]


@pytest.mark.parametrize(
    "code", ["return 1", "x = undefined", "def f(): ...\ndef f(): ...", "def f(:"]
)
def test_a_package_with_broken_code_is_refused(
    code: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(document: Any, scratch: Path, *_: Any, name: str, **__: Any) -> Path:
        (scratch / name).mkdir()
        (scratch / name / "broken.py").write_text(code)
        return scratch / name

    monkeypatch.setattr(generate, "generate_package", broken)

    assert vendor.main([str(folder / "spec.json"), "--package=x", f"--into={tmp_path}"]) == 1

    assert [*tmp_path.iterdir()] == []


def test_a_path_without_operations_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(folder / "spec.json"), "--package=x", f"--into={tmp_path}", "--only=/v2"]

    assert vendor.main(arguments) == 1

    assert "no operation is below /v2" in capsys.readouterr().err


def schemas(**named: Any) -> Any:
    return {"paths": {}, "components": {"schemas": named}}


NAMES: dict[str, tuple[Any, str]] = {
    "a method": (schemas(A={"properties": {"to_dict": {}}}), "A.to_dict: the generator cannot"),
    "an import": (schemas(Any={}), "Any: the generator cannot take this name"),
    "an import, without its version": (schemas(UnsetV1={}), "UnsetV1: the generator cannot"),
    "values": (
        schemas(A={"properties": {"b": {"enum": ["on-call", "on_call"]}}}),
        "its values 'on-call' and 'on_call' get one name in Python",
    ),
    "fields": (schemas(A={"properties": {"aB": {}, "a_b": {}}}), "A.a_b: the generator cannot"),
    "modules": (schemas(FooBar={}, Foo_bar={}), "Foo_bar: the generator cannot take this name"),
}


@pytest.mark.parametrize(("named", "said"), NAMES.values(), ids=NAMES)
def test_a_legal_name_that_cannot_be_generated_gets_a_sentence(named: Any, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_names(named)

    assert said in str(caught.value)


def test_the_names_of_a_usual_document_are_accepted() -> None:
    check_names(document())
