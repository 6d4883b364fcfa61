"""The actions of operations: each changes or reads the state, and returns JSON."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from .._world import (
    CANCELED,
    DEFAULT_RANGE_S,
    INACTIVE,
    LEVELS,
    LONGEST_RANGE_S,
    RUNNING,
    SOURCES,
    AuditEntry,
    FakeDeployment,
    FakeEnvironment,
    FakeModel,
    FakeResource,
    LogFilter,
    LogRange,
    Refused,
    forbidden,
    not_found,
    not_possible,
)
from .json_writer import JSON, USER
from .metrics import read_window, write_metrics
from .parsed_request import ParsedRequest
from .response import InvalidRequest
from .settings_in_body import (
    read_chainlets,
    read_policy,
    read_promotion_settings,
    read_settings,
)
from .startups import read_startups, write_startups, write_summary

Action = Callable[[ParsedRequest], JSON]

_DEPLOYMENT_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,255}")


def get_user(_: ParsedRequest) -> JSON:
    """The user that the key belongs to."""
    return dict(USER)


def list_chains(request: ParsedRequest) -> JSON:
    """All chains."""
    found = request.world.chains_at(request.when).values()
    return {"chains": [request.writer.chain(chain, request.when) for chain in found]}


def get_chain(request: ParsedRequest) -> JSON:
    """One chain."""
    return request.writer.chain(request.chain, request.when)


def list_models(request: ParsedRequest) -> JSON:
    """All models, or those with one name."""
    name = request.query.get("name")
    found = request.world.models_at(request.when).values()
    return {
        "models": [
            request.writer.model(model, request.when)
            for model in found
            if name in (None, model.name)
        ]
    }


def get_model(request: ParsedRequest) -> JSON:
    """One model."""
    return request.writer.model(request.model, request.when)


def list_deployments(request: ParsedRequest) -> JSON:
    """All visible deployments, or a model's with one name."""
    resource = request.resource
    name = request.query.get("name") if isinstance(resource, FakeModel) else None
    found = [
        request.as_json(one)
        for one in resource.deployments_at(request.when)
        if name in (None, one.name_at(request.when)) and one.visible_at(request.when)
    ]
    return {"deployments": found}


def get_deployment(request: ParsedRequest) -> JSON:
    """One deployment."""
    return request.as_json(request.deployment)


def rename_deployment(request: ParsedRequest) -> JSON:
    """Give a model's deployment another name, which no other one of the model has."""
    deployment, name = request.deployment, request.body.get("name")
    if name is None:
        return request.as_json(deployment)
    if not _DEPLOYMENT_NAME.fullmatch(name):
        raise InvalidRequest("Input should be 1 to 255 letters, digits and '-', '_', '.'.", "name")
    others = (one for one in request.model.deployments.values() if one is not deployment)
    if any(one.facts.name == name for one in others):
        raise not_possible(f"Another deployment is named {name}.")
    deployment.rename(name)
    return request.as_json(deployment)


def update_backpressure(request: ParsedRequest) -> JSON:
    """Change what becomes of requests to a deployment that find no free replica."""
    policy = read_policy(request.body)
    if "policy" in request.body:
        request.deployment.set_backpressure(policy)
    return {"policy": request.deployment.facts.backpressure}


def delete_model_deployment(request: ParsedRequest) -> JSON:
    """Delete a deployment, unless it serves or is the only one."""
    model, deployment = request.model, request.deployment
    for environment in model.environments.values():
        if environment.current is deployment:
            raise not_possible(f"Deployment {deployment.id} serves in {environment.name}.")
    if len(model.deployments) == 1:
        raise not_possible(f"Deployment {deployment.id} is the only one of its model.")
    return delete_deployment(request)


def delete_deployment(request: ParsedRequest) -> JSON:
    """Delete a deployment."""
    deployment = request.deployment
    deployment.delete()
    id_field = "chain_id" if "chain_id" in request.path else "model_id"
    return {"id": deployment.id, "deleted": True, id_field: request.resource.id}


def activate(request: ParsedRequest) -> JSON:
    """Activate a deployment."""
    return {"success": True, "no_op": not request.deployment.activate()}


def deactivate(request: ParsedRequest) -> JSON:
    """Deactivate a deployment."""
    return {"success": True, "no_op": not request.deployment.deactivate()}


def retry(request: ParsedRequest) -> JSON:
    """Retry a failed deployment."""
    deployment = request.deployment
    before = deployment.status_at(request.when)
    retried = deployment.retry()
    reason = f"Deployment {deployment.id} is {before}: there is nothing to retry."
    return {
        "retried": retried,
        "reason": None if retried else reason,
        "deployment": request.as_json(deployment),
    }


