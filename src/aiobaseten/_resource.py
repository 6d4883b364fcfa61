"""A chain or a model, and how waits read it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, Protocol, Self
from urllib.parse import quote

from attrs import Factory, evolve, field, frozen

from . import _waiting
from ._arguments import path_argument, seconds
from ._first_use import on_first_use
from ._operations import D, E, Kind, Operations, T, audit_log_of, get_user, log_query, wake_model
from ._sending import Fetched, Operation, Sender, Ticket, WithText, parsed_by, then
from ._waiting import FollowUp, Look
from .errors import (
    BadRequestError,
    BasetenError,
    LogLine,
    NotFoundError,
    ResponseShapeError,
    Startup,
)
from .readings import (
    DeploymentReading,
    EnvironmentReading,
    Part,
    read_deployment,
    read_environment,
    read_list,
    read_log,
)

if TYPE_CHECKING:
    import aiobaseten_generated.api.chains as chain_api
    import aiobaseten_generated.api.models as model_api
    import aiobaseten_generated.models as generated

    from . import _audit_log, _predecessor, _startups, metrics
    from ._audit_log import AuditEntry, AuditPage, Ourselves
    from ._predecessor import ListedDeployment
    from ._startups import Usual
    from ._waiting import LastLines, Polls, Why
    from .metrics import Metrics, MetricsQuery
    from .schemas import Deployment, Environment
else:
    _audit_log = on_first_use("._audit_log")
    _predecessor = on_first_use("._predecessor")
    _startups = on_first_use("._startups")
    metrics = on_first_use(".metrics")
    chain_api = on_first_use("aiobaseten_generated.api.chains")
    model_api = on_first_use("aiobaseten_generated.api.models")
    generated = on_first_use("aiobaseten_generated.models")

# A chain may have dozens of chainlets, and most of the time all fail for the same reason.
_MOST_LOGS = 5
# Entries of a page of an audit log; Baseten allows no more.
_LARGEST_PAGE = 200
# Seconds for which the time of an entry may be mistaken for that of a later one.
_SHORTLY_S = 5.0
# Entries that are read to explain one error.
_PAGE_FOR_ONE_ERROR = 100
# A deployment that is pushed to an environment is promoted when it is ready.
_PROMOTION_GROUPS = ("PROMOTED", "DEPLOYED")


# --- the resource --------------------------------------------------------------------------------


@frozen
class Resource(Generic[D, E]):
    """A chain or a model. Equal if it is the same one, whichever client it belongs to."""

    operations: Operations[D, E] = field(repr=False, eq=False)
    id: str
    sender: Sender = field(repr=False, eq=False)
    polls: Polls = field(repr=False, eq=False)
    # (resource, deployment): when it was retried through this client
    _retries: dict[tuple[str, str], float] = field(repr=False, eq=False, alias="retries")
    kind: Kind = field(init=False)
    #: It, for a person.
    label: str = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "kind", self.operations.kind)
        object.__setattr__(self, "label", f"{self.kind} {self.id}")
        path_argument(f"{self.kind}_id", self.id)

    # Copies of handles and promotions share the resource, and so the client.
    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "handles, promotions and cancellations cannot be pickled, because they hold the client "
            "and its API key: store the ids, or the token for Baseten.resume()"
        )

    def environment_label(self, name: str) -> str:
        """An environment, for a person."""
        return f"{name} of {self.label}"

    # --- reading ---------------------------------------------------------------------------------

    def deployment_reading(self, deployment_id: str) -> Operation[DeploymentReading]:
        """Reads a deployment as a wait does."""
        operation = self.operations.get_deployment(self.id, deployment_id)
        read = partial(read_deployment, has_chainlets=self.kind == "chain")
        return _reading(operation, read)

    def environment_reading(self, name: str) -> Operation[EnvironmentReading]:
        """Reads an environment as a wait does."""
        operation = self.operations.get_environment(self.id, name)
        read = partial(read_environment, has_chainlets=self.kind == "chain")
        return _reading(operation, read)

    def environments_reading(self) -> Operation[list[EnvironmentReading]]:
        """Reads all environments.

        Every published spec declares a chain's list with the schema of a model's, whose deployments
        have no chainlets. So the chainlets are left out here.
        """
        return parsed_by(self.operations.list_environments(self.id), _read_environments)

    async def read_deployment(self, deployment_id: str) -> DeploymentReading | None:
        """Read a deployment, as a call; ``None`` if it does not exist."""
        try:
            return await self.sender.send(self.deployment_reading(deployment_id))
        except NotFoundError:
            return None

    async def read_environment(self, name: str) -> EnvironmentReading:
        """Read an environment, as a call."""
        return await self.sender.send(self.environment_reading(name))

    async def read_environments(self) -> list[EnvironmentReading]:
        """Read all environments, as a call."""
        return await self.sender.send(self.environments_reading())

    async def read_deployments(self) -> dict[str, ListedDeployment]:
        """Read all deployments, by id, as a call."""
        operation = self.operations.list_deployments(self.id)
        read = partial(_predecessor.read_deployments, has_chainlets=self.kind == "chain")
        return await self.sender.send(parsed_by(operation, read))

    # --- logs ------------------------------------------------------------------------------------

    async def read_audit_log(self, environment: str, cursor: str | None) -> AuditPage:
        """Read a page of the promotions to an environment, newest first, as a call."""
        return await self.sender.send(
            self.audit_page(
                environment, cursor=cursor, limit=_LARGEST_PAGE, groups=_PROMOTION_GROUPS
            )
        )

    def promoted_page(self, environment: str) -> Operation[AuditPage]:
        """Reads the newest promotions to an environment."""
        return self.audit_page(environment, limit=_PAGE_FOR_ONE_ERROR, groups=_PROMOTION_GROUPS)

    async def name_of(self, deployment_id: str) -> str | None:
        """The name of a deployment, or ``None``. The API shows that of a chain's in logs alone."""
        if self.kind == "model":
            reading = await self.read_deployment(deployment_id)
            name = None if reading is None else getattr(reading.value, "name", None)
            return name if isinstance(name, str) else None
        operation = chain_api.get_chain_audit_log.operation(
            self.id, chain_deployment_ids=[deployment_id], limit=1
        )
        read = partial(_audit_log.read_chain_deployment_name, deployment_id=deployment_id)
        return await self.sender.send(parsed_by(operation, read))

    async def ourselves(self, entries: Sequence[AuditEntry]) -> Ourselves:
        """How to tell our own entries of an audit log from those of others.

        Only entries that name a person and no key need the email address of the user of the key. If
        it cannot be read, it is not known who wrote them.
        """
        ourselves = _audit_log.Ourselves(has_key=self.sender.settings.secret.begins_with)
        if any(ourselves.wrote(one) is None and one.actor.email for one in entries):
            with suppress(BasetenError):
                email = await self.polls.follow_ups.once(_ReadEmailOfKey(self))
                return evolve(ourselves, email=email)
        return ourselves

    def note_promotion(self, environment: str, deployment_id: str) -> int:
        """Remember that a promotion is being sent.

        Returns:
            How many equal ones were sent shortly before: their entries in the audit log may be as
            new as that of this one.
        """
        earlier = self.promoted_shortly_before(environment, deployment_id)
        times = self.sender.shared.promoted.setdefault((self, environment, deployment_id), [])
        times.append(self.sender.clock.now())
        return earlier

    def promoted_shortly_before(self, environment: str, deployment_id: str) -> int:
        """How many equal promotions were sent so shortly before that their entries look new."""
        now = self.sender.clock.now()
        promoted = self.sender.shared.promoted
        for key, times in list(promoted.items()):
            promoted[key] = [at for at in times if now - at <= _SHORTLY_S]
            if not promoted[key]:
                del promoted[key]
        return len(promoted.get((self, environment, deployment_id), ()))

    def audit_page(
        self,
        environment: str,
        *,
        limit: int,
        cursor: str | None = None,
        groups: Sequence[str] = (),
    ) -> Operation[AuditPage]:
        """Reads a page of what was done to promotions to an environment, newest first.

        Of which groups the events of controls are is not documented: without *groups*, all are.
        """
        query: dict[str, Any] = {}
        if groups:
            query["event_type_groups"] = list(map(generated.AuditLogEventTypeGroup, groups))
        operation = audit_log_of(self.kind)(
            self.id,
            environment_names=[environment],
            direction=generated.AuditLogSortDirection.DESC,
            limit=limit,
            cursor=cursor,
            **query,
        )
        return parsed_by(operation, partial(_audit_log.read_audit_page, environment=environment))

    async def last_lines(self, deployment_id: str, limit: int) -> AsyncGenerator[LogLine, None]:
        """Read the end of the logs that may explain why a deployment is not ready.

        Args:
            deployment_id: Which.
            limit: How many lines of each log at most.
        """
        reading = await self.sender.send(self.deployment_reading(deployment_id))
        # By default Baseten shows half an hour, and the end of a log may be older.
        created_at = reading.value.created_at
        start = created_at if isinstance(created_at, datetime) else None
        for part in reading.suspects()[:_MOST_LOGS]:
            try:
                lines = await self._read_log(deployment_id, part, limit, start)
            except BadRequestError:
                start = None  # Baseten shows a week at most
                lines = await self._read_log(deployment_id, part, limit, start)
            for line in lines:
                yield line

    async def _read_log(
        self, deployment_id: str, part: Part, limit: int, start: datetime | None
    ) -> tuple[LogLine, ...]:
        chainlet = part.name if part.subject == "chainlet" else None
        part_id = path_argument("the part's id", part.id)
        operation = self.operations.get_log(
            self.id, deployment_id, part_id, log_query(limit=limit, start=start)
        )
        return await self.sender.send(then(operation, partial(read_log, chainlet=chainlet)))

    # --- retries ---------------------------------------------------------------------------------

    def note_retry(self, deployment_id: str) -> None:
        """Remember that a deployment was retried: the next looks may still show the failure."""
        self._retries[self.id, deployment_id] = self.sender.clock.now()

    def was_retried(self, deployment_id: str, *, within: float) -> bool:
        """Whether a deployment was retried in the last so many seconds."""
        at = self._retries.get((self.id, deployment_id))
        return at is not None and self.sender.clock.now() - at < within

    async def is_candidate(self, reading: DeploymentReading, *, is_last: bool) -> bool:
        """Whether a promotion of a deployment is under way, in whatever environment.

        Args:
            reading: The deployment.
            is_last: Whether a last look asks.
        """
        once = self.polls.follow_ups.once
        try:
            environments = await once(_ReadEnvironments(self, None, is_last))
        except ResponseShapeError:
            # The list is not as declared. The environment that the deployment names has to do.
            if reading.environment is None:
                raise
            environments = await once(_ReadEnvironments(self, reading.environment, is_last))
        return any(one.candidate_id == reading.id and one.is_busy for one in environments)


