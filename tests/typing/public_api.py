"""Every public name, as users would use it. Never run: mypy and pyright judge it, both strictly.

What a line asserts is what an editor shows to users. tests/house lets no name be forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, assert_type

import httpx
from starlette.types import ASGIApp

import aiobaseten
from aiobaseten import (
    AuthScheme,
    Baseten,
    Cancellation,
    ChainDeploymentHandle,
    ChainEnvironmentHandle,
    ChainHandle,
    ChainPromotion,
    Clock,
    DeploymentReading,
    Duration,
    EnvironmentReading,
    Guard,
    GuardReport,
    IfInProgress,
    ModelDeploymentHandle,
    ModelEnvironmentHandle,
    ModelHandle,
    ModelPromotion,
    OnPaused,
    Operation,
    Phase,
    PromotionPhase,
    PromotionReading,
    RetryPolicy,
    Schedule,
    Stage,
    Token,
    Verdict,
    WaitOptions,
    audit,
    check,
    error_rate,
    errors,
    events,
    guard,
    latency,
    logs,
    metrics,
    options,
    plans,
    readings,
    schemas,
    settings,
)
from aiobaseten.testing import (
    Behaviour,
    CompressedClock,
    FakeBaseten,
    FakeChain,
    FakeDeployment,
    FakeEnvironment,
    FakeModel,
    FakePromotion,
    Fault,
    Faults,
    Recorded,
    Refused,
    When,
    scenarios,
    timelines,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

assert_type(aiobaseten.__version__, str)


def durations() -> list[Duration]:
    """A duration is seconds or a timedelta."""
    return [1, 1.5, timedelta(minutes=1)]


def often(stage: Stage, in_stage: float, elapsed: float) -> float:
    """The pauses between looks, without an event loop."""
    assert_type(stage, Stage)
    return {Stage.BUILD: 10.0, Stage.DEPLOY: 2.0, Stage.LOAD: 1.0, Stage.IDLE: 5.0}[stage]


def clocks(clock: Clock) -> list[Clock]:
    """Time and randomness."""
    assert_type((clock.now(), clock.random()), tuple[float, float])
    assert_type(clock.utcnow(), datetime)
    assert_type(clock.timeout_at(1.0), asyncio.Timeout)
    assert_type(clock.call_at(1.0, lambda: None), asyncio.TimerHandle)
    return [options.LoopClock(), options.CompressedClock(10)]


def choices() -> tuple[AuthScheme, IfInProgress, OnPaused, Schedule]:
    """Options that are words or functions."""
    return "Bearer", "adopt", "raise", often


def wait_options() -> WaitOptions:
    """The options of waits, checked; and which wait takes which."""
    promotion: options.PromotionOptions = {"timeout": None, "on_paused": "raise"}
    deployment: options.DeploymentOptions = {"accept_scaled_to_zero": True, "log_lines": 5}
    of_model: options.ModelDeploymentOptions = {"wake": True, "unhealthy_grace": 60}
    cancellation: options.CancellationOptions = {"settling_time": timedelta(minutes=1)}
    known = WaitOptions(**promotion)
    assert_type(known, WaitOptions)
    assert_type(WaitOptions(**deployment), WaitOptions)
    assert_type(WaitOptions(**of_model), WaitOptions)
    assert_type(WaitOptions(**cancellation), WaitOptions)
    assert_type((known.timeout, known.settling_time), tuple[float, float])
    assert_type((known.unhealthy_grace, known.log_lines), tuple[float, int])
    assert_type((known.accept_scaled_to_zero, known.wake), tuple[bool, bool])
    assert_type(known.on_paused, OnPaused)
    assert_type(options.DEFAULT_POLLING_RATE, float)
    return WaitOptions(
        timeout=options.DEFAULT_TIMEOUT_S,
        settling_time=options.SETTLING_TIME_S,
        unhealthy_grace=options.UNHEALTHY_GRACE_S,
    )


def loop_clock(clock: options.LoopClock) -> None:
    """The default clock."""
    assert_type((clock.now(), clock.random()), tuple[float, float])
    assert_type(clock.utcnow(), datetime)
    assert_type(clock.timeout_at(1.0), asyncio.Timeout)
    assert_type(clock.call_at(1.0, lambda: None), asyncio.TimerHandle)


def compressed_clock(clock: CompressedClock) -> None:
    """The clock of a fake that runs faster."""
    assert_type((clock.now(), clock.random()), tuple[float, float])
    assert_type(clock.utcnow(), datetime)
    assert_type(clock.timeout_at(1.0), asyncio.Timeout)
    assert_type(clock.call_at(1.0, lambda: None), asyncio.TimerHandle)


def readings_of(environment: EnvironmentReading, deployment: DeploymentReading) -> None:
    """The readings of an environment and of a deployment."""
    assert_type((environment.name, environment.is_busy), tuple[str, bool])
    assert_type((environment.shows_promotion, environment.is_paused), tuple[bool, bool])
    assert_type(environment.current, DeploymentReading | None)
    assert_type(environment.candidate, DeploymentReading | None)
    assert_type(environment.promotion, PromotionReading | None)
    assert_type((environment.current_id, environment.candidate_id), tuple[str | None, str | None])
    assert_type(environment.value, Any)
    assert_type((deployment.id, deployment.status), tuple[str, str])
    assert_type((deployment.environment, deployment.stage), tuple[str | None, Stage])
    assert_type(deployment.parts, tuple[readings.Part, ...])
    assert_type(deployment.chainlets, tuple[readings.Part, ...])
    assert_type(deployment.parts_in(Phase.FAILED), tuple[readings.Part, ...])
    assert_type(deployment.suspects(), tuple[readings.Part, ...])
    assert_type((deployment.is_asleep, deployment.is_hopeless), tuple[bool, bool])
    assert_type(deployment.promoting, bool)
    assert_type(deployment.value, Any)
    part = deployment.parts[0]
    assert_type(part, readings.Part)
    assert_type((part.deployed, part.may_be_old), tuple[bool, bool])
    assert_type(part.stage, Stage)
    assert_type((part.id, part.subject, part.name, part.status), tuple[str, str, str, str])
    assert_type((part.phase, part.key), tuple[Phase, tuple[str, str]])


def measured(found: metrics.Metrics) -> metrics.MetricsMode:
    """What metrics hold."""
    assert_type((found.mode, found.is_complete), tuple[str, bool])
    assert_type((found.start, found.end), tuple[datetime, datetime])
    assert_type(found.traffic, metrics.Traffic)
    assert_type(found.steps, tuple[metrics.Traffic, ...])
    assert_type(found.values, tuple[metrics.Value, ...])
    assert_type(found.find(metrics.LATENCY, quantile="0.95"), tuple[metrics.Value, ...])
    assert_type(found.total(metrics.REQUESTS), float | None)
    traffic = found.traffic
    assert_type(traffic, metrics.Traffic)
    assert_type((traffic.start, traffic.end), tuple[datetime, datetime])
    assert_type((traffic.is_complete, traffic.requests), tuple[bool, float | None])
    assert_type((traffic.error_share, traffic.is_malformed), tuple[float | None, bool])
    assert_type(
        (traffic.statuses, traffic.latency), tuple[Mapping[str, float], Mapping[str, float]]
    )
    value = found.values[0]
    assert_type(value, metrics.Value)
    assert_type((value.metric, value.labels), tuple[str, Mapping[str, str]])
    assert_type((value.value, value.requests), tuple[float | None, float | None])
    assert_type((value.start, value.end), tuple[datetime, datetime])
    assert_type((value.is_complete, value.kind, value.unit), tuple[bool, str, str])
    assert_type((metrics.INGESTION_LAG_S, metrics.DEFAULT_WINDOW_S), tuple[float, float])
    assert_type((metrics.LONGEST_WINDOW_S, metrics.KNOWN_METRICS), tuple[float, frozenset[str]])
    assert_type(metrics.DEFAULT_METRICS, tuple[str, ...])
    return "SUMMARY"


def promotion_read(promotion: PromotionReading) -> None:
    """The reading of a promotion."""
    assert_type((promotion.status, promotion.percent), tuple[str, int])
    assert_type((promotion.message, promotion.is_over), tuple[str | None, bool])
    assert_type(promotion.phase, PromotionPhase)


def tokens(text: str) -> None:
    """The content of a token."""
    token = Token.load(text)
    assert_type(token, Token)
    assert_type(token.dump(), str)
    assert_type((token.resource_id, token.environment_name), tuple[str, str])
    assert_type((token.deployment_id, token.previous_id), tuple[str | None, str | None])
    assert_type((token.candidate_id, token.promotion_status), tuple[str | None, str | None])
    assert_type((token.at_once, token.intended, token.was_busy), tuple[bool, bool, bool])
    assert_type((token.was_held, token.was_left, token.was_adopted), tuple[bool, bool, bool])
    assert_type((token.hold, token.sent_at), tuple[int | None, int | None])
    assert_type(token.kind, Literal["chain promotion", "model promotion", "cancellation"])


async def sending(baseten: Baseten, operation: Operation[list[str]]) -> None:
    assert_type(await baseten.send(operation), list[str])


async def clients(http: httpx.AsyncClient, over: options.Transport) -> None:
    """Making, entering, deriving and closing one."""
    policy = RetryPolicy(
        attempts=3,
        first_delay=0.1,
        max_delay=timedelta(seconds=2),
        total=30,
        max_retry_after=10,
        quota=False,
    )
    assert_type((policy.attempts, policy.quota), tuple[int, bool])
    assert_type((policy.first_delay, policy.max_delay), tuple[Duration, Duration])
    assert_type((policy.total, policy.max_retry_after), tuple[Duration, Duration])
    async with Baseten(
        api_key="key",
        base_url="https://example.com",
        inference_url="https://{model_id}.example.com",
        auth_scheme="Bearer",
        connect_timeout=1,
        read_timeout=timedelta(seconds=30),
        write_timeout=30.0,
        pool_timeout=1,
        answer_timeout=60,
        retry=policy,
        polling_rate=2.0,
        poll=often,
        transport=over,
        http_client=http,
    ) as baseten:
        assert_type(baseten, Baseten)
        assert_type(baseten.with_options(read_timeout=5, retry=policy), Baseten)
        assert_type(baseten.chain("c"), ChainHandle)
        assert_type(baseten.model("m"), ModelHandle)
        assert_type(await baseten.chains(), list[schemas.Chain])
        assert_type(await baseten.models(), list[schemas.Model])
        assert_type(await baseten.find_chain("bot"), ChainHandle)
        assert_type(await baseten.find_model("ranker", team="Search"), ModelHandle)
        assert_type(await baseten.identify_chain("bot", team="Ads"), ChainHandle)
        assert_type(await baseten.identify_model("id:abcd1234"), ModelHandle)
        assert_type(await baseten.whoami(), schemas.User)
        assert_type(baseten.server_time(), datetime)
        assert_type(baseten.clock, Clock)
        assert_type(baseten.audit(limit=5, groups=["PROMOTED"]), audit.AuditEntries)
        assert_type(
            await baseten.resume("token", look=False),
            ChainPromotion | ModelPromotion | Cancellation,
        )
        await baseten.resume("token", guard=Guard(error_rate(at_most=0.1)))
        await baseten.resume("token", guard=None)
        assert_type(await baseten.resume("token", expect=Cancellation), Cancellation)
        assert_type(await baseten.resume("token", expect=ModelPromotion), ModelPromotion)
    assert_type(await baseten.aclose(), None)


async def chains(chain: ChainHandle) -> None:
    """What a chain's handles return."""
    assert_type(chain.id, str)
    assert_type(await chain.get(), schemas.Chain)
    assert_type(
        await chain.create_environment("e", chainlet_settings={"A": {"instance_type_id": "1x2"}}),
        schemas.ChainEnvironment,
    )
    assert_type(
        await chain.ensure_environment("e", promotion_settings={"ramp_up_while_promoting": True}),
        settings.EnsuredEnvironment[schemas.ChainEnvironment],
    )
    assert_type(await chain.list_deployments(), list[schemas.ChainDeployment])
    assert_type(await chain.list_environments(), list[schemas.ChainEnvironment])
    assert_type(await chain.read_environments(), list[EnvironmentReading])
    assert_type(chain.audit(oldest_first=True), audit.AuditEntries)

    deployment = chain.deployment("d")
    assert_type(deployment, ChainDeploymentHandle)
    assert_type((deployment.id, deployment.chain_id), tuple[str, str])
    assert_type(await deployment.get(), schemas.ChainDeployment)
    assert_type(await deployment.delete(), None)
    assert_type(await deployment.read(), DeploymentReading)
    assert_type(await deployment.deactivate(), None)
    assert_type(
        await deployment.logs("chainlet", limit=10, start=NOON, end=NOON), list[schemas.Log]
    )
    assert_type(deployment.logs("chainlet", follow=True), logs.LogStream)
    assert_type(
        await deployment.wait_until_active(
            timeout=None,
            accept_scaled_to_zero=True,
            settling_time=0,
            unhealthy_grace=timedelta(minutes=1),
            log_lines=20,
        ),
        schemas.ChainDeployment,
    )
    assert_type(deployment.events(timeout=60), events.EventStream)

    assert_type(await chain.identify_deployment("latest"), ChainDeploymentHandle)

    environment = chain.environment("production")
    assert_type(environment, ChainEnvironmentHandle)
    assert_type((environment.name, environment.chain_id), tuple[str, str])
    assert_type(await environment.get(), schemas.ChainEnvironment)
    assert_type(
        await environment.update(chainlet_autoscaling={"A": {"min_replica": 1}}, timeout=60),
        schemas.ChainEnvironment,
    )
    assert_type(await environment.update_instance_types({"A": "2x8"}), ChainPromotion | None)
    assert_type(await environment.read(), EnvironmentReading)
    assert_type(await environment.history(limit=5), list[audit.Release])
    assert_type(environment.watch(), events.EventStream)
    assert_type(
        await environment.plan(
            "d",
            scale_down_previous_deployment=True,
            if_in_progress="wait",
            guard=Guard(check("evals", evals)),
        ),
        plans.Plan,
    )
    promotion = await environment.promote(
        "d",
        scale_down_previous_deployment=False,
        if_in_progress="adopt",
        in_progress_timeout=None,
        guard=Guard(check("evals", evals)),
    )
    assert_type(promotion, ChainPromotion)
    assert_type(promotion.report, GuardReport | None)
    assert_type(promotion.token, str)
    assert_type((promotion.environment_name, promotion.deployment_id), tuple[str, str])
    assert_type(promotion.deployment, schemas.ChainDeployment | None)
    assert_type(promotion.previous_id, str | None)
    assert_type(
        await promotion.wait(
            timeout=timedelta(hours=1),
            on_paused="raise",
            accept_scaled_to_zero=True,
            settling_time=0,
            unhealthy_grace=0,
            log_lines=5,
        ),
        schemas.ChainDeployment,
    )
    assert_type(promotion.events(on_paused="wait"), events.EventStream)
    assert_type(await promotion.rollback(), ChainPromotion)
    assert_type(await environment.rollback(), ChainPromotion)


