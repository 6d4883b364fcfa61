"""Chains: handles that hold ids, and do no I/O until a coroutine is awaited."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Unpack, cast, overload

from attrs import define, frozen

from . import _waiting
from ._arguments import Duration, instance, path_argument, time_limit
from ._first_use import on_first_use
from ._operations import (
    audit,
    create_environment_of_chain,
    deactivate_chain,
    get_one_chain,
    lines,
    promote_chain,
    update_chainlets,
    update_environment_of_chain,
)
from ._resource import Resource
from ._sending import Operation
from .deployment import DeploymentHandle
from .environment import EnvironmentHandle
from .errors import RequestNotActedOnError
from .options import (
    DEFAULT_TIMEOUT_S,
    BeforeSending,
    DeploymentOptions,
    IfInProgress,
    WaitOptions,
    wait_options,
)
from .promotion import Promotion, Waiting

if TYPE_CHECKING:
    from . import (
        _configuring,
        _guarding,
        _identifying,
        _moving,
        _planning,
        _promoting,
        _rolling_back,
        _taking_back,
        events,
        settings,
    )
    from . import guard as guards
    from ._rolling_back import Ours
    from ._waiting import GuardMemory
    from .audit import AuditEntries, AuditOptions
    from .events import EventStream
    from .guard import Guard
    from .logs import LogOptions, LogStream
    from .plans import Plan
    from .readings import EnvironmentReading
    from .schemas import Chain, ChainDeployment, ChainEnvironment, Log
    from .settings import (
        AutoscalingSettingsDict,
        ChainletSettingsDict,
        ChainPromotionSettingsDict,
        EnsuredEnvironment,
    )
else:
    _configuring = on_first_use("._configuring")
    _guarding = on_first_use("._guarding")
    _identifying = on_first_use("._identifying")
    _moving = on_first_use("._moving")
    _planning = on_first_use("._planning")
    _promoting = on_first_use("._promoting")
    _rolling_back = on_first_use("._rolling_back")
    _taking_back = on_first_use("._taking_back")
    events = on_first_use(".events")
    settings = on_first_use(".settings")
    guards = on_first_use(".guard")


@frozen(repr=False)
class ChainHandle:
    """A chain, by its id. Making one does no I/O; equal ids make equal handles."""

    _resource: Resource[ChainDeployment, ChainEnvironment]

    def __repr__(self) -> str:
        return f"ChainHandle(id={self.id!r})"

    @property
    def id(self) -> str:
        """The chain's id."""
        return self._resource.id

    def environment(self, name: str) -> ChainEnvironmentHandle:
        """One of its environments. No I/O.

        Raises:
            ConfigurationError: *name* cannot be a name.
        """
        return ChainEnvironmentHandle(self._resource, name)

    def deployment(self, deployment_id: str) -> ChainDeploymentHandle:
        """One of its deployments. No I/O.

        Raises:
            ConfigurationError: *deployment_id* cannot be an id.
        """
        return ChainDeploymentHandle(self._resource, deployment_id)

    async def get(self) -> Chain:
        """The chain as it is now. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such chain.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        return await self._resource.sender.send(get_one_chain(self.id))

    async def identify_deployment(
        self, word: str, *, environment: str | None = None
    ) -> ChainDeploymentHandle:
        """The deployment that a name, an id or another word from a user means.

        Deployments of chains have no names. An id sends nothing, the other words one request.

        ``latest`` is refused if that deployment belongs to an environment: a promotion may have
        made it from an older one, and chains do not show that. Baseten may hide a new deployment
        for some seconds: right after a push, use the id that the push printed. Cancelling this
        changes nothing at Baseten.

        Args:
            word: Its id, with or without ``id:`` before it; ``latest`` for the newest one; or
                ``current:staging`` for the one that serves in an environment.
            environment: The environment that the word ``current`` alone means.

        Raises:
            NameNotFoundError: The chain has no deployment, or nothing serves there.
            AmbiguousNameError: ``latest`` may be another one than it seems. None is chosen.
            NotFoundError: There is no such chain or environment.
            ConfigurationError: An argument is no string, or cannot be an id or a name.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        return self.deployment(
            await _identifying.identify_deployment(self._resource, word, environment)
        )

    def audit(self, **options: Unpack[AuditOptions]) -> AuditEntries:
        """Its audit log: who changed what, the newest entry first.

        As `Baseten.audit`, for this chain alone.

        Args:
            options: As for `Baseten.audit`.

        Raises:
            ConfigurationError: An option is invalid; at once, before any request.
        """
        return audit(self._resource.sender, options, ("chain", self.id))

    async def list_deployments(self) -> list[ChainDeployment]:
        """All its deployments. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such chain.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        operation = self._resource.operations.list_deployments(self.id)
        return await self._resource.sender.send(operation)

    async def list_environments(self) -> list[ChainEnvironment]:
        """All its environments. Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such chain.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        operation = self._resource.operations.list_environments(self.id)
        return await self._resource.sender.send(operation)

    async def read_environments(self) -> list[EnvironmentReading]:
        """All its environments as a wait sees them, but without chainlets.

        Baseten declares this list with the schema of models, whose deployments have no chainlets.
        Cancelling this changes nothing at Baseten.

        Raises:
            NotFoundError: There is no such chain.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        return await self._resource.read_environments()

    async def create_environment(
        self,
        name: str,
        *,
        promotion_settings: ChainPromotionSettingsDict | None = None,
        chainlet_settings: Mapping[str, ChainletSettingsDict] | None = None,
    ) -> ChainEnvironment:
        """Create an environment. Settings that are not given are Baseten's defaults.

        Cancelling this coroutine does not undo a request that was already sent.

        Args:
            name: Its name.
            promotion_settings: How promotions go: see `ChainPromotionSettingsDict`.
            chainlet_settings: By the name of the chainlet: see `ChainletSettingsDict`.

        Returns:
            The environment, as Baseten answered.

        Raises:
            ConfigurationError: The name or a setting is invalid; nothing was sent.
            BadRequestError: Baseten refuses it, for example because it exists.
            NotFoundError: There is no such chain.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        path_argument("name", name)
        wanted = settings.chain_settings(promotion_settings, chainlet_settings)
        return await self._resource.sender.send(create_environment_of_chain(self.id, name, wanted))

    async def ensure_environment(
        self,
        name: str,
        *,
        promotion_settings: ChainPromotionSettingsDict | None = None,
        chainlet_settings: Mapping[str, ChainletSettingsDict] | None = None,
    ) -> EnsuredEnvironment[ChainEnvironment]:
        """Create an environment if it does not exist, else tell in which settings it differs.

        An environment that exists is not changed: `ChainEnvironmentHandle.update` does that. Safe
        to call twice, also at the same time. Cancelling this coroutine does not undo a request that
        was already sent.

        Args:
            name: Its name.
            promotion_settings: As for `create_environment`.
            chainlet_settings: As for `create_environment`.

        Raises:
            ConfigurationError: The name or a setting is invalid; nothing was sent.
            NotFoundError: There is no such chain.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        path_argument("name", name)
        wanted = settings.chain_settings(promotion_settings, chainlet_settings)
        create = create_environment_of_chain(self.id, name, wanted)
        return await _configuring.ensure(self._resource, name, wanted, create)


@frozen(repr=False)
class ChainDeploymentHandle(DeploymentHandle["ChainDeployment", "ChainEnvironment"]):
    """A deployment of a chain, by its ids."""

    @property
    def chain_id(self) -> str:
        """The chain's id."""
        return self._resource.id

    def events(self, **options: Unpack[DeploymentOptions]) -> EventStream:
        """The events until the deployment is ACTIVE, as they are seen.

        The same wait as `wait_until_active`: status changes of the deployment and of each chainlet,
        looks that failed, and at last `Finished`. After that the stream ends, or raises what
        `wait_until_active` raises. Leaving the loop stops the wait if it stands in an ``async
        with`` block: see `EventStream`.

        Args:
            options: As for `wait_until_active`.

        Raises:
            ConfigurationError: An option is invalid; at once, before any look.
        """
        return events.EventStream(self._wait(wait_options(options, DeploymentOptions)).events())

    async def wait_until_active(self, **options: Unpack[DeploymentOptions]) -> ChainDeployment:
        """Wait until the deployment and every one of its chainlets is ACTIVE.

        This does not show whether traffic reaches it: for a promotion, wait for the promotion. A
        look that fails in a way that may pass (429, 5xx, a timeout, a reset) does not end the wait.

        Cancelling this coroutine stops the wait, never the deployment; nothing is left running.

        Args:
            options: ``timeout``, ``settling_time``, ``unhealthy_grace``, ``accept_scaled_to_zero``
                and ``log_lines``: see `aiobaseten.WaitOptions`.

        Returns:
            The deployment, as last read.

        Raises:
            DeploymentFailedError: It failed or was stopped; names the chainlets that did.
            WaitTimeoutError: Time ran out. Baseten keeps working on it.
            APIError: The server refuses to show it (401, 403 and the like; 404 after 30 s).
            ConfigurationError: An option is invalid, or the client was closed.
        """
        wait = self._wait(wait_options(options, DeploymentOptions))
        del options  # as for a model
        try:
            await wait.news()
            return cast("ChainDeployment", await wait.result())
        finally:
            wait.leave()

    async def deactivate(self) -> None:
        """Turn the deployment off: it no longer serves and costs nothing.

        Baseten has no request that turns a chain's deployment on again. Cancelling this
        coroutine does not undo a request that was already sent.

        Raises:
            NotFoundError: There is no such deployment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        await self._resource.sender.send(deactivate_chain(self.chain_id, self.id))

    @overload
    def logs(
        self, chainlet_id: str, *, follow: Literal[False] = False, **options: Unpack[LogOptions]
    ) -> Coroutine[Any, Any, list[Log]]: ...
    @overload
    def logs(
        self, chainlet_id: str, *, follow: Literal[True], **options: Unpack[LogOptions]
    ) -> LogStream: ...
    def logs(
        self, chainlet_id: str, *, follow: bool = False, **options: Unpack[LogOptions]
    ) -> Coroutine[Any, Any, list[Log]] | LogStream:
        """The last lines of the log of one chainlet, oldest first.

        Cancelling this changes nothing at Baseten.

        Args:
            chainlet_id: The chainlet's id, which is not its name: see `get`.
            follow: As for `ModelDeploymentHandle.logs`.
            options: As for `ModelDeploymentHandle.logs`.

        Returns:
            As `ModelDeploymentHandle.logs`.

        Raises:
            ConfigurationError: An argument is wrong; at once, before any request.
            NotFoundError: There is no such deployment or chainlet.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        path_argument("chainlet_id", chainlet_id)
        read = partial(self._resource.operations.get_log, self.chain_id, self.id, chainlet_id)
        return lines(self._resource.sender, read, follow=follow, options=options)