def list_environments(request: ParsedRequest) -> JSON:
    """All environments."""
    resource = request.resource
    found = [
        request.writer.listed_environment(resource, one, request.when)
        for one in resource.environments_at(request.when).values()
    ]
    return {"environments": found}


def get_environment(request: ParsedRequest) -> JSON:
    """One environment."""
    environment = request.environment
    return request.writer.environment(request.resource, environment, request.when)


def create_environment(request: ParsedRequest) -> JSON:
    """Create an environment."""
    resource, name = request.resource, request.body["name"]
    if not name.strip() or "/" in name:
        raise InvalidRequest("Input should be the name of an environment.", "name")
    if name in resource.environments:
        raise not_possible(f"Environment {name} already exists.")
    changes = _changes(request)
    environment = resource.environment(name)
    environment.begin_with(changes)
    return request.writer.environment(resource, environment, request.when)


def update_environment(request: ParsedRequest) -> JSON:
    """Change the settings of a model's environment."""
    environment = request.environment
    answer = _settings_answer(environment.update(**_changes(request)))
    if request.world.behaviour.settings_answer == "environment":
        answer["environment"] = request.writer.environment(
            request.resource, environment, request.when
        )
    return answer


def update_chain_environment(request: ParsedRequest) -> JSON:
    """Change the settings of a chain's environment."""
    request.environment.update(**read_settings(request.body))
    return {"ok": True}


def update_chainlets(request: ParsedRequest) -> JSON:
    """Change the autoscaling of chainlets in an environment."""
    environment, known = request.environment, request.chain.chainlet_names()
    chainlets = read_chainlets(request.body, "updates", known)
    return _settings_answer(environment.update(chainlets=chainlets))


def update_instance_types(request: ParsedRequest) -> JSON:
    """Move chainlets in an environment to other instance types, with a promotion if need be."""
    environment, known = request.environment, request.chain.chainlet_names()
    chainlets = read_chainlets(request.body, "updates", known)
    if any("instance_type" not in its for its in chainlets.values()):
        raise InvalidRequest("Field required.", "updates", "instance_type_id")
    made = environment.move({name: its["instance_type"] for name, its in chainlets.items()})
    return {
        "requires_redeployment": made is not None,
        "chain_deployment": None if made is None else request.as_json(made),
        "chainlet_environment_settings": request.writer.chainlet_settings(
            environment, request.when
        ),
    }


def _changes(request: ParsedRequest) -> dict[str, Any]:
    changes = read_settings(request.body)
    if "chain_id" in request.path:
        known = request.chain.chainlet_names()
        changes["chainlets"] = read_chainlets(request.body, "chainlet_settings", known)
    return changes


def _settings_answer(status: str) -> JSON:
    return {"status": status, "message": f"The update of the settings is {status.lower()}."}


def delete_environment(request: ParsedRequest) -> JSON:
    """Delete an environment, but not production."""
    environment = request.environment
    if environment.name == "production":
        raise not_possible("The production environment cannot be deleted.")
    environment.delete()
    return {"name": environment.name, "model_id": request.resource.id, "deleted": True}


def activate_environment(request: ParsedRequest) -> JSON:
    """Activate the deployment that serves in an environment."""
    return {"success": True, "no_op": not request.current.activate()}


def deactivate_environment(request: ParsedRequest) -> JSON:
    """Deactivate the deployment that serves in an environment."""
    return {"success": True, "no_op": not request.current.deactivate()}


def promote(request: ParsedRequest) -> JSON:
    """Promote a deployment to an environment."""
    deployment_id = request.body["deployment_id"]
    return _promote(request, request.environment, deployment_id, "deployment")


def promote_to_production(request: ParsedRequest) -> JSON:
    """Promote a model's deployment to production."""
    production = request.model.find_environment("production", request.when)
    return _promote(request, production, request.deployment.id, "production")


def _promote(
    request: ParsedRequest, environment: FakeEnvironment, deployment_id: str, previous: str
) -> JSON:
    if environment.settings.restricted:
        raise forbidden(f"Environment {environment.name} is restricted.")
    candidate = environment.promote(
        deployment_id,
        scale_down_previous=request.body.get(f"scale_down_previous_{previous}", True),
        preserve_instance_type=request.body.get("preserve_env_instance_type", True),
        override=read_promotion_settings(request.body, "promotion_settings_override"),
    )
    return request.as_json(candidate)


def cancel_promotion(request: ParsedRequest) -> JSON:
    """Cancel a promotion."""
    environment = request.environment
    status = environment.cancel()
    message = (
        f"Promotion to {environment.name} was successfully canceled."
        if status == CANCELED
        else f"Promotion to {environment.name} is being rolled back."
    )
    return {"status": status, "message": message}