# Without a slot for weak references: each poll has one of these.
@frozen(eq=False, weakref_slot=False)
class _FromText:
    """Builds a value. A wait keeps its last reading, and text is a third of decoded JSON.

    Nobody shares what is built from it.
    """

    text: bytes = field(repr=False)
    build: Callable[[object], Any]

    def __call__(self) -> Any:
        return self.build(json.loads(self.text))


def _reading(
    operation: Operation[Any], read: Callable[[object, Callable[[], Any]], T]
) -> Operation[T]:
    """*operation*, read as a wait does; the whole value is built when somebody asks for it."""
    build = operation.parse
    parse = WithText(lambda data, text: read(data, _FromText(text, build)))
    return parsed_by(operation, parse)


def _read_environments(data: object) -> list[EnvironmentReading]:
    listed = read_list("environments", data)
    return [read_environment(one, lambda: None, has_chainlets=False) for one in listed]


# --- looks ---------------------------------------------------------------------------------------


class _OfResource(Protocol):
    """Something that asks for the state of a chain or model, with the time limits of a view."""

    @property
    def resource(self) -> Resource[Any, Any]: ...


def _time_limits(one: _OfResource) -> object:
    """The time limits of its requests: waits share an answer only if they have the same ones."""
    return one.resource.sender.settings.time_limits


