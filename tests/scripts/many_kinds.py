"""A document with an operation of each kind, and a small HTTP server that knows nothing of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

REFERENCE = "#/components/schemas/"
STRING: dict[str, Any] = {"type": "string"}
NULL: dict[str, Any] = {"type": "null"}


def reference(name: str) -> dict[str, Any]:
    return {"$ref": f"{REFERENCE}{name}"}


def content(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def answer(schema: Mapping[str, Any], code: str = "200") -> dict[str, Any]:
    return {"responses": {code: {"description": "", **content(schema)}}}


def body(schema: Mapping[str, Any], *, required: bool = True) -> dict[str, Any]:
    return {"requestBody": {"required": required, **content(schema)}}


def query(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def inside(name: str, schema: Mapping[str, Any] = STRING) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def kind(name: str, **fields: Any) -> dict[str, Any]:
    constant = {"const": name, "type": "string"}
    return {"type": "object", "properties": {"kind": constant, **fields}, "required": ["kind"]}


UNION = {
    "oneOf": [reference("BuildV1"), reference("TestV1")],
    "discriminator": {"propertyName": "kind"},
}
JOB = reference("JobV1")
# Bare values as answers, by the last part of the path.
BARE: dict[str, tuple[dict[str, Any], Any]] = {
    "text": (STRING, "on"),
    "number": ({"type": "integer"}, 3),
    "time": ({"type": "string", "format": "date-time"}, "2026-08-22T10:00:00Z"),
    "maybe": ({"anyOf": [STRING, NULL]}, None),
    "names": ({"type": "array", "items": STRING}, ["a", "b"]),
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Jobs", "version": "1"},
    "servers": [{"url": "https://api.baseten.co"}],
    "security": [{"BearerAuth": []}],
    "paths": {
        "/v1/jobs": {
            "get": {
                "parameters": [
                    query("state", {"type": "array", "items": reference("StateV1")}),
                    query("tag", {"type": "array", "items": STRING}),
                    query("deep", {"anyOf": [{"type": "boolean"}, NULL]}),
                    query("since", {"type": "string", "format": "date-time"}),
                    query("limit", {"type": "integer", "default": 100}),
                    {"name": "X-Team", "in": "header", "schema": STRING},
                ],
                **answer({"type": "array", "items": JOB}),
            },
            "post": {**body(JOB), **answer(JOB, "201")},
        },
        "/v1/jobs/{job_id}": {
            "parameters": [inside("job_id")],
            "put": {**body({"anyOf": [JOB, NULL]}, required=False), **answer(JOB)},
            "patch": {**body({"type": "object", "additionalProperties": STRING}), **answer(JOB)},
            "delete": {"responses": {"204": {"description": ""}}},
        },
        "/v1/jobs/{job_id}/stop": {
            "parameters": [inside("job_id")],
            "post": {
                "responses": {
                    **answer(JOB, "202")["responses"],
                    "default": {"description": ""},
                }
            },
        },
        "/v1/jobs/{number}/runs/{run}/{is_last}/{since}/{state}": {
            "parameters": [
                inside("number", {"type": "integer"}),
                inside("run", {"type": "string", "format": "uuid"}),
                inside("is_last", {"type": "boolean"}),
                inside("since", {"type": "string", "format": "date-time"}),
                inside("state", reference("StateV1")),
            ],
            "get": answer({"type": "object", "additionalProperties": UNION}),
        },
        "/v1/steps": {"post": {**body(UNION), **answer(UNION)}},
        **{f"/v1/bare/{name}": {"get": answer(schema)} for name, (schema, _) in BARE.items()},
    },
    "components": {
        "schemas": {
            "StateV1": {"type": "string", "enum": ["RUNNING", "DONE"]},
            "JobV1": {
                "type": "object",
                "properties": {
                    "id": STRING,
                    "state": reference("StateV1"),
                    "steps": {"type": "array", "items": UNION},
                    "note": {"anyOf": [STRING, NULL]},
                },
                "required": ["id"],
            },
            "BuildV1": kind("BUILD", image=STRING),
            "TestV1": kind("TEST", command=STRING),
        },
        "securitySchemes": {"BearerAuth": {"type": "http", "scheme": "bearer"}},
    },
}


class Server:
    """Answers each request with the next of its answers, and keeps what it got."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.requests: list[tuple[str, str, Any]] = []
        self.heads: list[bytes] = []
        self._connections: set[asyncio.Task[Any] | None] = set()

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until the client closes it."""
        self._connections.add(asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().split("\r\n")
                fields = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in lines)
                }
                sent = await reader.readexactly(int(fields.get("content-length", "0")))
                method, target, _ = first.split(" ")
                self.requests.append((method, target, json.loads(sent) if sent else None))
                self.heads.append(head)
                code, value = self.answers.pop(0)
                text = b"" if code == 204 else json.dumps(value).encode()
                length = b"" if code == 204 else b"Content-Length: %d\r\n" % len(text)
                writer.write(b"HTTP/1.1 %d OK\r\n%s\r\n%s" % (code, length, text))
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass  # the client has closed it
        finally:
            writer.close()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on a free port until the client has closed all connections. Gives the address."""
        server = await asyncio.start_server(self.speak, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}"
            await asyncio.gather(*(one for one in self._connections if one))
