"""Models: handles that hold ids, and do no I/O until a coroutine is awaited."""

from __future__ import annotations

import logging
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Unpack, cast, overload

from attrs import define, frozen

from . import _waiting
from ._arguments import (
    INGESTION_LAG_S,
    Duration,
    boolean,
    instance,
    new_deployment_name,
    path_argument,
    text,
    time_limit,
)
from ._first_use import on_first_use
from ._operations import (
    activate_model,
    activate_model_environment,
    audit,
    create_model_environment,
    deactivate_model,
    deactivate_model_environment,
    delete_model_environment,
    get_environment_log,
    get_one_model,
    lines,
    list_named_deployments,
    promote_model,
    rename_model_deployment,
    retry_model,
    update_model_backpressure,
    update_model_environment,
)
from ._resource import ReadMetrics, Resource
from ._sending import Operation
from .deployment import DeploymentHandle
from .environment import EnvironmentHandle
from .errors import (
    BasetenError,
    ConfigurationError,
    RequestNotActedOnError,
)
from .options import (
    DEFAULT_TIMEOUT_S,
    BeforeSending,
    IfInProgress,
    ModelDeploymentOptions,
    WaitOptions,
    wait_options,
)
from .promotion import Cancellation, Promotion, Waiting

if TYPE_CHECKING:
    from . import (
        _cancelling,
        _configuring,
        _finding,
        _guarding,
        _identifying,
        _measuring,
        _planning,
        _promoting,
        _rolling_back,
        _taking_back,
        events,
        settings,
    )
    from . import guard as guards
    from . import metrics as measures
    from ._cancelling import Target as CancelTarget
    from ._rolling_back import Ours
    from ._waiting import GuardMemory
    from .audit import AuditEntries, AuditOptions
    from .events import EventStream
    from .guard import Guard
    from .logs import LogOptions, LogStream
    from .metrics import Metrics, MetricsMode
    from .plans import Plan
    from .readings import EnvironmentReading
    from .schemas import Deployment, Environment, Log, Model
    from .settings import (
        AutoscalingSettingsDict,
        BackpressurePolicy,
        EnsuredEnvironment,
        ModelPromotionSettingsDict,
        RequestBackpressureSettingsDict,
    )
else:
    _cancelling = on_first_use("._cancelling")
    _configuring = on_first_use("._configuring")
    _finding = on_first_use("._finding")
    _guarding = on_first_use("._guarding")
    _identifying = on_first_use("._identifying")
    _measuring = on_first_use("._measuring")
    _planning = on_first_use("._planning")
    _promoting = on_first_use("._promoting")
    _rolling_back = on_first_use("._rolling_back")
    _taking_back = on_first_use("._taking_back")
    events = on_first_use(".events")
    settings = on_first_use(".settings")
    guards = on_first_use(".guard")
    measures = on_first_use(".metrics")

_LOG = logging.getLogger("aiobaseten")
_PRODUCTION = "production"