@frozen(repr=False)
class ChainEnvironmentHandle(EnvironmentHandle["ChainDeployment", "ChainEnvironment"]):
    """An environment of a chain, by its ids."""

    @property
    def chain_id(self) -> str:
        """The chain's id."""
        return self._resource.id

    async def update(
        self,
        *,
        promotion_settings: ChainPromotionSettingsDict | None = None,
        chainlet_autoscaling: Mapping[str, AutoscalingSettingsDict] | None = None,
        timeout: Duration | None = DEFAULT_TIMEOUT_S,
    ) -> ChainEnvironment:
        """Change settings, and wait until the environment shows them.

        Only the settings that are given change. Those of promotions and those of chainlets are two
        requests, one after the other: if the second fails, the first has been made. Safe to call
        twice. For the instance types of chainlets, see `update_instance_types`.

        Cancelling this coroutine stops the wait, and does not undo a request that was already sent;
        nothing is left running.

        Args:
            promotion_settings: How promotions go: see `ChainPromotionSettingsDict`.
            chainlet_autoscaling: How many replicas run, by the name of the chainlet: see
                `AutoscalingSettingsDict`.
            timeout: Seconds or a `timedelta` to keep looking; ``None`` for no limit; ``0`` looks
                exactly once.

        Returns:
            The environment, as last read.

        Raises:
            ConfigurationError: A setting is invalid, or there is none; nothing was sent.
            RequestNotActedOnError: Baseten answered that it did not.
            WaitTimeoutError: Time ran out, and the environment does not show the change; the
                message says in which settings. Baseten keeps working on it.
            BadRequestError: Baseten refuses it, for example because there is no such chainlet.
            NotFoundError: There is no such chain or environment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        limit = time_limit("timeout", timeout)
        wanted = settings.chain_settings(
            promotion_settings, settings.autoscaling_of_chainlets(chainlet_autoscaling)
        )
        settings.at_least_one(wanted)
        send, where, answer = self._resource.sender.send, (self.chain_id, self.name), None
        for_promotions = {key: wanted[key] for key in wanted if key != "chainlet_settings"}
        if for_promotions:
            done = await send(update_environment_of_chain(*where, for_promotions))
            if done is not True:
                raise RequestNotActedOnError("change the settings", "")
        if "chainlet_settings" in wanted:
            answer = await send(update_chainlets(*where, wanted["chainlet_settings"]))
        return await _configuring.wait_until_shown(
            self._resource, self.name, wanted, limit, answer=answer
        )

    async def update_instance_types(
        self, instance_types: Mapping[str, str]
    ) -> ChainPromotion | None:
        """Run chainlets on other instance types, which may start a promotion.

        If a chainlet has to move, Baseten makes a new deployment of the chain and promotes it to
        this environment, by the environment's promotion settings. So this reads the environment
        first, and sends one request, which is not repeated.

        Cancelling this coroutine does not take back a request that is on its way.

        Args:
            instance_types: The ids of instance types, such as ``"2x8"``, by the names of the
                chainlets. The other chainlets stay as they are.

        Returns:
            The promotion to wait for; ``None`` if Baseten changed the settings without one, for
            example because nothing serves here.

        Raises:
            ConfigurationError: *instance_types* is invalid or empty; nothing was sent.
            PromotionInProgressError: A promotion is under way; yours has not begun.
            PromotionOutcomeUnknownError: The answer was lost, and the environment does not tell
                whether a promotion began. It was not sent again.
            BadRequestError: Baseten refuses it, for example because there is no such chainlet.
            NotFoundError: There is no such chain or environment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        wanted = settings.instance_types(instance_types)
        started = await _moving.move_chainlets(self._resource, self.name, wanted)
        if started is None:
            return None
        return ChainPromotion(
            resource=self._resource,
            environment_name=self.name,
            deployment_id=started.deployment_id,
            deployment=started.deployment,
            baseline=started.baseline,
            since=started.since,
        )

    async def promote(
        self,
        deployment_id: str,
        *,
        scale_down_previous_deployment: bool | None = None,
        if_in_progress: IfInProgress = "raise",
        in_progress_timeout: Duration | None = DEFAULT_TIMEOUT_S,
        before_sending: BeforeSending | None = None,
        guard: Guard | None = None,
    ) -> ChainPromotion:
        """Start promoting a deployment of the chain to this environment.

        Reads the environment first, so that the promotion knows which deployment served before,
        then sends one request to promote. Returns as soon as Baseten has accepted it:
        `ChainPromotion.wait` waits until it is live. Chains cannot cancel or pause a promotion.

        Cancelling this coroutine does not take back a request that is on its way.

        Args:
            deployment_id: The deployment to promote.
            scale_down_previous_deployment: Whether to scale down the previous deployment; with
                ``None`` Baseten decides (its default: true).
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
            guard: Asks checks of yours right before the request is sent, and again once it is live;
                takes it back by promoting the previous deployment. Chains have no metrics, no steps
                and no cancel. See `aiobaseten.guard`.

        Raises:
            GuardError: A check of the guard does not pass, or has no answer; nothing was sent.
            ConfigurationError: An argument is invalid, or the guard cannot work; nothing was sent.
            PromotionInProgressError: A promotion is under way, or did not end in time; yours has
                not begun.
            PromotionOutcomeUnknownError: The answer was lost, and neither the audit log nor the
                environment tells whether the promotion began. It was not sent again.
            NotFoundError: There is no such chain, environment or deployment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        memory = check = None
        if guard is not None:
            instance("guard", guard, guards.Guard)
            _guarding.check_for_chain(guard)
            memory = _waiting.GuardMemory(guard, 0.0)
            check = self._asks_first(memory)
        operation = promote_chain(
            self.chain_id,
            self.name,
            deployment_id,
            scale_down_previous_deployment=scale_down_previous_deployment,
        )
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
        return ChainPromotion(
            resource=self._resource,
            environment_name=self.name,
            deployment_id=started.deployment_id,
            deployment=started.deployment,
            baseline=started.baseline,
            since=started.since,
            memory=memory,
            was_adopted=started.was_adopted,
        )

    async def plan(
        self,
        deployment_id: str,
        *,
        scale_down_previous_deployment: bool | None = None,
        if_in_progress: IfInProgress = "raise",
        guard: Guard | None = None,
    ) -> Plan:
        """What `promote` with the same arguments would do now, and possible problems.

        Sends nothing that changes anything. Reads the environment, the deployment, the name of the
        chain and the user of the key; the last two may be missing if Baseten does not tell soon.
        Things may change before the promotion begins. Cancelling this changes nothing at Baseten.

        Args:
            deployment_id: The deployment to promote.
            scale_down_previous_deployment: As for `promote`.
            if_in_progress: As for `promote`: it decides whether a promotion that is under way
                blocks this one.
            guard: As for `promote`. It is only checked.

        Raises:
            ConfigurationError: An argument is invalid, or the guard cannot work for a chain.
            NotFoundError: There is no such chain, environment or deployment.
            BasetenError: A request failed in another way; see `aiobaseten.errors`.
        """
        if guard is not None:
            instance("guard", guard, guards.Guard)
            _guarding.check_for_chain(guard)
        return await _planning.plan(
            self._resource,
            self.name,
            deployment_id,
            promote_chain(
                self.chain_id,
                self.name,
                deployment_id,
                scale_down_previous_deployment=scale_down_previous_deployment,
            ),
            get_one_chain(self.chain_id),
            if_in_progress=if_in_progress,
            guard=guard,
        )

    def _asks_first(self, memory: GuardMemory) -> BeforeSending:
        """The checks of a guard, which must pass first."""

        async def ask(token: str) -> None:
            label = self._resource.environment_label(self.name)
            await _guarding.check_before(self._resource, memory, token, label)

        return ask

    async def rollback(self, *, before_sending: BeforeSending | None = None) -> ChainPromotion:
        """Promote the deployment that served before the current one.

        For a promotion that this program did not start; `ChainPromotion.rollback` knows better what
        served before. Returns a new promotion to wait for, as soon as Baseten has accepted it; its
        ``previous_id`` is the deployment that served until now. The logger ``aiobaseten`` says at
        INFO which deployment is promoted, and how it was found. After a rollback, the deployment
        that was rolled back is the one that served before.

        The audit log tells what served before: the newest promotion before that of the current
        deployment. Promotions that were cancelled and deployments that have failed do not count;
        neither do others of the same release: the deployment from which Baseten made the current
        one, and others made from it. If the names in the log do not tell, nothing is sent.
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
            NotFoundError: There is no such chain or environment.
            BasetenError: The request failed in another way; see `aiobaseten.errors`.
        """
        started = await _rolling_back.roll_environment_back(
            self._resource,
            self.name,
            partial(_promote_again, self.chain_id, self.name),
            before_sending=before_sending,
        )
        return ChainPromotion(
            resource=self._resource,
            environment_name=self.name,
            deployment_id=started.deployment_id,
            deployment=started.deployment,
            baseline=started.baseline,
            since=started.since,
        )


@define(eq=False, kw_only=True, repr=False)
class ChainPromotion(Promotion["ChainDeployment", "ChainEnvironment"]):
    """A promotion of a chain's deployment. Chains cannot cancel or pause one."""

    def _wait(self, options: WaitOptions) -> Waiting:
        if self._memory is None:
            return super()._wait(options)
        return _guarding.GuardedWait(
            resource=self._resource,
            tracker=_guarding.guard_tracker(
                self._tracker(options),
                self._memory,
                self._resource.sender.clock.now(),
                has_steps=False,
            ),
            look=self._look(),
            timeout=options.timeout,
            actions=self._actions(options),
            memory=self._memory,
            ours=self._ours,
            verbs=_taking_back.Verbs(rollback=self.rollback),
        )

    async def rollback(self, *, even_if_superseded: bool = False) -> ChainPromotion:
        """Promote the previous deployment back into the environment.

        Returns a new promotion to wait for, as soon as Baseten has accepted it. Nothing is sent if
        the previous deployment still serves, or is already being promoted back.
        This undoes the promotion. If its release had been promoted before, the previous deployment
        is of the same release: `ChainEnvironmentHandle.rollback` goes further back.

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
            PromotionOutcomeUnknownError: As for `ChainEnvironmentHandle.promote`.
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
        return ChainPromotion(
            resource=resource,
            environment_name=environment,
            deployment_id=started.deployment_id,
            deployment=started.deployment,
            baseline=started.baseline,
            since=started.since,
            was_adopted=started.was_adopted,
        )

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


def _promote_again(
    chain_id: str, environment: str, deployment_id: str
) -> Operation[ChainDeployment]:
    """Promote a deployment that served before: Baseten decides everything else."""
    return promote_chain(chain_id, environment, deployment_id, scale_down_previous_deployment=None)
