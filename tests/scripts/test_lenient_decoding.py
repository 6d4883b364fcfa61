"""Every model decodes answers that do not fit the spec, and writes them back unchanged."""

from __future__ import annotations

import copy
import importlib
import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import generate
from spec.leaning import read_leaning

DOCUMENT: dict[str, Any] = json.loads(generate.DOCUMENT.read_text("utf-8"))
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OVERRIDES = generate.settings_for({"components": {"schemas": SCHEMAS}})["class_overrides"]
DECIDES = read_leaning("leans-on.yaml", generate.LEANING.read_text("utf-8")).decides
MODELS = importlib.import_module("aiobaseten_generated.models")


def schemas_in(part: Any) -> set[str]:
    """The schemas that a part of the document uses."""
    if isinstance(part, list):
        return {name for one in part for name in schemas_in(one)}
    if not isinstance(part, dict):
        return set()
    found = {name for child in part.values() for name in schemas_in(child)}
    if "$ref" in part:
        name = str(part["$ref"]).rpartition("/")[2]
        found |= {name} | schemas_in(SCHEMAS[name])
    return found


#: Those of answers. Requests are ours, and may be closed.
OBJECTS = sorted(
    name
    for name in schemas_in(
        [
            operation["responses"]
            for item in DOCUMENT["paths"].values()
            for operation in item.values()
        ]
    )
    if SCHEMAS[name]["type"] == "object"
)

# Without digits: a text that happens to be a date would be written in another form.
TEXT = st.text("abcÄ .-:TZ", max_size=9)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema allows."""
    if "$ref" in schema:
        return st.deferred(lambda: fitting(SCHEMAS[schema["$ref"].rpartition("/")[2]]))
    if alternatives := schema.get("anyOf"):
        return st.one_of([fitting(one) for one in alternatives])
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | TEXT
    if schema.get("format") == "date-time":
        return st.datetimes(timezones=st.just(UTC)).map(lambda time: time.isoformat())
    if schema["type"] == "array":
        return st.lists(fitting(schema["items"]), max_size=3)
    if schema["type"] == "object":
        fields = {key: fitting(child) for key, child in schema.get("properties", {}).items()}
        required = {key: fields.pop(key) for key in schema.get("required", [])}
        return st.fixed_dictionaries(required, optional=fields)
    return {
        "string": TEXT,
        "integer": st.integers(),
        "number": st.integers() | st.floats(allow_nan=False),
        "boolean": st.booleans(),
        "null": st.none(),
    }[schema["type"]]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a value that can be changed."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in [*items]:
        yield value, key
        if isinstance(child, dict | list):
            yield from places(child)


@st.composite
def answers(draw: st.DrawFn, schema: dict[str, Any]) -> Any:
    """Answers of which up to three places are replaced, removed or added."""
    answer = copy.deepcopy(draw(fitting(schema)))
    for _ in range(draw(st.integers(0, 3))):
        found = [*places(answer)]
        change = draw(st.sampled_from(["replace", "remove", "add"]))
        objects = [answer, *(where[key] for where, key in found if isinstance(where[key], dict))]
        if change == "add" or not found:
            draw(st.sampled_from(objects))[draw(TEXT)] = draw(ANYTHING)
            continue
        where, key = draw(st.sampled_from(found))
        if change == "replace":
            where[key] = draw(ANYTHING)
        else:
            del where[key]
    return answer


def as_text(value: Any) -> str:
    """JSON, because True equals 1 in Python."""
    return json.dumps(value, sort_keys=True)


@settings(max_examples=max(250, settings().max_examples))
@given(name=st.sampled_from(OBJECTS), data=st.data())
def test_an_answer_is_written_as_it_was_or_refused_for_a_field_that_decides(
    name: str, data: st.DataObject
) -> None:
    class_name = OVERRIDES.get(name, {"class_name": name})["class_name"]
    answer = data.draw(answers(SCHEMAS[name]))
    before = copy.deepcopy(answer)
    deciding = {field for fields in DECIDES.values() for field in fields}

    refused = None
    try:
        model = getattr(MODELS, class_name).from_dict(answer)
    except (KeyError, TypeError) as error:
        refused = error

    if refused is None:
        assert as_text(model.to_dict()) == as_text(answer)
    else:
        # A KeyError holds the field; a TypeError begins with "Model.field " or "Model.field[] ".
        place = str(refused.args[0]).partition(" ")[0]
        assert place.rpartition(".")[2].removesuffix("[]") in deciding
    assert as_text(answer) == as_text(before), "decoding has changed the answer"


@given(name=st.sampled_from(sorted(set(OBJECTS) - DECIDES.keys())), data=st.data())
def test_a_model_without_deciding_fields_decodes_any_object(name: str, data: st.DataObject) -> None:
    fields = [*SCHEMAS[name].get("properties", {})]
    class_name = OVERRIDES.get(name, {"class_name": name})["class_name"]
    # Other models, which may have deciding fields.
    plain = {"deployment": st.none(), "pagination": st.none()}
    values = {field: plain.get(field, ANYTHING) for field in fields}
    answer = data.draw(st.fixed_dictionaries({}, optional=values))

    assert as_text(getattr(MODELS, class_name).from_dict(answer).to_dict()) == as_text(answer)
