"""The grammar of each command: its arguments, and how they become typed objects."""

from __future__ import annotations

from argparse import SUPPRESS as NOT_GIVEN
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from ..options import DEFAULT_TIMEOUT_S
from ._durations import format_duration, parse_time_limit
from ._flags import StorePythonWord, choice
from ._invocations import (
    Cancel,
    Command,
    EnvironmentRef,
    List,
    Pause,
    Promote,
    Resume,
    Rollback,
    RollForward,
    SavedToken,
    Status,
    WaitForDeployment,
    WaitForToken,
)
from ._outcomes import Outcome
from ._shared_arguments import (
    KINDS,
    add_resource,
    add_running_promotion,
    add_settings,
    add_subject,
    add_waiting,
    read_given,
    read_resource,
    read_running_promotion,
    read_settings,
    read_subject,
    read_token,
    read_waiting,
)

_PROMOTE_OPTIONS = (
    "if_in_progress",
    "in_progress_timeout",
    "scale_down_previous_deployment",
    "preserve_env_instance_type",
)


@frozen(kw_only=True)
class Grammar:
    """How one command is written.

    Attributes:
        usage: The ways to call it, without its name.
        examples: Examples, without the program's name.
        add: Adds its arguments to a parser.
        read: Makes a typed object of parsed arguments. Raises `UsageError` for invalid ones.
    """

    usage: Sequence[str]
    examples: Sequence[str]
    add: Callable[[ArgumentParser], None]
    read: Callable[[Namespace], Command]

    def describe(self, parser: ArgumentParser) -> None:
        """Add the usage, the examples and the arguments to the parser of the command."""
        parser.usage = "\n       ".join(f"{parser.prog} {one}" for one in self.usage)
        parser.epilog = "examples:\n" + "\n".join(f"  aiobaseten {one}" for one in self.examples)
        add_settings(parser)
        self.add(parser)


def _add_promote(parser: ArgumentParser) -> None:
    add_resource(parser)
    parser.add_argument("deployment", metavar="DEPLOYMENT", help="the id of the deployment")
    parser.add_argument(
        "--to",
        required=True,
        metavar="ENVIRONMENT",
        dest="environment",
        help="the name of the environment, such as production",
    )
    parser.add_argument(
        "--if-in-progress",
        type=choice("fail", "adopt", "wait", "send"),
        metavar="{fail,adopt,wait,send}",
        action=StorePythonWord,
        default=NOT_GIVEN,
        help="if a promotion to the environment is already running: fail with exit status "
        f"{Outcome.REJECTED.exit_status}, adopt it if it promotes this deployment, wait for its "
        "end, or send anyway (default: fail)",
    )
    parser.add_argument(
        "--in-progress-timeout",
        type=parse_time_limit,
        default=NOT_GIVEN,
        metavar="DURATION",
        help="with --if-in-progress wait: maximum time to wait for the other promotion "
        f"(default: {format_duration(DEFAULT_TIMEOUT_S)})",
    )
    parser.add_argument(
        "--scale-down-previous-deployment",
        action=BooleanOptionalAction,
        default=NOT_GIVEN,
        help="whether to scale down the previous deployment (default: Baseten decides)",
    )
    parser.add_argument(
        "--preserve-env-instance-type",
        action=BooleanOptionalAction,
        default=NOT_GIVEN,
        help="whether the environment keeps its instance type (models; default: Baseten decides)",
    )
    add_waiting(parser, Promote, optional=True)


def _read_promote(parsed: Namespace) -> Promote:
    return Promote(
        environment=EnvironmentRef(read_resource(parsed), parsed.environment),
        deployment=parsed.deployment,
        options=read_given(parsed, _PROMOTE_OPTIONS),
        **read_waiting(parsed, wait=parsed.wait),
    )


def _add_wait(parser: ArgumentParser) -> None:
    add_subject(parser, "the token of a promotion or a cancellation", "chain|model ID DEPLOYMENT")
    add_waiting(parser, WaitForToken, WaitForDeployment, optional=False)