def signal(send: Callable[[FakeEnvironment], None], *, rolling_only: bool) -> Action:
    """The action that sends a signal to a promotion in progress."""

    def run(request: ParsedRequest) -> JSON:
        environment = request.environment
        promotion = environment.rollout_in_progress()
        if rolling_only and not promotion.rolling:
            message = f"The promotion to {environment.name} is not a rolling deployment."
            raise not_possible(message)
        if not request.world.behaviour.signals_succeed:
            return {"success": False}
        send(environment)
        return {"success": True}

    return run


def get_audit_log(request: ParsedRequest) -> JSON:
    """One page of the audit log of a chain or a model."""
    owner = request.resource
    return _audit_page(request, [(owner, entry) for entry in owner.audit_log.entries])


def get_whole_audit_log(request: ParsedRequest) -> JSON:
    """One page of the audit log of the organization."""
    return _audit_page(request, request.world.audit_entries())


def _audit_page(request: ParsedRequest, entries: Sequence[tuple[FakeResource, AuditEntry]]) -> JSON:
    """One page of *entries*, which are oldest first."""
    behaviour = request.world.behaviour
    if behaviour.audit_log == "forbidden":
        raise Refused(403, "PERMISSION_DENIED", "Authorization error")
    if behaviour.audit_log == "missing":
        raise not_found("There is no audit log.")
    direction = request.query.get("direction", "DESC")
    if direction not in ("ASC", "DESC"):
        raise InvalidRequest("Input should be 'ASC' or 'DESC'.", "direction", part="query")
    limit = request.whole_number("limit", 20, within=range(1, 201))
    # The cursor: the direction, and the first entry of the page.
    direction, _, first = request.query.get("cursor", direction).partition("-")
    wanted = _audit_filter(request)
    found = [
        request.writer.audit_entry(owner, entry) for owner, entry in entries if wanted(owner, entry)
    ]
    if direction == "DESC":
        found.reverse()
    ids = [entry["id"] for entry in found]
    start = ids.index(first) if first in ids else 0
    end = start + limit
    has_more = end < len(found)
    return {
        "items": found[start:end],
        "pagination": {
            "has_more": has_more,
            "cursor": f"{direction}-{ids[end]}" if has_more else None,
        },
    }


def _audit_filter(request: ParsedRequest) -> Callable[[FakeResource, AuditEntry], bool]:
    """Whether the request asks for an entry."""
    query, seconds = request.query, request.writer.seconds
    sources = query.getlist("sources")
    unknown = sorted(set(sources) - set(SOURCES))
    if unknown:
        expected = " or ".join(f"{one!r}" for one in SOURCES)
        raise InvalidRequest(f"Input should be {expected}.", "sources", part="query")
    start, end = -math.inf, math.inf
    if "start_epoch_millis" in query:
        start = seconds(request.whole_number("start_epoch_millis", 0))
    if "end_epoch_millis" in query:
        end = seconds(request.whole_number("end_epoch_millis", 0))
    search = query.get("search", "").lower()
    # What was there before time began is seen by every replica.
    seen_until = max(request.when - request.world.behaviour.audit_log_lag, 0.0)

    def keeps(owner: FakeResource, entry: AuditEntry) -> bool:
        of_model = owner.kind == "Model"
        deployment = (entry.deployment_id, entry.deployment_name)
        named = (owner.id, owner.name, *deployment, entry.environment)
        return (
            entry.at <= seen_until
            and start <= entry.at <= end
            # Chains have no events for actions.
            and (entry.action is None or of_model)
            and _is_one_of(query.getlist("environment_names"), entry.environment)
            and _is_one_of(query.getlist("event_type_groups"), entry.group)
            and _is_one_of(query.getlist("user_ids"), entry.actor.user_id)
            and _is_one_of(sources, entry.actor.source)
            and _is_one_of(query.getlist("deployment_ids"), entry.deployment_id if of_model else "")
            and _is_one_of(
                query.getlist("chain_deployment_ids"), "" if of_model else entry.deployment_id
            )
            and any(search in (one or "").lower() for one in named)
        )

    return keeps


def _is_one_of(wanted: Sequence[str], value: str | None) -> bool:
    return not wanted or value in wanted


def wake(request: ParsedRequest) -> JSON:
    """Wake a deployment by its id."""
    return _wake(request.deployment, request.when)


def wake_environment(request: ParsedRequest) -> JSON:
    """Wake the deployment that serves in an environment."""
    return _wake(request.current, request.when)