async def models(model: ModelHandle) -> None:
    """What a model's handles return."""
    assert_type(model.id, str)
    assert_type(await model.get(), schemas.Model)
    assert_type(await model.find_deployment("v2"), ModelDeploymentHandle)
    assert_type(
        await model.identify_deployment("current", environment="staging"), ModelDeploymentHandle
    )
    assert_type(
        await model.create_environment("e", autoscaling_settings={"min_replica": 1}),
        schemas.Environment,
    )
    assert_type(
        await model.ensure_environment("e", promotion_settings={"rolling_deploy": True}),
        settings.EnsuredEnvironment[schemas.Environment],
    )
    assert_type(await model.list_deployments(), list[schemas.Deployment])
    assert_type(model.audit(start=NOON, end=NOON, sources=["UI"]), audit.AuditEntries)
    assert_type(await model.list_environments(), list[schemas.Environment])
    assert_type(await model.read_environments(), list[EnvironmentReading])

    deployment = model.deployment("d")
    assert_type(deployment, ModelDeploymentHandle)
    assert_type((deployment.id, deployment.model_id), tuple[str, str])
    assert_type(await deployment.get(), schemas.Deployment)
    assert_type(await deployment.rename("v3"), schemas.Deployment)
    assert_type(await deployment.update_request_backpressure("REJECT_ON_FULL"), str | None)
    policy: settings.BackpressurePolicy | None = None
    assert_type(await deployment.update_request_backpressure(policy), str | None)
    assert_type(await deployment.delete(), None)
    assert_type(await deployment.read(), DeploymentReading)
    assert_type(await deployment.activate(), None)
    assert_type(await deployment.deactivate(), None)
    assert_type(await deployment.retry(), schemas.Deployment)
    assert_type(await deployment.logs(limit=10, start=NOON, end=NOON), list[schemas.Log])
    assert_type(
        await deployment.metrics([metrics.REQUESTS], mode="SERIES", window=300, lag=120),
        metrics.Metrics,
    )
    assert_type(deployment.logs(follow=True, min_level="ERROR"), logs.LogStream)
    assert_type(await deployment.wait_until_active(wake=True), schemas.Deployment)
    assert_type(deployment.events(wake=True), events.EventStream)

    environment = model.environment("production")
    assert_type(environment, ModelEnvironmentHandle)
    assert_type((environment.name, environment.model_id), tuple[str, str])
    assert_type(await environment.get(), schemas.Environment)
    assert_type(await environment.logs(replica="ab12c"), list[schemas.Log])
    assert_type(environment.logs(follow=True), logs.LogStream)
    assert_type(
        await environment.plan(
            "d",
            promotion_settings_override={"rolling_deploy": True},
            guard=Guard(error_rate(at_most=0.1)),
        ),
        plans.Plan,
    )
    assert_type(
        await environment.update(
            autoscaling_settings={"scale_down_delay": timedelta(minutes=5)}, timeout=None
        ),
        schemas.Environment,
    )
    assert_type(await environment.delete(), None)
    assert_type(await environment.activate(), None)
    assert_type(await environment.deactivate(), None)
    assert_type(await environment.read(), EnvironmentReading)
    assert_type(await environment.history(), list[audit.Release])
    assert_type(environment.watch(), events.EventStream)
    assert_type(await environment.metrics(mode="CURRENT"), metrics.Metrics)
    assert_type(await environment.pause_promotion(), None)
    assert_type(await environment.resume_promotion(), None)
    assert_type(await environment.force_roll_forward_promotion(), None)
    assert_type(await environment.force_cancel_promotion(), Cancellation)
    cancellation = await environment.cancel_promotion()
    assert_type(cancellation, Cancellation)
    assert_type(cancellation.status, schemas.CancellationStatus | None)
    assert_type((cancellation.environment_name, cancellation.message), tuple[str, str])
    assert_type(
        (cancellation.deployment_id, cancellation.previous_id), tuple[str | None, str | None]
    )
    assert_type(cancellation.token, str)
    assert_type(await cancellation.wait(timeout=60, settling_time=0), schemas.Environment)
    assert_type(cancellation.events(), events.EventStream)

    promotion = await environment.promote(
        "d",
        preserve_env_instance_type=True,
        environment_settings_update={"autoscaling_settings": {"min_replica": 1}},
        promotion_settings_override={"rolling_deploy": True},
        before_sending=left_word,
    )
    assert_type(promotion, ModelPromotion)
    assert_type(promotion.token, str)
    assert_type((promotion.environment_name, promotion.deployment_id), tuple[str, str])
    assert_type(promotion.deployment, schemas.Deployment | None)
    assert_type(promotion.previous_id, str | None)
    assert_type(await promotion.wait(), schemas.Deployment)
    assert_type(promotion.events(), events.EventStream)
    assert_type(promotion.report, GuardReport | None)
    assert_type(await promotion.cancel(), Cancellation)
    assert_type(await promotion.force_cancel(), Cancellation)
    assert_type(await promotion.pause(), None)
    assert_type(await promotion.resume(), None)
    assert_type(await promotion.force_roll_forward(), None)
    assert_type(await promotion.rollback(), ModelPromotion)
    assert_type(await environment.rollback(), ModelPromotion)


