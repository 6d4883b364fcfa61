"""A chain or a model: its operations, one table for both, and how waits read it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    NoReturn,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
    get_args,
)
from urllib.parse import quote

from aiobaseten_generated.types import UNSET, Unset
from attrs import Factory, evolve, field, frozen

from . import _waiting
from ._arguments import (
    boolean,
    choice,
    count,
    json_object,
    optional_boolean,
    optional_millis,
    path_argument,
    seconds,
    text,
    texts,
)
from ._first_use import on_first_use
from ._sending import Fetched, Operation, Sender, Ticket, WithText, parsed_by, then
from ._waiting import FollowUp, Look
from .errors import (
    BadRequestError,
    BasetenError,
    ConfigurationError,
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
    import aiobaseten_generated.api.audit_logs as audit_log_api
    import aiobaseten_generated.api.chains as chain_api
    import aiobaseten_generated.api.models as model_api
    import aiobaseten_generated.api.users as user_api
    import aiobaseten_generated.models as generated

    from . import _audit_log, _predecessor, _startups, metrics
    from . import audit as audits
    from . import logs as log_lines
    from . import settings as environments
    from ._audit_log import AuditEntry, AuditPage, Ourselves
    from ._predecessor import ListedDeployment
    from ._startups import Usual
    from ._waiting import LastLines, Polls, Why, Window
    from .audit import AuditEntries, AuditOptions, Page
    from .logs import LogLevel, LogOptions, LogStream
    from .metrics import Metrics, MetricsQuery
    from .schemas import (
        Chain,
        ChainDeployment,
        ChainEnvironment,
        Deployment,
        Environment,
        Log,
        Model,
        User,
    )
else:
    _audit_log = on_first_use("._audit_log")
    _predecessor = on_first_use("._predecessor")
    _startups = on_first_use("._startups")
    metrics = on_first_use(".metrics")
    audits = on_first_use(".audit")
    log_lines = on_first_use(".logs")
    environments = on_first_use(".settings")
    audit_log_api = on_first_use("aiobaseten_generated.api.audit_logs")
    chain_api = on_first_use("aiobaseten_generated.api.chains")
    model_api = on_first_use("aiobaseten_generated.api.models")
    user_api = on_first_use("aiobaseten_generated.api.users")
    generated = on_first_use("aiobaseten_generated.models")

D = TypeVar("D", "Deployment", "ChainDeployment")
E = TypeVar("E", "Environment", "ChainEnvironment")
T = TypeVar("T")

Kind: TypeAlias = Literal["chain", "model"]
LogQuery: TypeAlias = dict[str, Any]

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
# Baseten's limit for each of the filters `includes` and `excludes`.
_MOST_TEXTS = 8


# --- the table -----------------------------------------------------------------------------------


@frozen(kw_only=True)
class Operations(Generic[D, E]):
    """The operations that chains and models share.

    Attributes:
        kind: Which of the two.
        get_deployment: Makes the request that reads a deployment, from the resource's id and the
            deployment's.
        delete_deployment: Makes the request that deletes one, which returns whether it did.
        list_deployments: Makes the request that lists the deployments, from the resource's id.
        get_environment: Makes the request that reads an environment, from the resource's id and the
            environment's name.
        list_environments: Makes the request that lists the environments, from the resource's id.
        get_log: Takes the resource's id, the deployment's, the part's and the query. A model's
            deployment has no parts.
    """

    kind: Kind
    get_deployment: Callable[[str, str], Operation[D]]
    delete_deployment: Callable[[str, str], Operation[bool]]
    list_deployments: Callable[[str], Operation[list[D]]]
    get_environment: Callable[[str, str], Operation[E]]
    list_environments: Callable[[str], Operation[list[E]]]
    get_log: Callable[[str, str, str, LogQuery], Operation[list[Log]]]


CHAIN: Operations[ChainDeployment, ChainEnvironment] = Operations(
    kind="chain",
    get_deployment=lambda chain_id, deployment_id: chain_api.get_chain_deployment.operation(
        chain_id, deployment_id
    ),
    delete_deployment=lambda chain_id, deployment_id: then(
        chain_api.delete_chain_deployment.operation(chain_id, deployment_id),
        lambda answer: answer.deleted,
    ),
    list_deployments=lambda chain_id: then(
        chain_api.list_chain_deployments.operation(chain_id), lambda listed: listed.deployments
    ),
    get_environment=lambda chain_id, name: chain_api.get_chain_environment.operation(
        chain_id, name
    ),
    list_environments=lambda chain_id: then(
        chain_api.list_chain_environments.operation(chain_id), lambda listed: listed.environments
    ),
    get_log=lambda chain_id, deployment_id, part_id, log: then(
        chain_api.get_chainlet_logs.operation(chain_id, deployment_id, part_id, **log),
        lambda answer: answer.logs,
    ),
)

MODEL: Operations[Deployment, Environment] = Operations(
    kind="model",
    get_deployment=lambda model_id, deployment_id: model_api.get_deployment.operation(
        model_id, deployment_id
    ),
    delete_deployment=lambda model_id, deployment_id: then(
        model_api.delete_deployment.operation(model_id, deployment_id),
        lambda answer: answer.deleted,
    ),
    list_deployments=lambda model_id: then(
        model_api.list_deployments.operation(model_id), lambda listed: listed.deployments
    ),
    get_environment=lambda model_id, name: model_api.get_environment.operation(model_id, name),
    list_environments=lambda model_id: then(
        model_api.list_environments.operation(model_id), lambda listed: listed.environments
    ),
    get_log=lambda model_id, deployment_id, _, log: then(
        model_api.get_deployment_logs.operation(model_id, deployment_id, **log),
        lambda answer: answer.logs,
    ),
)


def get_user() -> Operation[User]:
    """The user that the key belongs to."""
    return user_api.get_current_user.operation()


# --- logs ----------------------------------------------------------------------------------------


def get_environment_log(model_id: str, environment: str, log: LogQuery) -> Operation[list[Log]]:
    """Lines of whatever serves in an environment of a model."""
    return then(
        model_api.get_environment_logs.operation(model_id, environment, **log),
        lambda answer: answer.logs,
    )


def log_query(
    *,
    limit: int = 500,
    start: datetime | None = None,
    end: datetime | None = None,
    min_level: LogLevel | None = None,
    replica: str | None = None,
    request_id: str | None = None,
    component: str | None = None,
    search_pattern: str | None = None,
    includes: Sequence[str] | None = None,
    excludes: Sequence[str] | None = None,
) -> LogQuery:
    """The query for the newest lines of a log, newest first.

    Raises:
        ConfigurationError: An option is invalid.
    """
    query: LogQuery = {
        "direction": generated.SortOrder.DESC,
        "limit": count("limit", limit),
        "start_epoch_millis": optional_millis("start", start),
        "end_epoch_millis": optional_millis("end", end),
    }
    if min_level is not None:
        query["min_level"] = generated.LogLevel(
            choice("min_level", min_level, get_args(log_lines.LogLevel))
        )
    for name, value in (
        ("replica", replica),
        ("request_id", request_id),
        ("component", component),
        ("search_pattern", search_pattern),
    ):
        if value is not None:
            query[name] = text(name, value)
    for name, values in (("includes", includes), ("excludes", excludes)):
        if values is not None:
            query[name] = texts(name, values, most=_MOST_TEXTS)
    return query


def lines(
    sender: Sender,
    read: Callable[[LogQuery], Operation[list[Log]]],
    *,
    follow: bool,
    options: LogOptions,
) -> Coroutine[Any, Any, list[Log]] | LogStream:
    """The lines of a log, oldest first; or a stream of them.

    Args:
        sender: The client's.
        read: Makes the request for a query.
        follow: Whether to follow it.
        options: The caller's.

    Raises:
        ConfigurationError: An option is invalid, or there is an end although it is followed.
    """
    query = log_query(**options)
    if not boolean("follow", follow):
        return _read_lines(sender, read(query))
    if query["end_epoch_millis"] is not None:
        raise ConfigurationError("end and follow=True exclude each other: leave the loop instead")

    async def read_window(window: Window) -> list[Log]:
        order = generated.SortOrder.DESC if window.newest_first else generated.SortOrder.ASC
        asked = {"direction": order, "limit": window.limit, "start_epoch_millis": window.start}
        return await sender.send(read(query | asked))

    follower = _waiting.Follower(
        read_window,
        sender.connections.pause,
        sender.told_time,
        start=query["start_epoch_millis"],
        limit=query["limit"],
    )
    return log_lines.LogStream(follower.next_lines)


async def _read_lines(sender: Sender, operation: Operation[list[Log]]) -> list[Log]:
    return (await sender.send(operation))[::-1]


# --- audit logs ----------------------------------------------------------------------------------


def _audit_log_of(kind: Kind) -> Callable[..., Operation[generated.ListAuditLogsResponse]]:
    """Takes the id, and the query by keyword."""
    if kind == "chain":
        return chain_api.get_chain_audit_log.operation
    return model_api.get_model_audit_log.operation


def audit(
    sender: Sender, options: AuditOptions, owner: tuple[Kind, str] | None = None
) -> AuditEntries:
    """The entries of the audit log of a chain, of a model, or of the organization.

    Args:
        sender: The client's.
        options: The caller's.
        owner: The kind and the id; ``None`` for the organization.

    Raises:
        ConfigurationError: An option is invalid.
        TypeError: There is no such option.
    """
    query = _audit_query(**options)
    limit = options.get("limit")
    most = None if limit is None else count("limit", limit)
    operation = audit_log_api.get_audit_log.operation
    if owner is not None:
        operation = partial(_audit_log_of(owner[0]), owner[1])

    async def read(cursor: str | None, size: int) -> Page:
        page = operation(**query, cursor=cursor, limit=size)
        return await sender.send(then(page, partial(_read_page, asked=cursor)))

    return audits.AuditEntries(read, most)


def _audit_query(
    *,
    limit: int | None = None,  # noqa: ARG001 - of all pages together
    oldest_first: bool = False,
    search: str | None = None,
    groups: Sequence[str] | None = None,
    environments: Sequence[str] | None = None,
    deployment_ids: Sequence[str] | None = None,
    chain_deployment_ids: Sequence[str] | None = None,
    user_ids: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> dict[str, Any]:
    """The query for entries of an audit log, without its page."""
    is_ascending = boolean("oldest_first", oldest_first)
    query: dict[str, Any] = {
        "direction": generated.AuditLogSortDirection.ASC
        if is_ascending
        else generated.AuditLogSortDirection.DESC,
        "search": None if search is None else text("search", search),
        "start_epoch_millis": optional_millis("start", start),
        "end_epoch_millis": optional_millis("end", end),
    }
    if groups is not None:
        query["event_type_groups"] = list(
            map(generated.AuditLogEventTypeGroup, texts("groups", groups))
        )
    if sources is not None:
        query["sources"] = list(map(generated.AuditLogSource, texts("sources", sources)))
    lists = {
        "environment_names": ("environments", environments),
        "deployment_ids": ("deployment_ids", deployment_ids),
        "chain_deployment_ids": ("chain_deployment_ids", chain_deployment_ids),
        "user_ids": ("user_ids", user_ids),
    }
    return query | {
        key: texts(name, given) for key, (name, given) in lists.items() if given is not None
    }


def _read_page(answer: generated.ListAuditLogsResponse, *, asked: str | None) -> Page:
    more, cursor = answer.pagination.has_more, answer.pagination.cursor
    if not more:
        return audits.Page(answer.items, None)
    if not isinstance(cursor, str) or cursor in ("", asked):
        raise ValueError("it says that there are more entries, and not where")
    return audits.Page(answer.items, cursor)


def list_all_chains() -> Operation[list[Chain]]:
    """All chains that the key may see. The API has no filter."""
    return then(chain_api.list_chains.operation(), lambda listed: listed.chains)


def list_all_models(name: str | None = None) -> Operation[list[Model]]:
    """All models that the key may see, or those with one name."""
    return then(model_api.list_models.operation(name=name), lambda listed: listed.models)


# What only one of the two has.


def get_one_chain(chain_id: str) -> Operation[Chain]:
    """A chain."""
    return chain_api.get_chain.operation(chain_id)


def get_one_model(model_id: str) -> Operation[Model]:
    """A model."""
    return model_api.get_model.operation(model_id)


def deactivate_chain(chain_id: str, deployment_id: str) -> Operation[generated.DeactivateResponse]:
    """Turn a deployment of a chain off."""
    return chain_api.deactivate_chain_deployment.operation(chain_id, deployment_id)


def activate_model(model_id: str, deployment_id: str) -> Operation[generated.ActivateResponse]:
    """Turn a deployment of a model on."""
    return model_api.activate_deployment.operation(model_id, deployment_id)


def deactivate_model(model_id: str, deployment_id: str) -> Operation[generated.DeactivateResponse]:
    """Turn a deployment of a model off."""
    return model_api.deactivate_deployment.operation(model_id, deployment_id)


def retry_model(model_id: str, deployment_id: str) -> Operation[generated.RetryDeploymentResponse]:
    """Retry a deployment of a model that failed."""
    return model_api.retry_deployment.operation(model_id, deployment_id)


def wake_model(deployment_id: str) -> Operation[None]:
    """Wake a deployment of a model. The request's host names the model."""
    return model_api.wake_deployment.operation(deployment_id)


