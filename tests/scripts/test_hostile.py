"""Hostile input is refused or handled in bounded time and memory."""

import errno
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import build_spec
import generate
import refresh_spec
from spec.node import SpecError
from spec.reading import described, read_data
from spec.whole import take

from .frozen_spec import frozen

Whole = dict[str, Any]
SCRIPTS = Path(build_spec.__file__).parent
DEPLOYMENT = "/v1/models/{model_id}/deployments/{deployment_id}"
WANTED = {f"get {DEPLOYMENT}": "get_deployment"}


def limited() -> None:
    """Limit this process to a gigabyte and half a minute of CPU time."""
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    resource.setrlimit(resource.RLIMIT_CPU, (30, 30))


def refused(text: str, file: str = "spec.yaml") -> str:
    with pytest.raises(SpecError) as caught:
        read_data(file, text)
    return str(caught.value)


# --- YAML ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["ON", "NO", "off", "y", "0o17x", "12:30:00", "~x"])
def test_special_values_of_yaml_1_1_stay_text(text: str) -> None:
    assert read_data("spec.yaml", f"value: {text}").value == {"value": text}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date: 2026-08-20", "quote it"),
        ("stamp: 2026-08-20T10:00:00Z", "quote it"),
        ("1: one", "the key 1 is not a string"),
        ("a: 1\na: 2", "duplicate key"),
        ("a: &x 1\nb: *x", "aliases are not supported"),
        ("a: &x {b: 1}\nc: {<<: *x}", "aliases are not supported"),
        ("a: !!python/object/apply:os.system [ls]", "not readable as YAML"),
        ("a: !!binary aGk=", "quote it"),
        ("a: !!set {b, c}", "quote it"),
        ("a: 1_000", "quote it"),
        ("a: .nan", "nan is not a number in JSON"),
        ("a: 1\n---\nb: 2", "not readable as YAML"),
        ("\x00", "not readable as YAML"),
        ('{"a": 1, "a": 2}', "duplicate key 'a'"),
        ('{"a": NaN}', "nan is not a number in JSON"),
        ('{"a": 1', "not readable as JSON"),
        ('{"a": "\\ud800"}', "a lone surrogate"),
        (f'{{"a": {"9" * 5000}}}', "not readable as JSON"),
        ("[" * 5_000, "nested more than 100 deep"),
        ('{"a":' * 5_000, "not readable as JSON"),
        ('{"a":' * 200 + "1" + "}" * 200, "nested more than 100 deep"),
    ],
)
def test_yaml_that_is_not_plain_data_is_refused(text: str, said: str) -> None:
    file = "spec.json" if text.startswith("{") else "spec.yaml"

    assert said in refused(text, file)