def released(release: audit.Release) -> None:
    assert_type((release.deployment_id, release.name), tuple[str | None, str | None])
    assert_type(release.state, audit.ReleaseState)
    assert_type(release.at, datetime | None)
    assert_type((release.by, release.through), tuple[str | None, str | None])


def planned(plan: plans.Plan, warning: plans.PlanWarning, rolling: plans.RollingPlan) -> None:
    """What a promotion would do."""
    assert_type(plan.kind, Literal["chain", "model"])
    assert_type((plan.resource_id, plan.environment, plan.cleanup), tuple[str, str, str])
    assert_type((plan.resource_name, plan.team), tuple[str | None, str | None])
    assert_type((plan.deployment_id, plan.deployment_status), tuple[str, str])
    assert_type((plan.deployment_name, plan.deployment_replicas), tuple[str | None, int | None])
    assert_type((plan.current_id, plan.current_name), tuple[str | None, str | None])
    assert_type((plan.promoting_id, plan.promotion_status), tuple[str | None, str | None])
    assert_type((plan.promoting, plan.is_blocked), tuple[bool, bool])
    assert_type(plan.rolling, plans.RollingPlan | None)
    assert_type((plan.ramp_s, plan.least_s), tuple[float | None, float])
    assert_type(plan.steps, int | None)
    assert_type((plan.redeploys, plan.key_owner), tuple[bool | None, str | None])
    assert_type(plan.adopts_id, str | None)
    assert_type(plan.request, plans.PlannedRequest)
    assert_type((plan.request.method, plan.request.path), tuple[str, str])
    assert_type(plan.request.body, Mapping[str, Any])
    assert_type(plan.warnings, tuple[plans.PlanWarning, ...])
    assert_type(plan.warns_of("few_replicas"), bool)
    assert_type(warning.code, plans.WarningCode)
    assert_type((warning.message, warning.blocks), tuple[str, bool])
    assert_type((rolling.max_surge_percent, rolling.max_unavailable_percent), tuple[int, int])
    assert_type((rolling.stabilization_s, rolling.replica_overhead_percent), tuple[float, int])


