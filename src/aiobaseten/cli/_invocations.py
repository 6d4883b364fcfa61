"""The arguments of each command, as typed, frozen objects."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeAlias

from attrs import Factory, frozen

from .. import Guard, Token
from ..metrics import MetricsMode
from ..options import (
    CancellationOptions,
    DeploymentOptions,
    ModelDeploymentOptions,
    PromotionOptions,
)

Kind: TypeAlias = Literal["chain", "model"]
#: What to do with an environment.
EnvironmentVerb: TypeAlias = Literal["create", "update", "delete"]
#: The flag that takes a promotion back after a failure.
ROLLBACK_ON_FAILURE = "--rollback-on-failure"
#: How to show progress and results; ``auto`` depends on where the output goes.
Output: TypeAlias = Literal["auto", "json", "lines", "quiet"]


@frozen
class Default:
    """What stands for something that the user left out.

    Attributes:
        name: For what, as a file of settings calls it.
        text: The value.
        source: Where it comes from: the name of a variable, or the path of a file.
    """

    name: str
    text: str
    source: str

    @property
    def is_variable(self) -> bool:
        """Whether it comes from an environment variable."""
        return self.source.startswith("BASETEN_")


@frozen
class ResourceWord:
    """A chain or a model, as the user wrote it: still a name or an id.

    Attributes:
        kind: Which of the two.
        text: The word.
        team: The name of the team that it must belong to, or ``None``.
    """

    kind: Kind
    text: str
    team: str | None = None


@frozen
class EnvironmentWord:
    """An environment of a chain or a model, as the user wrote it.

    Attributes:
        resource: The chain or the model.
        name: Its name.
    """

    resource: ResourceWord
    name: str


@frozen
class ResourceRef:
    """A chain or a model that was looked up.

    Attributes:
        kind: Which of the two.
        id: Its id.
        word: The word that means it in a command.
    """

    kind: Kind
    id: str
    word: str = Factory(lambda self: self.id, takes_self=True)

    def __str__(self) -> str:
        if self.word in (self.id, f"id:{self.id}"):
            return f"{self.kind} {self.id}"
        return f"{self.kind} {self.word} ({self.id})"


@frozen
class EnvironmentRef:
    """An environment of a chain or a model, by its name."""

    resource: ResourceRef
    name: str

    def __str__(self) -> str:
        return f"{self.name} of {self.resource}"


@frozen
class SavedToken:
    """A token that the user passed.

    Attributes:
        text: The token, unchanged.
        content: Its content.
    """

    text: str
    content: Token

    @property
    def resource(self) -> ResourceRef:
        """The chain or the model; only models have cancellations."""
        kind: Kind = "chain" if self.content.kind == "chain promotion" else "model"
        resource_id = self.content.resource_id
        return ResourceRef(kind, resource_id, f"id:{resource_id}")


@frozen(kw_only=True)
class Guarding:
    """The guard of a promotion.

    Attributes:
        guard: The guard; ``None`` goes on without the one that the promotion had.
        words: Its flags, to repeat them in another command.
    """

    guard: Guard | None
    words: Sequence[str]


@frozen(kw_only=True)
class Access:
    """How to reach Baseten.

    Attributes:
        api_key_file: The file with the API key, ``-`` for standard input. ``None`` means the
            variable BASETEN_API_KEY.
        base_url: The address of the API, or ``None`` for the default.
    """

    api_key_file: str | None = None
    base_url: str | None = None

    def command(self, *words: str) -> str:
        """A command with the same access, to copy into a shell."""
        parts = ["aiobaseten", *words]
        if self.base_url is not None:
            parts += ["--base-url", self.base_url]
        if self.api_key_file not in (None, "-"):
            parts += ["--api-key-file", str(self.api_key_file)]
        return shlex.join(parts)


@frozen(kw_only=True)
class Invocation:
    """One use of the command line.

    Attributes:
        access: How to reach Baseten.
        output: How to show progress and results.
        defaults: What stands for words and options that the user left out.
        notify: The address to which each transition is posted, if any.
    """

    #: The name of the command.
    name: ClassVar[str]
    #: Whether it changes something at Baseten.
    writes: ClassVar[bool] = False

    access: Access = Access()
    output: Output = "auto"
    defaults: Sequence[Default] = ()
    notify: str | None = None

    @property
    def waits(self) -> bool:
        """Whether it waits for something to happen at Baseten."""
        return False


@frozen(kw_only=True)
class WaitingInvocation(Invocation):
    """A command that waits, or that can wait.

    Attributes:
        wait: Whether to wait.
        wait_options: The options of the wait that the user passed, by their names in
            `aiobaseten.WaitOptions`. They reach ``events(**options)`` as this one mapping.
        cancel_on_timeout: Whether to cancel the promotion when the wait times out.
        cancel_on_interrupt: Whether to cancel the promotion on Ctrl-C or SIGTERM.
    """

    #: The waits that it may start, by their options.
    takes: ClassVar[tuple[type[CancellationOptions], ...]]

    wait: bool = True
    wait_options: Mapping[str, Any] = {}
    cancel_on_timeout: bool = False
    cancel_on_interrupt: bool = False

    @property
    def waits(self) -> bool:
        """Whether it waits for something to happen at Baseten."""
        return self.wait


@frozen(kw_only=True)
class Promote(WaitingInvocation):
    """``promote``.

    Attributes:
        environment: The environment to promote to.
        deployment: The deployment, as the user wrote it.
        options: Options of ``environment.promote``, as one mapping.
        guarding: The guard, if the user asked for one.
        rollback_on_failure: Whether to take the promotion back if the wait for it fails.
    """

    name = "promote"
    writes = True
    takes = (PromotionOptions,)

    environment: EnvironmentWord
    deployment: str
    options: Mapping[str, Any] = {}
    guarding: Guarding | None = None
    rollback_on_failure: bool = False


@frozen(kw_only=True)
class PlanPromotion(Invocation):
    """``plan``, and ``promote --plan``.

    Attributes:
        environment: The environment to promote to.
        deployment: The deployment, as the user wrote it.
        options: Options of ``environment.plan``, as one mapping.
        guarding: The guard, if the user asked for one.
    """

    name = "plan"

    environment: EnvironmentWord
    deployment: str
    options: Mapping[str, Any] = {}
    guarding: Guarding | None = None


@frozen(kw_only=True)
class WaitForToken(WaitingInvocation):
    """``wait TOKEN``.

    Attributes:
        token: The token.
        guarding: The guard, if the user said something about it.
        rollback_on_failure: Whether to take the promotion back if the wait for it fails.
    """

    name = "wait"
    takes = (PromotionOptions, CancellationOptions)

    token: SavedToken
    guarding: Guarding | None = None
    rollback_on_failure: bool = False


@frozen(kw_only=True)
class WaitForDeployment(WaitingInvocation):
    """``wait`` with a deployment.

    Attributes:
        resource: The chain or the model.
        deployment: The deployment, as the user wrote it.
        environment: The environment that ``current`` alone means.
    """

    name = "wait"
    takes = (DeploymentOptions, ModelDeploymentOptions)

    resource: ResourceWord
    deployment: str
    environment: str | None = None


@frozen(kw_only=True)
class Status(Invocation):
    """``status``.

    Attributes:
        environment: The environment.
        watch: Whether to go on, and show each change.
    """

    name = "status"

    environment: EnvironmentWord
    watch: bool = False

    @property
    def waits(self) -> bool:
        """Whether it goes on until a signal."""
        return self.watch


@frozen(kw_only=True)
class History(Invocation):
    """``history``.

    Attributes:
        environment: The environment.
        limit: How many releases at most.
    """

    name = "history"

    environment: EnvironmentWord
    limit: int


@frozen(kw_only=True)
class Logs(Invocation):
    """``logs``.

    Attributes:
        resource: The chain or the model.
        where: The deployment or the environment, as the user wrote it.
        environment: The environment that ``current`` alone means.
        follow: Whether to go on with new lines.
        chainlet: The name of the chainlet; ``None`` for all.
        options: Options of ``logs``, as one mapping; a `timedelta` is a time before now.
    """

    name = "logs"

    resource: ResourceWord
    where: str
    environment: str | None = None
    follow: bool = False
    chainlet: str | None = None
    options: Mapping[str, Any] = {}


#: The flags for the window of metrics, and its options.
TIME_FLAGS = {"--window": "window", "--since": "start", "--until": "end"}


@frozen(kw_only=True)
class ShowMetrics(Invocation):
    """``metrics``.

    Attributes:
        resource: The model.
        where: The deployment or the environment, as the user wrote it.
        environment: The environment that ``current`` alone means.
        names: The names of the metrics; none for the default ones.
        mode: One value for the window, a series, or a snapshot.
        options: Options of ``metrics``, as one mapping; a `timedelta` is a time before now.
    """

    name = "metrics"

    resource: ResourceWord
    where: str
    environment: str | None = None
    names: Sequence[str] = ()
    mode: MetricsMode = "SUMMARY"
    options: Mapping[str, Any] = {}


@frozen(kw_only=True)
class List(Invocation):
    """``list``.

    Attributes:
        kinds: What to list if there is no resource: chains, models or both.
        resource: The chain or the model whose contents to list.
    """

    name = "list"

    kinds: Sequence[Kind]
    resource: ResourceWord | None = None


@frozen(kw_only=True)
class Pause(Invocation):
    """``pause``."""

    name = "pause"
    writes = True

    promotion: SavedToken | EnvironmentWord


@frozen(kw_only=True)
class Resume(Invocation):
    """``resume``."""

    name = "resume"
    writes = True

    promotion: SavedToken | EnvironmentWord


@frozen(kw_only=True)
class RollForward(Invocation):
    """``roll-forward``."""

    name = "roll-forward"
    writes = True

    promotion: SavedToken | EnvironmentWord


@frozen(kw_only=True)
class Cancel(WaitingInvocation):
    """``cancel``.

    Attributes:
        promotion: The promotion to cancel.
        force: Whether to move all traffic back immediately.
    """

    name = "cancel"
    writes = True
    takes = (CancellationOptions,)

    promotion: SavedToken | EnvironmentWord
    force: bool = False


@frozen(kw_only=True)
class Rollback(WaitingInvocation):
    """``rollback``.

    Attributes:
        promotion: The promotion to roll back, or the environment, whatever was promoted to it.
    """

    name = "rollback"
    writes = True
    takes = (PromotionOptions,)

    promotion: SavedToken | EnvironmentWord


@frozen(kw_only=True)
class ChangeEnvironment(Invocation):
    """``environments``.

    Attributes:
        verb: What to do.
        environment: The environment.
        arguments: Settings, as the arguments of ``create_environment`` or ``update``.
        options: Options of ``update``, as one mapping.
    """

    name = "environments"
    writes = True

    verb: EnvironmentVerb
    environment: EnvironmentWord
    arguments: Mapping[str, Any] = {}
    options: Mapping[str, Any] = {}


@frozen(kw_only=True)
class Target:
    """One of several targets of a command.

    Attributes:
        label: What the user wrote, such as ``model:ranker@v2``; for a token, what it is of.
        command: The command for this target alone.
    """

    label: str
    command: Promote | WaitForToken | WaitForDeployment


@frozen(kw_only=True)
class PromoteSeveral(Invocation):
    """``promote`` with several targets.

    Attributes:
        targets: The targets, in the order in which they begin. Their commands are `Promote`.
        wait: Whether to wait.
        fail_fast: Whether the first failure ends all waits.
        wave: How many begin at the same time; ``None`` means all.
        between: Seconds between the end of a wave and the beginning of the next.
        token_file: The file that remembers what has begun and what is finished, if any.
    """

    name = "promote"
    writes = True

    targets: Sequence[Target]
    wait: bool = False
    fail_fast: bool = False
    wave: int | None = None
    between: float = 0.0
    token_file: str | None = None

    @property
    def waits(self) -> bool:
        """Whether it waits for something to happen at Baseten."""
        return self.wait


@frozen(kw_only=True)
class WaitForSeveral(Invocation):
    """``wait`` with several targets.

    Attributes:
        targets: The targets.
        fail_fast: Whether the first failure ends all waits.
    """

    name = "wait"

    targets: Sequence[Target]
    fail_fast: bool = False

    @property
    def waits(self) -> bool:
        """Whether it waits for something to happen at Baseten."""
        return True


Several: TypeAlias = PromoteSeveral | WaitForSeveral
Change: TypeAlias = Cancel | Pause | Resume | RollForward
Command: TypeAlias = (
    Promote
    | Several
    | PlanPromotion
    | WaitForToken
    | WaitForDeployment
    | Status
    | History
    | Logs
    | ShowMetrics
    | List
    | Rollback
    | Change
    | ChangeEnvironment
)
