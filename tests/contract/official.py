"""The official ``baseten`` package against a served fake: `make test-official` runs this.

We did not write it, and its models are strict: an answer without a field that Baseten always sends
does not get through. It has no methods for the inference hosts, so that waking is not among this.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from baseten.client import ManagementClient
from baseten.client.managementapi import (
    ChainletEnvironmentAutoscalingSettingsUpdate,
    ChainletEnvironmentInstanceTypeUpdate,
    CreateChainEnvironmentRequest,
    CreateEnvironmentRequest,
    GetAuditLogsParams,
    GetChainsAuditLogsParams,
    GetModelsAuditLogsParams,
    GetModelsDeploymentsLogsParams,
    GetModelsDeploymentsMetricsParams,
    GetModelsDeploymentsParams,
    GetModelsDeploymentsStartupsParams,
    GetModelsDeploymentsStartupsSummaryParams,
    GetModelsEnvironmentsLogsParams,
    GetModelsEnvironmentsMetricsParams,
    GetModelsEnvironmentsStartupsSummaryParams,
    GetModelsParams,
    PromoteRequest,
    PromoteToChainEnvironmentRequest,
    PromoteToEnvironmentRequest,
    ResponseError,
    UpdateAutoscalingSettings,
    UpdateChainEnvironmentRequest,
    UpdateChainletEnvironmentAutoscalingSettingsRequest,
    UpdateChainletEnvironmentInstanceTypeRequest,
    UpdateDeploymentRequest,
    UpdateEnvironmentRequest,
    UpdateModelPromotionSettings,
    UpdatePromotionSettings,
    UpdateRequestBackpressureSettings,
)

CHAIN, MODEL, PLACE = "support-bot", "ranker", "production"
PATIENCE_S = 30.0
#: When the fake's time begins, in milliseconds.
JANUARY = 1767225600000


def until(done: Callable[[], bool]) -> None:
    """Look until it is done."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < PATIENCE_S, "it takes too long"
        time.sleep(0.02)


def refused(status: int, ask: Callable[[], object]) -> None:
    """Ask for what is refused with *status*."""
    seen: int | None = None
    try:
        ask()
    except ResponseError as error:
        seen = error.status_code
    assert seen == status


def with_a_chain(client: ManagementClient) -> None:
    """List, get, promote until live, deactivate, delete."""
    api = client.api
    assert [one.id for one in api.get_chains().chains] == [CHAIN]
    assert api.get_chains_chain_id(chain_id=CHAIN).deployments_count == 2
    listed = api.get_chains_deployments(chain_id=CHAIN).deployments
    assert [one.id for one in listed] == ["v1", "v2"]
    assert len(listed[0].chainlets) == 2
    environments = api.get_chains_environments(chain_id=CHAIN).environments
    assert [one.name for one in environments] == [PLACE]
    promoted = api.post_chains_environments_promote(
        chain_id=CHAIN, env_name=PLACE, request=PromoteToChainEnvironmentRequest(deployment_id="v2")
    )

    def is_live() -> bool:
        shown = api.get_chains_environments_env_name(chain_id=CHAIN, env_name=PLACE)
        current = shown.current_deployment
        return current is not None and (current.id, current.status) == (promoted.id, "ACTIVE")

    assert not is_live()
    until(is_live)
    one = api.get_chains_deployments_chain_deployment_id(
        chain_id=CHAIN, chain_deployment_id=promoted.id
    )
    assert (one.status, one.environment) == ("ACTIVE", PLACE)
    for chainlet in listed[0].chainlets:
        (line,) = api.get_chains_deployments_chainlets_logs(
            chain_id=CHAIN, chain_deployment_id="v1", chainlet_id=chainlet.id
        ).logs
        assert (line.message, line.level) == ("ready", "INFO")
    assert api.post_chains_deployments_deactivate(chain_id=CHAIN, chain_deployment_id="v1").success
    gone = api.delete_chains_deployments(chain_id=CHAIN, chain_deployment_id="v1")
    assert gone.deleted
    refused(404, lambda: api.get_chains_chain_id(chain_id="nobody-s"))


class Production:
    """The environment of the model that everything is promoted to."""

    def __init__(self, client: ManagementClient) -> None:
        self.api = client.api
        self.at = {"model_id": MODEL, "env_name": PLACE}

    def percent(self) -> int:
        """Traffic on what is being promoted."""
        promotion = self.api.get_models_environments_env_name(**self.at).in_progress_promotion
        return int(promotion.percent_traffic_to_new_version) if promotion else 0

    def status(self) -> str:
        """How the promotion goes, or went."""
        promotion = self.api.get_models_environments_env_name(**self.at).in_progress_promotion
        assert promotion is not None
        return str(promotion.status)

    def promote(self) -> str:
        """Promote; the id of what is being promoted."""
        request = PromoteToEnvironmentRequest(deployment_id="v2")
        return str(self.api.post_models_environments_promote(**self.at, request=request).id)