def settings_of_environments(
    ensured: settings.EnsuredEnvironment[schemas.Environment], difference: settings.Difference
) -> None:
    """The settings that can be sent, and the result of ensuring an environment."""
    rolling: settings.RollingDeployConfigDict = {"max_surge_percent": 25}
    of_model: settings.ModelPromotionSettingsDict = {"rolling_deploy_config": rolling}
    of_chain: settings.ChainPromotionSettingsDict = {"ramp_up_duration_seconds": 60}
    scaling: settings.AutoscalingSettingsDict = {"min_replica": 1}
    chainlet: settings.ChainletSettingsDict = {"autoscaling_settings": scaling}
    backpressure: settings.RequestBackpressureSettingsDict = {"policy": "REJECT_ON_FULL"}
    assert_type(backpressure["policy"], Literal["QUEUE_ON_FULL", "REJECT_ON_FULL"] | None)
    model_settings(of_model, scaling)
    chain_settings(of_chain, chainlet)
    assert_type(ensured.environment, schemas.Environment)
    assert_type((ensured.created, difference.setting), tuple[bool, str])
    assert_type(ensured.differences, tuple[settings.Difference, ...])
    assert_type((difference.wanted, difference.found), tuple[Any, Any])
    assert_type(settings.model_settings(scaling, of_model), dict[str, Any])
    chainlets = settings.autoscaling_of_chainlets({"Entry": scaling})
    assert_type(settings.chain_settings(of_chain, chainlets), dict[str, Any])