def _read_wait(parsed: Namespace) -> WaitForToken | WaitForDeployment:
    subject = read_subject(parsed.subject, KINDS, "deployment")
    if isinstance(subject, SavedToken):
        return WaitForToken(token=subject, **read_waiting(parsed, wait=True))
    resource, deployment = subject
    return WaitForDeployment(
        resource=resource, deployment=deployment, **read_waiting(parsed, wait=True)
    )


def _add_status(parser: ArgumentParser) -> None:
    add_resource(parser)
    parser.add_argument("environment", metavar="ENVIRONMENT", help="the name of the environment")


def _read_status(parsed: Namespace) -> Status:
    environment = EnvironmentRef(read_resource(parsed), parsed.environment)
    return Status(environment=environment, **read_settings(parsed))


def _read_list(parsed: Namespace) -> List:
    return List(resource=read_resource(parsed), **read_settings(parsed))


def _add_cancel(parser: ArgumentParser) -> None:
    add_running_promotion(parser)
    parser.add_argument(
        "--force", action="store_true", help="move all traffic back immediately, not in steps"
    )
    add_waiting(parser, Cancel, optional=True)


def _read_cancel(parsed: Namespace) -> Cancel:
    promotion = read_running_promotion(parsed)
    return Cancel(promotion=promotion, force=parsed.force, **read_waiting(parsed, wait=parsed.wait))


def _add_rollback(parser: ArgumentParser) -> None:
    parser.add_argument("token", metavar="TOKEN", help="the token of the promotion")
    add_waiting(parser, Rollback, optional=True)


def _read_rollback(parsed: Namespace) -> Rollback:
    return Rollback(token=read_token(parsed.token), **read_waiting(parsed, wait=parsed.wait))


def _signal(name: str, kind: type[Pause | Resume | RollForward]) -> Grammar:
    return Grammar(
        usage=("TOKEN [options]", "model MODEL ENVIRONMENT [options]"),
        examples=(f"{name} model MODEL production", f"{name} TOKEN"),
        add=add_running_promotion,
        read=lambda parsed: kind(promotion=read_running_promotion(parsed), **read_settings(parsed)),
    )


GRAMMARS: Mapping[str, Grammar] = {
    "promote": Grammar(
        usage=(
            "chain CHAIN DEPLOYMENT --to ENVIRONMENT [--wait] [options]",
            "model MODEL DEPLOYMENT --to ENVIRONMENT [--wait] [options]",
        ),
        examples=(
            "promote chain CHAIN DEPLOYMENT --to production --wait --timeout 45m",
            "promote model MODEL DEPLOYMENT --to production --wait --cancel-on-timeout",
            "promote chain CHAIN DEPLOYMENT --to production --if-in-progress wait --wait",
            "promote model MODEL DEPLOYMENT --to staging --quiet    prints the token",
        ),
        add=_add_promote,
        read=_read_promote,
    ),
    "wait": Grammar(
        usage=("TOKEN [options]", "chain|model ID DEPLOYMENT [options]"),
        examples=("wait TOKEN --timeout 20m", "wait model MODEL DEPLOYMENT --wake"),
        add=_add_wait,
        read=_read_wait,
    ),
    "status": Grammar(
        usage=("chain|model ID ENVIRONMENT [options]",),
        examples=("status chain CHAIN production", "status model MODEL production --json"),
        add=_add_status,
        read=_read_status,
    ),
    "list": Grammar(
        usage=("chain|model ID [options]",),
        examples=("list chain CHAIN", "list model MODEL --json"),
        add=add_resource,
        read=_read_list,
    ),
    "cancel": Grammar(
        usage=("TOKEN [--force] [--wait] [options]", "model MODEL ENVIRONMENT [options]"),
        examples=("cancel model MODEL production --wait", "cancel TOKEN --force"),
        add=_add_cancel,
        read=_read_cancel,
    ),
    "pause": _signal("pause", Pause),
    "resume": _signal("resume", Resume),
    "roll-forward": _signal("roll-forward", RollForward),
    "rollback": Grammar(
        usage=("TOKEN [--wait] [options]",),
        examples=("rollback TOKEN --wait",),
        add=_add_rollback,
        read=_read_rollback,
    ),
}
