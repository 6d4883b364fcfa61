"""The dialect of the documentation pages of 2025, translated to OpenAPI 3.1.

It looks like OpenAPI but is not: `paths` is one record instead of a map, bodies are wrapped in
`schemaArray` with every property in an `allOf` of one, and a component that is used as a body is
inlined under its `refIdentifier`. Only `components` is plain OpenAPI.
"""

from __future__ import annotations

from spec.node import Json, JsonObject, Node
from spec.reading import Page

_SCHEMAS = "#/components/schemas/"


def translate(page: Page) -> JsonObject:
    """Translate a page to a plain OpenAPI 3.1 fragment with one operation."""
    top = page.body.fields("paths", "components")
    record = top["paths"].fields("path method servers request response type", "deprecated")
    record["type"].expect("path")
    schemas = _plain_schemas(top.get("components"))
    schemes: JsonObject = {}
    operation: JsonObject = {"summary": page.title, "description": page.abstract}
    if "deprecated" in record and record["deprecated"].flag():
        operation["deprecated"] = True
    # Code samples repeat the operation with placeholders.
    request = record["request"].fields("security parameters body", "codeSamples")
    operation["security"] = _security(request["security"], schemes)
    operation["parameters"] = _parameters(request["parameters"])
    if body := _request_body(request["body"], schemas):
        operation["requestBody"] = body
    operation["responses"] = {
        code: _response(response, schemas)
        for code, response in record["response"].entries().items()
    }
    return {
        "openapi": "3.1.0",
        "servers": record["servers"].value,
        "paths": {record["path"].text(): {record["method"].text(): operation}},
        "components": {"schemas": schemas, "securitySchemes": schemes},
    }


def _plain_schemas(components: Node | None) -> JsonObject:
    schemas = components.fields(optional="schemas").get("schemas") if components else None
    return {name: node.value for name, node in schemas.entries().items()} if schemas else {}


def _security(security: Node, schemes: JsonObject) -> Json:
    """Each alternative is a title and a header parameter of type `apiKey`."""
    alternatives: list[Json] = []
    for alternative in security.items():
        fields = alternative.fields("title parameters")
        places = fields["parameters"].fields("header", "query cookie")
        for place in places.keys() - {"header"}:
            places[place].expect({})
        header = places["header"].fields("Authorization")["Authorization"]
        scheme = header.fields("type", "description")
        scheme["type"].expect("apiKey")
        title = fields["title"].text()
        schemes[title] = {key: node.value for key, node in scheme.items()} | {
            "in": "header",
            "name": "Authorization",
        }
        alternatives.append({title: []})
    return alternatives


def _parameters(parameters: Node) -> Json:
    found: list[Json] = []
    for place, group in parameters.fields("path query header cookie").items():
        for name, parameter in group.entries().items():
            schema = parameter.fields("schema")["schema"].only_item()
            fields = schema.entries()
            required = fields.pop("required", None)
            description = fields.pop("description", None)
            plain: JsonObject = {
                "name": name,
                "in": place,
                "required": place == "path" or (required is not None and required.flag()),
                "schema": {key: node.value for key, node in fields.items()},
            }
            if description is not None:
                plain["description"] = description.text()
            found.append(plain)
    return found


def _request_body(body: Node, schemas: JsonObject) -> JsonObject | None:
    if body.value == {}:
        return None  # In this dialect: no body.
    media = body.fields("application/json")["application/json"].fields("schemaArray", "examples")
    schema = media["schemaArray"].only_item()
    # `required: true` in the schema belongs to the request body; JSON Schema does not have it.
    required = schema.entries().get("required")
    return {
        "required": required is not None and required.flag(),
        "content": {"application/json": {"schema": _unwrap(schema, schemas)}},
    }


def _response(response: Node, schemas: JsonObject) -> JsonObject:
    media = response.fields("application/json")["application/json"].fields(
        "schemaArray description", "examples"
    )
    schema = _unwrap(media["schemaArray"].only_item(), schemas)
    return {
        "description": media["description"].text(),
        "content": {"application/json": {"schema": schema}},
    }


def _unwrap(wrapped: Node, schemas: JsonObject) -> JsonObject:
    """Unwrap a body. If it was a component, restore that component."""
    fields = wrapped.fields(
        "type properties refIdentifier", "required title description requiredProperties"
    )
    fields["type"].expect("object")
    fields.pop("required", None)
    reference = fields.pop("refIdentifier")
    required = fields.pop("requiredProperties", None)
    properties: JsonObject = {
        name: node.fields("allOf")["allOf"].only_item().value
        for name, node in fields.pop("properties").entries().items()
    }
    schema: JsonObject = {key: node.value for key, node in fields.items()}
    schema["properties"] = properties
    if required is not None:
        schema["required"] = required.value
    name = reference.text().removeprefix(_SCHEMAS)
    if not reference.text().startswith(_SCHEMAS):
        raise reference.error(f"expected a reference to {_SCHEMAS}…")
    if name in schemas and schemas[name] != schema:
        raise reference.error(f"the page defines {name} twice, and differently")
    schemas[name] = schema
    return {"$ref": reference.text()}