@frozen(repr=False)
class ModelHandle:
    """A model, by its id. Making one does no I/O; equal ids make equal handles."""

    _resource: Resource[Deployment, Environment]

    def __repr__(self) -> str:
        return f"ModelHandle(id={self.id!r})"

    @property
    def id(self) -> str:
        """The model's id."""
        return self._resource.id

    def environment(self, name: str) -> ModelEnvironmentHandle:
        """One of its environments. No I/O.

        Raises:
            ConfigurationError: *name* cannot be a name.
        """
        return ModelEnvironmentHandle(self._resource, name)

    def deployment(self, deployment_id: str) -> ModelDeploymentHandle:
        """One of its deployments. No I/O.

        Raises:
            ConfigurationError: *deployment_id* cannot be an id.
        """
        return ModelDeploymentHandle(self._resource, deployment_id)

    async def get(self) -> Model:
        """The model as it is now. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such model.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        return await self._resource.sender.send(get_one_model(self.id))

    async def find_deployment(self, name: str) -> ModelDeploymentHandle:
        """The deployment with exactly this name.

        A promotion that makes a deployment names it after the one that it was made from, with the
        time at the end: that is another name. Cancelling this changes nothing at Baseten.

        Args:
            name: The name.

        Raises:
            NameNotFoundError: There is none. A new one may be hidden for some seconds.
            AmbiguousNameError: There are several.
            NotFoundError: There is no such model.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        text("name", name)
        sender = self._resource.sender
        listed = await sender.send(list_named_deployments(self.id, name))
        found = _finding.one_named("deployment", name, listed)
        if found is None:
            raise _finding.not_found("deployment", name, await self.list_deployments())
        return self.deployment(found.id)

    async def identify_deployment(
        self, word: str, *, environment: str | None = None
    ) -> ModelDeploymentHandle:
        """The deployment that a name, an id or another word from a user means.

        An id with ``id:`` before it sends nothing. Any other word costs one request.

        ``latest`` is not the development deployment. It is refused if a promotion may have made
        the newest deployment from another one: its name ends with a long number after ``-`` or
        ``.``, as Baseten names such copies. Baseten may hide a new deployment for some seconds:
        right after a push, use the id that the push printed.

        Cancelling this changes nothing at Baseten.

        Args:
            word: Its name, its id, or the id with ``id:`` before it; ``latest`` for the newest one
                that was pushed; or ``current:staging`` for the one that serves in an environment.
            environment: The environment that the word ``current`` alone means.

        Raises:
            NameNotFoundError: No deployment has this name or this id, or nothing serves there.
            AmbiguousNameError: The word means several, or it is not known which deployment is the
                latest. None is chosen.
            NotFoundError: There is no such model or environment.
            ConfigurationError: An argument is no string, or cannot be an id or a name.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        return self.deployment(
            await _identifying.identify_deployment(self._resource, word, environment)
        )

    def audit(self, **options: Unpack[AuditOptions]) -> AuditEntries:
        """Its audit log: who changed what, the newest entry first.

        As `Baseten.audit`, for this model alone.

        Args:
            options: As for `Baseten.audit`.

        Raises:
            ConfigurationError: An option is invalid; at once, before any request.
        """
        return audit(self._resource.sender, options, ("model", self.id))

    async def list_deployments(self) -> list[Deployment]:
        """All its deployments. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such model.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        operation = self._resource.operations.list_deployments(self.id)
        return await self._resource.sender.send(operation)

    async def list_environments(self) -> list[Environment]:
        """All its environments. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such model.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        operation = self._resource.operations.list_environments(self.id)
        return await self._resource.sender.send(operation)

    async def read_environments(self) -> list[EnvironmentReading]:
        """All its environments as a wait sees them. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such model.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        return await self._resource.read_environments()

    async def create_environment(
        self,
        name: str,
        *,
        autoscaling_settings: AutoscalingSettingsDict | None = None,
        promotion_settings: ModelPromotionSettingsDict | None = None,
        request_backpressure_settings: RequestBackpressureSettingsDict | None = None,
    ) -> Environment:
        """Create an environment. Settings that are not given are Baseten's defaults.

        Cancelling this coroutine does not undo a request that was already sent.

        Args:
            name: Its name.
            autoscaling_settings: How many replicas run: see `AutoscalingSettingsDict`.
            promotion_settings: How promotions go: see `ModelPromotionSettingsDict`.
            request_backpressure_settings: What becomes of requests that find no free replica: see
                `RequestBackpressureSettingsDict`. Servers before August 2026 do not know it.

        Returns:
            The environment, as Baseten answered.

        Raises:
            ConfigurationError: The name or a setting is invalid; nothing was sent.
            BadRequestError: Baseten refuses it, for example because it exists.
            NotFoundError: There is no such model.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        path_argument("name", name)
        wanted = settings.model_settings(
            autoscaling_settings, promotion_settings, request_backpressure_settings
        )
        return await self._resource.sender.send(create_model_environment(self.id, name, wanted))

    async def ensure_environment(
        self,
        name: str,
        *,
        autoscaling_settings: AutoscalingSettingsDict | None = None,
        promotion_settings: ModelPromotionSettingsDict | None = None,
        request_backpressure_settings: RequestBackpressureSettingsDict | None = None,
    ) -> EnsuredEnvironment[Environment]:
        """Create an environment if it does not exist, else tell in which settings it differs.

        An environment that exists is not changed: `ModelEnvironmentHandle.update` does that. Safe
        to call twice, also at the same time. Cancelling this coroutine does not undo a request that
        was already sent.

        Args:
            name: Its name.
            autoscaling_settings: As for `create_environment`.
            promotion_settings: As for `create_environment`.
            request_backpressure_settings: As for `create_environment`.

        Raises:
            ConfigurationError: The name or a setting is invalid; nothing was sent.
            NotFoundError: There is no such model.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        path_argument("name", name)
        wanted = settings.model_settings(
            autoscaling_settings, promotion_settings, request_backpressure_settings
        )
        create = create_model_environment(self.id, name, wanted)
        return await _configuring.ensure(self._resource, name, wanted, create)