def wake_role(role: str) -> Action:
    """The action that wakes a model's deployment by its role."""
    return lambda request: _wake(request.model.find_by_id_or_role(role, request.when), request.when)


def _wake(deployment: FakeDeployment, when: float) -> JSON:
    if deployment.status_at(when) == INACTIVE:
        raise not_found(f"Deployment {deployment.id} is not active.")
    deployment.wake()
    return {}


def get_logs(request: ParsedRequest) -> JSON:
    """The log of a deployment or of a chainlet."""
    deployment = request.deployment
    chainlet = _chainlet(request, deployment) if "chainlet_id" in request.path else None
    wanted = _log_filter(request)
    found = [line for line in deployment.lines(chainlet, until=request.when) if wanted.keeps(line)]
    lines = _log_range(request).select(found)
    return {"logs": [request.writer.log_line(line) for line in lines]}


def get_environment_logs(request: ParsedRequest) -> JSON:
    """The logs of whatever served in an environment of a model, or was being promoted to it."""
    wanted = _log_filter(request)
    found = [
        line
        for deployment, since, until in request.environment.served()
        for line in deployment.lines(until=request.when)
        if since <= line.at <= until and wanted.keeps(line)
    ]
    lines = _log_range(request).select(sorted(found, key=lambda line: line.at))
    return {"logs": [request.writer.log_line(line) for line in lines]}


def _chainlet(request: ParsedRequest, deployment: FakeDeployment) -> str:
    wanted = request.path["chainlet_id"]
    for name in deployment.chainlet_names:
        if request.writer.chainlet_id(deployment, name) == wanted:
            return name
    raise not_found(f"Chainlet {wanted} of deployment {deployment.id} was not found.")


def _log_filter(request: ParsedRequest) -> LogFilter:
    query = request.query
    level = query.get("min_level")
    if level is not None and level not in LEVELS:
        expected = " or ".join(f"'{one}'" for one in LEVELS)
        raise InvalidRequest(f"Input should be {expected}.", "min_level", part="query")
    try:
        pattern = re.compile(query["search_pattern"]) if "search_pattern" in query else None
    except re.error as error:
        raise not_possible(f"search_pattern is not a regular expression: {error}.") from None
    return LogFilter(
        min_level=level,
        replica=query.get("replica"),
        request_id=query.get("request_id"),
        component=query.get("component"),
        pattern=pattern,
        includes=query.getlist("includes"),
        excludes=query.getlist("excludes"),
    )


def _log_range(request: ParsedRequest) -> LogRange:
    query, seconds = request.query, request.writer.seconds
    direction = query.get("direction", "desc")
    if direction not in ("asc", "desc"):
        raise InvalidRequest("Input should be 'asc' or 'desc'.", "direction", part="query")
    limit = request.whole_number("limit", 500, within=range(1, 1001))
    start, end = request.when - DEFAULT_RANGE_S, request.when
    if "end_epoch_millis" in query:
        end = seconds(request.whole_number("end_epoch_millis", 0))
        start = end - DEFAULT_RANGE_S
    if "start_epoch_millis" in query:
        start = seconds(request.whole_number("start_epoch_millis", 0))
    if end - start > LONGEST_RANGE_S:
        raise not_possible("The window must not be longer than 7 days.")
    return LogRange(start=start, end=end, newest_first=direction == "desc", limit=limit)


def get_metrics(request: ParsedRequest) -> JSON:
    """What a deployment did in a window of time."""
    deployment, window = request.deployment, read_window(request)
    flows = request.model.flows(deployment, request.when)
    return write_metrics(request, window, flows, _replicas(deployment))


def get_environment_metrics(request: ParsedRequest) -> JSON:
    """The traffic of all deployments that served in an environment, in a window of time."""
    environment, window = request.environment, read_window(request)
    flows = [flow for _, flow in environment.flows(request.when)]
    current = environment.seen_at(request.when).current
    cuts = environment.promotion_ends()
    return write_metrics(request, window, flows, _replicas(current), cuts)


def list_startups(request: ParsedRequest) -> JSON:
    """One page of the startups of a deployment."""
    return write_startups(request, read_startups(request, [request.deployment]))


def summarize_startups(request: ParsedRequest) -> JSON:
    """How long the startups of a deployment took."""
    return write_summary(request, read_startups(request, [request.deployment]))


def summarize_environment_startups(request: ParsedRequest) -> JSON:
    """How long the startups of all deployments of an environment took."""
    return write_summary(request, read_startups(request, request.environment.served_by()))


def _replicas(deployment: FakeDeployment | None) -> Callable[[float], int]:
    if deployment is None:
        return lambda _: 0
    its = deployment.facts.replicas
    return lambda when: its if deployment.status_at(when) in RUNNING else 0