def activate_model_environment(
    model_id: str, environment: str
) -> Operation[generated.ActivateResponse]:
    """Turn on what serves in an environment."""
    return model_api.activate_environment.operation(model_id, environment)


def deactivate_model_environment(
    model_id: str, environment: str
) -> Operation[generated.DeactivateResponse]:
    """Turn off what serves in an environment."""
    return model_api.deactivate_environment.operation(model_id, environment)


def cancel_model_promotion(
    model_id: str, environment: str
) -> Operation[generated.CancelPromotionResponse]:
    """Cancel the promotion to an environment."""
    return model_api.cancel_promotion.operation(model_id, environment)


#: Requests to a model's promotion that answer whether they were acted on.
SIGNALS: dict[str, Callable[[str, str], Operation[generated.SignalPromotionResponse]]] = {
    "cancel the promotion": lambda model_id, name: model_api.force_cancel_promotion.operation(
        model_id, name
    ),
    "pause the promotion": lambda model_id, name: model_api.pause_promotion.operation(
        model_id, name
    ),
    "resume the promotion": lambda model_id, name: model_api.resume_promotion.operation(
        model_id, name
    ),
    "roll the promotion forward": lambda model_id, name: (
        model_api.force_roll_forward_promotion.operation(model_id, name)
    ),
}


