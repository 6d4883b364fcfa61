"""A request with its resource, environment, deployment and fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from .._world import FakeChain, FakeDeployment, FakeEnvironment, FakeModel, World, not_found
from .json_writer import JSON, JSONWriter
from .response import InvalidRequest

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyRules:
    """The body that an operation accepts. Other fields are ignored, unless it is closed.

    Attributes:
        required: The strings that it must have.
        texts: The strings that it may have; each may be null.
        lists: The lists that it must have.
        flags: The booleans that it may have.
        objects: The objects that it may have; each may be null.
        only: All fields that a closed body may have; None if it is open.
    """

    required: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None

    def parse(self, body: bytes) -> JSON:
        """The fields of a request's body; raises InvalidRequest."""
        try:
            decoded: object = json.loads(body)
        except ValueError:
            raise InvalidRequest("The body is not JSON.") from None
        if not isinstance(decoded, dict):
            raise InvalidRequest("The body is not a JSON object.")
        fields = cast("dict[str, Any]", decoded)
        for name in fields:
            if self.only is not None and name not in self.only:
                raise InvalidRequest("Extra inputs are not permitted.", name)
        for name in self.required:
            if name not in fields:
                raise InvalidRequest("Field required.", name)
            if not isinstance(fields[name], str):
                raise InvalidRequest("Input should be a string.", name)
        for name in self.texts:
            if not isinstance(fields.get(name), str | None):
                raise InvalidRequest("Input should be a string.", name)
        for name in self.lists:
            if not isinstance(fields.get(name), list):
                raise InvalidRequest("Input should be a list.", name)
        for name in self.flags:
            if not isinstance(fields.get(name, True), bool):
                raise InvalidRequest("Input should be a boolean.", name)
        for name in self.objects:
            if not isinstance(fields.get(name), dict | None):
                raise InvalidRequest("Input should be an object.", name)
        return fields


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """One request, and the parts of the state that it names.

    Attributes:
        world: The state.
        writer: Writes it as JSON.
        path: The parameters in its path.
        query: The parameters in its query string.
        body: The fields of its body.
        when: The time whose state it sees: now, or the past if a replica behind answers it.
    """

    world: World
    writer: JSONWriter
    path: Mapping[str, str]
    query: QueryParams
    body: JSON
    when: float

    @property
    def chain(self) -> FakeChain:
        """The chain that it names; raises Refused (404)."""
        return self.world.find_chain(self.path["chain_id"], self.when)

    @property
    def model(self) -> FakeModel:
        """The model that it names; raises Refused (404)."""
        return self.world.find_model(self.path["model_id"], self.when)

    @property
    def resource(self) -> FakeChain | FakeModel:
        """The chain or the model that it names; raises Refused (404)."""
        return self.chain if "chain_id" in self.path else self.model

    @property
    def environment(self) -> FakeEnvironment:
        """The environment that it names; raises Refused (404)."""
        return self.resource.find_environment(self.path["env_name"], self.when)

    @property
    def current(self) -> FakeDeployment:
        """The deployment that serves in the environment; raises Refused (404)."""
        current = self.environment.current
        if current is None:
            raise not_found(f"Environment {self.path['env_name']} has no deployment.")
        return current

    @property
    def deployment(self) -> FakeDeployment:
        """The deployment that it names, if it is visible yet; raises Refused (404)."""
        return self.resource.find_by_id_or_role(self.path["deployment_id"], self.when)

    def as_json(self, deployment: FakeDeployment) -> JSON:
        """A deployment of the resource, as JSON."""
        return self.writer.deployment(self.resource, deployment, self.when)

    def whole_number(self, name: str, default: int, *, within: range | None = None) -> int:
        """A number in the query; raises InvalidRequest."""
        try:
            number = int(self.query.get(name, default))
        except ValueError:
            raise InvalidRequest("Input should be a whole number.", name, part="query") from None
        if within is not None and number not in within:
            message = f"Input should be from {within[0]} to {within[-1]}."
            raise InvalidRequest(message, name, part="query")
        return number
