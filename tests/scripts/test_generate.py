"""Generating the package from the document: guards, determinism, and the swap."""

import json
import shutil
from pathlib import Path

import pytest

import generate
from generate import GenerateError
from spec.node import JsonObject
from spec.preparing import without_defaults

TEMPLATES = generate.SETTINGS / "templates"
HASHES = generate.SETTINGS / "upstream.sha256"


# --- the result ----------------------------------------------------------------------------------


@pytest.mark.thorough
def test_the_result_does_not_depend_on_its_surroundings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not on the order of sets, the folder, or ruff's settings in the folder."""
    trees = []
    for seed, settings in (("1", ""), ("2", "[tool.ruff]\nline-length = 40\n")):
        scratch = tmp_path / seed
        scratch.mkdir()
        (scratch / "pyproject.toml").write_text(settings)
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        monkeypatch.chdir(scratch)
        trees.append(generate.read_tree(generate.generate(generate.DOCUMENT, scratch)))

    assert generate.compare(expected=trees[0], actual=trees[1]) == []
    assert {"py.typed", "types.py", "models/chainlet.py"} <= trees[0].keys()
    assert "errors.py" not in trees[0]


def test_a_warning_of_the_generator_is_an_error(tmp_path: Path) -> None:
    """The generator would skip the operation and report success."""
    document = tmp_path / "document.json"
    text = generate.DOCUMENT.read_text("utf-8")
    assert '"name": "chain_id"' in text
    document.write_text(text.replace('"name": "chain_id"', '"name": "chain"', 1), "utf-8")
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    with pytest.raises(GenerateError, match="Path parameters do not match"):
        generate.generate(document, scratch)


def test_defaults_move_into_the_description_because_they_would_be_sent() -> None:
    flag: JsonObject = {"type": "boolean", "default": True, "description": "Whether."}
    named: JsonObject = {"type": "object", "properties": {"default": {"default": None}, "f": flag}}
    either: JsonObject = {"anyOf": [{"type": "integer", "default": 7}]}
    server: JsonObject = {"url": "https://{m}", "variables": {"m": {"default": "m"}}}

    assert without_defaults({"a": named, "b": either, "servers": [server]}) == {
        "a": {
            "type": "object",
            "properties": {
                "default": {},
                "f": {"type": "boolean", "description": "Whether. Baseten's default: true."},
            },
        },
        "b": {"anyOf": [{"type": "integer", "description": "Baseten's default: 7."}]},
        "servers": [server],
    }


@pytest.mark.parametrize("bad", ["def f(:\n", "x: int = 'text'\n"], ids=["syntax", "types"])
def test_invalid_code_is_refused(tmp_path: Path, bad: str) -> None:
    package = tmp_path / generate.PACKAGE
    package.mkdir()
    (package / "__init__.py").write_text(bad)

    with pytest.raises(GenerateError):
        generate.prove(package)


# --- the guards ----------------------------------------------------------------------------------


def test_the_installed_templates_are_the_recorded_ones() -> None:
    generate.check_templates(TEMPLATES, generate.upstream_templates(), HASHES)


@pytest.mark.parametrize("change", ["edited", "gone"])
def test_a_changed_original_stops_the_generation(tmp_path: Path, change: str) -> None:
    upstream = tmp_path / "templates"
    shutil.copytree(generate.upstream_templates(), upstream)
    moved = upstream / "property_templates" / "union_property.py.jinja"
    if change == "edited":
        moved.write_text(moved.read_text("utf-8") + "\n", "utf-8")
    else:
        moved.unlink()

    with pytest.raises(GenerateError, match=r"property_templates/union_property\.py\.jinja"):
        generate.check_templates(TEMPLATES, upstream, HASHES)


def test_a_template_of_ours_needs_the_hash_of_its_original(tmp_path: Path) -> None:
    lines = HASHES.read_text("utf-8").splitlines(keepends=True)
    hashes = tmp_path / "upstream.sha256"
    hashes.write_text("".join(line for line in lines if "str_enum" not in line), "utf-8")

    with pytest.raises(GenerateError, match=r"no hash for the original of str_enum"):
        generate.check_templates(TEMPLATES, generate.upstream_templates(), hashes)


def test_an_unpinned_version_stops_the_generation() -> None:
    with pytest.raises(
        GenerateError, match=r"ruff .* is installed, but pyproject.toml pins 0\.0\.1"
    ):
        generate.check_versions({"ruff": "0.0.1"})