def model_settings(
    promotion: settings.ModelPromotionSettingsDict, scaling: settings.AutoscalingSettingsDict
) -> None:
    """Settings of an environment of a model."""
    assert_type(promotion.get("promotion_cleanup_strategy"), settings.CleanupStrategy | None)
    assert_type(promotion.get("rolling_deploy"), bool | None)
    assert_type(scaling.get("min_replica"), int | None)


def chain_settings(
    promotion: settings.ChainPromotionSettingsDict, chainlet: settings.ChainletSettingsDict
) -> None:
    """Settings of an environment of a chain."""
    assert_type(promotion.get("ramp_up_duration_seconds"), Duration | None)
    assert_type(chainlet.get("instance_type_id"), str | None)


async def left_word(token: str) -> None:
    """Store the token before anything is sent."""
    assert_type(token, str)


stores: options.BeforeSending = left_word


def told(event: events.Event) -> str:
    """Each kind of event, with its attributes."""
    assert_type(event.at, float)
    match event:
        case events.PromotionPaused() | events.PromotionResumed() | events.StatusChanged():
            assert_type((event.at, event.subject), tuple[float, str])
            assert_type((event.name, event.status), tuple[str, str])
            assert_type(event.previous, str | None)
            assert_type(event.phase, Phase | PromotionPhase)
        case events.TrafficShifted():
            assert_type((event.at, event.percent), tuple[float, int])
        case events.LookFailed():
            assert_type((event.at, event.next_look), tuple[float, float])
            assert_type(event.error, errors.BasetenError)
        case events.Finished():
            assert_type((event.at, event.result), tuple[float, Any])
            assert_type(event.error, errors.BasetenError | None)
        case events.DeploymentWoken():
            assert_type(event.at, float)
        case events.StepReached():
            assert_type((event.at, event.percent), tuple[float, int])
        case events.Measured():
            assert_type((event.at, event.percent, event.verdict), tuple[float, int, Verdict])
        case events.HoldExtended():
            assert_type((event.at, event.reason, event.until), tuple[float, str, float])
        case events.GuardActed():
            assert_type((event.at, event.policy, event.why), tuple[float, str, str])
        case events.GuardOverridden():
            assert_type((event.at, event.by), tuple[float, str])
        case events.EnvironmentChanged():
            assert_type((event.at, event.reading), tuple[float, EnvironmentReading])
        case events.StartupProgressed():
            assert_type((event.at, event.startup), tuple[float, errors.Startup])
        case _:
            pass
    return str(event)


REFUSALS = (
    errors.APIError,
    errors.BadRequestError,
    errors.AuthenticationError,
    errors.PermissionDeniedError,
    errors.NotFoundError,
    errors.ConflictError,
    errors.RateLimitError,
    errors.ServerError,
)
FAILED_WAITS = (
    errors.WaitError,
    errors.DeploymentFailedError,
    errors.PromotionFailedError,
    errors.PromotionCanceledError,
    errors.PromotionSupersededError,
    errors.PromotionPausedError,
    errors.GuardError,
    errors.GuardBreachedError,
    errors.GuardUnavailableError,
    errors.WaitTimeoutError,
)
OTHERS = (
    errors.BasetenError,
    errors.ConfigurationError,
    errors.TransportError,
    errors.RequestTimeoutError,
    errors.ResponseShapeError,
    errors.PromotionInProgressError,
    errors.PromotionOutcomeUnknownError,
    errors.RequestNotActedOnError,
    errors.RollbackImpossibleError,
    errors.NameNotFoundError,
    errors.AmbiguousNameError,
)


async def entries_and_lines(
    entries: audit.AuditEntries, lines: logs.LogStream, level: logs.LogLevel
) -> None:
    """What the loops over an audit log and over a log yield."""
    which: audit.AuditOptions = {"search": "ranker", "deployment_ids": ["d1"], "user_ids": ["u1"]}
    filters: logs.LogOptions = {"request_id": "r1", "component": "c", "search_pattern": "x"}
    assert_type((which["search"], filters["component"]), tuple[str | None, str | None])
    assert_type(level, Literal["DEBUG", "INFO", "WARNING", "ERROR"])
    assert_type([entry async for entry in entries], list[schemas.AuditLogEntry])
    assert_type([line async for line in lines], list[schemas.Log])
    async for entry in entries:
        assert_type(entry.actor, schemas.AuditLogActor)


async def watched(stream: events.EventStream) -> None:
    """The stream of a wait's events."""
    async with stream as same:
        assert_type(same, events.EventStream)
        async for event in stream:
            assert_type(event, events.Event)
        assert_type(await stream.asend(None), events.Event)
        assert_type(await stream.athrow(ValueError()), events.Event)
    assert_type(await stream.aclose(), None)