def list_named_deployments(model_id: str, name: str) -> Operation[list[Deployment]]:
    """The deployments of a model with one name."""
    return then(
        model_api.list_deployments.operation(model_id, name=name), lambda listed: listed.deployments
    )


def rename_model_deployment(model_id: str, deployment_id: str, name: str) -> Operation[Deployment]:
    """Rename a deployment of a model."""
    body = generated.UpdateDeploymentRequest(name=name)
    return model_api.rename_deployment.operation(model_id, deployment_id, body=body)


def update_model_backpressure(
    model_id: str, deployment_id: str, settings: Mapping[str, Any]
) -> Operation[str | None]:
    """Change what becomes of requests that find no free replica. Returns the policy."""
    body = generated.UpdateRequestBackpressureSettings.from_dict(settings)
    return then(
        model_api.update_request_backpressure.operation(model_id, deployment_id, body=body),
        lambda answer: answer.policy or None,
    )


# Settings are checked before: they are JSON here.


def create_model_environment(
    model_id: str, name: str, settings: Mapping[str, Any]
) -> Operation[Environment]:
    """Create an environment of a model."""
    body = generated.CreateEnvironmentRequest.from_dict({"name": name, **settings})
    return model_api.create_environment.operation(model_id, body=body)


def update_model_environment(
    model_id: str, name: str, settings: Mapping[str, Any]
) -> Operation[str | None]:
    """Change settings of an environment of a model. Returns what becomes of the change."""
    body = generated.UpdateEnvironmentRequest.from_dict(settings)
    return then(
        model_api.update_environment.operation(model_id, name, body=body),
        # Deprecated by Baseten, so that it may be missing.
        lambda answer: answer.status or None,
    )