def test_an_alias_bomb_is_refused() -> None:
    """Nine levels of nine aliases would be 400 million values."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    begun = time.process_time()

    assert "aliases are not supported" in refused("\n".join(lines))
    assert time.process_time() - begun < 5


def test_twenty_megabytes_of_yaml_are_refused_at_once() -> None:
    """Strict parsing would take minutes."""
    begun = time.process_time()

    assert "more than 4,000,000 characters of YAML" in refused("a: b # c\n" * 2_500_000)
    assert time.process_time() - begun < 5


def test_a_duplicate_key_in_a_large_object_is_found_in_bounded_time() -> None:
    text = json.dumps({f"key{number}": number for number in range(200_000)})
    begun = time.process_time()

    assert "duplicate key 'key7'" in refused(f'{text[:-1]}, "key7": 1}}', "spec.json")
    assert time.process_time() - begun < 10


# --- a whole spec --------------------------------------------------------------------------------


@pytest.mark.thorough
def test_twenty_megabytes_of_json_are_read_in_bounded_time_and_memory(
    whole: Whole, tmp_path: Path
) -> None:
    """In a separate process with a gigabyte. The spec has many parts that we do not use."""
    many = {f"S{number}": {"type": "object", "title": "x" * 100} for number in range(130_000)}
    whole["components"]["schemas"] |= many
    file = tmp_path / "spec.json"
    file.write_text(json.dumps(whole), "utf-8")
    assert file.stat().st_size > 18_000_000
    program = (
        "import pathlib, sys, build_spec; from describe_spec_change import edition_named\n"
        "build_spec.OPENAPI = pathlib.Path(sys.argv[2])\n"
        "print(len(edition_named(sys.argv[1]).document['paths']))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(file), str(frozen.OPENAPI)],
        cwd=SCRIPTS,
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-1000:]
    assert int(done.stdout) == len(frozen.document()["paths"])


def property_of_deployment(whole: Whole, value: object) -> None:
    whole["components"]["schemas"]["DeploymentV1"]["properties"]["more"] = value


def refer_to_itself(whole: Whole) -> None:
    property_of_deployment(whole, {"$ref": "#/components/schemas/A"})
    whole["components"]["schemas"]["A"] = {"$ref": "#/components/schemas/A"}


def refer_in_a_circle(whole: Whole) -> None:
    property_of_deployment(whole, {"$ref": "#/components/schemas/A"})
    whole["components"]["schemas"]["A"] = {"$ref": "#/components/schemas/B"}
    whole["components"]["schemas"]["B"] = {"$ref": "#/components/schemas/A"}


def refer_to(target: str) -> Callable[[Whole], None]:
    return lambda whole: property_of_deployment(whole, {"$ref": target})


def name_a_schema(name: str) -> Callable[[Whole], None]:
    def change(whole: Whole) -> None:
        refer_to(f"#/components/schemas/{name}")(whole)
        whole["components"]["schemas"][name] = {"type": "object"}

    return change


HOSTILE = {
    "a schema that is itself": (refer_to_itself, "only another name for a schema"),
    "schemas in a circle": (refer_in_a_circle, "only another name for a schema"),
    "a file": (refer_to("file:///etc/passwd"), "'file:///etc/passwd' are not supported"),
    "an address": (refer_to("https://baseten.example/x"), "are not supported"),
    "a place anywhere": (refer_to("#/paths/~1v1"), "are not supported"),
    "a path out of here": (
        name_a_schema("../../../../tmp/x"), "'#/components/schemas/../../../../tmp/x' are not"
    ),
    "a hidden file": (name_a_schema("..x"), "'..x' cannot be the name of a class"),
    "no letters at all": (name_a_schema("1"), "'1' cannot be the name of a class"),
}  # fmt: skip


@pytest.mark.usefixtures("quick", "repository")
@pytest.mark.parametrize(("change", "said"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_spec_is_refused(
    change: Callable[[Whole], None],
    said: str,
    status: Callable[[], str],
    whole: Whole,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change(whole)
    (tmp_path / "spec.json").write_text(json.dumps(whole), "utf-8")

    assert refresh_spec.main([str(tmp_path / "spec.json")]) == 1

    assert said in capsys.readouterr().err
    assert status() == ""


def test_a_recursive_schema_is_taken_once(whole: Whole) -> None:
    reference = {"$ref": "#/components/schemas/DeploymentV1"}
    property_of_deployment(whole, {"anyOf": [reference, {"type": "null"}]})

    taken = take(read_data("spec.json", json.dumps(whole)), WANTED)

    assert taken.files["components.yaml"].count("    DeploymentV1:\n") == 1


def test_no_file_name_comes_from_the_spec(whole: Whole) -> None:
    """An id with a path in it is dropped; ids come from the overlay."""
    for item in whole["paths"].values():
        for operation in item.values():
            operation["operationId"] = "../../../../tmp/x"
            operation["tags"] = ["../../etc"]

    taken = take(read_data("spec.json", json.dumps(whole)), WANTED)

    assert taken.files.keys() == {"endpoints/get_deployment.yaml", "components.yaml"}
    assert "/tmp/x" not in "".join(taken.files.values())


HOSTILE_WORDS = ['"""\nimport os\n"""', "\\", "'''", "{{ 7 * 7 }}", "\u2028import os", "${x}", "# "]


def test_text_of_the_spec_cannot_become_code(tmp_path: Path) -> None:
    """Titles, descriptions and enum values are written into Python files."""
    document = frozen.document()
    path = "/v1/models/{model_id}/environments/{env_name}/pause_promotion"
    document["paths"] = {path: document["paths"][path]}
    document["paths"][path]["post"]["summary"] = " ".join(HOSTILE_WORDS)
    fields = {
        f"field{number}": {"type": "string", "description": word, "title": word, "pattern": word}
        for number, word in enumerate(HOSTILE_WORDS)
    }
    enum = {"type": "string", "enum": [f"A{word}" for word in HOSTILE_WORDS], "title": "Mood"}
    answer = {"type": "object", "description": "".join(HOSTILE_WORDS), "properties": fields}
    fields["mood"] = {"$ref": "#/components/schemas/Mood"}
    document["components"]["schemas"] = {"SignalPromotionResponseV1": answer, "Mood": enum}
    (tmp_path / "document.json").write_text(json.dumps(document), "utf-8")
    (tmp_path / "scratch").mkdir()

    package = generate.generate(tmp_path / "document.json", tmp_path / "scratch")

    generate.prove(package)
    for file in package.rglob("*.py"):
        code = compile(file.read_bytes(), file.name, "exec")
        assert "os" not in code.co_names
        assert "49" not in file.read_text("utf-8")


# --- time in proportion to the size --------------------------------------------------------------


def test_a_late_duplicate_among_many_keys_is_found_in_time() -> None:
    """Counting each key would take hours."""
    keys = ", ".join(f'"key{number}": 0' for number in range(300_000))

    with pytest.raises(SpecError, match="duplicate key 'key299999'"):
        read_data("spec.json", f'{{{keys}, "key299999": 1}}')


def test_unclosed_fences_are_read_in_time() -> None:
    """A search for the end of each would take the square of their number in time."""
    page = "# T\n" + "````yaml get /v1/things\n" * 40_000

    assert described(page) == []


# --- other places --------------------------------------------------------------------------------


def test_a_folder_moves_where_it_cannot_be_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a layer of a container's image, and between file systems."""

    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link", str(source), None, str(target))

    monkeypatch.setattr(Path, "rename", refuse)
    for name in ("new", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)

    generate.swap(tmp_path / "new", tmp_path / "target", tmp_path / "old")

    assert (tmp_path / "target" / "file").read_text() == "new"
    assert (tmp_path / "old" / "file").read_text() == "target"
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_moved_stays_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link", str(source), None, str(target))

    def fill_the_disk(source: Path, target: Path) -> None:
        target.mkdir()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "rename", refuse)
    monkeypatch.setattr(shutil, "copytree", fill_the_disk)
    (tmp_path / "source").mkdir()

    with pytest.raises(OSError, match="No space left"):
        generate.move(tmp_path / "source", tmp_path / "target")

    assert (tmp_path / "source").is_dir()
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("variable", ["FROM", "SPEC", "NEW", "INTO", "FORMAT"])
@pytest.mark.parametrize("way", ["argument", "environment"])
def test_make_expands_nothing_in_a_variable(variable: str, way: str, tmp_path: Path) -> None:
    """`$(shell …)` would run."""
    text = f"$(shell touch {tmp_path}/ran)$(info told)"
    makefile = (generate.ROOT / "Makefile").read_text("utf-8")
    (tmp_path / "Makefile").write_text(f"{makefile}\nshow:\n\t@printenv {variable}\n", "utf-8")
    given = [f"{variable}={text}"] if way == "argument" else []
    environment = os.environ | ({variable: text} if way == "environment" else {})

    done = subprocess.run(
        ["make", "--silent", "show", *given],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == f"{text}\n"
    assert not (tmp_path / "ran").exists()


# --- a generator that fails ----------------------------------------------------------------------


def test_a_generator_that_fails_says_why(tmp_path: Path) -> None:
    """Its warning, and not a traceback out of our templates."""
    document = json.loads(generate.DOCUMENT.read_text("utf-8"))
    document["components"]["schemas"]["LogV1"]["properties"]["level"] = {"enum": [1, "a"]}

    with pytest.raises(generate.GenerateError) as caught:
        generate.generate_package(document, tmp_path, {})

    assert "Traceback" not in str(caught.value)
    assert "Unable to" in str(caught.value)
