"""Baseten's endpoints: what each does to the state, and what it answers. No HTTP, no waiting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from . import _statuses as status
from ._chains import FakeChain
from ._deployments import FakeDeployment, Refused
from ._environments import FakeEnvironment
from ._exchange import Invalid, whole_number
from ._logs import LONGEST_WINDOW_S, WINDOW_S, Window
from ._models import FakeModel
from ._owners import to_add
from ._wire import Json, Wire

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All there is."""

    wire: Wire
    chains: dict[str, FakeChain] = field(default_factory=dict[str, FakeChain])
    models: dict[str, FakeModel] = field(default_factory=dict[str, FakeModel])


@dataclass(frozen=True, slots=True)
class Call:
    """One request, once it is understood."""

    world: World
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    now: float

    @property
    def chain(self) -> FakeChain:
        """The chain it is about; raises Refused (404)."""
        return _found(self.world.chains, "Chain", self.path["chain_id"])

    @property
    def model(self) -> FakeModel:
        """The model it is about; raises Refused (404)."""
        return _found(self.world.models, "Model", self.path["model_id"])

    @property
    def owner(self) -> FakeChain | FakeModel:
        """The chain or the model it is about; raises Refused (404)."""
        return self.chain if "chain_id" in self.path else self.model

    @property
    def environment(self) -> FakeEnvironment:
        """The environment it is about; raises Refused (404)."""
        return _found(self.owner.environments, "Environment", self.path["env_name"])

    @property
    def deployment(self) -> FakeDeployment:
        """The deployment it is about, if it can be seen yet; raises Refused (404)."""
        owner = self.owner
        owner.settle(self.now)
        found = owner.named(self.path["deployment_id"])
        if self.now < found.facts.visible_from:
            raise Refused(404, "NOT_FOUND", f"Deployment {found.id} was not found.")
        return found

    def shown(self, deployment: FakeDeployment) -> Json:
        """A deployment as JSON."""
        return self.world.wire.deployment(deployment, self.now)


@dataclass(frozen=True, slots=True)
class Operation:
    """An endpoint.

    Attributes:
        method: The HTTP method.
        template: The path, with its parameters in braces.
        run: What it does.
        status: The status when it did.
        required: The strings that its body has to have.
        flags: The booleans that its body may have.
        settings: The objects that its body may have, or null.
        has_body: Whether a body is required at all.
    """

    method: str
    template: str
    run: Callable[[Call], Json]
    status: int = 200
    required: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    has_body: bool = False


def _found(known: Mapping[str, T], kind: str, name: str) -> T:
    if name not in known:
        advice = to_add(kind.lower(), name, known)
        raise Refused(404, "NOT_FOUND", f"{kind} {name} was not found. {advice}")
    return known[name]


def _list_chains(call: Call) -> Json:
    return {"chains": [call.world.wire.chain(chain) for chain in call.world.chains.values()]}


def _get_chain(call: Call) -> Json:
    return call.world.wire.chain(call.chain)


def _list_models(call: Call) -> Json:
    name = call.query.get("name")
    found = [model for model in call.world.models.values() if name in (None, model.id)]
    return {"models": [call.world.wire.model(model) for model in found]}


def _get_model(call: Call) -> Json:
    return call.world.wire.model(call.model)


def _list_deployments(call: Call) -> Json:
    owner = call.owner
    owner.settle(call.now)
    name = call.query.get("name") if isinstance(owner, FakeModel) else None
    found = [one for one in owner.deployments.values() if name in (None, one.facts.name)]
    return {"deployments": [call.shown(one) for one in found if call.now >= one.facts.visible_from]}


def _get_deployment(call: Call) -> Json:
    return call.shown(call.deployment)


def _delete_deployment(call: Call) -> Json:
    deployment = call.deployment
    deployment.delete()
    owner = "chain_id" if "chain_id" in call.path else "model_id"
    return {"id": deployment.id, "deleted": True, owner: call.owner.id}


def _list_environments(call: Call) -> Json:
    wire = call.world.wire
    shown = [wire.listed_environment(one, call.now) for one in call.owner.environments.values()]
    return {"environments": shown}


def _get_environment(call: Call) -> Json:
    return call.world.wire.environment(call.environment, call.now)


