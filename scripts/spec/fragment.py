"""Read one file as an OpenAPI 3.1 fragment. Everything unknown is an error."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from spec.dialect import translate
from spec.node import JsonObject, Node, SpecError
from spec.reading import Page, read_data, read_pages

SCHEMAS = "#/components/schemas/"
PARAMETERS = "#/components/parameters/"
METHODS = "get put post patch delete"
# Nobody uses an operation of these.
_OTHER_METHODS = "head options trace"

_OPERATION = (
    "summary description deprecated parameters requestBody security servers "
    # Ids and tags come from the overlay.
    "operationId tags externalDocs callbacks"
)
# `allOf` is missing on purpose: the generator makes wrong types of it.
_SCHEMA_KEYWORDS = (
    "$ref type title description properties required additionalProperties items anyOf oneOf enum "
    "const discriminator "
    "default format examples deprecated readOnly writeOnly pattern minLength maxLength minimum "
    "maximum exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems uniqueItems "
    "minProperties maxProperties externalDocs example $comment"
)
# By place of a parameter: the only supported way to write a list, which is the default.
_STYLES = {
    "path": ("simple", False),
    "query": ("form", True),
    "header": ("simple", False),
    "cookie": ("form", True),
}
# We send no parameter of these places.
NOT_SENT = ("header", "cookie")
JSON = "application/json"


@dataclass(frozen=True)
class Operation:
    """One operation, with everything it inherits from its path item and its file."""

    method: str
    path: str
    node: Node
    # Copied into the document unchanged.
    contents: JsonObject
    # Later ones override earlier ones of the same name and place.
    parameters: list[Node]
    security: Node
    servers: Node | None


@dataclass(frozen=True)
class Fragment:
    """The contents of one file."""

    file: str
    operations: list[Operation] = field(default_factory=list)
    # By kind and name, for example ("schemas", "ChainletV1").
    components: dict[tuple[str, str], Node] = field(default_factory=dict)


def read_fragments(file: str, text: str, wanted: Collection[str] | None = None) -> list[Fragment]:
    """Read a documentation page (.md), old or new, or a plain fragment (.yaml).

    *wanted*: of a page, only these operations ("method /path").
    """
    if file.endswith((".yaml", ".yml", ".json")):
        return [_fragment(read_data(file, text))]
    if not file.endswith(".md"):
        raise SpecError(f"{file}: /: expected a page (.md) or a fragment (.yaml)")
    return [_fragment_of_page(file, page) for page in read_pages(file, text, wanted)]


def _fragment_of_page(file: str, page: Page) -> Fragment:
    plain = "openapi" in page.body.entries()
    fragment = _fragment(page.body if plain else Node(file, translate(page)))
    found = [(operation.method, operation.path) for operation in fragment.operations]
    if found != [(page.method, page.path)]:
        described = ", ".join(f"{method} {path}" for method, path in found) or "nothing"
        raise page.body.error(
            f"the fence names {page.method} {page.path}, but the body describes {described}"
        )
    return fragment


def references(node: Node) -> Iterator[Node]:
    """Every `$ref` below a value."""
    if isinstance(node.value, dict):
        for key, child in node.entries().items():
            if key == "$ref" and isinstance(child.value, str):
                yield child
            else:
                yield from references(child)
    elif isinstance(node.value, list):
        for child in node.items():
            yield from references(child)


def _fragment(node: Node) -> Fragment:
    top = node.fields("openapi", "info servers security tags externalDocs paths components")
    if not re.fullmatch(r"3\.1\.\d+", top["openapi"].text()):
        raise top["openapi"].error(f"expected OpenAPI 3.1, found {top['openapi'].value!r}")
    fragment = Fragment(node.file)
    if "paths" in top:
        for path, item in top["paths"].entries().items():
            fragment.operations.extend(_operations(path, item, top))
    if "components" in top:
        for kind, group in top["components"].entries().items():
            # Checked only if used: a page or a spec may define more.
            for name, component in group.entries().items():
                fragment.components[kind, name] = component
    return fragment


def _operations(path: str, item: Node, top: dict[str, Node]) -> Iterator[Operation]:
    shared = item.fields(
        optional=f"summary description servers parameters {METHODS} {_OTHER_METHODS}"
    )
    for method in METHODS.split():
        if method not in shared:
            continue
        node = shared[method]
        fields = node.fields("responses", _OPERATION)
        security = fields.get("security", top.get("security"))
        if security is None:
            raise node.error("neither the operation nor its file has `security`")
        for alternative in security.items():
            for scopes in alternative.entries().values():
                scopes.items()
        yield Operation(
            method=method,
            path=path,
            node=node,
            contents=_contents(fields),
            parameters=[
                parameter
                for fields_ in (shared, fields)
                if "parameters" in fields_
                for parameter in fields_["parameters"].items()
            ],
            security=security,
            servers=fields.get("servers", shared.get("servers", top.get("servers"))),
        )


def _contents(fields: dict[str, Node]) -> JsonObject:
    contents: JsonObject = {}
    for key in ("summary", "description", "x-stability"):
        if key in fields:
            contents[key] = fields[key].text()
    if "deprecated" in fields:
        contents["deprecated"] = fields["deprecated"].flag()
    if "requestBody" in fields:
        body = fields["requestBody"].fields("content", "required description")
        contents["requestBody"] = {
            key: _content(child) if key == "content" else child.value for key, child in body.items()
        }
    responses = fields["responses"].entries()
    if not any(code.startswith("2") for code in responses):
        raise fields["responses"].error("expected a response for success (2xx)")
    contents["responses"] = {
        code: _response(response) if code.startswith("2") else _refusal(response)
        for code, response in responses.items()
    }
    return contents


def success(responses: Mapping[str, Node]) -> str:
    """The code of the answer to decode: the first success (2xx) that has a body, or the first."""
    codes = sorted(code for code in responses if code.startswith("2"))
    return next((code for code in codes if "content" in responses[code].entries()), codes[0])


def _response(response: Node) -> JsonObject:
    # Nobody reads documented headers: the facade knows the few that it reads.
    fields = response.fields("description", "content headers links")
    plain: JsonObject = {"description": fields["description"].text()}
    if "content" in fields:
        plain["content"] = _content(fields["content"])
    return plain


def _refusal(response: Node) -> JsonObject:
    """A response without success. Nobody decodes its body, so it may have any form."""
    try:
        return _response(response)
    except SpecError:
        words = response.entries().get("description")
        return {"description": words.text() if words else ""}


def _content(content: Node) -> JsonObject:
    """Only JSON is supported; other forms beside it, and examples, are dropped."""
    forms = content.entries()
    # The name of a form may have parameters, such as `; charset=utf-8`.
    form = next((one for name, one in forms.items() if _plain_form(name) == JSON), None)
    if form is None:
        raise content.error(f"only {JSON} is supported, found {', '.join(forms) or 'nothing'}")
    schema = form.fields("schema", "example examples encoding")["schema"]
    check_schema(schema)
    return {JSON: {"schema": schema.value}}


def _plain_form(name: str) -> str:
    return name.partition(";")[0].strip().lower()


def check_schema(schema: Node) -> None:
    """Check that the generator can handle a schema."""
    fields = schema.fields(optional=_SCHEMA_KEYWORDS)
    if "$ref" in fields and not fields["$ref"].text().startswith(SCHEMAS):
        raise fields["$ref"].error(f"expected a reference to {SCHEMAS}…")
    if "properties" in fields:
        for child in fields["properties"].entries().values():
            check_schema(child)
    for key in ("items", "additionalProperties"):
        if key in fields and not isinstance(fields[key].value, bool):
            check_schema(fields[key])
    for key in ("anyOf", "oneOf"):
        for child in fields[key].items() if key in fields else ():
            check_schema(child)
    # YAML 1.1 reads NO as false; and only string enums can be open.
    for value in fields["enum"].items() if "enum" in fields else ():
        value.text()
    # The generator cannot make an open class of another constant.
    if "const" in fields:
        fields["const"].text()
    for name in fields["required"].items() if "required" in fields else ():
        name.text()


def _check_parameter(parameter: Node) -> None:
    fields = parameter.fields(
        "name in schema",
        "required description deprecated example examples style explode allowReserved "
        "allowEmptyValue",
    )
    place = fields["in"].text()
    is_required = "required" in fields and fields["required"].flag()
    if place not in _STYLES or (place in NOT_SENT and is_required):
        kind = "required parameters" if is_required else "parameters"
        raise fields["in"].error(f"{kind} in {place!r} are not supported")
    style, explode = _STYLES[place]
    for key, only in (("style", style), ("explode", explode)):
        if key in fields:
            fields[key].expect(only)
    check_schema(fields["schema"])
    schema = fields["schema"].entries()
    if place == "path" and "type" in schema and schema["type"].value in ("array", "object"):
        raise schema["type"].error(f"an {schema['type'].value} in a path is not supported")


def check_security_scheme(scheme: Node) -> None:
    """Check that the scheme is a key in a header or a bearer token."""
    fields = scheme.fields("type", "description in name scheme bearerFormat")
    if fields["type"].text() not in ("apiKey", "http"):
        raise fields["type"].error(f"security of type {fields['type'].text()!r} is not supported")


def parameter_object(parameter: Node) -> JsonObject:
    """A parameter as an object of the document."""
    _check_parameter(parameter)
    dropped = ("example", "examples", "style", "explode", "allowReserved", "allowEmptyValue")
    return {
        key: child.value
        for key, child in parameter.entries().items()
        if key not in dropped and not key.startswith("x-")
    }
