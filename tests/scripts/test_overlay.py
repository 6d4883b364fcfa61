"""The overlay's changes to the published spec: applied by name, refused without effect."""

import re
from textwrap import dedent

import pytest

from spec.document import OURS, build_document
from spec.node import Json, Node, SpecError

SPEC = dedent("""\
    openapi: 3.1.0
    servers: [{url: 'https://api.baseten.co'}]
    security: [{Key: []}]
    paths:
      /things:
        get:
          responses:
            '200':
              description: The things.
              content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}
    components:
      schemas:
        Thing:
          type: object
          properties:
            colour: {type: string}
            closed: {const: 1}
            size: {$ref: '#/components/schemas/Size'}
          required: [colour, closed]
        Size: {type: object, properties: {width: {type: integer}}, required: [width]}
      securitySchemes:
        Key: {type: apiKey, in: header, name: Authorization}
    """)
MINE = dedent("""\
    openapi: 3.1.0
    components:
      schemas:
        Box: {type: object, properties: {width: {type: integer}}}
    """)
LEAVE_OUT = "{leave_out: Thing.closed, because: The generator closes it.}"
SET = "{set_field: Thing.box, schema: {$ref: '#/components/schemas/Box'}, because: We know better.}"


def overlay(*changes: str, ours: str = "") -> str:
    listed = "".join(f"\n  - {change}" for change in changes) or " []"
    return (
        "document: {title: Things, version: '1', server: 'https://api.baseten.co'}\n"
        f"operations: {{get /things: {{id: list_things, tag: things{ours}}}}}\n"
        f"conflicts: {{}}\nchanges:{listed}\n"
    )


def build(*changes: str, mine: str = "") -> dict[str, Node]:
    files = {"spec.yaml": SPEC} | ({OURS: mine} if mine else {})
    document: Json = build_document(files, ("overlay.yaml", overlay(*changes)))
    return Node("", document).entries()


def thing(document: dict[str, Node]) -> dict[str, Node]:
    return document["components"].entries()["schemas"].entries()["Thing"].entries()


def test_a_field_is_left_out_before_it_is_checked() -> None:
    """Its `const` would be refused."""
    found = thing(build(LEAVE_OUT))

    assert found["properties"].entries().keys() == {"colour", "size"}
    assert found["required"].value == ["colour"]


def test_a_field_is_made_optional() -> None:
    found = thing(build(LEAVE_OUT, "{make_optional: Thing.colour, because: It may lack.}"))

    assert found["required"].value == []
    assert "colour" in found["properties"].entries()


def test_a_field_is_set_or_replaced() -> None:
    found = thing(build(LEAVE_OUT, SET, SET.replace("Thing.box", "Thing.size"), mine=MINE))

    box = {"$ref": "#/components/schemas/Box"}
    assert found["properties"].entries()["box"].value == box
    assert found["properties"].entries()["size"].value == box


def test_an_answer_is_replaced() -> None:
    schema = "{$ref: '#/components/schemas/Box'}"
    document = build(f"{{answer: list_things, schema: {schema}, because: It is.}}", mine=MINE)

    assert document["components"].entries()["schemas"].entries().keys() == {"Box"}


ERRORS = {
    "a field that has gone": (
        "{leave_out: Thing.weight, because: x}",
        "/leave_out: Baseten no longer publishes it: Thing.weight. Remove this entry.",
    ),
    "a field that is optional": (
        "{make_optional: Thing.size, because: x}",
        "/make_optional: Baseten no longer requires it: Thing.size. Remove this entry.",
    ),
    "a field that is just so": (
        "{set_field: Thing.colour, schema: {type: string}, because: x}",
        "/set_field: Baseten already publishes exactly this: Thing.colour. Remove this entry.",
    ),
    "an answer that is just so": (
        "{answer: list_things, schema: {$ref: '#/components/schemas/Thing'}, because: x}",
        "/answer: Baseten already publishes exactly this: list_things. Remove this entry.",
    ),
    "an answer to nothing": (
        "{answer: list_trees, schema: {type: string}, because: x}",
        "/answer: there is no operation list_trees",
    ),
    "a field of nothing": (
        "{leave_out: Tree.leaf, because: x}",
        "/leave_out: the published spec has no schema for the field 'Tree.leaf'",
    ),
    "no field": ("{leave_out: Thing, because: x}", "no schema for the field 'Thing'"),
    "no reason": ("{leave_out: Thing.colour}", "the key 'because' is missing"),
    "no schema": ("{set_field: Thing.colour, because: x}", "the key 'schema' is missing"),
    "an unknown change": ("{rename: Thing.colour, because: x}", "expected one of leave_out"),
    "two changes in one": (
        "{leave_out: Thing.colour, make_optional: Thing.colour, because: x}", "expected one of"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "said"), ERRORS.values(), ids=ERRORS)
def test_a_change_that_does_not_apply_is_refused(change: str, said: str) -> None:
    with pytest.raises(SpecError, match=re.escape(said)) as caught:
        build(LEAVE_OUT, change)

    assert str(caught.value).startswith("overlay.yaml: /changes/1")


def test_all_changes_that_do_not_apply_are_listed() -> None:
    with pytest.raises(SpecError) as caught:
        build(ERRORS["a field that has gone"][0], ERRORS["a field that is optional"][0])

    assert len(str(caught.value).splitlines()) == 2


def test_our_components_must_be_used() -> None:
    with pytest.raises(SpecError, match=r"ours\.yaml: .*: nothing uses Box; remove it"):
        build(LEAVE_OUT, mine=MINE)


def test_our_parameters_must_be_used() -> None:
    mine = MINE.replace("components:\n", "components:\n  parameters:\n    colour: {}\n")
    assert mine != MINE

    with pytest.raises(SpecError, match=r"ours\.yaml: .*: nothing uses colour; remove it"):
        build(LEAVE_OUT, mine=mine)


def test_our_version_of_a_published_component_needs_a_decision() -> None:
    mine = MINE.replace("Box", "Size")

    with pytest.raises(SpecError, match="defines schemas/Size differently"):
        build(LEAVE_OUT, mine=mine)


def test_our_operation_is_not_expected_in_the_published_spec() -> None:
    from spec.overlay import read_overlay

    named = ("overlay.yaml", overlay(ours=", ours: It is elsewhere."))

    assert read_overlay(*named).published == {}
    assert read_overlay("overlay.yaml", overlay()).published == {"get /things": "list_things"}