def delete_model_environment(model_id: str, name: str) -> Operation[bool]:
    """Delete an environment of a model. Returns whether Baseten did."""
    return then(
        model_api.delete_environment.operation(model_id, name), lambda answer: answer.deleted
    )


def create_environment_of_chain(
    chain_id: str, name: str, settings: Mapping[str, Any]
) -> Operation[ChainEnvironment]:
    """Create an environment of a chain."""
    fields: dict[str, Any] = {**settings, "name": name}
    if "chainlet_settings" in settings:
        fields["chainlet_settings"] = environments.chainlets_as_list(settings["chainlet_settings"])
    body = generated.CreateChainEnvironmentRequest.from_dict(fields)
    return chain_api.create_chain_environment.operation(chain_id, body=body)


def update_environment_of_chain(
    chain_id: str, name: str, settings: Mapping[str, Any]
) -> Operation[bool]:
    """Change settings of an environment of a chain. Returns whether Baseten does."""
    body = generated.UpdateChainEnvironmentRequest.from_dict(settings)
    return then(
        chain_api.update_chain_environment.operation(chain_id, name, body=body),
        lambda answer: answer.ok,
    )


def update_chainlets(
    chain_id: str, name: str, chainlets: Mapping[str, Mapping[str, Any]]
) -> Operation[str | None]:
    """Change the autoscaling of chainlets in an environment; as `update_model_environment`."""
    body = generated.UpdateChainletEnvironmentAutoscalingSettingsRequest.from_dict(
        {"updates": environments.chainlets_as_list(chainlets)}
    )
    return then(
        chain_api.update_chainlet_autoscaling.operation(chain_id, name, body=body),
        lambda answer: answer.status or None,
    )