# Without a slot for weak references: each poll has one of these.
@frozen(weakref_slot=False)
class DeploymentLook(Look[DeploymentReading], Generic[D, E]):
    """Looks at a deployment.

    Attributes:
        resource: The chain or model.
        deployment_id: Which deployment.
        in_context: Whether to read the environments as well when it sleeps: one that is being
            promoted may be on its way up.
    """

    resource: Resource[D, E]
    deployment_id: str
    in_context: bool
    _time_limits: object = field(init=False, repr=False, default=Factory(_time_limits, True))

    @property
    def route(self) -> tuple[str, str]:
        """Its method and path template."""
        operation = self.resource.deployment_reading(self.deployment_id)
        return operation.method, operation.path

    async def __call__(self, ticket: Ticket) -> Fetched[DeploymentReading]:
        """Look."""
        resource = self.resource
        operation = resource.deployment_reading(self.deployment_id)
        fetched = await resource.sender.look(operation, ticket)
        reading = fetched.value
        if not (self.in_context and reading.is_asleep):
            return fetched
        promoting = await resource.is_candidate(reading, is_last=ticket.is_last)
        return evolve(fetched, value=evolve(reading, promoting=promoting))


@frozen(weakref_slot=False)
class EnvironmentLook(Look[EnvironmentReading], Generic[D, E]):
    """Looks at an environment.

    Attributes:
        resource: The chain or model.
        name: Which environment.
    """

    resource: Resource[D, E]
    name: str
    _time_limits: object = field(init=False, repr=False, default=Factory(_time_limits, True))

    @property
    def route(self) -> tuple[str, str]:
        """Its method and path template."""
        operation = self.resource.environment_reading(self.name)
        return operation.method, operation.path

    async def __call__(self, ticket: Ticket) -> Fetched[EnvironmentReading]:
        """Look."""
        operation = self.resource.environment_reading(self.name)
        return await self.resource.sender.look(operation, ticket)


