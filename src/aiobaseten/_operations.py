"""The operations of chains and models, one table for both: from arguments to requests."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar, get_args

from aiobaseten_generated.types import UNSET, Unset
from attrs import frozen

from . import _waiting
from ._arguments import (
    boolean,
    choice,
    count,
    json_object,
    optional_boolean,
    optional_millis,
    path_argument,
    text,
    texts,
)
from ._first_use import on_first_use
from ._sending import Operation, Sender, then
from .errors import ConfigurationError

if TYPE_CHECKING:
    import aiobaseten_generated.api.audit_logs as audit_log_api
    import aiobaseten_generated.api.chains as chain_api
    import aiobaseten_generated.api.models as model_api
    import aiobaseten_generated.api.users as user_api
    import aiobaseten_generated.models as generated

    from . import audit as audits
    from . import logs as log_lines
    from . import settings as environments
    from ._waiting import Window
    from .audit import AuditEntries, AuditOptions, Page
    from .logs import LogLevel, LogOptions, LogStream
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


def audit_log_of(kind: Kind) -> Callable[..., Operation[generated.ListAuditLogsResponse]]:
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
        operation = partial(audit_log_of(owner[0]), owner[1])

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
