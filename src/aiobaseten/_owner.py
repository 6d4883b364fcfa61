"""A chain or a model, to somebody who waits for one of its deployments or environments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Generic, Literal, TypeVar

from attrs import evolve, field, frozen

from ._arguments import LogWindow, log_lines, log_window, path_argument
from ._polls import Look, Polls
from ._readings import read_deployment, read_environment, read_log
from ._transport import Answer, Operation, Transport, then
from ._waits import DeploymentReading, EnvironmentReading, Part
from .errors import BadRequestError, LogLine, NotFoundError, ResponseShapeError
from .schemas import ChainDeployment, ChainEnvironment, Deployment, Environment, Log

D = TypeVar("D", Deployment, ChainDeployment)
E = TypeVar("E", Environment, ChainEnvironment)

# A chain may have dozens of chainlets, and what is wrong with one is mostly wrong with all.
_MOST_LOGS = 5


@frozen
class Owner(ABC, Generic[D, E]):
    """A chain or a model, and the operations that waits need of it."""

    transport: Transport = field(repr=False, eq=False)
    id: str
    polls: Polls = field(repr=False, eq=False)
    # (owner, deployment): when it was retried through this client
    _retries: dict[tuple[str, str], float] = field(repr=False, eq=False, alias="retries")

    def __attrs_post_init__(self) -> None:
        path_argument(f"{self.kind}_id", self.id)

    @property
    @abstractmethod
    def kind(self) -> Literal["chain", "model"]:
        """Which of the two."""

    @abstractmethod
    def get_deployment(self, deployment_id: str) -> Operation[D]:
        """Reads a deployment."""

    @abstractmethod
    def get_environment(self, name: str) -> Operation[E]:
        """Reads an environment."""

    @abstractmethod
    def get_log(self, deployment_id: str, part_id: str, window: LogWindow) -> Operation[list[Log]]:
        """Reads the log of a deployment, or of a chain's part, newest line first."""

    @abstractmethod
    def get_environments(self) -> Operation[list[E]]:
        """Reads all environments."""

    def describe_environment(self, name: str) -> str:
        """An environment, for a person."""
        return f"{name} of {self.kind} {self.id}"

    def describe_deployment(self, deployment_id: str) -> str:
        """A deployment, for a person."""
        return f"deployment {deployment_id} of {self.kind} {self.id}"

    async def read_environment(self, name: str) -> EnvironmentReading:
        """Read an environment, as a call: repeated if need be."""
        return await self.transport.send(then(self.get_environment(name), read_environment))

    def look_at_environment(
        self, name: str, before: Answer[EnvironmentReading] | None
    ) -> Awaitable[Answer[EnvironmentReading]]:
        """Read an environment, as a look: within the polling budget, and once.

        Args:
            name: Which.
            before: What the look before was answered.
        """
        operation = then(self.get_environment(name), read_environment)
        return self.transport.look(operation, before)

    async def look_at_deployment(
        self, deployment_id: str, before: Answer[DeploymentReading] | None, *, in_context: bool
    ) -> Answer[DeploymentReading]:
        """Read a deployment, as a look: within the polling budget, and once.

        Args:
            deployment_id: Which.
            before: What the look before was answered.
            in_context: When it sleeps, read the environments, too: one that is being promoted to
                may only be on its way up.
        """
        operation = then(self.get_deployment(deployment_id), read_deployment)
        answer = await self.transport.look(operation, before)
        reading = answer.value
        if not (in_context and reading.is_asleep):
            return answer
        reading = evolve(reading, promoting=await self._is_candidate(reading))
        # The environments may say something else next time: this is not what the body alone says.
        return Answer(reading, answer.request_id)

    async def read_deployment(self, deployment_id: str) -> DeploymentReading | None:
        """Read a deployment, as a call; ``None`` if there is none."""
        try:
            operation = then(self.get_deployment(deployment_id), read_deployment)
            return await self.transport.send(operation)
        except NotFoundError:
            return None

    def last_lines(
        self, deployment_id: str, limit: int
    ) -> Callable[[], AsyncGenerator[LogLine, None]] | None:
        """What reads the end of the logs that may tell why a deployment is not ready.

        Args:
            deployment_id: Which.
            limit: How many lines of each log at most; with 0 there is nothing to read.
        """
        log_lines(limit)
        return partial(self._last_lines, deployment_id, limit) if limit else None

    async def _last_lines(self, deployment_id: str, limit: int) -> AsyncGenerator[LogLine, None]:
        operation = then(self.get_deployment(deployment_id), _with_reading)
        deployment, reading = await self.transport.send(operation)
        # Unless told otherwise Baseten shows half an hour, which the end of a log may be before.
        start: datetime | None = deployment.created_at
        for part in reading.suspects()[:_MOST_LOGS]:
            try:
                lines = await self._read_log(deployment_id, part, limit, start)
            except BadRequestError:
                start = None  # a week is the most that Baseten shows at once
                lines = await self._read_log(deployment_id, part, limit, start)
            for line in lines:
                yield line

    async def _read_log(
        self, deployment_id: str, part: Part, limit: int, start: datetime | None
    ) -> tuple[LogLine, ...]:
        read = partial(read_log, chainlet=part.name if part.subject == "chainlet" else None)
        part_id = path_argument("the part's id", part.id)
        operation = self.get_log(deployment_id, part_id, log_window(limit, start, None))
        return await self.transport.send(then(operation, read))

    def note_retry(self, deployment_id: str) -> None:
        """Remember that a deployment was retried: the next looks may still show the failure."""
        self._retries[self.id, deployment_id] = self.transport.clock.now()

    def was_retried(self, deployment_id: str, *, within: float) -> bool:
        """Whether a deployment was retried in the last so many seconds."""
        at = self._retries.get((self.id, deployment_id))
        return at is not None and self.transport.clock.now() - at < within

    async def _is_candidate(self, deployment: DeploymentReading) -> bool:
        try:
            readings = await self.transport.send(then(self.get_environments(), _with_each_read))
        except ResponseShapeError:
            # Every published spec declares a chain's list with the schema of a model's: if it is
            # answered so, the environment that the deployment itself names has to do.
            name = deployment.value.environment
            if not isinstance(name, str):
                raise
            readings = [await self.read_environment(name)]
        return any(one.candidate_id == deployment.id and one.is_busy for one in readings)


@frozen
class DeploymentLook(Look[DeploymentReading], Generic[D, E]):
    """Looks at a deployment; see `Owner.look_at_deployment`."""

    _owner: Owner[D, E]
    _deployment_id: str
    _in_context: bool

    def __call__(
        self, before: Answer[DeploymentReading] | None
    ) -> Awaitable[Answer[DeploymentReading]]:
        """Look."""
        return self._owner.look_at_deployment(
            self._deployment_id, before, in_context=self._in_context
        )

    def __str__(self) -> str:
        """The deployment, for a person."""
        return self._owner.describe_deployment(self._deployment_id)


@frozen
class EnvironmentLook(Look[EnvironmentReading], Generic[D, E]):
    """Looks at an environment; see `Owner.look_at_environment`."""

    _owner: Owner[D, E]
    _name: str

    def __call__(
        self, before: Answer[EnvironmentReading] | None
    ) -> Awaitable[Answer[EnvironmentReading]]:
        """Look."""
        return self._owner.look_at_environment(self._name, before)


def _with_reading(deployment: D) -> tuple[D, DeploymentReading]:
    return deployment, read_deployment(deployment)


def _with_each_read(
    environments: Sequence[Environment | ChainEnvironment],
) -> list[EnvironmentReading]:
    return [read_environment(one) for one in environments]