# --- requests that follow from a look -------------------------------------------------------------

# Seconds for an audit log on which a decision depends.
_LOG_WITHIN_S = 10.0
_NOT_LAST = Ticket(is_last=False, sent=lambda: None)
_LAST = Ticket(is_last=True, sent=lambda: None)


@frozen
class _ReadEnvironments(FollowUp[list[EnvironmentReading]]):
    """Reads the environments of a resource, as a look: the next look repeats it.

    Attributes:
        resource: The chain or model.
        name: The only one to read, or ``None`` for all.
        is_last: Whether a last look asks.
    """

    resource: Resource[Any, Any]
    name: str | None
    is_last: bool
    _time_limits: object = field(init=False, repr=False, default=Factory(_time_limits, True))

    async def __call__(self) -> list[EnvironmentReading]:
        """Read."""
        look, ticket = self.resource.sender.look, _LAST if self.is_last else _NOT_LAST
        if self.name is None:
            return (await look(self.resource.environments_reading(), ticket)).value
        return [(await look(self.resource.environment_reading(self.name), ticket)).value]


@frozen
class ReadDeployment(FollowUp[DeploymentReading | None]):
    """Reads a deployment, as a look: the wait repeats it. ``None`` if it does not exist.

    Attributes:
        resource: The chain or model.
        deployment_id: Which deployment.
    """

    resource: Resource[Any, Any]
    deployment_id: str
    _time_limits: object = field(init=False, repr=False, default=Factory(_time_limits, True))

    async def __call__(self) -> DeploymentReading | None:
        """Read."""
        operation = self.resource.deployment_reading(self.deployment_id)
        try:
            return (await self.resource.sender.look(operation, _NOT_LAST)).value
        except NotFoundError:
            return None