def _delete_environment(call: Call) -> Json:
    environment = call.environment
    if environment.name == "production":
        raise Refused(400, "VALIDATION_ERROR", "The production environment cannot be deleted.")
    environment.delete()
    return {"name": environment.name, "model_id": call.owner.id, "deleted": True}


def _promote(call: Call) -> Json:
    return _promoted(call, call.environment, call.body["deployment_id"], "deployment")


def _promote_to_production(call: Call) -> Json:
    production = _found(call.model.environments, "Environment", "production")
    return _promoted(call, production, call.deployment.id, "production")


def _promoted(call: Call, environment: FakeEnvironment, deployment_id: str, previous: str) -> Json:
    if environment.settings.restricted:
        raise Refused(403, "FORBIDDEN", f"Environment {environment.name} is restricted.")
    candidate = environment.promote(
        deployment_id,
        scale_down_previous=call.body.get(f"scale_down_previous_{previous}", True),
        preserve_instance_type=call.body.get("preserve_env_instance_type", True),
    )
    return call.shown(candidate)


def _cancel(call: Call) -> Json:
    environment = call.environment
    answer = environment.cancel()
    message = (
        f"Promotion to {environment.name} was successfully canceled."
        if answer == status.CANCELED
        else f"Promotion to {environment.name} is being rolled back."
    )
    return {"status": answer, "message": message}


def _signal(
    act: Callable[[FakeEnvironment], None], *, rolling_only: bool
) -> Callable[[Call], Json]:
    def run(call: Call) -> Json:
        environment = call.environment
        promotion = environment.rollout_in_progress()
        if rolling_only and not promotion.rolling:
            raise Refused(
                400,
                "VALIDATION_ERROR",
                f"The promotion to {environment.name} is not a rolling deployment.",
            )
        if not environment.owner.behaviour.signals_succeed:
            return {"success": False}
        act(environment)
        return {"success": True}

    return run


def _activate(call: Call) -> Json:
    return {"success": True, "no_op": not call.deployment.activate()}


def _deactivate(call: Call) -> Json:
    return {"success": True, "no_op": not call.deployment.deactivate()}


def _get_logs(call: Call) -> Json:
    deployment, wire = call.deployment, call.world.wire
    chainlet = None
    if "chainlet_id" in call.path:
        known = {wire.chainlet_id(deployment, name): name for name in deployment.chainlet_names}
        chainlet = _found(known, "Chainlet", call.path["chainlet_id"])
    lines = _window(call).of(deployment.lines(chainlet))
    return {"logs": [wire.log_line(line) for line in lines]}


def _window(call: Call) -> Window:
    query, wire = call.query, call.world.wire
    direction = query.get("direction", "desc")
    if direction not in ("asc", "desc"):
        raise Invalid("Input should be 'asc' or 'desc'.", "direction", part="query")
    limit = whole_number(query, "limit", 500, within=range(1, 1001))
    start, end = call.now - WINDOW_S, call.now
    if "end_epoch_millis" in query:
        end = wire.seconds(whole_number(query, "end_epoch_millis", 0))
        start = end - WINDOW_S
    if "start_epoch_millis" in query:
        start = wire.seconds(whole_number(query, "start_epoch_millis", 0))
    if end - start > LONGEST_WINDOW_S:
        raise Refused(400, "VALIDATION_ERROR", "The window must not be longer than 7 days.")
    return Window(start=start, end=end, newest_first=direction == "desc", limit=limit)


def _serving(call: Call) -> FakeDeployment:
    current = call.environment.current
    if current is None:
        raise Refused(404, "NOT_FOUND", f"Environment {call.path['env_name']} has no deployment.")
    return current


def _activate_environment(call: Call) -> Json:
    return {"success": True, "no_op": not _serving(call).activate()}


def _deactivate_environment(call: Call) -> Json:
    return {"success": True, "no_op": not _serving(call).deactivate()}


def _retry(call: Call) -> Json:
    deployment = call.deployment
    was = deployment.status_at(call.now)
    retried = deployment.retry()
    reason = None if retried else f"Deployment {deployment.id} is {was}: there is nothing to retry."
    return {"retried": retried, "reason": reason, "deployment": call.shown(deployment)}


