"""The table of operations: method, path, body and action of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .._world import FakeEnvironment
from . import actions
from .actions import Action
from .json_writer import JSON
from .parsed_request import BodyRules


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of Baseten's API.

    Attributes:
        method: The HTTP method.
        template: The path, with its parameters in braces.
        run: Its action.
        body: The body that it requires; None if it takes no body.
        status: The HTTP status of its success.
    """

    method: str
    template: str
    run: Action
    body: BodyRules | None = None
    status: int = 200

    def fields(self, body: bytes) -> JSON:
        """The fields of a request's body; raises InvalidRequest."""
        return {} if self.body is None else self.body.parse(body)


_MODEL: Final = "/v1/models/{model_id}"
_CHAIN: Final = "/v1/chains/{chain_id}"
_MODEL_DEPLOYMENT: Final = _MODEL + "/deployments/{deployment_id}"
_CHAIN_DEPLOYMENT: Final = _CHAIN + "/deployments/{deployment_id}"
_MODEL_ENVIRONMENT: Final = _MODEL + "/environments/{env_name}"
_CHAIN_ENVIRONMENT: Final = _CHAIN + "/environments/{env_name}"
# Stands for the host model-{model_id}.api.baseten.co.
_MODEL_HOST: Final = "/model-{model_id}"

# Objects. The first one has no effect in the fake.
_SETTINGS: Final = ("environment_settings_update", "promotion_settings_override")
_CHAIN_PROMOTE: Final = BodyRules(
    required=("deployment_id",), flags=("scale_down_previous_deployment",)
)
_MODEL_PROMOTE: Final = BodyRules(
    required=("deployment_id",),
    flags=("scale_down_previous_deployment", "preserve_env_instance_type"),
    objects=_SETTINGS,
)
_PRODUCTION_PROMOTE: Final = BodyRules(
    flags=("scale_down_previous_production", "preserve_env_instance_type"), objects=_SETTINGS
)

_RENAME: Final = BodyRules(texts=("name",), only=("name",))
_BACKPRESSURE: Final = BodyRules(only=("policy",))
_UPDATE_ENVIRONMENT: Final = BodyRules(
    only=(
        "autoscaling_settings",
        "promotion_settings",
        "request_backpressure_settings",
        "autoscaling_schedule_settings",
    )
)
_CREATE_ENVIRONMENT: Final = BodyRules(required=("name",))
_UPDATE_CHAINLETS: Final = BodyRules(lists=("updates",))

_PAUSE: Final = actions.signal(FakeEnvironment.pause, rolling_only=True)
_RESUME: Final = actions.signal(FakeEnvironment.resume, rolling_only=True)
_FORCE_CANCEL: Final = actions.signal(FakeEnvironment.force_cancel, rolling_only=False)
_FORCE_ROLL_FORWARD: Final = actions.signal(FakeEnvironment.force_roll_forward, rolling_only=True)