@frozen
class WakeDeployment(FollowUp[None]):
    """Asks a deployment to wake up. Baseten answers before it is awake.

    Attributes:
        resource: The model.
        deployment_id: Which deployment.
    """

    # Waits that began at different times need not ask again before a look shows the effect.
    lasts = 30.0
    is_read = False
    resource: Resource[Deployment, Environment]
    deployment_id: str

    async def __call__(self) -> None:
        """Ask."""
        sender = self.resource.sender
        host = sender.settings.inference_url.format(model_id=quote(self.resource.id, safe=""))
        # Any success is enough: the spec promises no body.
        with suppress(ResponseShapeError):
            await sender.send(wake_model(self.deployment_id), host=host)


@frozen
class ReadAuditLog(FollowUp["Sequence[AuditEntry]"]):
    """Reads what was done to promotions to an environment, newest first.

    It may take ten seconds. A failure is an error, so that it is not taken for an empty log.

    Attributes:
        resource: The chain or model.
        environment: The environment's name.
    """

    resource: Resource[Any, Any]
    environment: str
    _time_limits: object = field(init=False, repr=False, default=Factory(_time_limits, True))

    async def __call__(self) -> Sequence[AuditEntry]:
        """Read."""
        sender = self.resource.sender
        operation = self.resource.audit_page(self.environment, limit=_PAGE_FOR_ONE_ERROR)
        async with sender.clock.timeout_at(sender.clock.now() + _LOG_WITHIN_S):
            page = (await sender.look(operation, _NOT_LAST)).value
        mask = sender.settings.secret.mask_text
        return [one.masked(mask) for one in page.entries]


@frozen
class _ReadEmailOfKey(FollowUp["str | None"]):
    """Reads the email address of the user of the key, if there is one.

    Attributes:
        resource: Any chain or model.
    """

    lasts = 3600.0
    is_read = False  # no write changes it
    resource: Resource[Any, Any]

    async def __call__(self) -> str | None:
        """Read."""
        email = (await self.resource.sender.send(get_user())).email
        return email if isinstance(email, str) else None


@frozen
class ReadLastLines(FollowUp["LastLines"]):
    """Reads the end of the logs that may explain why a deployment is not ready.

    Attributes:
        resource: The chain or model.
        deployment_id: Which deployment.
        limit: How many lines of each log at most.
    """

    resource: Resource[Any, Any]
    deployment_id: str
    limit: int
    _time_limits: object = field(init=False, repr=False, default=Factory(_time_limits, True))

    async def __call__(self) -> LastLines:
        """Read."""
        lines = self.resource.last_lines(self.deployment_id, self.limit)
        return await _waiting.read_last_lines(self.resource.sender.clock, lines)


# Seconds in which a request for metrics that fails is repeated, once a minute.
_METRICS_TOTAL_S = 300.0


@frozen
class ReadMetrics(FollowUp["Metrics"]):
    """Reads metrics, as a call. Requests about one thing are a minute apart, also repeated ones.

    Attributes:
        resource: The model.
        of: ``"deployment"`` or ``"environment"``.
        name: Which: the deployment's id or the environment's name.
        query: What to ask for.
    """

    # Nobody may ask again sooner. No write of ours changes a window that has passed.
    lasts = 60.0
    is_read = False
    resource: Resource[Deployment, Environment]
    of: Literal["deployment", "environment"]
    name: str
    query: MetricsQuery

    async def __call__(self) -> Metrics:
        """Read."""
        query, sender = self.query, self.resource.sender
        now = sender.server_time()
        period = query.period(now)
        ask = (
            model_api.get_deployment_metrics.operation
            if self.of == "deployment"
            else model_api.get_environment_metrics.operation
        )
        operation = ask(
            self.resource.id,
            self.name,
            mode=generated.ModelMetricMode(query.mode),
            start_epoch_millis=None if period is None else metrics.epoch_millis(period[0]),
            end_epoch_millis=None if period is None else metrics.epoch_millis(period[1]),
            metrics=list(query.names),
        )
        complete_until = now - timedelta(seconds=query.lag)
        policy = sender.settings.retry
        patient = evolve(policy, total=max(seconds("total", policy.total), _METRICS_TOTAL_S))
        read = partial(metrics.read_metrics, complete_until=complete_until)
        return await sender.with_settings(retry=patient).send(parsed_by(operation, read))