def test_a_version_range_is_refused() -> None:
    pyproject = '[dependency-groups]\ndev = ["openapi-python-client==0.29.1", "ruff>=0.17"]\n'

    with pytest.raises(GenerateError, match="does not pin ruff"):
        generate.pinned_versions(pyproject)


# --- the names -----------------------------------------------------------------------------------

DOCUMENT: JsonObject = json.loads(generate.DOCUMENT.read_text("utf-8"))
PUBLIC = generate.PUBLIC.read_text("utf-8")


def test_every_public_schema_has_its_name_from_the_settings() -> None:
    generate.check_names(DOCUMENT, PUBLIC)


def test_a_class_override_without_a_schema_is_refused() -> None:
    text = json.dumps(DOCUMENT).replace("ChainletV1", "ChainletV2")

    with pytest.raises(GenerateError, match="has no schema ChainletV1, which `class_overrides`"):
        generate.check_names(json.loads(text), PUBLIC)


def test_a_public_schema_without_a_class_override_is_refused() -> None:
    added = f"{PUBLIC}\nfrom {generate.PACKAGE}.models.sort_order import SortOrder\n"

    with pytest.raises(GenerateError, match=r"exports SortOrder, but no entry"):
        generate.check_names(DOCUMENT, added)


def test_other_schemas_lose_their_suffix() -> None:
    schemas: JsonObject = {"ChainletV1": {}, "TeamV1": {}, "TeamV2": {}, "Labels": {}}
    schemas["CancelPromotionStatusV1"] = {}

    overrides = generate.settings_for({"components": {"schemas": schemas}})["class_overrides"]

    assert overrides["TeamV1"] == {"class_name": "Team"}
    assert overrides["CancelPromotionStatusV1"] == {"class_name": "CancellationStatus"}
    assert {"TeamV2", "Labels"}.isdisjoint(overrides)


def test_no_generated_file_holds_a_versioned_name() -> None:
    """A user would meet it in a repr."""
    found = [
        name
        for name, content in generate.read_tree(generate.TARGET).items()
        if name.endswith(".py") and b"V1" in content
    ]

    assert found == []


# --- the comparison and the swap -----------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the committed package in its place; generating is fast."""

    copy = tmp_path / "generated" / generate.PACKAGE
    made = tmp_path / "made" / generate.PACKAGE
    for folder in (copy, made):
        shutil.copytree(generate.TARGET, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(generate, "generate", lambda document, scratch: made)
    monkeypatch.setattr(generate, "TARGET", copy)
    return copy


def break_tree(package: Path, change: str) -> None:
    if change == "missing":
        (package / "types.py").unlink()
    elif change == "extra":
        (package / "types_2.py").touch()
    else:
        (package / "types.py").write_text("# by hand\n", "utf-8")


def test_the_check_passes_when_nothing_changed(package: Path) -> None:
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "x.pyc").touch()

    assert generate.main(["--check"]) == 0


@pytest.mark.parametrize("change", ["missing", "extra", "different"])
def test_the_check_names_each_file_and_says_what_to_do(
    package: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    break_tree(package, change)
    before = generate.read_tree(package)

    assert generate.main(["--check"]) == 1

    said = capsys.readouterr().err
    assert f"  {change}: types" in said
    assert "make generate" in said
    assert generate.read_tree(package) == before


@pytest.mark.parametrize("change", ["missing", "extra", "different"])
def test_generating_repairs_the_tree(
    package: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "prove", lambda package: None)
    before = generate.read_tree(package)
    break_tree(package, change)

    assert generate.main([]) == 0

    assert generate.read_tree(package) == before


def test_the_first_generation_creates_the_tree(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "prove", lambda package: None)
    before = generate.read_tree(package)
    shutil.rmtree(package.parent)

    assert generate.main([]) == 0

    assert generate.read_tree(package) == before


def test_code_that_fails_its_checks_leaves_the_old_tree(
    package: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(package: Path) -> None:
        raise GenerateError("mypy failed")

    monkeypatch.setattr(generate, "prove", refuse)
    break_tree(package, "different")
    before = generate.read_tree(package)

    assert generate.main([]) == 1

    assert "mypy failed" in capsys.readouterr().err
    assert generate.read_tree(package) == before


def test_a_swap_that_fails_leaves_the_old_tree(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "kept").touch()

    with pytest.raises(FileNotFoundError):
        generate.swap(tmp_path / "never made", target, tmp_path / "old")

    assert (target / "kept").exists()