def failed_request(error: Exception) -> None:
    """The attributes of an error of a request."""
    if isinstance(error, REFUSALS):
        assert_type((error.status, error.message), tuple[int, str])
        assert_type((error.code, error.request_id), tuple[str | None, str | None])
        assert_type((error.method, error.path, error.body), tuple[str, str, str])
        assert_type(error.retry_after, float | None)
        assert_type((error.is_transient, error.came_from_proxy), tuple[bool, bool])
        assert_type(error.may_have_acted, bool)
        assert_type(error.advice, str)
        assert_type(error.evidence, errors.Evidence | None)
    if isinstance(error, errors.TransportError | errors.RequestTimeoutError):
        assert_type((error.method, error.path, error.sent), tuple[str, str, bool])
    if isinstance(error, errors.ResponseShapeError):
        assert_type((error.method, error.path, error.body), tuple[str, str, str])
        assert_type((error.status, error.request_id), tuple[int, str | None])
    if isinstance(error, errors.PermissionDeniedError):
        assert_type(error.key_owner, str | None)
    if isinstance(error, errors.NameNotFoundError):
        assert_type((error.name, error.similar), tuple[str, tuple[str, ...]])
    if isinstance(error, errors.AmbiguousNameError):
        assert_type((error.name, error.candidates), tuple[str, tuple[Any, ...]])
    if isinstance(error, errors.PromotionInProgressError):
        assert_type((error.deployment_id, error.environment), tuple[str | None, Any])
        assert_type((error.is_paused, error.may_be_adopted), tuple[bool, bool])
    if isinstance(error, errors.PromotionOutcomeUnknownError):
        assert_type((error.deployment_id, error.before), tuple[str | None, Any])
        assert_type((error.after, error.sent), tuple[Any, bool])
    if isinstance(error, errors.RequestNotActedOnError):
        assert_type((error.action, error.reason), tuple[str, str])
    if isinstance(error, OTHERS):
        assert_type((error.is_transient, error.may_have_acted), tuple[bool, bool])
        assert_type(error.evidence, errors.Evidence | None)


def failed_wait(error: Exception) -> None:
    """The attributes of an error of a wait."""
    if isinstance(error, FAILED_WAITS):
        assert_type(error.evidence, errors.Evidence | None)
        assert_type((error.is_transient, error.may_have_acted), tuple[bool, bool])
        assert_type(error.history, tuple[errors.Seen, ...])
        assert_type(error.request_ids, tuple[str, ...])
        assert_type(error.log_lines, tuple[errors.LogLine, ...])
        assert_type((error.token, error.last_seen), tuple[str | None, Any])
    if isinstance(error, errors.DeploymentFailedError | errors.PromotionFailedError):
        assert_type(error.failed, tuple[str, ...])
    if isinstance(error, errors.PromotionSupersededError):
        assert_type(error.by, str)
    if isinstance(error, errors.WaitTimeoutError):
        assert_type(error.timeout, float)
    if isinstance(error, errors.GuardError):
        assert_type(error.report, GuardReport)
    if isinstance(error, errors.GuardBreachedError | errors.GuardUnavailableError):
        assert_type(error.report, GuardReport)


def evidence(known: errors.Evidence, seen: errors.Seen, line: errors.LogLine) -> None:
    """The evidence of a wait."""
    assert_type((known.waited, known.last_seen), tuple[float, Any])
    assert_type((known.history, known.request_ids), tuple[tuple[errors.Seen, ...], tuple[str, ...]])
    assert_type((known.trouble, known.token), tuple[errors.BasetenError | None, str | None])
    assert_type(known.log_lines, tuple[errors.LogLine, ...])
    assert_type(known.report, GuardReport | None)
    assert_type(known.act, errors.AuditedAct | None)
    assert_type((seen.subject, seen.name, seen.status), tuple[str, str, str])
    assert_type((seen.since, seen.seconds), tuple[float, float])
    assert_type((line.chainlet, line.at, line.message), tuple[str | None, datetime | None, str])


async def evals(step: guard.GuardedStep) -> bool | Verdict:
    """A check of a guard."""
    assert_type(step.kind, Literal["model", "chain"])
    assert_type((step.resource_id, step.environment_name), tuple[str, str])
    assert_type((step.deployment_id, step.previous_id), tuple[str, str | None])
    assert_type(step.percent, int)
    return Verdict("breach", reason="3 of 40 are wrong", value=0.075, bound=0.05)


def guards_checks(slow: guard.MetricCheck, own: guard.OwnCheck) -> None:
    """The checks of a guard."""
    assert_type(slow.metric, Literal["error_rate", "latency"])
    assert_type((slow.name, own.name, own.timeout), tuple[str, str, float])
    assert_type(slow.quantile, guard.Quantile | None)
    assert_type((slow.at_most, slow.worse_by_at_most), tuple[float | None, float | None])
    assert_type(own.function, guard.OwnFunction)


async def guards() -> Guard:
    """Guards."""
    rate = error_rate(at_most=0.02, worse_by_at_most=0.5)
    slow = latency("p95", at_most=timedelta(seconds=2), worse_by_at_most=0.2)
    own = check("evals", evals, timeout=120)
    assert_type((rate, own), tuple[guard.MetricCheck, guard.OwnCheck])
    how: tuple[guard.OnBreach, guard.OnUnavailable, guard.Hold] = ("cancel", "pause", "pause")
    made = Guard(
        rate,
        slow,
        own,
        window=timedelta(minutes=5),
        lag=180,
        warmup=60,
        min_requests=100,
        breaches=1,
        unavailable=3,
        on_breach=how[0],
        on_unavailable=how[1],
        hold=how[2],
        bake=0,
        cancel_timeout=900,
    )
    assert_type(made, Guard)
    assert_type(made.checks, tuple[guard.Check, ...])
    assert_type(made.metric_checks, tuple[guard.MetricCheck, ...])
    assert_type(made.own_checks, tuple[guard.OwnCheck, ...])
    assert_type((made.window, made.lag, made.warmup), tuple[float, float, float])
    assert_type((made.min_requests, made.breaches, made.unavailable), tuple[int, int, int])
    assert_type(
        (made.bake, made.cancel_timeout, made.stabilization), tuple[float, float | None, int]
    )
    assert_type((made.on_breach, made.hold), tuple[guard.OnBreach, guard.Hold])
    assert_type(made.on_unavailable, guard.OnUnavailable)
    assert_type((made.checks_timeout, made.measured_after), tuple[float, float])
    assert_type((made.least_hold, made.least_wait), tuple[float, float])
    assert_type(made.to_dict(), dict[str, Any])
    assert_type(Guard.from_dict(made.to_dict()), Guard)
    return made