# Older startups are of another release.
_STARTUPS_LAST = timedelta(days=7)
# Many waits may end at the same time. Those that come later do without.
_MOST_STARTUPS = 10
# Enough to find the newest one, whatever the order.
_STARTUPS = 20


@frozen
class ReadStartup(FollowUp[Startup | None]):
    """Reads the newest startup of a deployment, as a look. ``None`` if its replica is ready.

    It is never an error: ``None`` also stands for a startup that cannot be read, or not in time.

    Attributes:
        resource: The model.
        deployment_id: Which deployment.
        environment: The environment whose earlier startups are compared; ``None`` for those of the
            deployment.
    """

    resource: Resource[Any, Any]
    deployment_id: str
    environment: str | None
    _time_limits: object = field(init=False, repr=False, default=Factory(_time_limits, True))

    async def __call__(self) -> Startup | None:
        """Read."""
        clock, shared = self.resource.sender.clock, self.resource.sender.shared
        newest: Startup | None = None
        if shared.explaining >= _MOST_STARTUPS:
            return None
        shared.explaining += 1
        try:
            async with clock.timeout_at(clock.now() + _waiting.WHY_S):
                newest = await self._read_newest()
                if newest is not None:
                    newest = (await self._read_usual()).added_to(newest)
        except TimeoutError:
            pass  # what was read until now is enough
        finally:
            shared.explaining -= 1
        return newest

    async def _read_newest(self) -> Startup | None:
        now = self.resource.sender.server_time()
        operation = model_api.list_deployment_startups.operation(
            self.resource.id,
            self.deployment_id,
            start_epoch_millis=metrics.epoch_millis(now - _STARTUPS_LAST),
            end_epoch_millis=metrics.epoch_millis(now),
            limit=_STARTUPS,
        )
        return await self._read(
            parsed_by(operation, partial(_startups.read_newest_startup, now=now))
        )

    async def _read_usual(self) -> Usual:
        now = self.resource.sender.server_time()
        period = {
            "start_epoch_millis": metrics.epoch_millis(now - _STARTUPS_LAST),
            "end_epoch_millis": metrics.epoch_millis(now),
        }
        model_id, environment = self.resource.id, self.environment
        operation = (
            model_api.summarize_deployment_startups.operation(
                model_id, self.deployment_id, **period
            )
            if environment is None
            else model_api.summarize_environment_startups.operation(model_id, environment, **period)
        )
        return await self._read(parsed_by(operation, _startups.read_usual)) or _startups.Usual()

    async def _read(self, operation: Operation[T]) -> T | None:
        missing = self.resource.sender.shared.missing
        if operation.path in missing:
            return None
        try:
            return (await self.resource.sender.look(operation, _NOT_LAST)).value
        except NotFoundError:
            missing.add(operation.path)
        except BasetenError:
            pass
        return None


def reasons(
    resource: Resource[Any, Any], deployment_id: str, environment: str | None = None
) -> Why | None:
    """How to find out why a deployment is not ready; ``None`` for a chain's."""
    if resource.kind == "chain":
        return None
    return _waiting.Why(
        read=ReadStartup(resource, deployment_id, environment), advice=_waiting.GO_ON
    )