def _wake(call: Call) -> Json:
    return _woken(call.deployment, call.now)


def _wake_environment(call: Call) -> Json:
    return _woken(_serving(call), call.now)


def _wake_role(role: str) -> Callable[[Call], Json]:
    return lambda call: _woken(call.model.named(role), call.now)


def _woken(deployment: FakeDeployment, now: float) -> Json:
    if deployment.status_at(now) == status.INACTIVE:
        raise Refused(404, "NOT_FOUND", f"Deployment {deployment.id} is not active.")
    deployment.wake()
    return {}


_M: Final = "/v1/models/{model_id}"
_C: Final = "/v1/chains/{chain_id}"
_MD: Final = _M + "/deployments/{deployment_id}"
_CD: Final = _C + "/deployments/{deployment_id}"
_ME: Final = _M + "/environments/{env_name}"
_CE: Final = _C + "/environments/{env_name}"
# Free-form, and without effect here.
_SETTINGS: Final = ("environment_settings_update", "promotion_settings_override")
# Stands in for the host model-{model_id}.api.baseten.co.
_HOST: Final = "/model-{model_id}"

OPERATIONS: Final = (
    Operation("GET", "/v1/chains", _list_chains),
    Operation("GET", _C, _get_chain),
    Operation("GET", _C + "/deployments", _list_deployments),
    Operation("GET", _CD, _get_deployment),
    Operation("DELETE", _CD, _delete_deployment),
    Operation("GET", _CD + "/chainlets/{chainlet_id}/logs", _get_logs),
    Operation("POST", _CD + "/deactivate", _deactivate),
    Operation("GET", _C + "/environments", _list_environments),
    Operation("GET", _CE, _get_environment),
    Operation(
        "POST",
        _CE + "/promote",
        _promote,
        required=("deployment_id",),
        flags=("scale_down_previous_deployment",),
        has_body=True,
    ),
    Operation("GET", "/v1/models", _list_models),
    Operation("GET", _M, _get_model),
    Operation("GET", _M + "/deployments", _list_deployments),
    Operation("GET", _MD, _get_deployment),
    Operation("DELETE", _MD, _delete_deployment),
    Operation(
        "POST",
        _MD + "/promote",
        _promote_to_production,
        flags=("scale_down_previous_production", "preserve_env_instance_type"),
        settings=_SETTINGS,
        has_body=True,
    ),
    Operation("POST", _MD + "/activate", _activate),
    Operation("POST", _MD + "/deactivate", _deactivate),
    Operation("POST", _MD + "/retry", _retry),
    Operation("GET", _MD + "/logs", _get_logs),
    Operation("GET", _M + "/environments", _list_environments),
    Operation("GET", _ME, _get_environment),
    Operation("DELETE", _ME, _delete_environment),
    Operation(
        "POST",
        _ME + "/promote",
        _promote,
        required=("deployment_id",),
        flags=("scale_down_previous_deployment", "preserve_env_instance_type"),
        settings=_SETTINGS,
        has_body=True,
    ),
    Operation("POST", _ME + "/cancel_promotion", _cancel),
    Operation("POST", _ME + "/pause_promotion", _signal(FakeEnvironment.pause, rolling_only=True)),
    Operation(
        "POST", _ME + "/resume_promotion", _signal(FakeEnvironment.resume, rolling_only=True)
    ),
    Operation(
        "POST",
        _ME + "/force_cancel_promotion",
        _signal(FakeEnvironment.force_cancel, rolling_only=False),
    ),
    Operation(
        "POST",
        _ME + "/force_roll_forward_promotion",
        _signal(FakeEnvironment.force_roll_forward, rolling_only=True),
    ),
    Operation("POST", _ME + "/activate", _activate_environment),
    Operation("POST", _ME + "/deactivate", _deactivate_environment),
    Operation("POST", _HOST + "/deployment/{deployment_id}/wake", _wake, status=202),
    Operation("POST", _HOST + "/production/wake", _wake_role("production"), status=202),
    Operation("POST", _HOST + "/development/wake", _wake_role("development"), status=202),
    Operation("POST", _HOST + "/environments/{env_name}/wake", _wake_environment, status=202),
)