def reports(
    report: GuardReport, step: guard.StepReport, verdict: Verdict, side: guard.Side
) -> None:
    """What a guard has seen and done."""
    assert_type(report.steps, tuple[guard.StepReport, ...])
    assert_type((report.actions, report.overridden), tuple[tuple[str, ...], tuple[str, ...]])
    assert_type(report.breached, tuple[Verdict, ...])
    assert_type(report.unavailable, tuple[Verdict, ...])
    assert_type((report.traffic, report.to_dict()), tuple[str, dict[str, Any]])
    assert_type((step.percent, step.since, step.measurements), tuple[int, float, int])
    assert_type(step.outcome, guard.Outcome | None)
    assert_type((step.verdicts, step.to_dict()), tuple[tuple[Verdict, ...], dict[str, Any]])
    assert_type((verdict.outcome, verdict.check), tuple[guard.Outcome, str])
    assert_type((verdict.value, verdict.bound), tuple[float | None, float | None])
    assert_type((verdict.reason, verdict.requests), tuple[str, float | None])
    assert_type(verdict.window, tuple[datetime, datetime] | None)
    assert_type((verdict.new, verdict.old), tuple[guard.Side | None, guard.Side | None])
    assert_type(verdict.to_dict(), dict[str, Any])
    assert_type((side.deployment_id, side.value), tuple[str, float | None])
    assert_type((side.requests, side.start, side.end), tuple[float | None, datetime, datetime])
    assert_type(side.to_dict(), dict[str, Any])


def startups(known: errors.Evidence, startup: errors.Startup, phase: errors.StartupPhase) -> None:
    """Why a deployment is slow."""
    assert_type(known.startup, errors.Startup | None)
    assert_type((startup.replica, startup.has_failed), tuple[str | None, bool])
    assert_type((startup.seconds, startup.phase), tuple[float, errors.StartupPhase | None])
    assert_type(startup.phases, tuple[errors.StartupPhase, ...])
    assert_type((startup.usual, startup.usual_at_most), tuple[float | None, float | None])
    assert_type((phase.name, phase.is_over), tuple[str, bool])
    assert_type((phase.seconds, phase.usual), tuple[float, float | None])


def acts(act: errors.AuditedAct) -> None:
    """What the audit log tells about the end of a wait."""
    assert_type((act.action, act.by), tuple[str, str])
    assert_type((act.through, act.at), tuple[str | None, datetime | None])


def both() -> list[type[Exception]]:
    """Errors that built-in classes catch, too."""
    mistake: type[ValueError] = errors.ConfigurationError
    late: list[type[TimeoutError]] = [errors.RequestTimeoutError, errors.WaitTimeoutError]
    return [mistake, *late]


def rest(
    autoscaling: schemas.AutoscalingSettings,
    chainlet: schemas.Chainlet,
    deployment: schemas.Deployment,
    promotion: schemas.InProgressPromotion,
    status: schemas.DeploymentStatus | schemas.PromotionStatus,
    named: schemas.Model | schemas.Chain,
    user: schemas.User,
) -> None:
    """The data that the API returns: attrs classes and open enums."""
    assert_type(autoscaling.max_replica, int)
    assert_type(chainlet.id, str)
    assert_type(deployment.status, schemas.DeploymentStatus)
    assert_type(promotion.status, schemas.PromotionStatus)
    assert_type(str(status), str)
    assert_type((named.id, user.user_id), tuple[str, str])


async def fakes() -> None:
    """A fake, and the ways into it."""
    fake = FakeBaseten(speed=10, behaviour=Behaviour())
    assert_type(fake, FakeBaseten)
    assert_type((fake.api_key, fake.now), tuple[str | None, float])
    assert_type(fake.behaviour, Behaviour)
    assert_type(fake.requests, list[Recorded])
    assert_type(fake.faults, Faults)
    assert_type(fake.app, ASGIApp)
    assert_type(fake.transport(), httpx.AsyncBaseTransport)
    assert_type(fake.at(10, lambda: None), None)
    with fake.acting_as("eve@example.com", source="MCP") as nothing:
        assert_type(nothing, None)
    assert_type(fake.leftovers(), str | None)
    assert_type(fake.assert_no_leftovers(), None)
    assert_type((fake.chain("c"), fake.model("m")), tuple[FakeChain, FakeModel])
    assert_type(scenarios.SCENARIOS, dict[str, Callable[[FakeBaseten], None]])
    async with fake.client(clock=CompressedClock(10)) as baseten:
        assert_type(baseten, Baseten)
    async with fake.serve() as url:
        assert_type(url, str)


def fake_resources(chain: FakeChain, model: FakeModel) -> None:
    """A fake's chains and models."""
    assert_type(chain.deployment("d", on_promote=timelines.BUILD_FAILED), FakeDeployment)
    assert_type(chain.environment("production", current="d"), FakeEnvironment)
    assert_type(model.deployment("d"), FakeDeployment)
    assert_type(model.environment("production", current="d"), FakeEnvironment)
    assert_type(model.development(), FakeDeployment | None)
    assert_type(model.production(), FakeDeployment | None)