def with_a_model(client: ManagementClient) -> None:
    """List and get."""
    api = client.api
    assert [one.id for one in api.get_models().models] == [MODEL]
    assert api.get_models(params=GetModelsParams(name="another")).models == []
    assert api.get_models_model_id(model_id=MODEL).production_deployment_id == "v1"
    listed = api.get_models_deployments(model_id=MODEL).deployments
    assert [one.id for one in listed] == ["v1", "v2"]
    assert api.get_models_deployments_production(model_id=MODEL).id == "v1"
    assert [one.name for one in api.get_models_environments(model_id=MODEL).environments] == [PLACE]


def with_its_promotions(client: ManagementClient) -> None:
    """Promote and cancel both ways, pause, resume, force in both directions."""
    api, production = client.api, Production(client)
    at = production.at
    production.promote()
    refused(400, production.promote)
    assert api.post_models_environments_cancel_promotion(**at).status == "CANCELED"
    refused(400, lambda: api.post_models_environments_cancel_promotion(**at))
    production.promote()
    until(lambda: production.percent() > 0)
    assert api.post_models_environments_cancel_promotion(**at).status == "RAMPING_DOWN"
    until(lambda: production.status() == "CANCELED")
    production.promote()
    assert api.post_models_environments_pause_promotion(**at).success
    until(lambda: production.status() == "PAUSED")
    assert api.post_models_environments_resume_promotion(**at).success
    assert api.post_models_environments_force_cancel_promotion(**at).success
    promoted = production.promote()
    assert api.post_models_environments_force_roll_forward_promotion(**at).success
    assert production.status() == "SUCCEEDED"
    assert api.get_models_deployments_production(model_id=MODEL).id == promoted