def update_instance_types(
    chain_id: str, name: str, instance_types: Mapping[str, str]
) -> Operation[generated.UpdateChainletEnvironmentInstanceTypeResponse]:
    """Change the instance types of chainlets in an environment, by the names of the chainlets."""
    chainlets = {chainlet: {"instance_type_id": its} for chainlet, its in instance_types.items()}
    body = generated.UpdateChainletEnvironmentInstanceTypeRequest.from_dict(
        {"updates": environments.chainlets_as_list(chainlets)}
    )
    return chain_api.update_chainlet_instance_types.operation(chain_id, name, body=body)


def promote_chain(
    chain_id: str,
    environment: str,
    deployment_id: str,
    *,
    scale_down_previous_deployment: bool | None,
) -> Operation[ChainDeployment]:
    """Promote a chain's deployment. An option that is ``None`` is not sent.

    Raises:
        ConfigurationError: An argument is invalid.
    """
    body = generated.PromoteToChainEnvironmentRequest(
        deployment_id=path_argument("deployment_id", deployment_id),
        scale_down_previous_deployment=_flag(
            "scale_down_previous_deployment", scale_down_previous_deployment
        ),
    )
    return chain_api.promote_chain_deployment.operation(chain_id, environment, body=body)


def promote_model(
    model_id: str,
    environment: str,
    deployment_id: str,
    *,
    scale_down_previous_deployment: bool | None,
    preserve_env_instance_type: bool | None,
    environment_settings_update: Mapping[str, Any] | None,
    promotion_settings_override: Mapping[str, Any] | None,
) -> Operation[Deployment]:
    """Promote a model's deployment. An option that is ``None`` is not sent.

    Raises:
        ConfigurationError: An argument is invalid.
    """
    body = generated.PromoteToEnvironmentRequest(
        deployment_id=path_argument("deployment_id", deployment_id),
        scale_down_previous_deployment=_flag(
            "scale_down_previous_deployment", scale_down_previous_deployment
        ),
        preserve_env_instance_type=_flag("preserve_env_instance_type", preserve_env_instance_type),
    )
    if environment_settings_update is not None:
        body.environment_settings_update = generated.EnvironmentSettingsUpdate.from_dict(
            json_object("environment_settings_update", environment_settings_update)
        )
    if promotion_settings_override is not None:
        body.promotion_settings_override = generated.PromotionSettingsOverride.from_dict(
            json_object("promotion_settings_override", promotion_settings_override)
        )
    return model_api.promote_deployment.operation(model_id, environment, body=body)


def _flag(name: str, value: bool | None) -> bool | Unset:
    chosen = optional_boolean(name, value)
    return UNSET if chosen is None else chosen


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
        operation = _audit_log_of(self.kind)(
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