def fake_deployments(deployment: FakeDeployment) -> None:
    """A fake's deployments."""
    assert_type((deployment.status, deployment.environment), tuple[str, str | None])
    assert_type(deployment.chainlets, Mapping[str, str])
    assert_type(deployment.history(), Sequence[tuple[float, str]])
    assert_type(deployment.set("ACTIVE"), None)
    assert_type(deployment.set_timeline(timelines.HEALTHY), None)
    assert_type(deployment.log("hello"), None)
    assert_type((deployment.activate(), deployment.deactivate()), tuple[bool, bool])
    assert_type((deployment.retry(), deployment.wake()), tuple[bool, bool])
    assert_type(deployment.delete(), None)
    assert_type(deployment.rename("v3"), None)
    assert_type(deployment.starts(IMAGE_PULL=30, WEIGHT_DOWNLOAD=600), None)
    assert_type(deployment.started_before(times=5, WEIGHT_DOWNLOAD=180), None)
    assert_type(deployment.answers(error_share=0.1, latency={"p50": 0.2, "p95": 1.4}), None)


def fake_environments(environment: FakeEnvironment, promotion: FakePromotion) -> None:
    """A fake's environments and their promotions."""
    assert_type(environment.current, FakeDeployment | None)
    assert_type(environment.candidate, FakeDeployment | None)
    assert_type(environment.promotion, FakePromotion | None)
    assert_type(environment.promotions, Sequence[FakePromotion])
    assert_type(environment.promote("d", override={"rolling": True}), FakeDeployment)
    assert_type(environment.cancel(), str)
    assert_type(environment.pause(), None)
    assert_type(environment.resume(), None)
    assert_type(environment.force_cancel(), None)
    assert_type(environment.force_roll_forward(), None)
    assert_type(environment.fail(), None)
    assert_type(environment.delete(), None)
    assert_type(environment.update(rolling=True), str)
    assert_type(environment.receives(requests_per_second=10), None)
    assert_type((promotion.candidate, promotion.started), tuple[FakeDeployment, float])
    assert_type((promotion.status, promotion.percent), tuple[str, int])
    assert_type((promotion.error_message, promotion.ended), tuple[str | None, float | None])
    assert_type([state.status for state in promotion.history], list[str])


def faults(faults: Faults) -> None:
    """The faults of a fake."""
    assert_type(faults.status(503, lasting=60), Fault)
    assert_type(faults.rate_limited(retry_after=5), Fault)
    assert_type(faults.html(), Fault)
    assert_type(faults.empty(), Fault)
    assert_type(faults.garbage(), Fault)
    assert_type(faults.delay(5), Fault)
    assert_type(faults.hang(), Fault)
    assert_type(faults.reset(), Fault)
    assert_type(faults.refuse(), Fault)
    assert_type(faults.noise(), Fault)
    assert_type(faults.left_over(), Sequence[Fault])
    assert_type(faults.clear(), None)
    fault = faults.cut()
    assert_type(fault, Fault)
    assert_type((fault.hits, fault.left_over), tuple[int, bool])
    assert_type(fault.damage.status, int | None)
    assert_type(fault.remove(), None)
    assert_type(fault.damage_at(0.0).status, int | None)


def recorded(request: Recorded, refusal: Refused) -> type[When]:
    """A request that a fake received, and the exception for actions that it refuses."""
    assert_type((request.at, request.method, request.path), tuple[float, str, str])
    assert_type((request.route, request.auth), tuple[str | None, str | None])
    assert_type((request.headers, request.query), tuple[Mapping[str, str], str])
    assert_type((request.body, request.json), tuple[bytes, Any])
    assert_type((request.request_id, request.status), tuple[str, int | None])
    assert_type(request.fault, str | None)
    assert_type((refusal.status, refusal.code), tuple[int, str])
    assert_type((refusal.message, refusal.allow), tuple[str, str | None])
    return When


def behaviours(one: Behaviour) -> None:
    """The questions that Baseten's documentation leaves open."""
    assert_type(Behaviour.plausible(), Iterator[Behaviour])
    assert_type((one.stale_for, one.hidden_for), tuple[float, float])
    assert_type((one.terminal_promotion_for, one.failure_noticed_after), tuple[float, float])
    assert_type((one.pointer_lag, one.cancel_seen_after), tuple[float, float])
    assert_type(one.replica_lags, tuple[float, ...])
    assert_type(one.replica_order, Literal["alternating", "random"])
    assert_type(one.promotion_override, Literal["honoured", "ignored"])
    assert_type(one.failed_candidate, Literal["lingers", "null"])
    assert_type(one.canceled_candidate, Literal["null", "lingers"])
    assert_type(one.succeeded_candidate, Literal["null", "until current", "lingers"])
    assert_type(one.candidate_cleanup, Literal["canceled", "always", "never"])
    assert_type(one.chain_promotion, Literal["shown", "null", "absent"])
    assert_type(one.chain_environment_list, Literal["chain", "model"])
    assert_type(one.chain_status, Literal["worst", "best", "first"])
    assert_type(one.deployment_ids, Literal["documented", "new", "same"])
    assert_type(one.busy_status, Literal[400, 409])
    assert_type(one.unready_source, Literal["accepted", "refused"])
    assert_type(one.roll_back, Literal["step by step", "at once"])
    assert_type(one.roll_forward, Literal["at once", "next step"])
    assert_type(one.unknown_key, Literal[403, 401])
    assert_type(one.error_body, Literal["code", "error", "bare", "detail", "text"])
    assert_type((one.signals_succeed, one.retry_after_header), tuple[bool, bool])
    assert_type(one.audit_log, Literal["readable", "forbidden", "missing"])
    assert_type(one.audit_log_lag, float)
    assert_type(one.audit_log_names, Literal["candidate", "source"])
    assert_type(one.settings_shown_after, float)
    assert_type(one.settings_during_promotion, Literal["queued", "accepted"])
    assert_type(one.settings_answer, Literal["environment", "status"])
    assert_type((one.metrics_lag, one.metrics_per_minute), tuple[float, float])
    assert_type(one.startups, Literal["readable", "missing"])
    assert_type(one.metrics_statuses, Literal["code", "class"])
    assert_type(one.metrics_without_requests, Literal["zero", "null", "absent"])