def with_its_deployments(client: ManagementClient) -> None:
    """Switch off and on, retry, promote straight to production, delete."""
    api = client.api
    v1 = {"model_id": MODEL, "deployment_id": "v1"}

    def is_now(status: str) -> Callable[[], bool]:
        return lambda: api.get_models_deployments_deployment_id(**v1).status == status

    (line,) = api.get_models_deployments_logs(
        **v1, params=GetModelsDeploymentsLogsParams(direction="asc", start_epoch_millis=JANUARY)
    ).logs
    assert (line.message, int(line.timestamp) // 10**6) == ("ready", JANUARY)
    assert api.post_models_deployments_deactivate(**v1).success
    until(is_now("INACTIVE"))
    assert not api.post_models_deployments_retry(**v1).retried
    assert api.post_models_deployments_activate(**v1).success
    until(is_now("ACTIVE"))
    assert api.post_models_deployments_activate(**v1).no_op
    straight = api.post_models_deployments_promote(**v1, request=PromoteRequest())
    until(lambda: api.get_models_deployments_production(model_id=MODEL).id == straight.id)
    assert api.post_models_environments_deactivate(model_id=MODEL, env_name=PLACE).success
    assert api.post_models_environments_activate(model_id=MODEL, env_name=PLACE).success
    assert api.delete_models_deployments(model_id=MODEL, deployment_id="v2").deleted
    refused(400, lambda: api.delete_models_environments(model_id=MODEL, env_name=PLACE))


def with_metrics(client: ManagementClient) -> None:
    """Of a deployment in two modes, and of an environment."""
    api, of = client.api, {"model_id": MODEL, "deployment_id": "v1"}
    names = ["baseten_inference_requests_total", "baseten_end_to_end_response_time_seconds"]
    summary = api.get_models_deployments_metrics(
        **of, params=GetModelsDeploymentsMetricsParams(mode="SUMMARY", metrics=names)
    )
    assert [one.name for one in summary.metric_descriptors] == names
    (values,) = summary.metric_values
    assert values.values == [[0], [None] * 5]
    current = api.get_models_deployments_metrics(**of)
    assert (current.mode, current.step_seconds) == ("CURRENT", None)
    assert current.metric_values[0].values[0] == [1], "one replica"
    series = api.get_models_environments_metrics(
        model_id=MODEL,
        env_name=PLACE,
        params=GetModelsEnvironmentsMetricsParams(mode="SERIES", start_epoch_millis=JANUARY),
    )
    assert series.step_seconds == 30
    unknown = GetModelsDeploymentsMetricsParams(metrics=["requests"])
    refused(400, lambda: api.get_models_deployments_metrics(**of, params=unknown))


def with_startups(client: ManagementClient) -> None:
    """Of the deployment that was promoted: listed, and summarized with those of others."""
    api, of = client.api, {"model_id": MODEL, "deployment_id": "v2"}
    window = {"start_epoch_millis": JANUARY, "end_epoch_millis": JANUARY + 10**9}
    found = api.get_models_deployments_startups(
        **of, params=GetModelsDeploymentsStartupsParams(**window, limit=1)
    )
    (newest,) = found.items
    assert (newest.deployment_id, newest.model_id) == ("v2", MODEL)
    phases = [one.phase for one in newest.phase_summary]
    # How far it is depends on the speed of this machine.
    assert phases == ["SCHEDULING", "WEIGHT_DOWNLOAD"][: len(phases) or 1], phases
    assert found.pagination.has_more == (found.total_count > 1)
    summary = api.get_models_deployments_startups_summary(
        **of, params=GetModelsDeploymentsStartupsSummaryParams(**window)
    )
    assert summary.phase_duration_ms[0].duration_ms.p50_ms > 0
    blended = api.get_models_environments_startups_summary(
        model_id=MODEL,
        env_name=PLACE,
        params=GetModelsEnvironmentsStartupsSummaryParams(**window),
    )
    assert blended.total_duration_ms.sample_count >= summary.total_duration_ms.sample_count


def with_names_and_the_user(client: ManagementClient) -> None:
    """Filter by name, rename, and ask who it is."""
    api = client.api
    (model,) = api.get_models(params=GetModelsParams(name=MODEL)).models
    assert (model.id, model.team_name) == (MODEL, "Fake team")
    assert api.get_models_model_id(model_id=MODEL).name == MODEL
    at = {"model_id": MODEL, "deployment_id": "v1"}
    renamed = api.patch_models_deployments(**at, request=UpdateDeploymentRequest(name="first"))
    assert renamed.name == "first"
    policy = UpdateRequestBackpressureSettings(policy="REJECT_ON_FULL")
    answer = api.patch_models_deployments_request_backpressure_settings(**at, request=policy)
    assert answer.policy == "REJECT_ON_FULL"
    (found,) = api.get_models_deployments(
        model_id=MODEL, params=GetModelsDeploymentsParams(name="first")
    ).deployments
    assert found.id == "v1"
    assert api.get_users_me().user_id == "fake-user"


def with_settings_of_a_model(client: ManagementClient) -> None:
    """Create an environment, change its settings, delete it."""
    api, at = client.api, {"model_id": MODEL, "env_name": "staging"}
    scaling = UpdateAutoscalingSettings(min_replica=1, max_replica=2)
    request = CreateEnvironmentRequest(name="staging", autoscaling_settings=scaling)
    made = api.post_models_environments(model_id=MODEL, request=request)
    assert (made.autoscaling_settings.min_replica, made.current_deployment) == (1, None)
    refused(400, lambda: api.post_models_environments(model_id=MODEL, request=request))
    answer = api.patch_models_environments(
        **at,
        request=UpdateEnvironmentRequest(
            autoscaling_settings=UpdateAutoscalingSettings(min_replica=2),
            promotion_settings=UpdateModelPromotionSettings(rolling_deploy=True),
        ),
    )
    assert answer.environment.name == "staging"

    def is_changed() -> bool:
        shown = api.get_models_environments_env_name(**at)
        settings = (shown.autoscaling_settings.min_replica, shown.promotion_settings.rolling_deploy)
        return settings == (2, True)

    until(is_changed)
    assert api.delete_models_environments(**at).deleted
    refused(404, lambda: api.get_models_environments_env_name(**at))


def with_settings_of_a_chain(client: ManagementClient) -> None:
    """Create an environment, and change its settings and those of a chainlet."""
    api, at = client.api, {"chain_id": CHAIN, "env_name": "staging"}
    request = CreateChainEnvironmentRequest(name="staging")
    assert api.post_chains_environments(chain_id=CHAIN, request=request).name == "staging"
    promotion = UpdatePromotionSettings(redeploy_on_promotion=True)
    update = UpdateChainEnvironmentRequest(promotion_settings=promotion)
    assert api.patch_chains_environments(**at, request=update).ok
    answer = api.patch_chains_environments_chainlet_settings_autoscaling_settings(
        **at,
        request=UpdateChainletEnvironmentAutoscalingSettingsRequest(
            updates=[
                ChainletEnvironmentAutoscalingSettingsUpdate(
                    chainlet_name="Answer",
                    autoscaling_settings=UpdateAutoscalingSettings(min_replica=1),
                )
            ]
        ),
    )
    assert answer.status == "ACCEPTED"

    def is_changed() -> bool:
        shown = api.get_chains_environments_env_name(**at)
        replicas = [
            one.autoscaling_settings.min_replica
            for one in shown.chainlet_settings
            if one.autoscaling_settings
        ]
        return bool(shown.promotion_settings.redeploy_on_promotion) and replicas == [1]

    until(is_changed)


def with_another_instance_type(client: ManagementClient) -> None:
    """Move a chainlet, which deploys the chain anew, and move it to where it is."""
    api, at = client.api, {"chain_id": CHAIN, "env_name": PLACE}
    request = UpdateChainletEnvironmentInstanceTypeRequest(
        updates=[
            ChainletEnvironmentInstanceTypeUpdate(
                chainlet_name="Answer", instance_type_id="A10G:2x24x96"
            )
        ]
    )
    moved = api.post_chains_environments_chainlet_settings_instance_types_update(
        **at, request=request
    )
    assert moved.requires_redeployment
    assert moved.chain_deployment
    made = moved.chain_deployment.id

    def is_live() -> bool:
        current = api.get_chains_environments_env_name(**at).current_deployment
        return current is not None and current.id == made

    until(is_live)
    again = api.post_chains_environments_chainlet_settings_instance_types_update(
        **at, request=request
    )
    assert not again.requires_redeployment
    assert again.chain_deployment is None


def with_audit_logs(client: ManagementClient) -> None:
    """Read every entry, of everything and of each; the models of events are strict."""
    api = client.api
    newest: str | None = None
    seen: list[str] = []
    while True:
        params = GetAuditLogsParams(direction="ASC", limit=5, cursor=newest)
        page = api.get_audit_logs(params=params)
        seen += [entry.event_data.event_type for entry in page.items]
        newest = page.pagination.cursor
        if not page.pagination.has_more:
            break
    assert {
        "MODEL_DEPLOYED",
        "MODEL_DEPLOYMENT_PROMOTED",
        "MODEL_PROMOTION_CONTROL_ACTION",
        "MODEL_DEPLOYMENT_ACTIVATED",
        "MODEL_DEPLOYMENT_DEACTIVATED",
        "MODEL_DEPLOYMENT_DELETED",
        "ENVIRONMENT_CREATED",
        "ENVIRONMENT_UPDATED",
        "ENVIRONMENT_DELETED",
        "CHAIN_DEPLOYED",
        "CHAIN_DEPLOYMENT_PROMOTED",
        "CHAIN_DEPLOYMENT_DEACTIVATED",
        "CHAIN_DEPLOYMENT_DELETED",
        "CHAIN_ENVIRONMENT_CREATED",
        "CHAIN_ENVIRONMENT_UPDATED",
    } <= set(seen)
    (cancelled, *_) = api.get_models_audit_logs(
        model_id=MODEL,
        params=GetModelsAuditLogsParams(
            environment_names=[PLACE], event_type_groups=["PROMOTED"], sources=["API"], limit=200
        ),
    ).items
    assert cancelled.actor.type == "API_KEY"
    chain = api.get_chains_audit_logs(
        chain_id=CHAIN, params=GetChainsAuditLogsParams(chain_deployment_ids=["v2"])
    )
    assert {entry.event_data.chain_id for entry in chain.items} == {CHAIN}
    lines = api.get_models_environments_logs(
        model_id=MODEL,
        env_name=PLACE,
        params=GetModelsEnvironmentsLogsParams(direction="asc", start_epoch_millis=JANUARY),
    ).logs
    assert "ready" in [line.message for line in lines]


def main() -> None:
    """Run it all, and say so."""
    where, key = os.environ["BASETEN_BASE_URL"], os.environ["BASETEN_API_KEY"]
    with ManagementClient(api_key=key, base_url_override=where) as client:
        with_a_chain(client)
        with_a_model(client)
        with_metrics(client)
        with_names_and_the_user(client)
        with_settings_of_a_model(client)
        with_settings_of_a_chain(client)
        with_another_instance_type(client)
        with_its_promotions(client)
        with_startups(client)
        with_its_deployments(client)
        with_audit_logs(client)
    with ManagementClient(api_key="another", base_url_override=where) as stranger:
        refused(403, stranger.api.get_chains)
    print("The official client found nothing wrong with the fake.")  # noqa: T201 - for whoever ran it


if __name__ == "__main__":
    main()