OPERATIONS: Final = (
    Operation("GET", "/v1/users/me", actions.get_user),
    Operation("GET", "/v1/audit_logs", actions.get_whole_audit_log),
    Operation("GET", "/v1/chains", actions.list_chains),
    Operation("GET", _CHAIN, actions.get_chain),
    Operation("GET", _CHAIN + "/deployments", actions.list_deployments),
    Operation("GET", _CHAIN_DEPLOYMENT, actions.get_deployment),
    Operation("DELETE", _CHAIN_DEPLOYMENT, actions.delete_deployment),
    Operation("GET", _CHAIN_DEPLOYMENT + "/chainlets/{chainlet_id}/logs", actions.get_logs),
    Operation("POST", _CHAIN_DEPLOYMENT + "/deactivate", actions.deactivate),
    Operation("GET", _CHAIN + "/environments", actions.list_environments),
    Operation("GET", _CHAIN_ENVIRONMENT, actions.get_environment),
    Operation("POST", _CHAIN + "/environments", actions.create_environment, _CREATE_ENVIRONMENT),
    Operation("PATCH", _CHAIN_ENVIRONMENT, actions.update_chain_environment, BodyRules()),
    Operation(
        "PATCH",
        _CHAIN_ENVIRONMENT + "/chainlet_settings/autoscaling_settings",
        actions.update_chainlets,
        _UPDATE_CHAINLETS,
    ),
    Operation(
        "POST",
        _CHAIN_ENVIRONMENT + "/chainlet_settings/instance_types/update",
        actions.update_instance_types,
        _UPDATE_CHAINLETS,
    ),
    Operation("GET", _CHAIN + "/audit_logs", actions.get_audit_log),
    Operation("POST", _CHAIN_ENVIRONMENT + "/promote", actions.promote, _CHAIN_PROMOTE),
    Operation("GET", "/v1/models", actions.list_models),
    Operation("GET", _MODEL, actions.get_model),
    Operation("GET", _MODEL + "/deployments", actions.list_deployments),
    Operation("GET", _MODEL_DEPLOYMENT, actions.get_deployment),
    Operation("PATCH", _MODEL_DEPLOYMENT, actions.rename_deployment, _RENAME),
    Operation(
        "PATCH",
        _MODEL_DEPLOYMENT + "/request_backpressure_settings",
        actions.update_backpressure,
        _BACKPRESSURE,
    ),
    Operation("DELETE", _MODEL_DEPLOYMENT, actions.delete_model_deployment),
    Operation(
        "POST", _MODEL_DEPLOYMENT + "/promote", actions.promote_to_production, _PRODUCTION_PROMOTE
    ),
    Operation("POST", _MODEL_DEPLOYMENT + "/activate", actions.activate),
    Operation("POST", _MODEL_DEPLOYMENT + "/deactivate", actions.deactivate),
    Operation("POST", _MODEL_DEPLOYMENT + "/retry", actions.retry),
    Operation("GET", _MODEL_DEPLOYMENT + "/logs", actions.get_logs),
    Operation("GET", _MODEL_DEPLOYMENT + "/metrics", actions.get_metrics),
    Operation("GET", _MODEL_DEPLOYMENT + "/startups", actions.list_startups),
    Operation("GET", _MODEL_DEPLOYMENT + "/startups/summary", actions.summarize_startups),
    Operation("GET", _MODEL + "/environments", actions.list_environments),
    Operation("GET", _MODEL_ENVIRONMENT, actions.get_environment),
    Operation(
        "GET",
        _MODEL_ENVIRONMENT + "/startups/summary",
        actions.summarize_environment_startups,
    ),
    Operation("GET", _MODEL_ENVIRONMENT + "/metrics", actions.get_environment_metrics),
    Operation("GET", _MODEL + "/audit_logs", actions.get_audit_log),
    Operation("GET", _MODEL_ENVIRONMENT + "/logs", actions.get_environment_logs),
    Operation("POST", _MODEL + "/environments", actions.create_environment, _CREATE_ENVIRONMENT),
    Operation("PATCH", _MODEL_ENVIRONMENT, actions.update_environment, _UPDATE_ENVIRONMENT),
    Operation("DELETE", _MODEL_ENVIRONMENT, actions.delete_environment),
    Operation("POST", _MODEL_ENVIRONMENT + "/promote", actions.promote, _MODEL_PROMOTE),
    Operation("POST", _MODEL_ENVIRONMENT + "/cancel_promotion", actions.cancel_promotion),
    Operation("POST", _MODEL_ENVIRONMENT + "/pause_promotion", _PAUSE),
    Operation("POST", _MODEL_ENVIRONMENT + "/resume_promotion", _RESUME),
    Operation("POST", _MODEL_ENVIRONMENT + "/force_cancel_promotion", _FORCE_CANCEL),
    Operation("POST", _MODEL_ENVIRONMENT + "/force_roll_forward_promotion", _FORCE_ROLL_FORWARD),
    Operation("POST", _MODEL_ENVIRONMENT + "/activate", actions.activate_environment),
    Operation("POST", _MODEL_ENVIRONMENT + "/deactivate", actions.deactivate_environment),
    Operation("POST", _MODEL_HOST + "/deployment/{deployment_id}/wake", actions.wake, status=202),
    Operation(
        "POST", _MODEL_HOST + "/production/wake", actions.wake_role("production"), status=202
    ),
    Operation(
        "POST", _MODEL_HOST + "/development/wake", actions.wake_role("development"), status=202
    ),
    Operation(
        "POST",
        _MODEL_HOST + "/environments/{env_name}/wake",
        actions.wake_environment,
        status=202,
    ),
)