@frozen(repr=False)
class ModelDeploymentHandle(DeploymentHandle["Deployment", "Environment"]):
    """A deployment of a model, by its ids."""

    @property
    def model_id(self) -> str:
        """The model's id."""
        return self._resource.id

    def events(self, **options: Unpack[ModelDeploymentOptions]) -> EventStream:
        """The events until the deployment is ACTIVE, as they are seen.

        The same wait as `wait_until_active`: status changes, looks that failed, `DeploymentWoken`
        when it has been asked to wake up, and at last `Finished`. After that the stream ends, or
        raises what `wait_until_active` raises. Leaving the loop stops the wait if it stands in an
        ``async with`` block: see `EventStream`.

        Args:
            options: As for `wait_until_active`.

        Raises:
            ConfigurationError: An option is invalid; at once, before any look.
        """
        return events.EventStream(
            self._wait(wait_options(options, ModelDeploymentOptions)).events()
        )

    async def wait_until_active(self, **options: Unpack[ModelDeploymentOptions]) -> Deployment:
        """Wait until the deployment is ACTIVE.

        This does not show whether traffic reaches it: for a promotion, wait for the promotion. A
        look that fails in a way that may pass (429, 5xx, a timeout, a reset) does not end the wait.

        Cancelling this coroutine stops the wait, never the deployment; nothing is left running.

        Args:
            options: ``timeout``, ``settling_time`` (also the time for which INACTIVE may be the
                state before `activate`, and a failed status the one before `retry` on an equal
                handle of this client), ``unhealthy_grace``, ``accept_scaled_to_zero``, ``wake`` and
                ``log_lines``: see `aiobaseten.WaitOptions`.

        Returns:
            The deployment, as last read.

        Raises:
            DeploymentFailedError: It failed or was stopped.
            WaitTimeoutError: Time ran out. Baseten keeps working on it.
            APIError: The server refuses to show it (401, 403 and the like; 404 after 30 s).
            ConfigurationError: An option is invalid, or the client was closed.
        """
        wait = self._wait(wait_options(options, ModelDeploymentOptions))
        del options  # an empty table, and there may be a hundred thousand waits
        try:
            await wait.news()
            return cast("Deployment", await wait.result())
        finally:
            wait.leave()

    async def activate(self) -> None:
        """Turn the deployment on. `wait_until_active` waits until it serves.

        Cancelling this coroutine does not undo a request that was already sent.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not.
            NotFoundError: There is no such deployment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        await self._resource.sender.send(activate_model(self.model_id, self.id))

    async def deactivate(self) -> None:
        """Turn the deployment off: it no longer serves and costs nothing.

        Cancelling this coroutine does not undo a request that was already sent.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not.
            NotFoundError: There is no such deployment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        await self._resource.sender.send(deactivate_model(self.model_id, self.id))

    async def rename(self, name: str) -> Deployment:
        """Give the deployment another name.

        Cancelling this coroutine does not undo a request that was already sent.

        Args:
            name: The new name: 1 to 255 letters, digits, hyphens, underscores and periods. No other
                deployment of the model may have it.

        Returns:
            The deployment, as Baseten answered.

        Raises:
            ConfigurationError: The name is invalid; nothing was sent.
            BadRequestError: Baseten refuses it, for example because another deployment has it.
            NotFoundError: There is no such deployment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        operation = rename_model_deployment(self.model_id, self.id, new_deployment_name(name))
        return await self._resource.sender.send(operation)

    async def update_request_backpressure(self, policy: BackpressurePolicy | None) -> str | None:
        """Say what becomes of requests to the deployment that find no free replica.

        An environment has settings of its own: see `ModelEnvironmentHandle.update`. Cancelling this
        coroutine does not undo a request that was already sent. It is safe to call again.

        Args:
            policy: With ``"QUEUE_ON_FULL"`` they wait, with ``"REJECT_ON_FULL"`` they are refused.
                ``None`` removes the policy.

        Returns:
            The policy that Baseten answered, or ``None`` for no policy.

        Raises:
            ConfigurationError: There is no such policy; nothing was sent.
            NotFoundError: There is no such deployment, or the server is from before August 2026.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        wanted = settings.backpressure_settings(policy)
        operation = update_model_backpressure(self.model_id, self.id, wanted)
        return await self._resource.sender.send(operation)

    async def retry(self) -> Deployment:
        """Try a failed deployment again: the deployment, not a promotion that it was part of.

        Cancelling this coroutine does not undo a request that was already sent.

        Returns:
            The deployment as answered. It may still show the failure; `wait_until_active` ignores
            that for a while.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not retry, and why.
            NotFoundError: There is no such deployment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        try:
            answer = await self._resource.sender.send(retry_model(self.model_id, self.id))
        except BasetenError as error:
            if error.may_have_acted:
                self._resource.note_retry(self.id)
            raise
        if answer.retried is not True:
            raise RequestNotActedOnError("retry", answer.reason or "")
        self._resource.note_retry(self.id)
        return answer.deployment

    async def metrics(
        self,
        names: Sequence[str] | None = None,
        *,
        mode: MetricsMode = "SUMMARY",
        window: Duration | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        lag: Duration = INGESTION_LAG_S,
        check_names: bool = True,
    ) -> Metrics:
        """Measurements of the deployment: requests, response times, replicas and more.

        Baseten shows measurements one to three minutes late. So the window ends *lag* before now,
        unless *end* says otherwise; then ``is_complete`` tells whether all data should be there.
        "No data" is ``None``, never zero.

        Sends one request a minute for each deployment, also if it has to be repeated after a 429 or
        another failure that may pass. The same question within a minute gets the same answer;
        another one waits for its turn. Cancelling this changes nothing at Baseten.

        Args:
            names: The metrics, of `aiobaseten.metrics.KNOWN_METRICS` (default: active replicas,
                requests and response times). Those that the model does not have are left out. The
                number of requests is always asked for.
            mode: One value for the window, a series of steps, or a snapshot without a window.
            window: Seconds or a `timedelta` (default: an hour); a week at most.
            start: Where the window begins, with a time zone.
            end: Where it ends, with a time zone (default: *lag* before now, or *window* after
                *start*).
            lag: Seconds or a `timedelta` after which data should be there.
            check_names: Whether to refuse a name that this version does not know. Baseten refuses
                those that it does not know.

        Raises:
            ConfigurationError: An argument is invalid; nothing was sent.
            NotFoundError: There is no such deployment.
            RateLimitError: Baseten still refuses after three minutes.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        query = measures.metrics_query(
            names,
            mode=mode,
            window=window,
            start=start,
            end=end,
            lag=lag,
            check_names=check_names,
        )
        request = ReadMetrics(self._resource, "deployment", self.id, query)
        return await self._resource.polls.follow_ups.once(request)

    @overload
    def logs(
        self, *, follow: Literal[False] = False, **options: Unpack[LogOptions]
    ) -> Coroutine[Any, Any, list[Log]]: ...
    @overload
    def logs(self, *, follow: Literal[True], **options: Unpack[LogOptions]) -> LogStream: ...
    def logs(
        self, *, follow: bool = False, **options: Unpack[LogOptions]
    ) -> Coroutine[Any, Any, list[Log]] | LogStream:
        """The last lines of the deployment's log, oldest first.

        Cancelling this changes nothing at Baseten.

        Args:
            follow: Whether to go on with new lines as they show up, for ever. The lines that are
                there already come first: the newest, at most as many as ``limit``. Then the log is
                read every few seconds; each read is repeated like any other, as ``retry`` of
                `Baseten` says. A line that shows up late is passed on when it does, if it is
                late by no more than two minutes and 10,000 lines.
            options: ``limit``, ``start``, ``end``, ``min_level``, ``replica``, ``request_id``,
                ``component``, ``search_pattern``, ``includes`` and ``excludes``: see
                `aiobaseten.logs.LogOptions`. With *follow*, no ``end``.

        Returns:
            What to await for the lines, oldest first; with *follow*, a stream of lines for
            ``async for``.

        Raises:
            ConfigurationError: An option is invalid; at once, before any request.
            NotFoundError: There is no such deployment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        read = partial(self._resource.operations.get_log, self.model_id, self.id, self.id)
        return lines(self._resource.sender, read, follow=follow, options=options)


@frozen(repr=False)
class ModelEnvironmentHandle(EnvironmentHandle["Deployment", "Environment"]):
    """An environment of a model, by its ids."""

    @property
    def model_id(self) -> str:
        """The model's id."""
        return self._resource.id

    async def update(
        self,
        *,
        autoscaling_settings: AutoscalingSettingsDict | None = None,
        promotion_settings: ModelPromotionSettingsDict | None = None,
        request_backpressure_settings: RequestBackpressureSettingsDict | None = None,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
    ) -> Environment:
        """Change settings, and wait until the environment shows them.

        Only the settings that are given change. Baseten takes the change at once and makes it
        later, perhaps only after the promotion that is under way. Safe to call twice.

        Cancelling this coroutine stops the wait, and does not undo a request that was already sent;
        nothing is left running.

        Args:
            autoscaling_settings: How many replicas run: see `AutoscalingSettingsDict`.
            promotion_settings: How promotions go: see `ModelPromotionSettingsDict`.
            request_backpressure_settings: What becomes of requests that find no free replica: see
                `RequestBackpressureSettingsDict`. Servers before August 2026 do not know it.
            timeout: Seconds or a `timedelta` to keep looking; ``None`` for no limit; ``0`` looks
                exactly once.

        Returns:
            The environment, as last read.

        Raises:
            ConfigurationError: A setting is invalid, or there is none; nothing was sent.
            WaitTimeoutError: Time ran out, and the environment does not show the change; the
                message says in which settings. Baseten keeps working on it.
            BadRequestError: Baseten refuses it.
            NotFoundError: There is no such model or environment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        limit = time_limit("timeout", timeout)
        wanted = settings.model_settings(
            autoscaling_settings, promotion_settings, request_backpressure_settings
        )
        settings.at_least_one(wanted)
        operation = update_model_environment(self.model_id, self.name, wanted)
        answer = await self._resource.sender.send(operation)
        return await _configuring.wait_until_shown(
            self._resource, self.name, wanted, limit, answer=answer
        )

    async def delete(self) -> None:
        """Delete the environment. This cancels a promotion that is under way.

        Baseten keeps the deployment that serves, and scales it to zero. The environment is read
        first: if a promotion is under way, the logger ``aiobaseten`` says at WARNING which one is
        cancelled. Cancelling this coroutine does not undo a request that was already sent.

        Raises:
            ConfigurationError: It is ``production``, which cannot be deleted; nothing was sent.
            RequestNotActedOnError: Baseten answered that it did not.
            NotFoundError: There is no such model or environment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        if self.name == _PRODUCTION:
            raise ConfigurationError("the environment production cannot be deleted")
        reading = await self._resource.read_environment(self.name)
        if reading.is_busy:
            _LOG.warning(
                "Deleting %s cancels the promotion of deployment %s.",
                self._resource.environment_label(self.name),
                reading.candidate_id,
            )
        operation = delete_model_environment(self.model_id, self.name)
        if await self._resource.sender.send(operation) is not True:
            raise RequestNotActedOnError("delete the environment", "")

    async def activate(self) -> None:
        """Turn on the deployment that serves in the environment.

        `ModelDeploymentHandle.wait_until_active` of that deployment waits until it serves.
        Cancelling this coroutine does not undo a request that was already sent.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not.
            NotFoundError: There is no such environment, or nothing serves in it.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        await self._resource.sender.send(activate_model_environment(self.model_id, self.name))

    async def deactivate(self) -> None:
        """Turn off the deployment that serves in the environment: it costs nothing any more.

        Cancelling this coroutine does not undo a request that was already sent.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not.
            NotFoundError: There is no such environment, or nothing serves in it.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        await self._resource.sender.send(deactivate_model_environment(self.model_id, self.name))

    async def promote(
        self,
        deployment_id: str,
        *,
        scale_down_previous_deployment: bool | None = None,
        preserve_env_instance_type: bool | None = None,
        environment_settings_update: Mapping[str, Any] | None = None,
        promotion_settings_override: Mapping[str, Any] | None = None,
        if_in_progress: IfInProgress = "raise",
        in_progress_timeout: Duration | None = DEFAULT_TIMEOUT_S,
        before_sending: BeforeSending | None = None,
        guard: Guard | None = None,
    ) -> ModelPromotion:
        """Start promoting a deployment of the model to this environment.

        Reads the environment first, so that the promotion knows which deployment served before,
        then sends one request to promote. Returns as soon as Baseten has accepted it:
        `ModelPromotion.wait` waits until it is live. Options that are ``None`` are not sent, and
        Baseten decides.

        Cancelling this coroutine does not take back a request that is on its way.

        Args:
            deployment_id: The deployment to promote.
            scale_down_previous_deployment: Whether to scale down the previous deployment.
            preserve_env_instance_type: Whether the environment keeps its instance type.
            environment_settings_update: New settings of the environment, as in the API.
            promotion_settings_override: Settings for this promotion alone, as in the API.
            if_in_progress: What to do when a promotion to this environment is under way:
                ``"raise"`` an error; ``"adopt"`` it if it promotes this deployment, or if this
                deployment serves already; ``"wait"`` for its end, then promote; or ``"send"`` the
                request anyway and let Baseten decide, which refuses a second promotion (for an
                environment that shows a candidate although no promotion is under way).
            in_progress_timeout: Seconds or a `timedelta` to wait for that end; ``None`` for no
                limit.
            before_sending: Awaited with a token right before the request is sent, to store it. If
                this process dies before it has the answer, ``Baseten.resume`` with that token finds
                the promotion that the request started, or raises that it cannot tell. If it raises,
                nothing is sent. If it takes more than a second and the environment has changed by
                then, it is awaited again, with a new token.
            guard: Measures the promotion at every step, and takes it back when it is worse: see
                `aiobaseten.guard`. It sends ``promotion_settings_override`` with rolling steps and
                a stabilization time that is long enough to measure, for this promotion alone.
                `ModelPromotion.wait` does the guarding. Of a promotion that is adopted, the guard
                pauses each step. The logger ``aiobaseten`` warns of that, and of too few replicas.

        Raises:
            PromotionInProgressError: A promotion is under way, or did not end in time; yours has
                not begun.
            PromotionOutcomeUnknownError: The answer was lost, and neither the audit log nor the
                environment tells whether the promotion began. It was not sent again.
            ConfigurationError: An argument is invalid, or the guard cannot work; nothing was sent.
            NotFoundError: There is no such model, environment or deployment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        memory = check = None
        if guard is not None:
            instance("guard", guard, guards.Guard)
            promotion_settings_override = _guarding.guarded_override(
                guard, promotion_settings_override
            )
            memory = _waiting.GuardMemory(guard, _guarding.hold_of(promotion_settings_override))
        operation = promote_model(
            self.model_id,
            self.name,
            deployment_id,
            scale_down_previous_deployment=scale_down_previous_deployment,
            preserve_env_instance_type=preserve_env_instance_type,
            environment_settings_update=environment_settings_update,
            promotion_settings_override=promotion_settings_override,
        )
        if memory is not None:
            check = partial(self._check_guard, memory, operation)
        started = await _promoting.promote(
            self._resource,
            self.name,
            deployment_id,
            operation,
            if_in_progress=if_in_progress,
            in_progress_timeout=in_progress_timeout,
            before_sending=before_sending,
            check=check,
            hold=None if memory is None else memory.hold,
        )
        promotion = ModelPromotion(
            resource=self._resource,
            environment_name=self.name,
            deployment_id=started.deployment_id,
            deployment=started.deployment,
            baseline=started.baseline,
            since=started.since,
            memory=memory,
            was_adopted=started.was_adopted,
        )
        if memory is not None and started.was_adopted:
            memory.hold = 0.0  # whoever started it has decided that
            if memory.guard.metric_checks:
                await _measuring.check_metrics(self._resource, memory, promotion.token)
            _guarding.warn_of_adoption(self._resource, self.name, started.deployment_id)
        return promotion

    async def plan(
        self,
        deployment_id: str,
        *,
        scale_down_previous_deployment: bool | None = None,
        preserve_env_instance_type: bool | None = None,
        environment_settings_update: Mapping[str, Any] | None = None,
        promotion_settings_override: Mapping[str, Any] | None = None,
        if_in_progress: IfInProgress = "raise",
        guard: Guard | None = None,
    ) -> Plan:
        """What `promote` with the same arguments would do now, and possible problems.

        Sends nothing that changes anything. Reads the environment, the deployment, the name of the
        model and the user of the key; the last two may be missing if Baseten does not tell soon.
        Things may change before the promotion begins. Cancelling this changes nothing at Baseten.

        Args:
            deployment_id: The deployment to promote.
            scale_down_previous_deployment: As for `promote`.
            preserve_env_instance_type: As for `promote`.
            environment_settings_update: As for `promote`.
            promotion_settings_override: As for `promote`.
            if_in_progress: As for `promote`: it decides whether a promotion that is under way
                blocks this one.
            guard: As for `promote`: it adds settings for this promotion alone. If it checks
                metrics, they are read once.

        Raises:
            ConfigurationError: An argument is invalid, or the guard cannot work.
            NotFoundError: There is no such model, environment or deployment.
            BasetenError: A request failed in another way; see `aiobaseten.errors`.
        """
        if guard is not None:
            instance("guard", guard, guards.Guard)
            promotion_settings_override = _guarding.guarded_override(
                guard, promotion_settings_override
            )
        return await _planning.plan(
            self._resource,
            self.name,
            deployment_id,
            promote_model(
                self.model_id,
                self.name,
                deployment_id,
                scale_down_previous_deployment=scale_down_previous_deployment,
                preserve_env_instance_type=preserve_env_instance_type,
                environment_settings_update=environment_settings_update,
                promotion_settings_override=promotion_settings_override,
            ),
            get_one_model(self.model_id),
            if_in_progress=if_in_progress,
            guard=guard,
            refusal_of_metrics=partial(_measuring.refusal_of_metrics, self._resource, guard)
            if guard is not None and guard.metric_checks
            else None,
        )

    async def _check_guard(
        self, memory: GuardMemory, operation: Operation[Deployment], token: str
    ) -> None:
        """Check that a guard can work, before the promotion is sent."""
        await _planning.warn_of_few_replicas(self._resource, self.name, operation)
        if memory.guard.metric_checks:
            await _measuring.check_metrics(self._resource, memory, token)

    @overload
    def logs(
        self, *, follow: Literal[False] = False, **options: Unpack[LogOptions]
    ) -> Coroutine[Any, Any, list[Log]]: ...
    @overload
    def logs(self, *, follow: Literal[True], **options: Unpack[LogOptions]) -> LogStream: ...
    def logs(
        self, *, follow: bool = False, **options: Unpack[LogOptions]
    ) -> Coroutine[Any, Any, list[Log]] | LogStream:
        """The last lines of the environment's log, oldest first.

        The lines are of all deployments that served in the environment meanwhile, and do not say of
        which: during a promotion, those of both.

        Cancelling this changes nothing at Baseten.

        Args:
            follow: Whether to go on with new lines as they show up, for ever. The lines that are
                there already come first: the newest, at most as many as ``limit``. Then the log is
                read every few seconds; each read is repeated like any other, as ``retry`` of
                `Baseten` says. A line that shows up late is passed on when it does, if it is
                late by no more than two minutes and 10,000 lines.
            options: ``limit``, ``start``, ``end``, ``min_level``, ``replica``, ``request_id``,
                ``component``, ``search_pattern``, ``includes`` and ``excludes``: see
                `aiobaseten.logs.LogOptions`. With *follow*, no ``end``.

        Returns:
            What to await for the lines, oldest first; with *follow*, a stream of lines for
            ``async for``.

        Raises:
            ConfigurationError: An option is invalid; at once, before any request.
            NotFoundError: There is no such model or environment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        read = partial(get_environment_log, self.model_id, self.name)
        return lines(self._resource.sender, read, follow=follow, options=options)

    async def rollback(self, *, before_sending: BeforeSending | None = None) -> ModelPromotion:
        """Promote the deployment that served before the current one.

        For a promotion that this program did not start; `ModelPromotion.rollback` knows better what
        served before. Returns a new promotion to wait for, as soon as Baseten has accepted it; its
        ``previous_id`` is the deployment that served until now. The logger ``aiobaseten`` says at
        INFO which deployment is promoted, and how it was found. After a rollback, the deployment
        that was rolled back is the one that served before.

        The audit log tells what served before: the newest promotion before that of the current
        deployment. Promotions that were cancelled and deployments that have failed do not count;
        neither do others of the same release: the deployment from which Baseten made the current
        one, and others made from it.
        The log does not tell how a promotion ended, so that one that failed although its
        deployment is well counts, too. Where the log cannot be read or does not tell, it is the
        newest deployment in the list that belongs to the environment and was made before the
        current one. Nothing is sent if neither tells.

        If the audit log has a newer promotion than that of the current deployment, the environment
        is read a second time, at least ten seconds later, and a minute after that promotion began.
        If *before_sending* takes long, both are read again after it.

        Cancelling this coroutine does not take back a request that is on its way.

        Args:
            before_sending: As for `promote`: awaited with a token right before the request is sent.

        Raises:
            RollbackImpossibleError: It is not known what served before, or nothing serves; nothing
                was sent.
            PromotionInProgressError: A promotion is under way, or has ended since the first look;
                nothing was sent.
            PromotionOutcomeUnknownError: As for `promote`.
            NotFoundError: There is no such model or environment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        started = await _rolling_back.roll_environment_back(
            self._resource,
            self.name,
            partial(_promote_again, self.model_id, self.name),
            before_sending=before_sending,
        )
        return ModelPromotion(
            resource=self._resource,
            environment_name=self.name,
            deployment_id=started.deployment_id,
            deployment=started.deployment,
            baseline=started.baseline,
            since=started.since,
        )

    async def cancel_promotion(self) -> Cancellation:
        """Cancel the promotion that is under way.

        Reads the environment first, so that the cancellation knows what it cancels. Returns as soon
        as Baseten has accepted it, with its answer: CANCELED, or RAMPING_DOWN
        while a rolling promotion gives its traffic back; `Cancellation.wait` waits for that.

        If the answer is lost, the environment and the audit log are read for ten seconds, or for a
        minute if the log cannot be read. If the same promotion still runs, it is cancelled again,
        at most three times in all. If it does not, the result has no ``status``, and
        `Cancellation.wait` tells how it ended.

        Cancelling this coroutine does not take back a request that is on its way.

        Raises:
            BadRequestError: No promotion is under way.
            PromotionOutcomeUnknownError: The answer was lost, and the environment cannot be read:
                it may or may not have been cancelled.
            RequestNotActedOnError: Each answer was lost, and the promotion still runs.
            NotFoundError: There is no such model or environment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        return await _cancelling.cancel(self._resource, self._cancels)

    async def force_cancel_promotion(self) -> Cancellation:
        """Cancel the promotion that is under way and move all traffic back at once.

        The previous deployment may be too small for it by now. If the answer is lost, as for
        `cancel_promotion`. Cancelling this coroutine does not take back a request that is on its
        way.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not; or each answer was lost, and
                the promotion still runs.
            BadRequestError: No promotion is under way.
            PromotionOutcomeUnknownError: The answer was lost, and the environment cannot be read:
                it may or may not have been cancelled.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        return await _cancelling.cancel(self._resource, self._cancels, is_forced=True)

    async def _cancels(self) -> CancelTarget:
        """What a cancel ends now."""
        reading = await self._resource.read_environment(self.name)
        if not reading.shows_promotion:
            # Baseten knows better, and refuses if there is nothing to cancel.
            return _cancelling.Target(self.name, None, reading.current_id, was_seen=False)
        return _cancelling.Target(
            self.name, reading.candidate_id, reading.current_id, was_seen=True
        )

    async def metrics(
        self,
        names: Sequence[str] | None = None,
        *,
        mode: MetricsMode = "SUMMARY",
        window: Duration | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        lag: Duration = INGESTION_LAG_S,
        check_names: bool = True,
    ) -> Metrics:
        """Measurements of the environment: requests, response times, replicas and more.

        They are of all deployments that served in the window together. During a promotion, the
        metrics of the two deployments tell them apart.

        Baseten shows measurements one to three minutes late. So the window ends *lag* before now,
        unless *end* says otherwise; then ``is_complete`` tells whether all data should be there.
        "No data" is ``None``, never zero.

        Sends one request a minute for each environment, also if it has to be repeated after a 429
        or another failure that may pass. The same question within a minute gets the same answer;
        another one waits for its turn. Cancelling this changes nothing at Baseten.

        Args:
            names: The metrics, of `aiobaseten.metrics.KNOWN_METRICS` (default: active replicas,
                requests and response times). Those that the model does not have are left out. The
                number of requests is always asked for.
            mode: One value for the window, a series of steps, or a snapshot without a window.
            window: Seconds or a `timedelta` (default: an hour); a week at most.
            start: Where the window begins, with a time zone.
            end: Where it ends, with a time zone (default: *lag* before now, or *window* after
                *start*).
            lag: Seconds or a `timedelta` after which data should be there.
            check_names: Whether to refuse a name that this version does not know. Baseten refuses
                those that it does not know.

        Raises:
            ConfigurationError: An argument is invalid; nothing was sent.
            NotFoundError: There is no such environment.
            RateLimitError: Baseten still refuses after three minutes.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        query = measures.metrics_query(
            names,
            mode=mode,
            window=window,
            start=start,
            end=end,
            lag=lag,
            check_names=check_names,
        )
        request = ReadMetrics(self._resource, "environment", self.name, query)
        return await self._resource.polls.follow_ups.once(request)

    async def pause_promotion(self) -> None:
        """Pause the rolling promotion that is under way, at the end of its current step.

        Cancelling this coroutine does not take back a request that is on its way.

        Raises:
            PromotionCanceledError: It is being cancelled; nothing was sent.
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: No promotion is under way.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        await _cancelling.signal(self._resource, self.name, "pause the promotion")

    async def resume_promotion(self) -> None:
        """Resume a paused promotion.

        Cancelling this coroutine does not take back a request that is on its way.

        Raises:
            PromotionCanceledError: It is being cancelled; nothing was sent.
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: No promotion is under way.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        await _cancelling.signal(self._resource, self.name, "resume the promotion")

    async def force_roll_forward_promotion(self) -> None:
        """Move all traffic to the candidate at once, even while it is being rolled back.

        It may be too small for the traffic. Cancelling this coroutine does not take back a request
        that is on its way.

        Raises:
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: No promotion is under way.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        await _cancelling.signal(self._resource, self.name, "roll the promotion forward")


@define(eq=False, kw_only=True, repr=False)
class ModelPromotion(Promotion["Deployment", "Environment"]):
    """A promotion of a model's deployment, and the verbs that change its course."""

    def _wait(self, options: WaitOptions) -> Waiting:
        if self._memory is None:
            return super()._wait(options)
        return _guarding.GuardedWait(
            resource=self._resource,
            tracker=_guarding.guard_tracker(
                self._tracker(options), self._memory, self._resource.sender.clock.now()
            ),
            look=self._look(),
            timeout=options.timeout,
            actions=self._actions(options),
            memory=self._memory,
            ours=self._ours,
            verbs=_taking_back.Verbs(
                rollback=self.rollback,
                cancel=partial(self._cancel_once, is_forced=False),
                force_cancel=partial(self._cancel_once, is_forced=True),
                pause=self.pause,
                resume=self.resume,
            ),
            read_metrics=partial(_measuring.read_metrics, self._resource),
        )

    async def cancel(self, *, even_if_superseded: bool = False) -> Cancellation:
        """Cancel it: see `ModelEnvironmentHandle.cancel_promotion`.

        Baseten would cancel whatever promotion is under way.
        Reads the environment and the audit log first: a log that fails is read again for half a
        minute, and a newer promotion in it must be a minute old to be believed.
        A lost answer is read back as there; before each further attempt, this is checked again.
        Cancelling this coroutine does not take back a request that is on its way.

        Args:
            even_if_superseded: Whether to do it even if somebody else has promoted since.

        Raises:
            PromotionSupersededError: Another deployment was promoted since, or the same one again;
                nothing was sent, unless the message says that an answer was lost.
            BadRequestError: No promotion is under way.
            PromotionOutcomeUnknownError: The answer was lost, and the environment cannot be read:
                it may or may not have been cancelled.
            RequestNotActedOnError: Each answer was lost, and the promotion still runs.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        find = partial(self._checked, even_if_superseded=even_if_superseded)
        return await _cancelling.cancel(self._resource, find)

    async def force_cancel(self, *, even_if_superseded: bool = False) -> Cancellation:
        """Cancel it at once: see `ModelEnvironmentHandle.force_cancel_promotion`.

        Baseten would cancel whatever promotion is under way: this is checked first, as by `cancel`,
        and again before each further attempt.
        Cancelling this coroutine does not take back a request that is on its way.

        Args:
            even_if_superseded: Whether to do it even if somebody else has promoted since.

        Raises:
            PromotionSupersededError: Another deployment was promoted since, or the same one again;
                nothing was sent, unless the message says that an answer was lost.
            RequestNotActedOnError: Baseten answered that it did not; or each answer was lost, and
                the promotion still runs.
            BadRequestError: No promotion is under way.
            PromotionOutcomeUnknownError: The answer was lost, and the environment cannot be read:
                it may or may not have been cancelled.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        find = partial(self._checked, even_if_superseded=even_if_superseded)
        return await _cancelling.cancel(self._resource, find, is_forced=True)

    async def pause(self, *, even_if_superseded: bool = False) -> None:
        """Pause it: see `ModelEnvironmentHandle.pause_promotion`.

        Baseten would act on whatever promotion is under way: this is checked first, as by `cancel`.
        Cancelling this coroutine does not take back a request that is on its way.

        Args:
            even_if_superseded: Whether to do it even if somebody else has promoted since.

        Raises:
            PromotionSupersededError: Another deployment was promoted since, or the same one again;
                nothing was sent.
            PromotionCanceledError: It is being cancelled; nothing was sent.
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: No promotion is under way.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        seen = await self._seen(even_if_superseded=even_if_superseded)
        await _cancelling.signal(
            self._resource,
            self.environment_name,
            "pause the promotion",
            seen=seen,
            token=self.token,
        )

    async def resume(self, *, even_if_superseded: bool = False) -> None:
        """Resume it: see `ModelEnvironmentHandle.resume_promotion`.

        Baseten would act on whatever promotion is under way: this is checked first, as by `cancel`.
        Cancelling this coroutine does not take back a request that is on its way.

        Args:
            even_if_superseded: Whether to do it even if somebody else has promoted since.

        Raises:
            PromotionSupersededError: Another deployment was promoted since, or the same one again;
                nothing was sent.
            PromotionCanceledError: It is being cancelled; nothing was sent.
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: No promotion is under way.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        seen = await self._seen(even_if_superseded=even_if_superseded)
        await _cancelling.signal(
            self._resource,
            self.environment_name,
            "resume the promotion",
            seen=seen,
            token=self.token,
        )

    async def force_roll_forward(self, *, even_if_superseded: bool = False) -> None:
        """Finish it at once: see `ModelEnvironmentHandle.force_roll_forward_promotion`.

        Baseten would act on whatever promotion is under way: this is checked first, as by `cancel`.
        Cancelling this coroutine does not take back a request that is on its way.

        Args:
            even_if_superseded: Whether to do it even if somebody else has promoted since.

        Raises:
            PromotionSupersededError: Another deployment was promoted since, or the same one again;
                nothing was sent.
            RequestNotActedOnError: Baseten answered that it did not.
            BadRequestError: No promotion is under way.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        await self._checked(even_if_superseded=even_if_superseded)
        await self._environment.force_roll_forward_promotion()

    async def rollback(self, *, even_if_superseded: bool = False) -> ModelPromotion:
        """Promote the previous deployment back into the environment.

        Returns a new promotion to wait for, as soon as Baseten has accepted it. Nothing is sent if
        the previous deployment still serves, or is already being promoted back.
        This undoes the promotion. If its release had been promoted before, the previous deployment
        is of the same release: `ModelEnvironmentHandle.rollback` goes further back.

        Reads the environment and the audit log first: a log that fails is read again for half a
        minute, and a newer promotion in it must be a minute old to be believed.
        If this promotion was seen live, looks that show the time before are out of date, unless the
        log shows a newer one: the environment is read again until 70 seconds after it was seen so.

        Cancelling this coroutine does not take back a request that is on its way.

        Args:
            even_if_superseded: Whether to do it even if somebody else has promoted since.

        Raises:
            RollbackImpossibleError: The previous deployment is not known, there was none, or it
                was the same one; nothing was sent.
            PromotionSupersededError: Another deployment was promoted since, or the same one again;
                nothing was sent.
            PromotionInProgressError: A promotion to the environment is under way; nothing was sent.
            PromotionOutcomeUnknownError: As for `ModelEnvironmentHandle.promote`.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        self._check_served_before()
        resource, environment = self._resource, self.environment_name
        started = await _rolling_back.roll_back(
            resource,
            self._ours,
            partial(_promote_again, resource.id, environment),
            even_if_superseded=even_if_superseded,
        )
        return ModelPromotion(
            resource=resource,
            environment_name=environment,
            deployment_id=started.deployment_id,
            deployment=started.deployment,
            baseline=started.baseline,
            since=started.since,
            was_adopted=started.was_adopted,
        )

    async def _seen(self, *, even_if_superseded: bool) -> EnvironmentReading | None:
        """The environment, unless somebody else has promoted since; ``None`` if nobody minds."""
        boolean("even_if_superseded", even_if_superseded)
        if even_if_superseded:
            return None
        return (await _rolling_back.check_still_ours(self._resource, self._ours)).reading

    async def _checked(self, *, even_if_superseded: bool) -> CancelTarget:
        """What a verb acts on: this promotion, unless somebody else has promoted since."""
        seen = await self._seen(even_if_superseded=even_if_superseded)
        is_ours = seen is not None and seen.candidate_id == self.deployment_id
        was_seen = seen is None or (seen.shows_promotion and is_ours)
        return _cancelling.Target(
            self.environment_name,
            self.deployment_id,
            self.previous_id,
            was_seen=was_seen,
            known_at=self._known_at,
        )

    async def _cancel_once(self, *, is_forced: bool) -> Cancellation:
        """Cancel it, and leave it to the caller to read back what became of it."""
        target = await self._checked(even_if_superseded=False)
        return await _cancelling.send(self._resource, target, is_forced=is_forced)

    @property
    def _ours(self) -> Ours:
        return _rolling_back.Ours(
            environment=self.environment_name,
            deployment_id=self.deployment_id,
            baseline=self._baseline,
            token=self.token,
            since=self._since,
            began_by=self._began_by,
            known_at=self._known_at,
            was_adopted=self._was_adopted,
        )

    @property
    def _environment(self) -> ModelEnvironmentHandle:
        return ModelEnvironmentHandle(self._resource, self.environment_name)


def _promote_again(model_id: str, environment: str, deployment_id: str) -> Operation[Deployment]:
    """Promote a deployment that served before: Baseten decides everything else."""
    return promote_model(
        model_id,
        environment,
        deployment_id,
        scale_down_previous_deployment=None,
        preserve_env_instance_type=None,
        environment_settings_update=None,
        promotion_settings_override=None,
    )
